"""Partial sums as bytes, and back: what the steps of a run tell each other through the store.

All of them merge exactly in any order. Counts by attribute may be many, so they come in parts by a hash of the text:
all counts of a text are in one part, and each part is merged by itself, in bounded memory. Nothing here is ever in a
run folder, as the hashes of polars differ between its versions.
"""

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import partition_of
from logcorr.figures.group_counts import TABLES, GroupCounts

_T = TypeVar("_T")
_FRAME = 1
# Counts by attribute are cut into parts when they are so many.
_PARTED_ROWS = 250_000
_ADDED_ROWS = 20_000


def frame_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as an Arrow IPC stream."""
    stream = io.BytesIO()
    # Views of texts would bring along all the text that they were cut from.
    frame.write_ipc_stream(stream, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()


def frame_of(data: bytes) -> pl.DataFrame:
    """The frame of `frame_bytes`."""
    return pl.read_ipc_stream(io.BytesIO(data))


def to_bytes(value: object) -> bytes:
    """A struct or a plain value, in which there may be frames, as MessagePack: for instance what `partial` gives."""
    return msgspec.msgpack.encode(value, enc_hook=_encoded)


def of_bytes(data: bytes, kind: type[_T]) -> _T:
    """The value of `to_bytes`. Raises msgspec.ValidationError where it is of another kind."""
    return msgspec.msgpack.decode(data, type=kind, ext_hook=_decoded, dec_hook=_as_decoded)


def parted_rows(rows: pl.DataFrame, key: str, parts: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Rows by the hash of a key, as (number of the part, its rows); parts without rows are left out."""
    if parts == 1:
        if rows.height:
            yield 0, rows
        return
    numbered = rows.with_columns(partition_of(key, parts).alias("part"))
    for (number,), part in numbered.partition_by("part", as_dict=True, include_key=False, maintain_order=True).items():
        yield int(number), part


def parted_groups(counts: GroupCounts, parts: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """All counts by attribute as (number of the part, rows for `add_groups`). To be called once.

    A part comes several times where there are many counts.
    """
    waiting: list[pl.DataFrame] = []
    held = 0
    for table, rows in counts.rows():
        number = pl.lit(TABLES.index(table), pl.UInt8).alias("table")
        waiting.append(rows.select(number, "key", "value", "n"))
        held += int(rows["n"].list.len().sum())
        if held >= _PARTED_ROWS:
            yield from parted_rows(pl.concat(waiting), "key", parts)
            waiting, held = [], 0
    if waiting:
        yield from parted_rows(pl.concat(waiting), "key", parts)


def add_groups(counts: GroupCounts, frames: Iterable[pl.DataFrame]) -> None:
    """Adds rows that `parted_groups` gave of a part to the counts of this part."""
    # Counts are spilled where so many more might not fit: so only some are added at once.
    before = pl.col("n").list.len().cum_sum() - pl.col("n").list.len()
    pieces = (frame.with_columns(piece=before // _ADDED_ROWS).partition_by("piece") for frame in frames)
    for some in chain.from_iterable(pieces):
        for (number,), rows in some.group_by("table"):
            with counts.counting():
                counts.add_counts(TABLES[int(str(number))], rows)


def _encoded(value: Any) -> msgspec.msgpack.Ext:
    if isinstance(value, pl.DataFrame):
        return msgspec.msgpack.Ext(_FRAME, frame_bytes(value))
    raise NotImplementedError(f"a {type(value).__name__} is no part of sums")


def _decoded(code: int, data: memoryview) -> pl.DataFrame:
    if code != _FRAME:
        raise ValueError(f"sums have nothing of the kind {code}")
    return frame_of(bytes(data))


def _as_decoded(kind: type, value: object) -> object:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} is no {kind.__name__}")
    return value
