"""Requests, errors and orphans of each user, counted from the stored exchanges, for any number of users."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from logcorr.compute import group_in_parts
from logcorr.compute.group_in_parts import PartialCounts
from logcorr.compute.parquet_slices import scan
from logcorr.figures.sums import TOP
from logcorr.model.status import is_failure

_BYTES_PER_USER = 256
_BYTES_PER_TEXT_BYTE = 2
_MOST_PARTITIONS = 64
_BATCHES_IN_ROOM = 4


def count_users(exchanges: Sequence[Path], orphans: pl.LazyFrame, folder: Path, room: int) -> Iterator[pl.LazyFrame]:
    """(user_id, requests, errors, orphans): frames with a row for each user, who is in exactly one frame.

    `exchanges` are Parquet files. An orphan is a request without a response. If the counts of all users would take more
    than `room` bytes, rows are first spilled below `folder` into partitions by user.
    """
    requests = orphans.filter(pl.col("side") == "request")
    orphan_rows = requests.select("user_id", error=pl.lit(value=False), orphan=pl.lit(value=True))
    batches = [*map(_rows, _batches(exchanges, room // _BATCHES_IN_ROOM)), orphan_rows]
    needed = group_in_parts.bytes_needed(
        pl.concat(batches), "user_id", each=_BYTES_PER_USER, text_factor=_BYTES_PER_TEXT_BYTE, by_key=True
    )
    count = min(_MOST_PARTITIONS, group_in_parts.partitions_needed(needed, room))
    yield from map(_counts, group_in_parts.partitioned(batches, "user_id", count, folder, room // _BATCHES_IN_ROOM))


def with_orphans(counts: pl.DataFrame, orphans: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """The same as `count_users`, in one frame, from the counts (user_id, requests, errors) of all exchanges."""
    orphan_counts = (
        orphans.filter(pl.col("side") == "request").group_by("user_id").agg(requests=pl.len().cast(pl.Int64))
    )
    orphan_counts = orphan_counts.with_columns(errors=pl.lit(0, pl.Int64), orphans="requests")
    rows = pl.concat([counts.lazy().with_columns(orphans=pl.lit(0, pl.Int64)), orphan_counts])
    yield rows.group_by("user_id").agg(pl.all().sum())


def top(partitions: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """The TOP users of all partitions by requests, then by id, null first."""
    return group_in_parts.top(partitions, "requests", "user_id", TOP)


def _rows(exchanges: list[Path]) -> pl.LazyFrame:
    return scan(exchanges).select("user_id", error=is_failure(pl.col("status_code")), orphan=pl.lit(value=False))


def _batches(files: Sequence[Path], most_bytes: int) -> Iterator[list[Path]]:
    """The files in lists of about so many bytes each."""
    batch: list[Path] = []
    room = most_bytes
    for file in files:
        batch.append(file)
        room -= file.stat().st_size
        if room <= 0:
            yield batch
            batch, room = [], most_bytes
    if batch:
        yield batch


def _counts(batches: list[pl.LazyFrame]) -> pl.LazyFrame:
    """The counts of users. They are made by batch, as a group-by of polars holds more the more rows there are."""
    count = pl.len().cast(pl.Int64)
    errors, orphans = (pl.col(name).sum().cast(pl.Int64) for name in ("error", "orphan"))
    counts = PartialCounts(["user_id"])
    for rows in batches:
        columns = count.alias("requests"), errors.alias("errors"), orphans.alias("orphans")
        counts.add(rows.group_by("user_id").agg(columns).collect(engine="streaming"))
    return counts.merged().lazy()
