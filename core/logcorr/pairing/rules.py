"""The rules of pairing: which entries of one id are a pair, and which pairs are taken apart."""

import msgspec
import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.model.options import Pairing
from logcorr.pairing import join_steps
from logcorr.pairing.join_steps import KEY, VALUE, join
from logcorr.pairing.orphan_reasons import TOO_FAR


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The policy by which entries of one id pair, and the longest duration (µs) of a pair; None for no limit."""

    policy: Pairing = "in-order"
    max_duration_us: int | None = None


def split_by_duration(pairs: pl.LazyFrame, rules: Rules) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Splits the pairs of `join` into exchanges, and into orphans where a pair lasts too long.

    There is a frame of orphans for each side, with the reason TOO_FAR; none if the rules set no longest duration.
    """
    exchanges = join_steps.exchanges(pairs).collect(engine="in-memory")
    if rules.max_duration_us is None:
        return exchanges, []
    too_far = pl.col("duration_us").abs() > rules.max_duration_us
    rejected = exchanges.lazy().filter(too_far)
    return exchanges.filter(~too_far), [
        join_steps.orphans(
            rejected.rename({f"{side}_time": "time", f"{side}_row": "row"}), side, pl.lit(TOO_FAR)
        ).collect(engine="in-memory")
        for side in SIDES
    ]


def ranked(entries: pl.LazyFrame, side: Side) -> pl.LazyFrame:
    """Entries with KEY in pairing order, with the columns `rank`, `last`, `redelivered` and `collision`.

    `rank` (UInt32) counts from 0 within the key, and `last` marks the highest rank. Of entries with equal id, instant
    and value, the first entry in the files has a rank. All others are `redelivered`: their rank is null. `collision`
    tells that the entry before has the same key and another id.
    """
    value = VALUE[side]
    column = pl.col
    ordered = entries.sort(KEY, "time", value, "row", nulls_last=False)
    same_key = (column(KEY) == column(KEY).shift()).fill_null(value=False)
    ordered = ordered.with_columns(
        same=same_key,
        collision=same_key & (column("request_id") != column("request_id").shift()),
        redelivered=same_key
        & (column("time") == column("time").shift())
        & column(value).eq_missing(column(value).shift()),
    )
    # A rank is the running number of a kept entry, less the number of the first kept entry of its key.
    numbered = ordered.with_columns(number=(~column("redelivered")).cast(pl.UInt32).cum_sum())
    first = pl.when(~column("same")).then(column("number")).forward_fill()
    final = pl.when(~column("same").shift(-1, fill_value=False)).then(column("number")).backward_fill()
    return numbered.with_columns(
        rank=pl.when(~column("redelivered")).then(column("number") - first),
        last=~column("redelivered") & (column("number") == final),
    ).drop("same", "number")


def matched(requests: pl.LazyFrame, responses: pl.LazyFrame, policy: Pairing) -> pl.LazyFrame:
    """The pairs that a pairing policy makes of the entries that `ranked` gave, with the columns that `join` gives."""
    sides = []
    for entries, side in zip((requests, responses), SIDES, strict=True):
        kept = entries.filter(~pl.col("redelivered"))
        if policy != "in-order":
            kept = kept.filter(pl.col("rank") == 0 if policy == "first" else pl.col("last"))
        sides.append(kept.select(KEY, "rank", "request_id", "time", VALUE[side], "row"))
    if policy == "in-order":
        return join(sides[0], sides[1], on=(KEY, "rank"))
    return join(sides[0].drop("rank"), sides[1].drop("rank"))
