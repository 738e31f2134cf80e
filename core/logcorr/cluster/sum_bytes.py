"""Counts by attribute in parts: what the steps of a run tell each other of them through the store.

Counts by attribute may be many, so they come in parts by a hash of the text:
all counts of a text are in one part, and each part is merged by itself, in bounded memory. Nothing here is ever in a
run folder, as the hashes of polars differ between its versions.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from logcorr.compute.group_in_parts import partition_of
from logcorr.figures.group_counts import TABLES, GroupCounts

# Counts by attribute are cut into parts when they are so many.
_PARTED_ROWS = 250_000
_ADDED_ROWS = 20_000


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
    for table, rows in counts.rows():
        number = pl.lit(TABLES.index(table), pl.UInt8).alias("table")
        waiting.append(rows.select(number, "key", "value", "n"))
        if sum(frame.height for frame in waiting) >= _PARTED_ROWS:
            yield from parted_rows(pl.concat(waiting), "key", parts)
            waiting = []
    if waiting:
        yield from parted_rows(pl.concat(waiting), "key", parts)


def add_groups(counts: GroupCounts, frames: Iterable[pl.DataFrame]) -> None:
    """Adds rows that `parted_groups` gave of a part to the counts of this part."""
    # Counts are spilled where so many more might not fit: so only some are added at once.
    for some in (part for frame in frames for part in frame.iter_slices(_ADDED_ROWS)):
        for (number,), rows in some.group_by("table"):
            with counts.counting():
                counts.add_counts(TABLES[int(str(number))], rows)
