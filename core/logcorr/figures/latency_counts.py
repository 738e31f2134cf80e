"""Counts of exchanges by duration, within bounded memory: what all latency percentiles are made of.

Durations are counted by their exact value while there are few different counts. Beyond that they are counted in narrow
bins, less than 1 % wide. Then `percentiles` reads the durations of some bins again, so that every percentile is exact.
"""

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts

MOST_COUNTS = 1_000_000
# A bin keeps so many leading bits of a duration.
_BIN_BITS = 8
_KEYS = ("at", "duration_us", "failure")


class LatencyCounts:
    """Counts (at, duration_us, failure, n): exchanges by timeline bucket, duration in µs, and whether they failed.

    They are `exact` until there are more than `most`, by default and at most MOST_COUNTS. `empty` is a frame of these
    columns without rows.
    """

    def __init__(self, empty: pl.DataFrame, most: int | None = None) -> None:
        self._most = MOST_COUNTS if most is None else min(most, MOST_COUNTS)
        self._counts = PartialCounts(_KEYS, empty, least_rows=self._most)
        self.exact = True

    def add(self, counts: pl.DataFrame) -> None:
        """Adds counts (at, duration_us, failure, n) of exact durations."""
        self._counts.add(counts if self.exact else binned(counts))
        if self.exact and self._counts.height > self._most and (merged := self.merged()).height > self._most:
            self.exact = False
            self._counts.replace(binned(merged))

    def merged(self) -> pl.DataFrame:
        """All counts so far (at, duration_us, failure, n). Unless `exact`, `duration_us` is the lower edge of a bin."""
        return self._counts.merged()


def bin_of(duration_us: pl.Expr) -> pl.Expr:
    """The lower edge (µs) of the bin of each duration (µs), in the same order as the durations.

    Below 256 µs each duration has its own bin. Above, there are 128 bins for each doubling.
    """
    size = duration_us.abs()
    exponent = (64 - _BIN_BITS - size.bitwise_leading_zeros().cast(pl.Int64)).clip(lower_bound=0)
    width = pl.lit(2, pl.Int64).pow(exponent)
    return duration_us // width * width


def binned(counts: pl.DataFrame) -> pl.DataFrame:
    """The counts (at, duration_us, failure, n) by bin: `duration_us` becomes the lower edge of a bin."""
    return (
        counts.lazy()
        .with_columns(bin_of(pl.col("duration_us")))
        .group_by(_KEYS)
        .agg(pl.col("n").sum())
        .collect(engine="streaming")
    )
