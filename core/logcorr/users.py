"""What each user's requests came to, counted from the stored rows once all is paired: any number of users."""

import math
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from logcorr.aggregate import FAILURE, TOP
from logcorr.partition import parts_of, spread

_ROOM_PER_USER = 256
_MOST_PARTS = 64


def counted(exchanges: pl.LazyFrame, orphans: pl.LazyFrame, folder: Path, room: int) -> Iterator[pl.LazyFrame]:
    """(user_id, requests, errors, orphans) of all users; each user is in exactly one of the frames.

    Where all of them would take more than `room` bytes, rows are parted in `folder` by their users first.
    """
    rows = pl.concat(
        [
            exchanges.select("user_id", error=FAILURE, orphan=pl.lit(value=False)),
            orphans.filter(pl.col("side") == "request").select(
                "user_id", error=pl.lit(value=False), orphan=pl.lit(value=True)
            ),
        ]
    )
    parts = min(_MOST_PARTS, math.ceil(_needed(rows) / room))
    if parts <= 1:
        yield _counts(rows)
        return
    spread(rows, (pl.col("user_id").fill_null("").hash(seed=9) % parts).cast(pl.UInt8), folder, parts=parts)
    for number in range(parts):
        if files := parts_of(folder, number):
            yield _counts(pl.scan_ipc(list(files), glob=False))


def top(users: pl.LazyFrame) -> pl.DataFrame:
    """The TOP users by requests, then by id, null first."""
    requests = pl.col("requests")
    chosen = users.filter(requests >= requests.top_k(TOP).min())
    ordered = chosen.sort("requests", "user_id", descending=[True, False], nulls_last=False)
    return ordered.head(TOP).collect(engine="streaming")


def _counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    count = pl.len().cast(pl.Int64)
    errors, lost = (pl.col(name).sum().cast(pl.Int64) for name in ("error", "orphan"))
    return rows.group_by("user_id").agg(count.alias("requests"), errors.alias("errors"), lost.alias("orphans"))


def _needed(rows: pl.LazyFrame) -> float:
    """About the memory that the counts of all users take."""
    user = pl.col("user_id")
    users, length = (
        rows.select(user.approx_n_unique(), user.str.len_bytes().mean().alias("length"))
        .collect(engine="streaming")
        .row(0)
    )
    return float(users * (_ROOM_PER_USER + 2 * (length or 0)))
