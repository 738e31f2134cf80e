"""What each user's requests came to, counted from the stored rows once all is paired: any number of users."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from logcorr.compute.parquet_slices import scan, slices_by_bytes
from logcorr.compute.spill import parts_of, spread
from logcorr.figures.counts import Tables
from logcorr.figures.sums import TOP
from logcorr.model.status import is_failure

_ROOM_PER_USER = 256
_MOST_PARTS = 64
_MOST_LOOKS = 4
_ONE_IN = 32
_BATCHES_IN_ROOM = 4
_EMPTY = pl.DataFrame(schema={"user_id": pl.String, "requests": pl.Int64, "errors": pl.Int64, "orphans": pl.Int64})


def count_users(exchanges: Sequence[Path], orphans: pl.LazyFrame, folder: Path, room: int) -> Iterator[pl.LazyFrame]:
    """(user_id, requests, errors, orphans) of all users; each user is in exactly one of the frames.

    `exchanges` are stored rows as Parquet. Where the counts of all users would take more than `room` bytes, rows are
    parted in `folder` by their users first.
    """
    lost = orphans.filter(pl.col("side") == "request")
    alone = lost.select("user_id", error=pl.lit(value=False), orphan=pl.lit(value=True))
    batches = [*map(_rows, _batches(exchanges, room // _BATCHES_IN_ROOM)), alone]
    parts = min(_MOST_PARTS, math.ceil(_needed(pl.concat(batches)) / room))
    if parts <= 1:
        yield _counts(batches)
        return
    part = (pl.col("user_id").fill_null("").hash(seed=9) % parts).cast(pl.UInt8)
    if parts <= _MOST_LOOKS:
        # To look at all rows again costs less than to part them.
        yield from (_counts([batch.filter(part == number) for batch in batches]) for number in range(parts))
        return
    for number, batch in enumerate(batches):
        spread(batch, part, folder / f"{number:06d}", parts=parts)
    for number in range(parts):
        if files := parts_of(folder, number):
            yield _counts(list(slices_by_bytes(files, room // _BATCHES_IN_ROOM)))


def with_orphans(counts: pl.DataFrame, orphans: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """What `counted` gives, in one frame, from (user_id, requests, errors) of all exchanges."""
    lost = orphans.filter(pl.col("side") == "request").group_by("user_id").agg(requests=pl.len().cast(pl.Int64))
    alone = lost.with_columns(errors=pl.lit(0, pl.Int64), orphans="requests")
    both = pl.concat([counts.lazy().with_columns(orphans=pl.lit(0, pl.Int64)), alone])
    yield both.group_by("user_id").agg(pl.all().sum())


def top(parts: Iterable[pl.LazyFrame]) -> pl.DataFrame:
    """The TOP users of all parts by requests, then by id, null first."""
    first = [_first(part) for part in parts]
    return _first(pl.concat(first).lazy())


def _first(users: pl.LazyFrame) -> pl.DataFrame:
    requests = pl.col("requests")
    chosen = users.filter(requests >= requests.top_k(TOP).min())
    ordered = chosen.sort("requests", "user_id", descending=[True, False], nulls_last=False)
    return ordered.head(TOP).collect(engine="streaming")


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
    tables = Tables(["user_id"], _EMPTY)
    for rows in batches:
        of_each = rows.group_by("user_id").agg(count.alias("requests"), errors.alias("errors"), lost.alias("orphans"))
        tables.add(of_each.collect(engine="streaming"))
    return tables.merged().lazy()


def _needed(rows: pl.LazyFrame) -> float:
    """About the memory that the counts of all users take, told from some of the users."""
    user = pl.col("user_id")
    some = rows.select("user_id").filter(user.hash(seed=7) % _ONE_IN == 0).group_by("user_id").agg()
    count, text_bytes = (
        some.select(pl.len(), user.str.len_bytes().cast(pl.Int64).sum()).collect(engine="streaming").row(0)
    )
    return float(_ONE_IN * (count * _ROOM_PER_USER + 2 * text_bytes))
