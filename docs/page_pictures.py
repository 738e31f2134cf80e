"""Writes the pictures of the pages in docs anew, from the real command and the real app on the sample logs."""

import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, suppress
from pathlib import Path

from rich.console import Console
from rich.text import Text
from sample_logs import write_logs
from screenshots import picture, settled

DOCS = Path(__file__).resolve().parent
WIDTH = 100
# Picture → the command whose run the app opens, and the keys that lead there from the overview.
OF_THE_APP = {
    "never-answered": ("correlate app.log", ("4", "-30")),
    "what-got-slow": ("analyze access.ndjson --collapse-ids", ("1", "-20")),
    "kubernetes-audit": ("correlate audit.log --collapse-ids", ("E", "-30")),
    "nginx-and-app": ("correlate app.json edge.json --format shop-edge --formats edge.toml", ("1", "-20")),
}
# Picture → a command and how many of its first lines are shown. An exit code that is not 0 is shown too.
OF_THE_COMMAND = {
    "start": ("analyze access.ndjson --collapse-ids", 38),
    "load-test-in-ci": ("analyze access.ndjson --no-store --fail-if 'p99>2s' --fail-if 'error_rate>1%'", 4),
}


def profile_of(page: str) -> str:
    """The block of TOML on a page."""
    return (DOCS / page).read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]


def ran(words: str) -> tuple[str, str, int]:
    """Runs logcorr with a terminal as its output: what it prints there, what it says on stderr, and its exit code."""
    ours, theirs = os.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(WIDTH)}
    command = [sys.executable, "-m", "logcorr", *shlex.split(words), "--progress", "none"]
    with subprocess.Popen(command, env=env, stdout=theirs, stderr=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        printed = b"".join(blocks(ours))
        _, said = process.communicate()
    return printed.decode().replace("\r", ""), said, process.returncode


def blocks(terminal: int) -> Iterator[bytes]:
    """All that is written to a terminal, until nothing has it open."""
    with os.fdopen(terminal, "rb", buffering=0) as reader, suppress(OSError):
        while block := reader.read(1 << 16):
            yield block


def terminal(words: str, lines: int) -> str:
    """A terminal with a command, the first lines that it prints, what it says, and its exit code if that is not 0."""
    printed, said, code = ran(words)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text(f"$ logcorr {words}", "bold"))
        console.print(Text.from_ansi("\n".join(printed.splitlines()[:lines])))
        if code:
            failed = [line for line in said.splitlines() if "failed" in line]
            console.print(Text("…", "dim"), Text("\n".join(failed)), Text("$ echo $?", "bold"), sep="\n")
            console.print(Text(str(code)))
        return console.export_svg(title="logcorr", unique_id="terminal")


def main() -> int:
    """Makes the sample logs in a folder of its own, and every picture of them."""
    with tempfile.TemporaryDirectory(prefix="logcorr-") as folder, chdir(folder):
        for name in ("CACHE", "CONFIG", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = folder
        write_logs(Path())
        Path("edge.toml").write_text(profile_of("jobs/nginx-and-app.md"), encoding="utf-8")
        pictures = {name: terminal(words, lines) for name, (words, lines) in OF_THE_COMMAND.items()}
        for name, (words, keys) in OF_THE_APP.items():
            store = Path(folder, name)
            ran(f"{words} --store {shlex.quote(str(store))}")
            (run,) = (path.parent for path in store.glob("*/manifest.json"))
            pictures[name] = asyncio.run(picture(run, name, keys))
        for name, svg in pictures.items():
            target = DOCS / "pictures" / f"{name}.svg"
            target.parent.mkdir(exist_ok=True)
            target.write_text(settled(svg), encoding="utf-8")
            print(f"wrote docs/pictures/{name}.svg, {len(svg) // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
