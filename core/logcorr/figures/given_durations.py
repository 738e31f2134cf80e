"""How far the durations that responses tell are from the distances of the events, counted within bounded memory."""

from collections.abc import Callable

import msgspec
import polars as pl

from logcorr.compute.count_table import filled
from logcorr.figures.latency_counts import LatencyCounts
from logcorr.figures.nearest_rank import Asked, asked, near, settled
from logcorr.model.report import DurationSource, Given
from logcorr.text.quantities import ms

COLUMN = "given_us"
_P50, _P99 = 0.5, 0.99


class PartialGiven(msgspec.Struct, frozen=True, kw_only=True):
    """The counts over some of the exchanges, as data. `there` says that exchanges had the column."""

    count: int
    there: bool
    exact: bool
    differences: pl.DataFrame


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

    def partial(self) -> PartialGiven:
        """All counts so far as data."""
        return PartialGiven(
            count=self._count,
            there=self._there,
            exact=self._differences.exact,
            differences=self._differences.merged(),
        )

    def merge(self, other: PartialGiven) -> None:
        """Adds the counts of other exchanges."""
        self._count += other.count
        self._there |= other.there
        self._differences.add_counts(other.differences, exact=other.exact)

    def asked(self) -> Asked:
        """Where the percentiles of the differences stand. `nearest_rank.near` counts `differences` of them."""
        return asked(self._differences.merged(), "all", (_P50, _P99), exact=self._differences.exact)

    def given(self, used: DurationSource, exchanges: Callable[[], pl.LazyFrame]) -> Given | None:
        """The figures of the report; None without a given duration. `exchanges` scans all stored exchanges."""
        asked_for = self.asked()
        return self.settled(used, asked_for, None if asked_for.exact else near(differences(exchanges()), asked_for))

    def settled(self, used: DurationSource, asked_for: Asked, counts: pl.LazyFrame | None) -> Given | None:
        """The figures of the report, as `given`, from the counts that `near` gave where `asked_for` is not exact."""
        if not self._count and not (self._there and used == "given"):
            return None
        values = {quantile: value for (_, quantile), value in settled(asked_for, counts).items()}
        return Given(
            count=self._count,
            difference_p50_ms=ms(values.get(_P50)),
            difference_p99_ms=ms(values.get(_P99)),
            used=used,
        )


def differences(exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """(at, duration_us, failure): the differences of stored exchanges as durations of one group."""
    times = [pl.col(f"{side}_time").cast(pl.Int64) for side in ("request", "response")]
    rows = exchanges.with_columns(times).select(_difference()).drop_nulls()
    return rows.with_columns(at=pl.lit(0, pl.Int64), failure=pl.lit(value=False))


def _difference() -> pl.Expr:
    distance = pl.col("response_time") - pl.col("request_time")
    return (pl.col(COLUMN) - distance).abs().alias("duration_us")
