"""Finds values that are over-represented in chosen rows, compared with all other rows. Counts are exact.

Values are ranked by the log-likelihood ratio G² of the 2×2 table of a value: T. Dunning, "Accurate Methods for the
Statistics of Surprise and Coincidence", Computational Linguistics 19(1), 1993. Unlike lift, G² does not rank a value of
few rows first; unlike χ², it holds where counts are small. Which values stand out at all is for `significance` to
tell: by the exact tail of their counts, corrected for all values that the whole columns have.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.group_in_parts import PartialCounts, partition_of
from logcorr.query.significance import LEAST_ROWS, log_level, log_tail, stands_out
from logcorr.runs.views import Records

Value = str | int | None
Check = Callable[[], None]

_MOST_VALUES = 300_000
_SLOTS = 1 << 20
# Scores are rounded before they are sorted: smaller differences come from the order of a sum.
_DIGITS = 6
# A value is left out early only where its tail is surely too likely: that of a sum of logarithms is a little off.
_SLACK = 1e-3
# How many different values a column has is estimated by so many slots, which the values fill by their hash.
_FILLED_SLOTS = 1 << 20


class Standout(msgspec.Struct, frozen=True, kw_only=True):
    """A value (None: no value), the number of chosen and of other rows that have it, and its score G²."""

    value: Value
    inside: int
    outside: int
    score: float


class Contrast(msgspec.Struct, frozen=True, kw_only=True):
    """The values that stand out in one column, the highest score first.

    `inside` is the number of chosen rows, `outside` the number of all other rows.
    """

    column: str
    inside: int
    outside: int
    rows: list[Standout]

    def share_inside(self, row: Standout) -> float:
        """The share of the chosen rows that have the value."""
        return row.inside / self.inside

    def share_outside(self, row: Standout) -> float:
        """The share of the other rows that have the value."""
        return row.outside / self.outside

    def lift(self, row: Standout) -> float:
        """The share of the chosen rows divided by the share of the other rows; infinite where no other row has it."""
        return self.share_inside(row) / self.share_outside(row) if row.outside else math.inf


def contrasts(
    chosen: Records,
    whole: Sequence[Records],
    columns: Sequence[str],
    top: int,
    check: Check,
    *,
    looks: int | None = None,
) -> list[Contrast]:
    """For each column, the `top` values that are over-represented in the chosen rows.

    The `chosen` rows are rows of the `whole`; they are compared with all other rows of the `whole`. `check` is called
    between chunks of rows, and may raise to end the work. `looks` is how many columns are looked at in all, by default
    these: where nothing differs, fewer than three selections in a thousand show any value of any of them.

    Only values of the chosen rows are counted. Where there are too many values for memory, counts by hash tell which
    values may stand out, and these values are counted a range of hashes at a time.
    """
    distinct = _distinct(whole, columns, check)
    counters = [_Counter(column, top, distinct[column] * (looks or len(columns))) for column in columns]
    rows = sum(records.height for records in whole)
    inside = 0
    while under_way := [counter for counter in counters if not counter.done]:
        inside = 0
        for chunk in _chunks([chosen], [counter.column for counter in under_way], check):
            inside += chunk.height
            for counter in under_way:
                counter.count_chosen(chunk)
        if not 0 < inside < rows:
            break
        for counter in under_way:
            counter.choose_contenders(inside, rows - inside)
        due = [counter for counter in under_way if counter.due]
        for chunk in _chunks(whole if due else (), [counter.column for counter in due], check):
            for counter in due:
                counter.count_all(chunk)
        for counter in due:
            counter.keep_best(inside, rows - inside)
    return [
        Contrast(column=counter.column, inside=inside, outside=rows - inside, rows=counter.standouts())
        for counter in counters
    ]


def score(inside: pl.Expr, outside: pl.Expr, all_inside: int, all_outside: int) -> pl.Expr:
    """G² of the table of rows (chosen or not) by value (this value or another).

    `inside` and `outside` count the rows with the value, `all_inside` and `all_outside` all rows. The score is negative
    where the value is rarer among the chosen rows.
    """
    all_rows = float(all_inside + all_outside)
    inside, outside = inside.cast(pl.Float64), outside.cast(pl.Float64)
    with_value = inside + outside
    # Of each cell: its count, and the sums of its row and its column.
    table = (
        (inside, with_value, all_inside),
        (all_inside - inside, all_rows - with_value, all_inside),
        (outside, with_value, all_outside),
        (all_outside - outside, all_rows - with_value, all_outside),
    )
    # O·ln(O/E), where E is the sum of the row times the sum of the column over all rows; 0·ln 0 is 0.
    terms = [
        pl.when(count > 0).then(count * (count / row_sum * (all_rows / column_sum)).log()).otherwise(0.0)
        for count, row_sum, column_sum in table
    ]
    over = inside * all_outside >= outside * all_inside
    return 2 * pl.sum_horizontal(terms) * pl.when(over).then(1).otherwise(-1)


class _Counter:
    """Counts the values of one column, first in the chosen rows, then in all rows, and keeps the best values.

    A value that may stand out by its count in the chosen rows is a contender; only contenders are counted in all rows.

    Where there are too many values, the first pass counts slots instead, which are groups of values by hash. It leaves
    the slots whose rows would stand out if all of them had one value. Where even these slots have too many values, each
    later pass takes the values of the slots from `low` up to `high`; this range is halved until its values fit.
    """

    def __init__(self, column: str, top: int, looks: float) -> None:
        self.column, self._top, self._looks = column, top, looks
        self._low, self._high, self._width = 0, _SLOTS, _SLOTS
        self._counts, self._all_counts = _counts(), _counts()
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
        """Whether it is time to count the contenders in all rows."""
        waiting = sum(frame.height for frame in self._contenders)
        return waiting > 0 and (self.done or waiting > _MOST_VALUES)

    def count_chosen(self, chunk: pl.DataFrame) -> None:
        """Counts a chunk of chosen rows."""
        rows = chunk.lazy().select(value=self.column)
        if self._sketching:
            self._counts.add(_counted(rows.select(value=_slot())).collect())
            return
        if self._slots is not None:
            rows = rows.join(self._slots, left_on=_slot(), right_on="value", how="semi")
        if self._high - self._low < _SLOTS:
            rows = rows.filter(_slot().is_between(self._low, self._high, closed="left"))
        self._counts.add(_counted(rows).collect())
        if self._counts.merged_height > _MOST_VALUES and self._slots is None:
            self._sketching = True
            counts, self._counts = self._counts.merged(), _counts()
            self._counts.add(counts.with_columns(value=_slot()))
            return
        while self._counts.merged_height > _MOST_VALUES and self._high - self._low > 1:
            self._high = (self._low + self._high + 1) // 2
            self._counts.replace(self._counts.merged().filter(_slot() < self._high))

    def choose_contenders(self, inside: int, outside: int) -> None:
        """Takes the values that can stand out as contenders, after all chosen rows were counted."""
        # The least likely that a value can be: the more other rows have it, the likelier is its tail.
        least = log_tail(pl.col("n"), pl.col("n"), inside, inside + outside)
        may_stand_out = (pl.col("n") >= LEAST_ROWS) & (least <= log_level(self._looks) + _SLACK)
        contenders = self._counts.merged().filter(may_stand_out)
        self._counts = _counts()
        if self._sketching:
            self._sketching, self._slots = False, contenders.lazy()
            self._low = 0 if contenders.height else _SLOTS
            return
        if contenders.height:
            self._contenders.append(contenders)
        self._width = min(self._width, self._high - self._low)
        self._low, self._high = self._high, min(self._high + self._width, _SLOTS)

    def count_all(self, chunk: pl.DataFrame) -> None:
        """Counts the rows of a chunk of all rows that have the value of a contender."""
        rows = chunk.lazy().select(value=self.column)
        self._all_counts.add(
            _counted(rows).join(self._contending(), on="value", how="semi", nulls_equal=True).collect()
        )

    def keep_best(self, inside: int, outside: int) -> None:
        """Keeps the best contenders, after all rows were counted."""
        all_counts = self._all_counts.merged().lazy().rename({"n": "all"})
        self._all_counts = _counts()
        counted = self._contending().join(all_counts, on="value", nulls_equal=True)
        others = pl.col("all") - pl.col("n")
        stands = stands_out(pl.col("n"), pl.col("all"), inside, inside + outside, self._looks)
        scored = counted.filter(stands).select(
            "value",
            pl.col("n").alias("inside"),
            others.alias("outside"),
            score(pl.col("n"), others, inside, outside).alias("score"),
        )
        candidates = pl.concat([*(frame.lazy() for frame in self._best), scored])
        order = [pl.col("score").round(_DIGITS), pl.col("value")]
        self._best = [candidates.sort(order, descending=[True, False]).head(self._top).collect()]
        self._contenders = []

    def standouts(self) -> list[Standout]:
        """The best values that stand out, the highest score first."""
        return [
            Standout(value=value, inside=inside_rows, outside=outside_rows, score=score_of)
            for frame in self._best
            for value, inside_rows, outside_rows, score_of in frame.iter_rows()
        ]

    def _contending(self) -> pl.LazyFrame:
        return pl.concat(self._contenders).lazy()


def _counts() -> PartialCounts:
    return PartialCounts(["value"], least_rows=_MOST_VALUES // 2)


def _counted(values: pl.LazyFrame) -> pl.LazyFrame:
    return values.group_by("value").agg(pl.len().cast(pl.Int64).alias("n"))


def _slot() -> pl.Expr:
    return partition_of("value", _SLOTS)


def _distinct(whole: Sequence[Records], columns: Sequence[str], check: Check) -> dict[str, int]:
    """About how many different values each column has, no value included.

    By linear counting: of m slots that values fill by their hash, the share e^(-values/m) stays empty. As long as few
    are filled it is exact to one in a thousand; no more than one for each row are told.
    """
    filled = {column: np.zeros(_FILLED_SLOTS, np.bool_) for column in columns}
    rows = 0
    for chunk in _chunks(whole, columns, check):
        rows += chunk.height
        for column, slots in filled.items():
            slots[chunk.select(partition_of(column, _FILLED_SLOTS)).to_series().to_numpy()] = True
    counts = {column: int(np.count_nonzero(slots)) for column, slots in filled.items()}
    empty = {column: max(_FILLED_SLOTS - count, 1) / _FILLED_SLOTS for column, count in counts.items()}
    return {column: min(round(-_FILLED_SLOTS * math.log(empty[column])), rows) for column in columns}


def _chunks(sources: Sequence[Records], columns: Sequence[str], check: Check) -> Iterator[pl.DataFrame]:
    """All rows of the sources in chunks, with only the columns that are named."""
    named = {column: pl.col(column) for column in columns}
    for source in sources:
        for chunk in msgspec.structs.replace(source, columns=named).chunks():
            check()
            yield chunk
    check()
