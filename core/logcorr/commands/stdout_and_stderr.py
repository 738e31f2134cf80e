"""Standard output and standard error: made usable, written to, and measured.

Only results go to stdout. Messages for people go to stderr.
"""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, cast

from logcorr.text.safe import json_for_terminal, one_line


def wants_color() -> bool:
    """Whether stdout is a terminal that shows colours, and the user has not asked for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """The width of the terminal in cells; 100 where there is no terminal."""
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


class _Closed(io.TextIOBase):
    """Takes the place of a stdout that the caller has closed. Writing to it fails like any other write."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


def settle_streams() -> None:
    """Makes both streams usable where they are closed, or where their encoding lacks characters."""
    sys.stdout = sys.stdout or cast("Any", _Closed())
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf8")  # noqa: SIM115 - for the life of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def silence_stdout() -> None:
    """Discards what stdout still has in its buffer, so that flushing it does not fail again at exit."""
    if isinstance(sys.stdout, _Closed):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def put(text: str) -> None:
    """Writes a result to stdout, with a newline at its end. A check mark is a root sign where there is no other."""
    if "✓" in text and not _can_show("✓"):
        text = text.replace("✓", "√")
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


def _can_show(sign: str) -> bool:
    try:
        sign.encode(getattr(sys.stdout, "encoding", None) or "utf8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def put_json(text: str) -> None:
    """Writes JSON to stdout. For a terminal, characters that could control it are escaped."""
    put(json_for_terminal(text) if sys.stdout.isatty() else text)


def put_path(path: Path) -> None:
    """Writes a path to stdout on a line: its very bytes, but for a terminal without anything that it obeys."""
    if sys.stdout.isatty():
        put(one_line(str(path)))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + b"\n")


def say(text: str) -> None:
    """Writes a message for a person to stderr, on one line."""
    sys.stderr.write(f"logcorr: {one_line(text)}\n")
