"""Writing generated logs: files that appear whole or not at all, and lines in the order of a slightly untidy log."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import polars as pl

from logcorr.model.errors import OutputError

# How a timestamp is written; all but the first are rare.
MILLIS, MICROS, NANOS, OFFSET, SPACE, SECONDS = range(6)
FORMS = {
    MILLIS: "%Y-%m-%dT%H:%M:%S%.3fZ",
    MICROS: "%Y-%m-%dT%H:%M:%S%.6fZ",
    NANOS: "%Y-%m-%dT%H:%M:%S%.6f789Z",
    OFFSET: "%Y-%m-%dT%H:%M:%S%.6f+02:00",
    SPACE: "%Y-%m-%d %H:%M:%S%.3f",
    SECONDS: "%Y-%m-%dT%H:%M:%SZ",
}
OFFSET_US = 7_200_000_000

BLANKS = ("", "  ", "\t")

# Bytes that are no UTF-8 cannot pass through polars: \x01 and a letter stand for them until the text is bytes.
_MARK = b"\x01"
_DIRTY = {b"a": b"\xff\xfe", b"b": b"\xe9", b"c": b"\xc0\xaf", b"d": b"\xed\xa0\x80", b"e": b"\xe2\x82"}

# Blocks of this many lines stay in the processor's cache, which halves the time it takes to join them.
_BLOCK = 8192


@contextmanager
def whole_files(directory: Path, names: Sequence[str], *, force: bool) -> Iterator[list[BinaryIO]]:
    """The files of a folder, open under passing names; in place once all is well, gone otherwise."""
    targets = [directory / name for name in names]
    if not force and (taken := [target.name for target in targets if target.exists()]):
        raise OutputError(f"{directory} already holds {', '.join(taken)}: choose another folder, or use --force")
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    parts = [directory / f".{name}.{os.getpid()}.part" for name in names]
    opened: list[BinaryIO] = []
    written = parts.copy()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        opened += (part.open("wb") for part in parts)
        yield opened
        for file in opened:
            file.close()
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
            written.append(target)
    except BaseException as error:
        for file in opened:
            with suppress(OSError):
                file.close()
        _remove(written, made)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise OutputError(f"{directory}: cannot write the logs ({reason}): free space or choose another") from error
        raise


def _remove(files: list[Path], folders: list[Path]) -> None:
    """Take back what this run made; a folder that something else is in by now stays."""
    for file in files:
        with suppress(OSError):
            file.unlink()
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


class Untidy:
    """Lines on their way to disk, sorted by key as far as no later line can come before."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        """`most` lines are held back at a time: a very dense log would keep too much."""
        self._file = file
        self._most = most
        self._waiting = pl.DataFrame(schema={"key": pl.Int64, "line": pl.String})

    def add(self, texts: list[pl.DataFrame], watermark: int | None) -> int:
        """Take lines (key, line), write those with a key before `watermark`, or all; tells how many were written."""
        # Stable, as lines of one instant are many.
        waiting = pl.concat([self._waiting, *texts]).sort("key", maintain_order=True)
        ready = waiting.height
        if watermark is not None:
            kept = waiting.height - int(waiting["key"].search_sorted(watermark))
            # Where fewer are kept, lines move further than asked.
            ready -= min(kept, self._most)
        for block in waiting.head(ready).iter_slices(_BLOCK):
            self._write(block["line"])
        self._waiting = waiting.slice(ready).clone()
        return ready

    def _write(self, lines: pl.Series) -> None:
        text: bytes = lines.str.join("\n").cast(pl.Binary).item()
        # Never joined again: a copy of each block would take as long as the writing.
        view, done = memoryview(text), 0
        while (mark := text.find(_MARK, done)) >= 0:
            self._file.write(view[done:mark])
            self._file.write(_DIRTY[text[mark + 1 : mark + 2]])
            done = mark + 2
        self._file.write(view[done:])
        self._file.write(b"\n")


def filled(template: str) -> pl.Expr:
    """The text of a template, with columns in the places of the capital letters in braces that name them."""
    pieces = re.split(r"\{([A-Z])\}", template)
    parts = [pl.col(piece) if place % 2 else pl.lit(piece) for place, piece in enumerate(pieces) if piece]
    return pl.concat_str(parts)
