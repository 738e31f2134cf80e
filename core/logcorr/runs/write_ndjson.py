"""Writes records as NDJSON by the compiled kernel, or by polars where there is no kernel: with equal bytes.

Instants are RFC 3339 in UTC with six digits of a second.
"""

from collections.abc import Iterator
from typing import IO, Any

import nanoarrow as na
import numpy as np
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import buffers
from logcorr.text import instant_columns

_BUFFER_BYTES = 1 << 18  # small enough to stay in a processor's cache until it is written
_NUMBERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_KERNEL_TYPES = frozenset((pl.String, instant_columns.INSTANT, *_NUMBERS))


def write(frame: pl.DataFrame, file: IO[bytes]) -> None:
    """Writes the records of a frame, a line for each."""
    frame = _with_writable_instants(frame)
    if not _kernel_takes(frame):
        # Not by the engine itself, which makes its own error of that of a closed pipe.
        file.write(frame.write_ndjson().encode())
        return
    for block in _blocks(frame, b"", b"\n"):
        file.write(block)


def items(frame: pl.DataFrame) -> Iterator[bytes | memoryview]:
    """The records of a frame as items of a JSON array, in blocks of bytes; a comma and a newline precede each record.

    A block is overwritten when the next one is asked for.
    """
    frame = _with_writable_instants(frame)
    if _kernel_takes(frame):
        yield from _blocks(frame, b",\n", b"")
    elif lines := frame.write_ndjson():
        yield b",\n" + lines.removesuffix("\n").replace("\n", ",\n").encode()


def _with_writable_instants(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with instants as texts, unless the kernel writes them: it knows the years 1 to 9999."""
    if _kernel_takes(frame) and instant_columns.in_four_digit_years(frame):
        return frame
    return instant_columns.as_texts(frame)


def _kernel_takes(frame: pl.DataFrame) -> bool:
    """Whether there is a kernel, and it takes the columns of a frame."""
    return compiled is not None and frame.width > 0 and _KERNEL_TYPES.issuperset(frame.dtypes)


def _blocks(frame: pl.DataFrame, before: bytes, after: bytes) -> Iterator[memoryview]:
    """The records by the kernel, with bytes before and after each record; all blocks share a buffer."""
    keys = [_key(name) for name in frame.columns]
    keys = [before + b"{" + keys[0], *(b"," + key for key in keys[1:])]
    buffer = np.empty(_BUFFER_BYTES, np.uint8)
    for chunk in _chunks(frame):
        columns = tuple(_column(*column) for column in zip(keys, chunk, strict=True))
        row, rows = 0, chunk[0].length
        while row < rows:
            first = row
            row, written = compiled.ndjson(columns, b"}" + after, row, rows, buffer)
            if row > first:
                yield buffer[:written].data
            else:  # one record is longer than the buffer
                buffer = np.empty(2 * buffer.size, np.uint8)


def _chunks(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The Arrow arrays of all columns, one Arrow chunk after the other."""
    lengths = [column.chunk_lengths() for column in frame]
    if any(column != lengths[0] for column in lengths):
        frame = frame.rechunk()
    # Without a name, as polars ends the process for a name with a NUL.
    yield from zip(*(na.c_array_stream(column.alias("")) for column in frame), strict=True)


def _key(name: str) -> bytes:
    """The name of a column as polars writes it, with the colon."""
    return pl.DataFrame({name: [0]}).write_ndjson().removeprefix("{").removesuffix("0}\n").encode()


def _column(key: bytes, column: Any) -> tuple[bytes, str, int, Any, Any, tuple[Any, ...]]:
    """A column as the kernel takes it, from its Arrow array of integers, of instants or of text views."""
    return key, column.schema.format[:1], column.offset, *buffers(column)
