"""A log that comes through standard input: the app reads keys from the terminal then."""

import os
import sys

from logcorr.model.errors import UsageError

NAME = "-"


def take_pipe() -> int:
    """Puts the terminal in the place of standard input. Returns a descriptor of what standard input was.

    Raises UsageError where standard input is a terminal, or where there is none to read keys from.
    """
    if sys.platform == "win32":
        raise UsageError("on Windows the app cannot read a log from a pipe. Use: ... | logcorr watch -")
    if sys.__stdin__ is None or sys.__stdin__.closed:
        raise UsageError(f"log {NAME!r}: standard input is closed. Pipe a log into it, or name a file.")
    if sys.__stdin__.isatty():
        raise UsageError(f"log {NAME!r}: standard input is a terminal. Pipe a log into it, or name a file.")
    keys = sys.__stdin__.fileno()
    try:
        terminal = os.open(_terminal(), os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        why = f"no terminal can be opened to read keys from: {error.strerror or error}"
        raise UsageError(f"{why}. Use: ... | logcorr watch -") from error
    pipe = os.dup(keys)
    os.dup2(terminal, keys)
    os.close(terminal)
    return pipe


def _terminal() -> str:
    """The path of the terminal. On macOS /dev/tty cannot be waited for, its own name can."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and stream.isatty():
            try:
                return os.ttyname(stream.fileno())
            except OSError:
                continue  # a container that does not show it
    return "/dev/tty"
