"""Latency of all exchanges, of those that succeeded and of those that failed, and over time."""

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.sums import Sums
from logcorr.model.status import is_failure


class LatencyFigures(msgspec.Struct, frozen=True):
    """Latency of all, success and failure; the p99.9 of all in µs; and {(timeline bucket, quantile): µs}."""

    populations: dict[str, Any]
    p999_us: int | None
    over_time: dict[Any, int]


def figures(sums: Sums, exchanges: Callable[[], pl.LazyFrame]) -> LatencyFigures:
    """All percentiles; reads the exchanges again only where there were too many distinct durations to count."""

    def durations() -> pl.LazyFrame:
        at = pl.col("request_time").cast(pl.Int64) // sums.grid.bucket_us
        known = exchanges().filter(pl.col("duration_us").is_not_null())
        return known.select(at.alias("at"), "duration_us", is_failure(pl.col("status_code")).alias("failure"))

    populations, p999_us = percentiles.populations(sums.latencies, durations, sums.spreads)
    return LatencyFigures(populations, p999_us, percentiles.over_time(sums.latencies, durations))
