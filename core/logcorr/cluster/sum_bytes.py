"""Partial sums as bytes, and back: what the steps of a run tell each other through the store.

All of them merge exactly in any order. Counts by attribute may be many, so they come in parts by a hash of the text:
all counts of a text are in one part, and each part is merged by itself, in bounded memory. Nothing here is ever in a
run folder, as the hashes of polars differ between its versions.
"""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import PartialCounts, partition_of
from logcorr.compute.parquet_slices import scan
from logcorr.figures.group_counts import TABLES, GroupCounts, GroupPart, group_parts

_T = TypeVar("_T")
_FRAME = 1
_GROUPED = pl.Schema({"table": pl.UInt8, "key": pl.String, "value": pl.Int64, "n": pl.Int64})
# Counts by attribute are cut into parts when they are so many.
_PARTED_ROWS = 500_000
# Counts of a part are merged when so many came, and go to disk when the merged ones are twice as many.
_MERGED_ROWS = 250_000


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
    for (number,), part in numbered.partition_by("part", as_dict=True, include_key=False).items():
        yield int(number), part


def parted_groups(counts: GroupCounts, parts: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """All counts by attribute as (number of the part, rows for `MergedGroups`). To be called once.

    A part comes several times where there are many counts.
    """
    waiting: list[pl.DataFrame] = []
    for table, rows in counts.rows():
        number = pl.lit(TABLES.index(table), pl.UInt8).alias("table")
        waiting.append(rows.select(number, "key", "value", "n"))
        if sum(frame.height for frame in waiting) >= _PARTED_ROWS:
            yield from _parted(waiting, parts)
            waiting = []
    if waiting:
        yield from _parted(waiting, parts)


class MergedGroups:
    """The counts by attribute of one part, `number` of `parts`, merged from all steps that counted.

    More than some hundred thousand rows go to files in `folder`, which must exist.
    """

    def __init__(self, number: int, parts: int, folder: Path) -> None:
        self._number, self._parts, self._folder = number, parts, folder
        self._counts = PartialCounts(["table", "key", "value"], _GROUPED.to_frame(), _MERGED_ROWS)
        self._files: list[Path] = []

    def add(self, frames: Iterable[pl.DataFrame]) -> None:
        """Adds rows that `parted_groups` gave for this part."""
        for frame in frames:
            self._counts.add(frame)
            if self._counts.merged_height > 2 * _MERGED_ROWS:
                self._spill()

    def groups(self, name: str) -> Iterator[GroupPart]:
        """The counts of an attribute, by what the values of its tables are. A part must be read before the next one."""
        scans = {value: self._rows(number) for number, (own, value) in enumerate(TABLES) if own == name}
        return group_parts(scans, self._number, self._parts)

    def _rows(self, table: int) -> pl.LazyFrame:
        rows = pl.concat([self._counts.merged().lazy(), *(scan([file]) for file in self._files)])
        return rows.filter(pl.col("table") == table).select("key", "value", "n")

    def _spill(self) -> None:
        self._files.append(self._folder / f"{len(self._files):06d}.ipc")
        self._counts.merged().write_ipc(self._files[-1])
        self._counts.replace(_GROUPED.to_frame())


def _parted(frames: list[pl.DataFrame], parts: int) -> Iterator[tuple[int, pl.DataFrame]]:
    # In order, equal texts stand together, which compresses well.
    for number, rows in parted_rows(pl.concat(frames), "key", parts):
        yield number, rows.sort("table", "key", "value")


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
