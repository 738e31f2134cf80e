"""The rules of pairing: the order of the entries of one id, and which entries of one id are a pair."""

import msgspec
import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.model.options import Pairing
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.join_steps import KEY, Duration, join

# The columns that `ranked` adds to entries.
RANK, IS_LAST, IS_REDELIVERED, IS_COLLISION = ":rank", ":last", ":redelivered", ":collision"
_SAME, _NUMBER = ":same", ":number"
# The order of strong and weak responses.
STRENGTH = ":strength"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How the entries of a run pair: the policy for entries of one id, and the columns of entries.

    `max_duration_us` is the longest distance (µs) of a pair's events; None for no limit. `duration` says what the
    duration of an exchange is; "given" needs the column given_us.

    `ties_by_line`: at one instant, the entries of an id are in the order of their rows, and not in that of their
    values. Then two equal lines at one instant are two events, so no entry is redelivered. `one_log`: the rows of both
    sides number the lines of one log. With both, `nearest` takes requests and responses of one instant as they stand.
    """

    policy: Pairing = "in-order"
    max_duration_us: int | None = None
    duration: Duration = "events"
    ties_by_line: bool = False
    one_log: bool = False
    columns: EntryColumns = EntryColumns()

    def __post_init__(self) -> None:
        if self.duration == "given" and not self.columns.given:
            message = "no response tells a duration"
            raise ValueError(message)

    @property
    def by_line(self) -> bool:
        """Whether rows tell which of a request and a response of one instant comes first."""
        return self.ties_by_line and self.one_log

    def order(self, side: Side) -> tuple[str, ...]:
        """The columns that order the entries of one id and side; entries that agree in all are in order of their rows.

        Strong responses come before weak ones. For `nearest` this holds within an instant.
        """
        strength = (STRENGTH,) * self.columns.has_weak(side)
        if self.policy == "nearest":
            return ("time",) if self.ties_by_line else ("time", *strength, *self.columns.values(side))
        return (*strength, "time") if self.ties_by_line else (*strength, "time", *self.columns.values(side))


def with_strength(entries: pl.LazyFrame, side: Side, rules: Rules) -> pl.LazyFrame:
    """Entries with the column STRENGTH (UInt8), where `Rules.order` has it."""
    if STRENGTH not in rules.order(side):
        return entries
    # The last response counts with `last`: there the strong ones are at the end.
    weak_first = rules.policy == "last"
    return entries.with_columns((pl.col("weak") != weak_first).cast(pl.UInt8).alias(STRENGTH))


def ranked(entries: pl.LazyFrame, side: Side, rules: Rules) -> pl.LazyFrame:
    """Entries with KEY in pairing order, with the columns RANK, IS_LAST, IS_REDELIVERED and IS_COLLISION.

    RANK (UInt32) counts from 0 within the key, and IS_LAST marks the highest rank. Of entries with equal id, instant
    and value, the first entry in the files has a rank. All others are redelivered: their rank is null. IS_COLLISION
    tells that the entry before has the same key and another id.
    """
    column = pl.col
    order = rules.order(side)
    ordered = with_strength(entries, side, rules).sort(KEY, *order, "row", nulls_last=False)
    same_key = (column(KEY) == column(KEY).shift()).fill_null(value=False)
    equal = [column(name).eq_missing(column(name).shift()) for name in order]
    ordered = ordered.with_columns(
        same_key.alias(_SAME),
        (same_key & (column("request_id") != column("request_id").shift())).alias(IS_COLLISION),
        (pl.lit(value=False) if rules.ties_by_line else pl.all_horizontal(same_key, *equal)).alias(IS_REDELIVERED),
    )
    # A rank is the running number of a kept entry, less the number of the first kept entry of its key.
    numbered = ordered.with_columns((~column(IS_REDELIVERED)).cast(pl.UInt32).cum_sum().alias(_NUMBER))
    first = pl.when(~column(_SAME)).then(column(_NUMBER)).forward_fill()
    final = pl.when(~column(_SAME).shift(-1, fill_value=False)).then(column(_NUMBER)).backward_fill()
    return numbered.with_columns(
        pl.when(~column(IS_REDELIVERED)).then(column(_NUMBER) - first).alias(RANK),
        (~column(IS_REDELIVERED) & (column(_NUMBER) == final)).alias(IS_LAST),
    ).drop(_SAME, _NUMBER, STRENGTH, strict=False)


def matched(requests: pl.LazyFrame, responses: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """The pairs that every policy but `nearest` makes of the entries that `ranked` gave, as `join` gives them."""
    sides = []
    for entries, side in zip((requests, responses), SIDES, strict=True):
        kept = entries.filter(~pl.col(IS_REDELIVERED))
        if rules.policy != "in-order":
            kept = kept.filter(pl.col(RANK) == 0 if rules.policy == "first" else pl.col(IS_LAST))
        sides.append(kept.select(KEY, RANK, *rules.columns.schema(side).names()))
    if rules.policy == "in-order":
        return join(sides[0], sides[1], rules.columns, on=(KEY, RANK))
    return join(sides[0].drop(RANK), sides[1].drop(RANK), rules.columns)


def answered(rules: Rules) -> pl.Expr:
    """Whether the response of a pair can be the answer to its request by the rules: `nearest` wants it not earlier.

    It is about pairs of `join`. An entry without an instant stands before all others.
    """
    if rules.policy != "nearest":
        return pl.lit(value=True)
    request, response = pl.col("request_time"), pl.col("response_time")
    later = (response > request).fill_null(value=False) | (request.is_null() & response.is_not_null())
    tie = pl.col("response_row") > pl.col("request_row") if rules.by_line else pl.lit(value=True)
    return later | (request.eq_missing(response) & tie)
