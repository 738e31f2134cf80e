"""Values that are over-represented among some of the rows against the others: exact counts, ranked by likelihood.

The rank is the log-likelihood ratio G² of the value's 2×2 table: T. Dunning, "Accurate Methods for the Statistics of
Surprise and Coincidence", Computational Linguistics 19(1), 1993. Unlike lift it is not won by a few rows that happen
to be among the chosen, and unlike χ² it holds where counts are small.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist

import msgspec
import polars as pl

from logcorr.runs.views import Records

Value = str | int | None
Check = Callable[[], None]

# One selection in a hundred shows anything where nothing differs, however many values were looked at.
_CHANCE = 0.01
_MOST_VALUES = 300_000
_SLOTS = 1 << 20
_SEED = 11
# Scores that differ by less do so only in the last bits of a sum.
_DIGITS = 6
_SLACK = 1e-3
_NONE = pl.DataFrame(schema={"value": pl.Null, "n": pl.Int64})


class Standout(msgspec.Struct, frozen=True, kw_only=True):
    """A value (null: none), how many of the chosen and of the other rows have it, and its score G²."""

    value: Value
    inside: int
    outside: int
    score: float


class Contrast(msgspec.Struct, frozen=True, kw_only=True):
    """What stands out in one column, the strongest first; `inside` and `outside` are all chosen and all other rows."""

    column: str
    inside: int
    outside: int
    rows: list[Standout]

    def share_inside(self, row: Standout) -> float:
        """The value's share of the chosen rows."""
        return row.inside / self.inside

    def share_outside(self, row: Standout) -> float:
        """The value's share of the other rows."""
        return row.outside / self.outside

    def lift(self, row: Standout) -> float:
        """How many times as large its share of the chosen rows is; infinite where no other row has it."""
        return self.share_inside(row) / self.share_outside(row) if row.outside else math.inf


def contrasts(
    chosen: Records, whole: Sequence[Records], columns: Sequence[str], top: int, check: Check
) -> list[Contrast]:
    """For each column the `top` values over-represented in `chosen`, which are rows of the `whole`, against the others.

    Counts are exact. Only values are counted that the chosen rows have; where those are more than fit into memory, only
    those that may stand out by their hash, a range of hashes at a time. `check` is called between chunks of rows, and
    may raise.
    """
    counters = [_Counter(column, top) for column in columns]
    rows = sum(records.height for records in whole)
    inside = 0
    while under_way := [counter for counter in counters if not counter.done]:
        inside = 0
        for chunk in _chunks([chosen], under_way, check):
            inside += chunk.height
            for counter in under_way:
                counter.count(chunk)
        if not 0 < inside < rows:
            break
        for counter in under_way:
            counter.pass_on(inside, rows - inside)
        due = [counter for counter in under_way if counter.due]
        for chunk in _chunks(whole, due, check):
            for counter in due:
                counter.meet(chunk)
        for counter in due:
            counter.settle(inside, rows - inside)
    return [
        Contrast(column=counter.column, inside=inside, outside=rows - inside, rows=counter.standouts(inside))
        for counter in counters
    ]


def least_score(inside: int) -> float:
    """The score from which on a value stands out in so many rows: a one-sided test, with Bonferroni's correction.

    Each of the rows may have a value of its own, so that many values may have been looked at.
    """
    return NormalDist().inv_cdf(1 - _CHANCE / inside) ** 2 if inside else math.inf


def score(inside: pl.Expr, outside: pl.Expr, all_inside: int, all_outside: int) -> pl.Expr:
    """G² of the table of rows (chosen or not) by value (this or another); negative where the value is rarer inside."""
    every = float(all_inside + all_outside)
    inside, outside = inside.cast(pl.Float64), outside.cast(pl.Float64)
    both = inside + outside
    table = (
        (inside, both, all_inside),
        (all_inside - inside, every - both, all_inside),
        (outside, both, all_outside),
        (all_outside - outside, every - both, all_outside),
    )
    # O·ln(O/E), with E the row's sum times the column's over all; 0·ln 0 is 0.
    terms = [
        pl.when(seen > 0).then(seen * (seen / marginal * (every / total)).log()).otherwise(0.0)
        for seen, marginal, total in table
    ]
    over = inside * all_outside >= outside * all_inside
    return 2 * pl.sum_horizontal(terms) * pl.when(over).then(1).otherwise(-1)


class _Counter:
    """One column: counts of its values among the chosen rows, then among all, and the best of them so far.

    Where there are too many values, the first pass counts slots of their hashes instead, and leaves only the slots
    whose rows would be enough to stand out if they were all of one value. Where even these hold too many values, they
    come by the range [low, high) of slots, which is halved until they fit.
    """

    def __init__(self, column: str, top: int) -> None:
        self.column, self._top = column, top
        self._low, self._high, self._width = 0, _SLOTS, _SLOTS
        self._counts = _Counts()
        self._met = _Counts()
        self._slots: pl.LazyFrame | None = None
        self._sketching = False
        self._contenders: list[pl.DataFrame] = []
        self._best: list[pl.DataFrame] = []

    @property
    def done(self) -> bool:
        """Whether all values were counted."""
        return self._low >= _SLOTS

    @property
    def due(self) -> bool:
        """Whether the contenders are to be counted among all rows now."""
        waiting = sum(frame.height for frame in self._contenders)
        return waiting > 0 and (self.done or waiting > _MOST_VALUES)

    def count(self, chunk: pl.DataFrame) -> None:
        """Counts chosen rows."""
        rows = chunk.lazy().select(value=self.column)
        if self._sketching:
            self._counts.add(_counted(rows.select(value=_slot())))
            return
        if self._slots is not None:
            rows = rows.join(self._slots, left_on=_slot(), right_on="value", how="semi")
        if self._high - self._low < _SLOTS:
            rows = rows.filter(_slot().is_between(self._low, self._high, closed="left"))
        height = self._counts.add(_counted(rows))
        if height > _MOST_VALUES and self._slots is None:
            self._sketching = True
            self._counts.add(self._counts.take().with_columns(value=_slot()))
            return
        while height > _MOST_VALUES and self._high - self._low > 1:
            self._high = (self._low + self._high + 1) // 2
            height = self._counts.keep(_slot() < self._high)

    def pass_on(self, inside: int, outside: int) -> None:
        """All chosen rows were seen: what can stand out is a contender, seen from them alone."""
        # A value scores the less, the more of the other rows have it.
        most = score(pl.col("n"), pl.lit(0, pl.Int64), inside, outside)
        found = self._counts.take().filter(most > least_score(inside) - _SLACK)
        if self._sketching:
            self._sketching, self._slots = False, found.lazy()
            self._low = 0 if found.height else _SLOTS
            return
        if found.height:
            self._contenders.append(found)
        self._width = min(self._width, self._high - self._low)
        self._low, self._high = self._high, min(self._high + self._width, _SLOTS)

    def meet(self, chunk: pl.DataFrame) -> None:
        """Counts those of all rows that have a contender's value."""
        rows = chunk.lazy().select(value=self.column)
        self._met.add(_counted(rows).join(self._wanted(), on="value", how="semi", nulls_equal=True))

    def settle(self, inside: int, outside: int) -> None:
        """The contenders have their counts: the best of them stay."""
        met = self._met.take().lazy().rename({"n": "all"})
        counted = self._wanted().join(met, on="value", nulls_equal=True)
        others = pl.col("all") - pl.col("n")
        scored = counted.select(
            "value",
            pl.col("n").alias("inside"),
            others.alias("outside"),
            score(pl.col("n"), others, inside, outside).alias("score"),
        )
        both = pl.concat([*(frame.lazy() for frame in self._best), scored])
        order = [pl.col("score").round(_DIGITS), pl.col("value")]
        self._best = [both.sort(order, descending=[True, False]).head(self._top).collect()]
        self._contenders = []

    def standouts(self, inside: int) -> list[Standout]:
        """What stands out."""
        least = least_score(inside)
        return [
            Standout(value=value, inside=n, outside=others, score=found)
            for frame in self._best
            for value, n, others, found in frame.iter_rows()
            if found > least
        ]

    def _wanted(self) -> pl.LazyFrame:
        return pl.concat(self._contenders).lazy()


class _Counts:
    """Counts (value, n) added up; merged whenever more rows wait than were merged."""

    def __init__(self) -> None:
        self._merged = _NONE
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0

    def add(self, counts: pl.LazyFrame | pl.DataFrame) -> int:
        """Adds counts; gives how many values there are, as far as that is known."""
        frame = counts.lazy().collect()
        self._waiting.append(frame)
        self._waiting_rows += frame.height
        if self._waiting_rows > max(_MOST_VALUES // 2, self._merged.height):
            self._merge()
        return self._merged.height

    def keep(self, wanted: pl.Expr) -> int:
        """Drops all other values; gives how many are left."""
        self._merge()
        self._merged = self._merged.filter(wanted)
        return self._merged.height

    def take(self) -> pl.DataFrame:
        """All counts; there are none then."""
        self._merge()
        counts, self._merged = self._merged, _NONE
        return counts

    def _merge(self) -> None:
        frames = [frame for frame in (self._merged, *self._waiting) if frame.height]
        self._waiting, self._waiting_rows = [], 0
        if frames:
            self._merged = pl.concat(frames).lazy().group_by("value").agg(pl.col("n").sum()).collect(engine="streaming")


def _counted(values: pl.LazyFrame) -> pl.LazyFrame:
    return values.group_by("value").agg(pl.len().cast(pl.Int64).alias("n"))


def _slot() -> pl.Expr:
    return (pl.col("value").hash(_SEED) // ((1 << 64) // _SLOTS)).cast(pl.UInt32)


def _chunks(sources: Sequence[Records], counters: Sequence[_Counter], check: Check) -> Iterator[pl.DataFrame]:
    """All rows of some sources, only the columns that are counted."""
    columns = {counter.column: pl.col(counter.column) for counter in counters}
    for source in sources if columns else ():
        for chunk in msgspec.structs.replace(source, columns=columns).chunks():
            check()
            yield chunk
    check()
