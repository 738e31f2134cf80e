"""Finds the ranges of time in which there are more hits than chance makes of them, with quiet times between them.

All ranges of whole timeline buckets are looked at, as long as they hold no more than half of the rows. A range over two
incidents is divided at the quiet time between them. What has no quiet time between it and a range belongs to the range.
"""

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.query.significance import LEAST_ROWS, log_level, log_tail

# What is not at least so many times as frequent as at other times is not worth a sentence.
LEAST_RATIO = 2.0
# At most so many ranges are told of one measure.
_MOST = 3
# So often a range is divided, or put to one beside it, before no more are looked for.
_MOST_STEPS = 16

_OPEN, _QUIET, _LOUD = 0, 1, 2
Ints = npt.NDArray[np.int64]


class LoudRange(msgspec.Struct, frozen=True):
    """The buckets from `first` to `last`, both included. `log_tail` is the natural logarithm of its chance."""

    first: int
    last: int
    log_tail: float


def loud_ranges(counts: pl.DataFrame, families: int) -> list[LoudRange]:
    """The ranges that stand out, the surest first, from counts (at, of, hits) by the number of the timeline bucket.

    `families` is how many things are looked at in all: each has its part of the chance.
    """
    if counts.height < 2:
        return []
    scan = _Scan(counts.sort("at"), families)
    return scan.found()


class _Part(msgspec.Struct, frozen=True):
    """The rows from index `first` to `last`, with their hits."""

    first: int
    last: int
    hits: int
    of: int
    tail: float


class _Scan:
    """Looks at the ranges of one measure, the least likely first, and marks what is told and what is quiet."""

    def __init__(self, rows: pl.DataFrame, families: int) -> None:
        self._at: Ints = rows["at"].to_numpy()
        self._hits: Ints = rows["hits"].cast(pl.Int64).to_numpy()
        self._of: Ints = rows["of"].cast(pl.Int64).to_numpy()
        self._marks = np.full(self._at.size, _OPEN)
        self._level = log_level(self._at.size * (self._at.size + 1) // 2 * families)

    def found(self) -> list[LoudRange]:
        """The ranges that are told, the surest first."""
        told: list[LoudRange] = []
        for _ in range(_MOST_STEPS):
            best = self._best()
            if best is None or len(told) == _MOST:
                break
            inner = self._quiet(best.first + 1, best.last - 1, best, within=True)
            if inner is not None:
                self._marks[inner.first : inner.last + 1] = _QUIET
                continue
            if self._apart(best):
                told.append(LoudRange(int(self._at[best.first]), int(self._at[best.last]), best.tail))
            self._marks[best.first : best.last + 1] = _LOUD
        return sorted(told, key=lambda one: one.log_tail)

    def _best(self) -> _Part | None:
        """The least likely range of rows without a mark; None where chance explains all of them."""
        others = self._marks != _LOUD
        whole, every = int(self._hits[others].sum()), int(self._of[others].sum())
        ranges = self._parts(0, self._at.size - 1, self._marks != _OPEN)
        enough = (pl.col("hits") >= LEAST_ROWS) & (pl.col("of") * 2 <= every)
        judged = ranges.filter(enough).with_columns(tail=log_tail(pl.col("hits"), whole, pl.col("of"), every))
        best = judged.sort("tail", pl.col("last") - pl.col("first"), "first").head(1)
        if not best.height or best["tail"].item() > self._level:
            return None
        return _Part(*best.select("first", "last", "hits", "of", "tail").row(0))

    def _apart(self, part: _Part) -> bool:
        """Whether a quiet time is between a range and the loud ones next to it."""
        loud = np.flatnonzero(self._marks == _LOUD)
        before, after = loud[loud < part.first], loud[loud > part.last]
        gaps = []
        if before.size:
            gaps.append((int(before[-1]) + 1, part.first - 1))
        if after.size:
            gaps.append((part.last + 1, int(after[0]) - 1))
        return all(
            bool((self._marks[first : last + 1] == _QUIET).any())
            or self._quiet(first, last, part, within=False) is not None
            for first, last in gaps
        )

    def _quiet(self, first: int, last: int, part: _Part, *, within: bool) -> _Part | None:
        """The surest quiet time among some rows: hardly more hits than at other times, and too few for the range.

        `within` tells whether the rows are a part of the range.
        """
        if first > last:
            return None
        others = self._marks != _LOUD
        others[part.first : part.last + 1] = False
        rest_hits, rest_of = int(self._hits[others].sum()), int(self._of[others].sum())
        ranges = self._parts(first, last, np.zeros_like(others))
        hits, of = pl.col("hits"), pl.col("of")
        quiet = (of > 0) & (hits * rest_of <= LEAST_RATIO * rest_hits * of)
        all_hits, all_of = (part.hits, part.of) if within else (hits + part.hits, of + part.of)
        fewer = log_tail(of - hits, all_of - all_hits, of, all_of)
        surest = ranges.filter(quiet).with_columns(tail=fewer).sort("tail", "first").head(1)
        if not surest.height or surest["tail"].item() > log_level(ranges.height):
            return None
        return _Part(*surest.select("first", "last", "hits", "of", "tail").row(0))

    def _parts(self, first: int, last: int, without: npt.NDArray[np.bool_]) -> pl.DataFrame:
        """(first, last, hits, of) of all ranges between two rows that have no row of `without`."""
        start, end = np.triu_indices(last - first + 1)
        columns: dict[str, Ints] = {"first": start + first, "last": end + first}
        for name, values in (("hits", self._hits), ("of", self._of), ("without", without.astype(np.int64))):
            before = np.concatenate([[0], values[first : last + 1].cumsum()])
            columns[name] = before[end + 1] - before[start]
        return pl.DataFrame(columns).filter(pl.col("without") == 0)
