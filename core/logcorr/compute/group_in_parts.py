"""Exact group-by within a memory bound: rows go into hash partitions, so that all rows of a key are in exactly one.

Counts by key are partial aggregates. They are added up over frames, and merged when they have grown. polars' hash lives
within one run: it is never written to a run folder or an export.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from logcorr.compute.parquet_slices import slices_by_bytes
from logcorr.compute.spill import partition_files, spill_partitions
from logcorr.compute.zero_copy_text import copied

_SEED = 9
_ONE_IN = 32
_MOST_WAITING = 1_000_000
_WHOLE = 1 << 62


def hash_range(hashed: pl.Expr, count: int) -> pl.Expr:
    """The number (UInt32, from 0) of the range that a hash (UInt64) falls into, of `count` equal ranges."""
    return (hashed // (1 << 32) * count // (1 << 32)).cast(pl.UInt32)


def partition_of(key: str, count: int) -> pl.Expr:
    """The number (UInt32, from 0) of the hash partition of a key of any type, null too, of `count` partitions."""
    return hash_range(pl.col(key).hash(seed=_SEED), count)


def bytes_needed(rows: pl.LazyFrame, key: str, *, each: int, text_factor: int, by_key: bool) -> int:
    """About the bytes of memory that a group-by of a text key takes.

    It takes `each` bytes for every row, and `text_factor` bytes for every byte of its key. With `by_key` it takes them
    for every key instead, and their number is estimated from one in 32 keys.
    """
    column = pl.col(key)
    counted = rows.select(key)
    if by_key:
        counted = counted.filter(column.hash(seed=_SEED) % _ONE_IN == 0).group_by(key).agg()
    sums = counted.select(pl.len(), column.str.len_bytes().cast(pl.Int64).sum())
    count, text_bytes = sums.collect(engine="streaming").row(0)
    return int((_ONE_IN if by_key else 1) * (count * each + text_bytes * text_factor))


def partitions_needed(needed: int, room: int) -> int:
    """How many partitions there must be for each to be within `room`; both in bytes, or both in rows."""
    return max(1, -(-needed // room))


def filtered(frames: Sequence[pl.LazyFrame], key: str, count: int) -> Iterator[list[pl.LazyFrame]]:
    """For each of `count` partitions, its rows in every frame. Every partition scans all rows again."""
    if count <= 1:
        yield list(frames)
        return
    for number in range(count):
        yield [rows.filter(partition_of(key, count) == number) for rows in frames]


def partitioned(
    frames: Sequence[pl.LazyFrame], key: str, count: int, folder: Path, most_bytes: int = _WHOLE
) -> Iterator[list[pl.LazyFrame]]:
    """The rows of all frames in `count` partitions: a list of frames for each. One partition is the frames unchanged.

    The rows of several partitions are spilled below `folder`, which must not exist. This costs less than to scan all
    rows again for each partition. Partitions without rows are left out.
    """
    if count <= 1:
        yield list(frames)
        return
    spilled = SpilledPartitions(partition_of(key, count), count, folder)
    for rows in frames:
        spilled.add(rows)
    yield from filter(None, spilled.partitions(most_bytes))


class SpilledPartitions:
    """Rows on disk in `count` partitions; `number` gives the partition (from 0) of a row."""

    def __init__(self, number: pl.Expr, count: int, folder: Path) -> None:
        self._number, self._count, self._folder = number, count, folder
        self.spills = 0

    def add(self, rows: pl.LazyFrame) -> None:
        """Runs the query and spills its rows."""
        spill_partitions(rows, self._number, self._folder / f"{self.spills:06d}", partitions=self._count)
        self.spills += 1

    def partitions(self, most_bytes: int = _WHOLE) -> Iterator[list[pl.LazyFrame]]:
        """The rows of each partition, in frames of about `most_bytes` on disk; no frame if the partition has no rows.

        The files of a partition are removed when the next one is asked for.
        """
        for number in range(self._count):
            files = partition_files(self._folder, number)
            yield list(slices_by_bytes(files, most_bytes))
            for file in files:
                file.unlink()


class PartialCounts:
    """Counts by key, added up over frames with the same columns. They are merged when many rows were added.

    Many are as many rows as the last merge gave, at most a million, and at least `least_rows`.
    """

    def __init__(self, keys: Iterable[str], empty: pl.DataFrame | None = None, least_rows: int = _MOST_WAITING) -> None:
        self._keys, self._least_rows = list(keys), least_rows
        self._frames = [] if empty is None else [empty]
        self._waiting = 0

    def add(self, counts: pl.DataFrame) -> None:
        """Adds a frame of keys and their counts (integers)."""
        self._frames.append(counts)
        self._waiting += counts.height
        if self._waiting > max(self._least_rows, min(self._frames[0].height, _MOST_WAITING)):
            self.merged()

    def merged(self) -> pl.DataFrame:
        """All counts so far, one row a key. There must be a frame: an added one, or the empty one."""
        if self._waiting:
            rows = pl.concat(self._frames).lazy()
            self.replace(rows.group_by(self._keys).agg(pl.all().sum()).collect(engine="streaming"))
        return self._frames[0]

    @property
    def height(self) -> int:
        """How many rows the counts take now, merged or not."""
        return sum(frame.height for frame in self._frames)

    @property
    def merged_height(self) -> int:
        """How many keys the last merge gave. There are at least as many keys now."""
        return self._frames[0].height if self._frames else 0

    def replace(self, counts: pl.DataFrame) -> None:
        """Sets the counts to those of one frame, one row a key."""
        self._frames, self._waiting = [counts], 0


def top(partitions: Iterable[pl.LazyFrame], by: str, key: str, most: int) -> pl.DataFrame:
    """The `most` rows of all partitions with the highest counts in column `by`. Equal counts go by key, null first."""

    def first(rows: pl.LazyFrame) -> pl.DataFrame:
        chosen = rows.filter(pl.col(by) >= pl.col(by).top_k(most).min())
        ordered = chosen.sort(by, key, descending=[True, False], nulls_last=False)
        # A copy, as the chosen rows would keep the texts of all rows in memory.
        return copied(ordered.head(most).collect(engine="streaming"))

    best: pl.DataFrame | None = None
    for rows in partitions:
        found = first(rows)
        best = found if best is None else first(pl.concat([best, found]).lazy())
    if best is None:
        raise ValueError("there is no partition")
    return best
