"""The pages in docs/jobs and the one to start with: each command on them is run, on the logs of docs/sample_logs.py."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import polars as pl
import pytest

from logcorr.cli import main
from logcorr.query.fail_if import METRICS
from logcorr.query.filter_language import parse
from logcorr.runs.views import VIEWS_OF
from logcorr_tui.main import _parser as app_parser
from tests.project.test_docs import script
from tests.support.helpers import ROOT, logcorr

DOCS = ROOT / "docs"
PAGES = [DOCS / "index.md", *sorted((DOCS / "jobs").glob("*.md"))]
# The view that a filter on a page is for.
FILTERED = {"never-answered": "orphans", "kubernetes-audit": "exchanges"}
ROWS = "--rows 200000"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample logs, and the profile of the page that has one."""
    folder: Path = tmp_path_factory.mktemp("logs")
    script("sample_logs").write_logs(folder)
    page = (DOCS / "jobs" / "nginx-and-app.md").read_text(encoding="utf-8")
    (folder / "edge.toml").write_text(blocks(page, "toml")[0], encoding="utf-8")
    return folder


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page)


def commands(page: str) -> Iterator[tuple[list[str], int, str]]:
    """The commands in the blocks for a shell: words, the exit code that is told, and the comment."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            comment = line.rpartition("# ")[2] if "# " in line else ""
            code = re.search(r"exit code (\d+)", comment)
            yield words, int(code[1]) if code else 0, comment


def runs_of(store: Path) -> list[Path]:
    """The finished runs of a store, the oldest first."""
    return [path.parent for path in sorted(store.glob("*/manifest.json"), key=lambda path: path.stat().st_mtime_ns)]


def named_runs(store: Path) -> dict[str, str]:
    """The runs that the pages speak of: RUN is the last one; BEFORE is that of yesterday, AFTER that of today."""
    runs = runs_of(store)
    names = {}
    for run in runs:
        names["RUN"] = run.name
        day = "BEFORE" if "yesterday.ndjson" in (run / "manifest.json").read_text(encoding="utf-8") else "AFTER"
        names[day] = run.name
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_page_do_what_it_says(page: Path, logs: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(logs, tmp_path / "here")
    run = 0
    for words, code, _ in commands(page.read_text(encoding="utf-8").replace(ROWS, "--rows 2000")):
        if words[0] != "logcorr":
            continue
        store = folder / "runs" if "--store" in words else folder / "cache" / "logcorr" / "runs"
        names = named_runs(store)
        outcome = logcorr(*(names.get(word, word) for word in words[1:]), cwd=folder)
        assert outcome.code == code, f"{shlex.join(words)}: {outcome.err}"
        run += 1
    assert run


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_names_only_what_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {"docker", "eval", "pipx", "uv", "logcorr", "logcorr-tui"}
    for words, _, _ in commands(text):
        assert words[0] in known
        if words[0] == "logcorr-tui":
            assert {word for word in words if word.startswith("--")} <= set(app_parser()._option_string_actions)
    options = {name for command in every_command() for parameter in command.params for name in parameter.opts}
    elsewhere = {"--rm", "--user", "--audit-log-path", "--audit-policy-file", "--only-binary", "--no-build-package"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - options - elsewhere == set()
    for view in re.findall(r"--view (\w+)", text):
        assert any(view in views for views in VIEWS_OF.values())


def every_command() -> Iterator[click.Command]:
    for command in main.commands.values():
        yield from (command, *getattr(command, "commands", {}).values())


@pytest.mark.parametrize("name", FILTERED)
def test_the_filters_of_a_page_are_right(name: str, logs: Path, tmp_path: Path) -> None:
    text = (DOCS / "jobs" / f"{name}.md").read_text(encoding="utf-8")
    (words,) = [words for words, _, _ in commands(text) if words[:2] == ["logcorr", "correlate"]][:1]
    folder = shutil.copytree(logs, tmp_path / "here")
    assert logcorr(*words[1:], cwd=folder).code == 0
    (run,) = runs_of(folder / "cache" / "logcorr" / "runs")
    rows = pl.scan_parquet(run / FILTERED[name] / "*.parquet")
    filters = re.findall(r"`/`[^`\n]*`([^`]+)`", text)
    assert filters
    for one in filters:
        terms = parse(one, rows.collect_schema())
        assert len(terms) == len(one.split())


def test_the_page_of_conditions_names_all_of_them() -> None:
    text = (DOCS / "jobs" / "load-test-in-ci.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"(?m)^Conditions are (.*?)\. ", text)
    assert set(re.findall(r"`(\w+)`", sentence)) == {*METRICS["correlation"], *METRICS["access"]}


def test_the_picture_of_a_page_is_there_and_loads_nothing() -> None:
    pictures = {path.name for path in (DOCS / "pictures").glob("*.svg")}
    named = {name for page in PAGES for name in re.findall(r"pictures/([\w-]+\.svg)", page.read_text(encoding="utf-8"))}
    assert named == pictures
    assert all("pictures/" in page.read_text(encoding="utf-8") for page in PAGES)
    for name in pictures:
        svg = (DOCS / "pictures" / name).read_text(encoding="utf-8")
        assert len(svg) < 300_000
        assert not re.search(r"""(href=|src=|url\()["']?https?:|<script""", svg)
