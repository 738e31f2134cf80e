"""Counts of exchanges by duration, within bounded memory: what all latency percentiles are made of.

Durations are counted by their exact value while there are few different counts. Beyond that they are counted in narrow
bins, less than 1 % wide. Then `percentiles` reads the durations of some bins again, so that every percentile is exact.
"""

import numpy as np
import polars as pl

from logcorr.compute.count_table import CountTable, filled
from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import Int64Array

MOST_COUNTS = 300_000
# A bin keeps so many leading bits of a duration.
_BIN_BITS = 8
_NO_TIME = -(1 << 60)


class LatencyCounts:
    """Counts (at, duration_us, failure, n): exchanges by timeline bucket, duration in µs, and whether they failed.

    They are `exact` until there are more than `most`, by default and at most MOST_COUNTS.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = MOST_COUNTS if most is None else min(most, MOST_COUNTS)
        self._table = CountTable()
        self._merged: pl.DataFrame | None = None
        self.exact = True

    def add(self, at: pl.Series, durations_us: Int64Array, failure: pl.Series, bins: Int64Array | None = None) -> None:
        """Counts exchanges of these durations. `bins` are the bins of the durations, where they are known."""
        self._merged = None
        keys = filled(at, _NO_TIME) * 2 + failure.to_numpy()
        if not self.exact:
            durations_us = bins_and_bands(durations_us)[0] if bins is None else bins
        self._table.add(keys, durations_us)
        self._put_in_bins_if_many()

    def add_counts(self, counts: pl.DataFrame, *, exact: bool) -> None:
        """Adds counts with the columns of `merged`. They are by bin unless they are `exact`."""
        self._merged = None
        if not exact:
            self._put_in_bins()
        keys, durations_us = filled(counts["at"], _NO_TIME) * 2 + counts["failure"].to_numpy(), counts["duration_us"]
        values = filled(durations_us, 0)
        self._table.add(keys, bins_and_bands(values)[0] if exact and not self.exact else values, filled(counts["n"], 0))
        self._put_in_bins_if_many()

    def _put_in_bins_if_many(self) -> None:
        if self.exact and self._table.height > self.most and self._table.counts().height > self.most:
            self._put_in_bins()

    def _put_in_bins(self) -> None:
        """Counts by bin from now on."""
        if not self.exact:
            return
        self.exact = False
        counts = self._table.counts()
        self._table.clear()
        first, second, n = (filled(counts[name], 0) for name in ("first", "second", "n"))
        self._table.add(first, bins_and_bands(second)[0], n)

    def widen(self, times: int) -> None:
        """Adds the counts up to those of timeline buckets that are `times` as wide."""
        self._merged = None
        # The number of a key is twice that of the bucket, and one more for a failure.
        self._table.map_first(lambda key: np.where(key >= 2 * _NO_TIME + 2, key // 2 // times * 2 + key % 2, key))

    def merged(self) -> pl.DataFrame:
        """All counts so far (at, duration_us, failure, n). Unless `exact`, `duration_us` is the lower edge of a bin."""
        if self._merged is None:
            at = pl.col("first") // 2
            self._merged = self._table.counts().select(
                at=pl.when(at != _NO_TIME).then(at), duration_us="second", failure=pl.col("first") % 2 == 1, n="n"
            )
        return self._merged


def bins_and_bands(durations_us: Int64Array) -> tuple[Int64Array, Int64Array]:
    """The lower edge of the bin of each duration, and the number of its band in `band_edges_us`.

    The band of a negative duration is -1.
    """
    if compiled is None:
        durations = pl.Series("d", durations_us)
        bins = durations.to_frame().select(bin_of(pl.col("d"))).to_series()
        bands = pl.Series(_EDGES).search_sorted(durations, side="right").cast(pl.Int64) - 1
        return bins.to_numpy(), bands.to_numpy()
    bins_, bands_ = np.empty(durations_us.size, np.int64), np.empty(durations_us.size, np.int64)
    compiled.duration_bins(durations_us, _EDGES, bins_, bands_)
    return bins_, bands_


def bin_of(duration_us: pl.Expr) -> pl.Expr:
    """The lower edge (µs) of the bin of each duration (µs), in the same order as the durations.

    Below 256 µs each duration has its own bin. Above, there are 128 bins for each doubling.
    """
    size = duration_us.abs()
    exponent = (64 - _BIN_BITS - size.bitwise_leading_zeros().cast(pl.Int64)).clip(lower_bound=0)
    width = pl.lit(2, pl.Int64).pow(exponent)
    return duration_us // width * width


def band_edges_us() -> list[int]:
    """The lower edges (µs) of all bands: 0, then ten for each decade from 1 µs to beyond any duration."""
    edges = {round(10 ** (step / BAND_EDGES_PER_DECADE)) for step in range(18 * BAND_EDGES_PER_DECADE + 1)}
    return [0, *sorted(edges)]


BAND_EDGES_PER_DECADE = 10
_EDGES = np.array(band_edges_us(), np.int64)
