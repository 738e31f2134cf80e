"""How far the durations that responses tell are from the distances of the events, counted within bounded memory."""

from collections.abc import Callable

import polars as pl

from logcorr.compute.count_table import filled
from logcorr.figures import percentiles
from logcorr.figures.latency_counts import LatencyCounts
from logcorr.model.report import DurationSource, Given
from logcorr.text.quantities import ms

COLUMN = "given_us"
_P50, _P99 = 0.5, 0.99


class GivenDurations:
    """Counts of exchanges by the absolute difference (µs) of `given_us` and response time minus request time.

    There are none where exchanges have no column `given_us`. At most about `most_counts` counts are held.
    """

    def __init__(self, most_counts: int | None = None) -> None:
        self._differences = LatencyCounts(most_counts)
        self._count = 0
        self._there = False

    def add(self, exchanges: pl.DataFrame) -> None:
        """Counts exchanges (times as Int64 µs)."""
        if COLUMN not in exchanges.columns:
            return
        self._there = True
        rows = exchanges.filter(pl.col(COLUMN).is_not_null())
        self._count += rows.height
        known = rows.select(_difference()).drop_nulls()
        at, failure = (pl.repeat(value, known.height, eager=True) for value in (0, False))
        self._differences.add(at, filled(known["duration_us"], 0), failure)

    def given(self, exchanges: Callable[[], pl.LazyFrame], used: DurationSource) -> Given | None:
        """The figures of the report; None without a given duration. `exchanges` scans all stored exchanges."""
        if not self._count and not (self._there and used == "given"):
            return None

        def differences() -> pl.LazyFrame:
            times = [pl.col(f"{side}_time").cast(pl.Int64) for side in ("request", "response")]
            rows = exchanges().with_columns(times).select(_difference()).drop_nulls()
            return rows.with_columns(at=pl.lit(0, pl.Int64), failure=pl.lit(value=False))

        values = percentiles.of_all(self._differences, differences, (_P50, _P99))
        return Given(
            count=self._count,
            difference_p50_ms=ms(values.get(_P50)),
            difference_p99_ms=ms(values.get(_P99)),
            used=used,
        )


def _difference() -> pl.Expr:
    distance = pl.col("response_time") - pl.col("request_time")
    return (pl.col(COLUMN) - distance).abs().alias("duration_us")
