"""The documents as a whole: every link and anchor leads somewhere, every page is in the menu, and the site can be built."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.project.test_docs import script
from tests.support.helpers import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
_FENCE = re.compile(r"(?ms)^```.*?^```$|^(?: {4}|\t).*?$")
_LINK = re.compile(r"\[(?:[^][]|\[[^][]*\])*\]\(([^)\s]+)\)")


def prose(document: Path) -> str:
    """A document without its blocks of code and its code between backticks."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", document.read_text(encoding="utf-8")))


def anchors(document: Path) -> set[str]:
    """The anchors that headings make: lower case, blanks are dashes, other marks are left out."""
    text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text(encoding="utf-8"))
    plain = (re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in re.findall(r"(?m)^#+ +(.*?) *$", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = []
    for target in _LINK.findall(prose(document)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        place = (document.parent / path).resolve() if path else document
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(target)
    assert broken == []


def test_links_are_checked() -> None:
    """That there are any, and that what a wrong one would be told by is right."""
    assert sum(len(_LINK.findall(prose(document))) for document in DOCUMENTS) > 50
    assert "how-to-add-a-format" in anchors(ROOT / "CONTRIBUTING.md")
    assert "the-logcorr-command" in anchors(ROOT / "docs" / "cli.md")


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return script("build_site")


def menu(entries: list[Any]) -> list[str]:
    """The files that a menu names, in order."""
    files: list[str] = []
    for entry in entries:
        for value in entry.values():
            files += [value] if isinstance(value, str) else menu(value)
    return files


def test_every_page_is_in_the_menu_once(builder: ModuleType) -> None:
    project = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    pages = [target.as_posix() for target in builder.on_site().values() if target.suffix == ".md"]
    assert sorted(menu(project["nav"])) == sorted(pages), "name every page of docs once in zensical.toml"


def test_links_of_the_site_lead_to_its_pages(builder: ModuleType) -> None:
    files = builder.on_site()
    page = next(place for place in files if place.as_posix() == "docs/jobs/what-got-slow.md")
    text = "[a](../report.md#keys) ![b](../pictures/start.svg) [c](../../SECURITY.md) [d](../../Makefile) [e](https://x.y) [f](#g) [h](no.md)"
    assert builder.linked(text, page, files) == (
        "[a](../report.md#keys) ![b](../pictures/start.svg) [c](../SECURITY.md) d [e](https://x.y) [f](#g) [h](no.md)"
    )


class Loaded(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for name in ("src", "srcset", "data", "poster"):
            self.loads += [values[name] or ""] if name in values else []
        if tag == "link" and values.get("rel") != "canonical":
            self.loads.append(values.get("href") or "")


@pytest.fixture(scope="module")
def site(builder: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built anew."""
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed here: pip install '.[docs]'")
    folder: Path = tmp_path_factory.mktemp("site") / "site"
    assert builder.build(folder) == 0
    return folder


def test_the_site_is_built_with_all_its_pages(builder: ModuleType, site: Path) -> None:
    pages = {target.with_suffix(".html") for target in builder.on_site().values() if target.suffix == ".md"}
    pages = {page.with_name("index.html") if page.name == "README.html" else page for page in pages}
    assert {path.relative_to(site).as_posix() for path in site.rglob("*.html")} == {"404.html", *map(str, pages)}
    assert "Requests that never got an answer" in (site / "jobs" / "never-answered.html").read_text(encoding="utf-8")


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        page = Loaded()
        page.feed(path.read_text(encoding="utf-8"))
        assert page.loads
        assert [url for url in page.loads if re.match(r"(https?:)?//", url)] == [], path.name
        if path.name != "404.html":
            missing = [url for url in page.loads if not (path.parent / url.partition("?")[0]).exists()]
            assert missing == [], path.name
    assert not [path for path in site.rglob("*.css") if re.search(r"url\(['\"]?(https?:)?//", path.read_text("utf-8"))]


def test_a_broken_link_ends_the_build(builder: ModuleType, site: Path, tmp_path: Path) -> None:
    builder.write_pages(tmp_path / "pages")
    (tmp_path / "pages" / "report.md").write_text("# Report\n\n[nowhere](nowhere.md)\n")
    (tmp_path / "zensical.toml").write_bytes((ROOT / "zensical.toml").read_bytes())
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert site.exists()
    assert done.returncode != 0
    assert "page does not exist" in done.stdout + done.stderr
