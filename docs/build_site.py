"""Builds the site of the documents into site/: `make docs`. A link or an anchor that leads nowhere ends it.

The pages are docs/, and the documents beside it. A link to a file that is no page stays as text: there is no such file
on the site.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md", "benchmarks/RESULTS.md")
BESIDE += ("benchmarks/NOTES.md", "assets/bench.svg")
KINDS = {".md", ".svg", ".css"}
_LINK = re.compile(r"(!?)\[((?:[^][]|\[[^][]*\])*)\]\(([^)\s]+)\)")


def on_site() -> dict[PurePosixPath, PurePosixPath]:
    """Each file of the site: where it stands in the project, and on the site. docs/ is the top of the site."""
    files = [path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*")) if path.suffix in KINDS]
    places = [PurePosixPath(path.as_posix()) for path in files] + [PurePosixPath(name) for name in BESIDE]
    return {place: place.relative_to("docs") if place.is_relative_to("docs") else place for place in places}


def linked(text: str, page: PurePosixPath, files: dict[PurePosixPath, PurePosixPath]) -> str:
    """The text of a page with its links as they are on the site."""

    def link(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        path, hash_, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        place = PurePosixPath(os.path.normpath(page.parent / path))
        if place not in files:
            # The generator tells of a link that leads nowhere.
            return label if (ROOT / place).exists() else match[0]
        return f"{mark}[{label}]({os.path.relpath(files[place], files[page].parent)}{hash_}{anchor})"

    return _LINK.sub(link, text)


def write_pages(folder: Path) -> None:
    """Writes the files of the site below a folder, as the generator takes them."""
    files = on_site()
    for place, target in files.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        if place.suffix == ".md":
            text = linked((ROOT / place).read_text(encoding="utf-8"), place, files)
            (folder / target).write_text(text, encoding="utf-8")
        else:
            shutil.copy(ROOT / place, folder / target)


def build(site: Path) -> int:
    """Builds the site, and replaces an earlier one once the new one is whole. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="logcorr-site-") as name:
        folder = Path(name)
        write_pages(folder / "pages")
        shutil.copy(ROOT / "zensical.toml", folder)
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            shutil.rmtree(site, ignore_errors=True)
            shutil.move(folder / "site", site)
            print(f"wrote {site}: {sum(1 for _ in site.rglob('*.html'))} pages")
        else:
            # The generator colours each letter, and ends with a traceback that says less than what stands before it.
            said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).partition("Traceback")[0]
            print(said, file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site"))
