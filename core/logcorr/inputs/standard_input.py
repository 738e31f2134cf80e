"""Standard input as a log: it is copied to a file in a private folder, which is then read like any other."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from logcorr.compute.resources import require_disk
from logcorr.model.errors import InputError, OutputError, UsageError

# The word that names standard input among the logs, and the name of that log in reports.
NAME = "-"
_BLOCK_BYTES = 1 << 20
# Room is looked for so many bytes before they are written.
_ROOM_BYTES = 64 << 20


def check_once(words: Sequence[str]) -> None:
    """Raises UsageError if `-` is among the words twice."""
    if words.count(NAME) > 1:
        raise UsageError(f"{NAME!r} is given twice: standard input can be read once. Save it to a file first.")


def check(words: Sequence[str]) -> None:
    """Raises UsageError if `-` is among the words twice, and InputError if it is and standard input cannot be read."""
    check_once(words)
    if NAME in words:
        _stream()


def spool(folder: Path, tap: Callable[[], None]) -> Path:
    """Copies standard input to a file in a private folder and returns its path. An empty stream is an empty file.

    `tap` is called for every block, and may raise to end reading. Raises InputError where standard input cannot be
    read, and OutputError where the disk has no room.
    """
    stream = _stream()
    path = folder / "stdin"
    try:
        _copy(stream, path, tap)
    except OSError as error:
        raise OutputError(
            f"standard input could not be kept in {str(folder)!r}: {error.strerror or error}. "
            "Free some space, or name a folder on another disk with --store."
        ) from error
    return path


def _copy(stream: BinaryIO, path: Path, tap: Callable[[], None]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    room = 0
    with os.fdopen(descriptor, "wb") as file:
        while block := _read(stream):
            tap()
            if len(block) > room:
                require_disk(path.parent, _ROOM_BYTES, "standard input", "name a folder on another disk with --store")
                room = _ROOM_BYTES
            file.write(block)
            room -= len(block)


def _stream() -> BinaryIO:
    """The bytes of standard input. Raises InputError where there is none, or a person would have to type them."""
    if sys.stdin is None or sys.stdin.closed:
        raise InputError(f"log {NAME!r}: standard input is closed. Pipe a log into it, or name a file.")
    if sys.stdin.isatty():
        raise InputError(f"log {NAME!r}: standard input is a terminal. Pipe a log into it, or name a file.")
    return sys.stdin.buffer


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(_BLOCK_BYTES)
    except (OSError, ValueError) as error:
        raise InputError(f"log {NAME!r}: standard input cannot be read: {error}. Save it to a file first.") from error
