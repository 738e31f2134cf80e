"""Requests, errors, orphans and p99 of users, counted from the stored exchanges, for any number of users."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from logcorr.compute import group_in_parts
from logcorr.compute.group_in_parts import PartialCounts
from logcorr.compute.parquet_slices import scan
from logcorr.figures import percentiles
from logcorr.figures.nearest_rank import near, settled
from logcorr.figures.pair_sums import PairSums
from logcorr.figures.sums import TOP
from logcorr.model.status import is_failure

_BYTES_PER_USER = 256
_BYTES_PER_TEXT_BYTE = 2
_MOST_PARTITIONS = 64
_BATCHES_IN_ROOM = 4
# How many times as many counts of durations as while logs are read have room once they are read.
_COUNTS_AT_THE_END = 3


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


def p99_of(sums: PairSums, top: pl.DataFrame, exchanges: Callable[[], pl.LazyFrame]) -> dict[Any, int]:
    """The p99 (µs) of the users in `top`, a table of users, by user. It is counted from the stored exchanges."""
    if not top.height:
        return {}
    exact = counts_exactly(sums, top)
    rows = durations_of(exchanges(), top)
    counts = percentiles.counts_by_at(rows, exact=exact).collect(engine="streaming")
    asked = percentiles.asked_p99(counts, exact=exact)
    return percentiles.p99_by_at(settled(asked, None if exact else near(rows, asked)))


def counts_exactly(sums: PairSums, top: pl.DataFrame) -> bool:
    """Whether the durations of the users in a table are few enough to be counted without bins."""
    most_counts = int(top["requests"].sum())
    if sums.latencies.exact:
        # A user has at most as many different durations, with and without failure, as all users have.
        most_counts = min(most_counts, top.height * 2 * sums.latencies.merged()["duration_us"].n_unique())
    # At the end of a run nothing else takes memory.
    return percentiles.are_few(most_counts, _COUNTS_AT_THE_END * sums.latencies.most)


def durations_of(exchanges: pl.LazyFrame, top: pl.DataFrame) -> pl.LazyFrame:
    """(at, duration_us, failure) of the stored exchanges of the users in a table, where `at` is the user."""
    rows = exchanges.select("user_id", "duration_us", is_failure(pl.col("status_code")).alias("failure"))
    in_top = pl.col("user_id").is_in(top["user_id"].implode(), nulls_equal=True)
    return rows.filter(in_top).rename({"user_id": "at"})


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
