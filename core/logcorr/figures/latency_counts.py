"""Partial aggregates that merge exactly in any order: integer sums and value counts, within bounded memory.

Durations are counted by exact value while there are few enough of them. Past that they fall into narrow bins (under 1 %
wide), and a second look at the durations themselves makes every percentile exact again.
"""

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts

MOST_COUNTS = 1_000_000
_BIN_BITS = 8

LATENCY_KEYS = ("at", "duration_us", "failure")


class LatencyCounts:
    """Exchanges by timeline bucket (`at`), duration and failure: what every latency figure comes from."""

    def __init__(self, empty: pl.DataFrame) -> None:
        self._counts = PartialCounts(LATENCY_KEYS, empty)
        self.exact = True

    def add(self, cells: pl.DataFrame) -> None:
        """Adds counts (at, duration_us, failure, n)."""
        self._counts.add(cells if self.exact else binned(cells))
        if self.exact and self._counts.height > MOST_COUNTS and (merged := self.merged()).height > MOST_COUNTS:
            self.exact = False
            self._counts.replace(binned(merged))

    def merged(self) -> pl.DataFrame:
        """All counts so far (at, duration_us, failure, n); durations are the lower edges of bins unless `exact`."""
        return self._counts.merged()


def bin_of(duration_us: pl.Expr) -> pl.Expr:
    """The lower edge of the bin of a duration: exact below 256 µs, then 128 bins for each doubling. Keeps the order."""
    size = duration_us.abs()
    exponent = (64 - _BIN_BITS - size.bitwise_leading_zeros().cast(pl.Int64)).clip(lower_bound=0)
    width = pl.lit(2, pl.Int64).pow(exponent)
    return duration_us // width * width


def binned(cells: pl.DataFrame) -> pl.DataFrame:
    """LatencyCounts with their durations lowered to the edge of their bin."""
    return (
        cells.lazy()
        .with_columns(bin_of(pl.col("duration_us")))
        .group_by(LATENCY_KEYS)
        .agg(pl.col("n").sum())
        .collect(engine="streaming")
    )
