"""Records → NDJSON by the compiled kernel, where there is one: byte by byte what polars writes, in less time."""

from collections.abc import Iterator
from typing import IO, Any

import nanoarrow as na
import numpy as np
import polars as pl

from logcorr.compute.arrow_text import buffers
from logcorr.compute.kernels import compiled

_ROOM_BYTES = 1 << 18  # small enough to stay in a processor's cache until it is written
_NUMBERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_KNOWN = frozenset((pl.String, *_NUMBERS))


def write(frame: pl.DataFrame, file: IO[bytes]) -> None:
    """Writes the records of a frame, one a line."""
    if not _known(frame):
        frame.write_ndjson(file)
        return
    for piece in _pieces(frame, b"", b"\n"):
        file.write(piece)


def items(frame: pl.DataFrame) -> Iterator[bytes | memoryview]:
    """The records of a frame as items of an array, some thousand at a time, with a comma and a line end before each.

    What is given is overwritten when the next is asked for.
    """
    if _known(frame):
        yield from _pieces(frame, b",\n", b"")
    elif lines := frame.write_ndjson():
        yield b",\n" + lines.removesuffix("\n").replace("\n", ",\n").encode()


def _known(frame: pl.DataFrame) -> bool:
    """Whether the kernel is there, and takes such columns."""
    return compiled is not None and frame.width > 0 and _KNOWN.issuperset(frame.dtypes)


def _pieces(frame: pl.DataFrame, before: bytes, after: bytes) -> Iterator[memoryview]:
    keys = [_key(name) for name in frame.columns]
    keys = [before + b"{" + keys[0], *(b"," + key for key in keys[1:])]
    room = np.empty(_ROOM_BYTES, np.uint8)
    for chunk in _chunks(frame):
        columns = tuple(_column(*column) for column in zip(keys, chunk, strict=True))
        row, rows = 0, chunk[0].length
        while row < rows:
            begun = row
            row, written = compiled.ndjson(columns, b"}" + after, row, rows, room)
            if row > begun:
                yield room[:written].data
            else:  # not even one record
                room = np.empty(2 * room.size, np.uint8)


def _chunks(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The Arrow arrays of all columns, of one chunk after the other."""
    lengths = [column.chunk_lengths() for column in frame]
    if any(of != lengths[0] for of in lengths):
        frame = frame.rechunk()
    # A name may hold a NUL, at which polars would end the process.
    yield from zip(*(na.c_array_stream(column.alias("")) for column in frame), strict=True)


def _key(name: str) -> bytes:
    """A name as polars writes it, with the colon."""
    return pl.DataFrame({name: [0]}).write_ndjson().removeprefix("{").removesuffix("0}\n").encode()


def _column(key: bytes, column: Any) -> tuple[bytes, str, int, Any, Any, tuple[Any, ...]]:
    """What the kernel takes for one column: an Arrow array of integers, or of views of text."""
    return key, column.schema.format[:1], column.offset, *buffers(column)
