"""Latency figures: of all exchanges, of successes, of failures, and of each timeline bucket."""

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.sums import Sums
from logcorr.model.status import is_failure


class LatencyFigures(msgspec.Struct, frozen=True):
    """`populations` are 'all', 'success' and 'failure', with the Latency of each; `p999_us` is the p99.9 of all.

    `over_time` has durations (µs) by (number of the timeline bucket, quantile).
    """

    populations: dict[str, Any]
    p999_us: int | None
    over_time: dict[Any, int]


def figures(sums: Sums, exchanges: Callable[[], pl.LazyFrame]) -> LatencyFigures:
    """All percentiles, exact. Reads the exchanges again only if there are too many different durations to count."""

    def durations() -> pl.LazyFrame:
        at = pl.col("request_time").cast(pl.Int64) // sums.grid.bucket_us
        rows = exchanges().filter(pl.col("duration_us").is_not_null())
        return rows.select(at.alias("at"), "duration_us", is_failure(pl.col("status_code")).alias("failure"))

    populations, p999_us = percentiles.populations(sums.latencies, durations, sums.totals)
    return LatencyFigures(populations, p999_us, percentiles.over_time(sums.latencies, durations))
