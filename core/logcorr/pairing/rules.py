"""The rules of pairing: which entries of one id are a pair, and which pairs are taken apart."""

import msgspec
import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.model.options import Pairing
from logcorr.pairing import steps
from logcorr.pairing.orphan_reasons import TOO_FAR
from logcorr.pairing.steps import KEY, VALUE, join


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How entries of one id pair, and the longest duration (µs) of a pair."""

    policy: Pairing = "in-order"
    max_duration_us: int | None = None


def taken_apart(pairs: pl.LazyFrame, rules: Rules) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Pairs as exchanges, and the orphans of those that last too long."""
    exchanges = steps.exchanges(pairs).collect(engine="in-memory")
    if rules.max_duration_us is None:
        return exchanges, []
    far = pl.col("duration_us").abs() > rules.max_duration_us
    torn = exchanges.lazy().filter(far)
    return exchanges.filter(~far), [
        steps.orphans(torn.rename({f"{side}_time": "time", f"{side}_row": "row"}), side, pl.lit(TOO_FAR)).collect(
            engine="in-memory"
        )
        for side in SIDES
    ]


def ranked(entries: pl.LazyFrame, side: Side) -> pl.LazyFrame:
    """Entries of repeated keys in pairing order, with `rank` (from 0 within the key), `last` and `redelivered`.

    Of equal entries (id, instant, value) the first in the files keeps its rank; the others are redelivered, rank null.
    `clash` tells that the entry before has the same key and another id.
    """
    value = VALUE[side]
    column = pl.col
    ordered = entries.sort(KEY, "time", value, "row", nulls_last=False)
    same_key = (column(KEY) == column(KEY).shift()).fill_null(value=False)
    ordered = ordered.with_columns(
        same=same_key,
        clash=same_key & (column("request_id") != column("request_id").shift()),
        redelivered=same_key
        & (column("time") == column("time").shift())
        & column(value).eq_missing(column(value).shift()),
    )
    # Ranks count the kept entries: their running number less that of the key's first entry.
    numbered = ordered.with_columns(number=(~column("redelivered")).cast(pl.UInt32).cum_sum())
    first = pl.when(~column("same")).then(column("number")).forward_fill()
    final = pl.when(~column("same").shift(-1, fill_value=False)).then(column("number")).backward_fill()
    return numbered.with_columns(
        rank=pl.when(~column("redelivered")).then(column("number") - first),
        last=~column("redelivered") & (column("number") == final),
    ).drop("same", "number")


def matched(requests: pl.LazyFrame, responses: pl.LazyFrame, policy: Pairing) -> pl.LazyFrame:
    """The pairs of ranked entries under a pairing policy, as `join` gives them."""
    sides = []
    for entries, side in zip((requests, responses), SIDES, strict=True):
        kept = entries.filter(~pl.col("redelivered"))
        if policy != "in-order":
            kept = kept.filter(pl.col("rank") == 0 if policy == "first" else pl.col("last"))
        sides.append(kept.select(KEY, "rank", "request_id", "time", VALUE[side], "row"))
    if policy == "in-order":
        return join(sides[0], sides[1], on=(KEY, "rank"))
    return join(sides[0].drop("rank"), sides[1].drop("rank"))
