"""Standard output and standard error: made usable whatever they are, written to, and measured.

stdout is for results alone; everything that is said to a person goes to stderr.
"""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, cast

from logcorr.text.safe import json_for_terminal, one_line


def wants_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


class _Closed(io.TextIOBase):
    """Stands for a standard output that the caller has closed."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


def settle_streams() -> None:
    """Makes both streams usable whatever they are: closed, or of an encoding that lacks characters."""
    sys.stdout = sys.stdout or cast("Any", _Closed())
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf8")  # noqa: SIM115 - for the life of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def silence_stdout() -> None:
    """What is still buffered goes nowhere, instead of failing again at exit."""
    if isinstance(sys.stdout, _Closed):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def put(text: str) -> None:
    """Writes a result to stdout, with a newline at its end."""
    sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")


def put_json(text: str) -> None:
    """Programs get it as it is; a terminal, with escapes for what it would obey."""
    put(json_for_terminal(text) if sys.stdout.isatty() else text)


def say(text: str) -> None:
    """Tells a person something on stderr."""
    sys.stderr.write(f"logcorr: {one_line(text)}\n")
