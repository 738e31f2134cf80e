"""Writes generated logs: files that appear complete or not at all, and lines that are sorted by a key."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import polars as pl

from logcorr.model.errors import OutputError

# The forms of timestamps. All but the first are rare.
MILLIS, MICROS, NANOS, OFFSET, SPACED, SECONDS = range(6)
STAMP_FORMATS = {
    MILLIS: "%Y-%m-%dT%H:%M:%S%.3fZ",
    MICROS: "%Y-%m-%dT%H:%M:%S%.6fZ",
    NANOS: "%Y-%m-%dT%H:%M:%S%.6f789Z",
    OFFSET: "%Y-%m-%dT%H:%M:%S%.6f+02:00",
    SPACED: "%Y-%m-%d %H:%M:%S%.3f",
    SECONDS: "%Y-%m-%dT%H:%M:%SZ",
}
OFFSET_US = 7_200_000_000

BLANKS = ("", "  ", "\t")

# polars cannot hold bytes that are no UTF-8. In its texts, \x01 and a letter stand for these bytes.
_MARK = b"\x01"
_DIRTY = {b"a": b"\xff\xfe", b"b": b"\xe9", b"c": b"\xc0\xaf", b"d": b"\xed\xa0\x80", b"e": b"\xe2\x82"}

# A block of this many lines stays in the processor's cache. This halves the time that joining the lines takes.
_BLOCK = 8192


@contextmanager
def whole_files(directory: Path, names: Sequence[str], *, force: bool) -> Iterator[list[BinaryIO]]:
    """Opens new files of a folder under temporary names, and renames them at the end; after an error it removes them.

    Raises OutputError if a file exists (without `force`) or cannot be written.
    """
    targets = [directory / name for name in names]
    if not force and (taken := [target.name for target in targets if target.exists()]):
        raise OutputError(f"{directory} already holds {', '.join(taken)}: choose another folder, or use --force")
    new_folders = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    temporary = [directory / f".{name}.{os.getpid()}.part" for name in names]
    opened: list[BinaryIO] = []
    written = temporary.copy()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        opened += (path.open("wb") for path in temporary)
        yield opened
        for file in opened:
            file.close()
        for path, target in zip(temporary, targets, strict=True):
            path.replace(target)
            written.append(target)
    except BaseException as error:
        for file in opened:
            with suppress(OSError):
                file.close()
        _remove(written, new_folders)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise OutputError(f"{directory}: cannot write the logs ({reason}): free space or choose another") from error
        raise


def _remove(files: list[Path], folders: list[Path]) -> None:
    """Removes files and folders that this run made. A folder that is not empty stays."""
    for file in files:
        with suppress(OSError):
            file.unlink()
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


class SortingWriter:
    """Writes lines sorted by key. A line is held back while a later call may still bring a line before it."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        """At most `most` lines are held back: this bounds the memory for a very dense log."""
        self._file = file
        self._most = most
        self._waiting = pl.DataFrame(schema={"key": pl.Int64, "line": pl.String})

    def add(self, texts: list[pl.DataFrame], watermark: int | None) -> int:
        """Takes lines (key, line). Writes the lines with a key before `watermark`; all lines for None.

        Returns how many lines were written.
        """
        # Stable, as many lines have the same key.
        waiting = pl.concat([self._waiting, *texts]).sort("key", maintain_order=True)
        ready = waiting.height
        if watermark is not None:
            held_back = waiting.height - int(waiting["key"].search_sorted(watermark))
            # If fewer lines are held back than needed, some lines are written out of order.
            ready -= min(held_back, self._most)
        for block in waiting.head(ready).iter_slices(_BLOCK):
            self._write(block["line"])
        self._waiting = waiting.slice(ready).clone()
        return ready

    def _write(self, lines: pl.Series) -> None:
        text: bytes = lines.str.join("\n").cast(pl.Binary).item()
        # Written in spans, not joined again: a copy of each block would take as long as the writing.
        view, done = memoryview(text), 0
        while (mark := text.find(_MARK, done)) >= 0:
            self._file.write(view[done:mark])
            self._file.write(_DIRTY[text[mark + 1 : mark + 2]])
            done = mark + 2
        self._file.write(view[done:])
        self._file.write(b"\n")


def fill_template(template: str) -> pl.Expr:
    """The text of a template: a capital letter in braces is replaced by the column of this name."""
    segments = re.split(r"\{([A-Z])\}", template)
    texts = [pl.col(segment) if index % 2 else pl.lit(segment) for index, segment in enumerate(segments) if segment]
    return pl.concat_str(texts)
