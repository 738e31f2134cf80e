"""What entries become: pairs become exchanges or are taken apart, all other entries become orphans or repeats."""

from typing import NamedTuple

import msgspec
import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import join_steps
from logcorr.pairing.orphan_reasons import TOO_FAR
from logcorr.pairing.rules import Rules

# The kinds of repeats. A weak response that answers nothing is a surplus.
REDELIVERED, SUPERSEDED, SURPLUS = "redelivered", "superseded", "surplus"


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """The result of pairing entries: every entry is in exactly one row of one frame.

    `exchanges`, `orphans` and `repeats` have the columns of the properties of `EntryColumns` with these names.
    """

    exchanges: pl.DataFrame
    orphans: list[pl.DataFrame]
    repeats: list[pl.DataFrame]


class Alone(NamedTuple):
    """Entries without a partner, as orphans and as repeats."""

    orphans: list[pl.DataFrame]
    repeats: list[pl.DataFrame]


def alone(entries: pl.LazyFrame, side: Side, reason: pl.Expr, rules: Rules) -> Alone:
    """What entries without a partner become: orphans with a reason (null: the edge decides), weak responses a surplus.

    There is one frame of orphans, and one of repeats where the side may have weak responses.
    """
    columns, repeats = rules.columns, list[pl.DataFrame]()
    if columns.has_weak(side):
        surplus = entries.filter(pl.col("weak"))
        repeats = [join_steps.repeats(surplus, side, columns, pl.lit(SURPLUS)).collect(engine="in-memory")]
        entries = entries.filter(~pl.col("weak"))
    orphans = join_steps.orphans(entries, side, columns, reason).collect(engine="in-memory")
    return Alone([orphans], repeats)


def split_by_duration(pairs: pl.LazyFrame, rules: Rules) -> Paired:
    """The pairs of `join` as exchanges; where a pair lasts too long, its entries are without a partner (TOO_FAR)."""
    orphans: list[pl.DataFrame] = []
    repeats: list[pl.DataFrame] = []
    kept = pairs
    if rules.max_duration_us is not None:
        apart = pairs.filter(too_far(rules.max_duration_us))
        kept = pairs.filter(~too_far(rules.max_duration_us))
        for side in SIDES:
            unpaired = alone(join_steps.entries_of(apart, side, rules.columns), side, pl.lit(TOO_FAR), rules)
            orphans += unpaired.orphans
            repeats += unpaired.repeats
    exchanges = join_steps.exchanges(kept, rules.columns, rules.duration).collect(engine="in-memory")
    return Paired(exchanges=exchanges, orphans=orphans, repeats=repeats)


def too_far(max_duration_us: int) -> pl.Expr:
    """Whether the events of a pair are too far apart. A distance that nothing tells is not."""
    return (join_steps.distance_us().abs() > max_duration_us).fill_null(value=False)
