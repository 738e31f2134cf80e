"""Exchanges of a finished run by endpoint and status code: how many there are, and how many by duration.

The bounds of the buckets are powers of two of a second, so that they are bounds of native histograms of Prometheus too.
They are the same for every run, so that the series of several runs can be added up.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from logcorr.compute import parquet_slices
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

# From 61 µs to 256 s.
BOUNDS_S = tuple(2.0**power for power in range(-14, 9))
_SLICE_ROWS = 500_000
_KEYS = ("endpoint", "is_null", "status_code")


class LatencyBuckets(msgspec.Struct):
    """Some exchanges. Durations that are negative are counted apart.

    `at_most` has for each of BOUNDS_S the number of durations of at most so many seconds. `total_us` is the sum of the
    `timed` durations in µs.
    """

    requests: int = 0
    timed: int = 0
    negative: int = 0
    total_us: int = 0
    at_most: tuple[int, ...] = (0,) * len(BOUNDS_S)

    def plus(self, other: "LatencyBuckets") -> "LatencyBuckets":
        """The counts of both."""
        return LatencyBuckets(
            self.requests + other.requests,
            self.timed + other.timed,
            self.negative + other.negative,
            self.total_us + other.total_us,
            tuple(one + more for one, more in zip(self.at_most, other.at_most, strict=True)),
        )


class Group(msgspec.Struct, frozen=True):
    """Exchanges of one status code and of one endpoint, of none (`endpoint` is None), or of all the `others`."""

    endpoint: str | None
    others: bool
    status_code: int | None


def latency_buckets(run: RunFolder, endpoints: Sequence[str]) -> dict[Group, LatencyBuckets]:
    """The exchanges of a run by status code and by these endpoints; all further endpoints are one group of `others`.

    Where exchanges have no endpoints, all have None. Raises InputError if the exchanges are missing or damaged.
    """
    counts: dict[Group, LatencyBuckets] = {}
    has_endpoints = "endpoint" in run.manifest.attributes
    try:
        for rows in parquet_slices.slices(run.view("exchanges"), _SLICE_ROWS):
            for text, is_null, status_code, *numbers in _counted(rows, endpoints, has_endpoints=has_endpoints):
                group = Group(text, text is None and not is_null, status_code)
                requests, timed, negative, total_us, *at_most = numbers
                found = LatencyBuckets(requests, timed, negative, total_us, tuple(at_most))
                counts[group] = counts[group].plus(found) if group in counts else found
    except views.UNREADABLE as error:
        raise run.damaged("exchanges") from error
    return counts


def _counted(rows: pl.LazyFrame, endpoints: Sequence[str], *, has_endpoints: bool) -> list[tuple[Any, ...]]:
    """A row for each group of one slice: its keys, then the fields of LatencyBuckets, one column a bound."""
    endpoint = pl.col("endpoint") if has_endpoints else pl.lit(None, pl.String)
    duration = pl.col("duration_us")
    timed = (duration >= 0).fill_null(value=False)
    keys = rows.select(
        pl.when(endpoint.is_in(list(endpoints))).then(endpoint).alias("endpoint"),
        endpoint.is_null().alias("is_null"),
        "status_code",
        "duration_us",
    )
    counts = keys.group_by(_KEYS).agg(
        pl.len().cast(pl.Int64).alias("requests"),
        timed.sum().cast(pl.Int64).alias("timed"),
        (duration < 0).sum().cast(pl.Int64).alias("negative"),
        duration.filter(timed).cast(pl.Int128).sum().alias("total_us"),
        *((timed & (duration <= int(bound * 1e6))).sum().cast(pl.Int64).alias(f"le{bound}") for bound in BOUNDS_S),
    )
    return counts.collect(engine="streaming").rows()
