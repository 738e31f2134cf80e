"""Partial aggregates that merge exactly in any order: integer sums and value counts, within bounded memory.

Durations are counted by exact value while there are few enough of them. Past that they fall into narrow bins (under 1 %
wide), and a second look at the durations themselves makes every percentile exact again.
"""

from collections.abc import Iterable

import polars as pl

MOST_CELLS = 1_000_000
_BIN_BITS = 8

CELL_KEYS = ("at", "duration_us", "failure")


class Tables:
    """Counts by key, added up over many frames of equal columns; merged whenever they have grown by a million rows."""

    def __init__(self, keys: Iterable[str], empty: pl.DataFrame) -> None:
        self._keys = list(keys)
        self._frames = [empty]
        self._pending = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Adds a frame of counts."""
        self._frames.append(frame)
        self._pending += frame.height
        if self._pending > MOST_CELLS:
            self.merged()

    def merged(self) -> pl.DataFrame:
        """All counts so far, one row a key."""
        if len(self._frames) > 1:
            summed = pl.concat(self._frames).lazy().group_by(self._keys).agg(pl.all().sum()).collect(engine="streaming")
            self._frames, self._pending = [summed], 0
        return self._frames[0]

    @property
    def height(self) -> int:
        """How many rows the counts take now, merged or not."""
        return sum(frame.height for frame in self._frames)

    def replace(self, frame: pl.DataFrame) -> None:
        """Sets the counts to those of one frame."""
        self._frames, self._pending = [frame], 0


class Cells:
    """Exchanges by timeline bucket (`at`), duration and failure: what every latency figure comes from."""

    def __init__(self, empty: pl.DataFrame) -> None:
        self._tables = Tables(CELL_KEYS, empty)
        self.exact = True

    def add(self, cells: pl.DataFrame) -> None:
        """Adds counts (at, duration_us, failure, n)."""
        self._tables.add(cells if self.exact else binned(cells))
        if self.exact and self._tables.height > MOST_CELLS and (merged := self.merged()).height > MOST_CELLS:
            self.exact = False
            self._tables.replace(binned(merged))

    def merged(self) -> pl.DataFrame:
        """All counts so far (at, duration_us, failure, n); durations are the lower edges of bins unless `exact`."""
        return self._tables.merged()


def bin_of(duration_us: pl.Expr) -> pl.Expr:
    """The lower edge of the bin of a duration: exact below 256 µs, then 128 bins for each doubling. Keeps the order."""
    size = duration_us.abs()
    exponent = (64 - _BIN_BITS - size.bitwise_leading_zeros().cast(pl.Int64)).clip(lower_bound=0)
    width = pl.lit(2, pl.Int64).pow(exponent)
    return duration_us // width * width


def binned(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells with their durations lowered to the edge of their bin."""
    return (
        cells.lazy()
        .with_columns(bin_of(pl.col("duration_us")))
        .group_by(CELL_KEYS)
        .agg(pl.col("n").sum())
        .collect(engine="streaming")
    )
