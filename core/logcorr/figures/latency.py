"""Latency figures: of all exchanges, of successes, of failures, and of each timeline bucket."""

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

from logcorr.figures import nearest_rank, percentiles
from logcorr.figures.nearest_rank import Asked, near
from logcorr.figures.sums import Sums
from logcorr.model.status import is_failure


class LatencyFigures(msgspec.Struct, frozen=True):
    """`populations` are 'all', 'success' and 'failure', with the Latency of each; `p999_us` is the p99.9 of all.

    `over_time` has durations (µs) by (number of the timeline bucket, quantile).
    """

    populations: dict[str, Any]
    p999_us: int | None
    over_time: dict[Any, int]


class LatencyAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Where the percentiles of all latency figures stand."""

    populations: Asked
    over_time: Asked

    @property
    def exact(self) -> bool:
        """Whether no duration has to be counted again."""
        return self.populations.exact and self.over_time.exact


def figures(sums: Sums, exchanges: Callable[[], pl.LazyFrame]) -> LatencyFigures:
    """All percentiles, exact. Reads the exchanges again only if there are too many different durations to count."""
    asked_for = asked(sums)
    if asked_for.exact:
        return settled(sums, asked_for)
    rows = durations(exchanges(), sums.grid.bucket_us)
    return settled(sums, asked_for, near(rows, asked_for.populations), near(rows, asked_for.over_time))


def asked(sums: Sums) -> LatencyAsked:
    """Where the percentiles stand, by the counts of durations."""
    return LatencyAsked(
        populations=percentiles.asked_of_populations(sums.latencies),
        over_time=percentiles.asked_over_time(sums.latencies),
    )


def durations(exchanges: pl.LazyFrame, bucket_us: int) -> pl.LazyFrame:
    """(at, duration_us, failure) of the exchanges (request_time, duration_us, status_code) that have a duration.

    Timeline buckets are `bucket_us` µs wide. This is what `near` counts.
    """
    at = pl.col("request_time").cast(pl.Int64) // bucket_us
    rows = exchanges.filter(pl.col("duration_us").is_not_null())
    return rows.select(at.alias("at"), "duration_us", is_failure(pl.col("status_code")).alias("failure"))


def settled(
    sums: Sums, asked_for: LatencyAsked, populations: pl.LazyFrame | None = None, over_time: pl.LazyFrame | None = None
) -> LatencyFigures:
    """All percentiles. Where `asked_for` is not exact, the counts that `near` gave for both are needed."""
    latencies, p999_us = percentiles.populations(nearest_rank.settled(asked_for.populations, populations), sums.totals)
    return LatencyFigures(latencies, p999_us, nearest_rank.settled(asked_for.over_time, over_time))
