"""What each user's requests came to, counted from the stored rows once all is paired: any number of users."""

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
    """(user_id, requests, errors, orphans) of all users; each user is in exactly one of the frames.

    `exchanges` are stored rows as Parquet. Where the counts of all users would take more than `room` bytes, rows are
    first spilled in `folder` into partitions of the users.
    """
    lost = orphans.filter(pl.col("side") == "request")
    alone = lost.select("user_id", error=pl.lit(value=False), orphan=pl.lit(value=True))
    batches = [*map(_rows, _batches(exchanges, room // _BATCHES_IN_ROOM)), alone]
    needed = group_in_parts.bytes_needed(
        pl.concat(batches), "user_id", each=_BYTES_PER_USER, text_factor=_BYTES_PER_TEXT_BYTE, by_key=True
    )
    count = min(_MOST_PARTITIONS, group_in_parts.partitions_needed(needed, room))
    yield from map(_counts, group_in_parts.partitioned(batches, "user_id", count, folder, room // _BATCHES_IN_ROOM))


def with_orphans(counts: pl.DataFrame, orphans: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """What `count_users` gives, in one frame, from (user_id, requests, errors) of all exchanges."""
    lost = orphans.filter(pl.col("side") == "request").group_by("user_id").agg(requests=pl.len().cast(pl.Int64))
    alone = lost.with_columns(errors=pl.lit(0, pl.Int64), orphans="requests")
    both = pl.concat([counts.lazy().with_columns(orphans=pl.lit(0, pl.Int64)), alone])
    yield both.group_by("user_id").agg(pl.all().sum())


def top(parts: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """The TOP users of all parts by requests, then by id, null first."""
    return group_in_parts.top(parts, "requests", "user_id", TOP)


def _rows(exchanges: list[Path]) -> pl.LazyFrame:
    return scan(exchanges).select("user_id", error=is_failure(pl.col("status_code")), orphan=pl.lit(value=False))


def _batches(files: Sequence[Path], most_bytes: int) -> Iterator[list[Path]]:
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
    """The counts of users. By batch, as the engine holds the more of a group-by the more rows there are."""
    count = pl.len().cast(pl.Int64)
    errors, lost = (pl.col(name).sum().cast(pl.Int64) for name in ("error", "orphan"))
    counts = PartialCounts(["user_id"])
    for rows in batches:
        of_each = rows.group_by("user_id").agg(count.alias("requests"), errors.alias("errors"), lost.alias("orphans"))
        counts.add(of_each.collect(engine="streaming"))
    return counts.merged().lazy()
