"""Pairs one bucket: runs the pure steps of `pairing`, branching on what the data is like.

Most ids stand once on each side: those rows need one join. Only the repeated ones are ranked.
"""

import msgspec
import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import steps
from logcorr.pairing.orphan_reasons import REPEATED_ID
from logcorr.pairing.rules import Rules, matched, ranked, taken_apart
from logcorr.pairing.steps import KEY

_SAMPLE_ONE_IN = 64
_LEAST_SAMPLE = 1000
_MOST_IN_SAMPLE = 20


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a bucket's entries; each entry is in exactly one frame, and stands there once."""

    exchanges: pl.DataFrame
    orphans: list[pl.DataFrame]
    repeats: list[pl.DataFrame]


class _Clash(Exception):  # noqa: N818 - a turn in the road, not an error
    """Two different ids of this bucket have the same hash."""


class _Repeated(Exception):  # noqa: N818 - likewise
    """A key stands more than once on a side: ranks decide what pairs."""


def pair(requests: pl.LazyFrame, responses: pl.LazyFrame, rules: Rules) -> Paired:
    """Pairs all entries of a bucket. Joins on the hash of the id; on the id itself where two ids share a hash."""
    sides = [requests, responses]
    try:
        return _pair([side.with_columns(steps.hashed()) for side in sides], rules)
    except _Clash:
        return _pair([side.with_columns(pl.col("request_id").alias(KEY)) for side in sides], rules)


def _pair(plans: list[pl.LazyFrame], rules: Rules) -> Paired:
    """Pairs keyed entries; frames are let go as soon as they are not needed, for a bucket may just fit."""
    sides = [_collect(plan) for plan in plans]
    if not any(_crowded(side[KEY]) for side in sides):
        try:
            return _pair_unique(sides, rules)
        except _Repeated:
            pass
    repeated = _collect(steps.repeated_keys(sides[0].lazy(), sides[1].lazy())).lazy()
    several = [_collect(side.lazy().join(repeated, on=KEY, how="semi")) for side in sides]
    sides = [_collect(side.lazy().join(repeated, on=KEY, how="anti")) for side in sides]
    ones = _pair_unique(sides, rules)
    sides.clear()
    more = _pair_repeated(several, rules)
    return Paired(
        exchanges=pl.concat([ones.exchanges, more.exchanges]),
        orphans=[*ones.orphans, *more.orphans],
        repeats=[*ones.repeats, *more.repeats],
    )


def _pair_unique(sides: list[pl.DataFrame], rules: Rules) -> Paired:
    """Pairs entries by one join; raises _Repeated where a key stands more than once on a side."""
    placed = [side.lazy().with_row_index("place") for side in sides]
    pairs = _collect(steps.join(placed[0], placed[1]))
    others = [_others(side, pairs[place]) for side, place in zip(sides, ("place", "place_right"), strict=True)]
    _check_ids(pairs)
    exchanges, orphans = taken_apart(pairs.lazy(), rules)
    for name, left in zip(SIDES, others, strict=True):
        orphans.append(_collect(steps.orphans(left.lazy(), name, pl.lit(None, pl.String))))
    return Paired(exchanges=exchanges, orphans=orphans, repeats=[])


def _crowded(keys: pl.Series) -> bool:
    """Whether a sample finds keys so often that joining them would multiply rows beyond bounds."""
    sample = keys.sample(min(keys.len(), max(_LEAST_SAMPLE, keys.len() // _SAMPLE_ONE_IN)), seed=0)
    return sample.len() - sample.n_unique() > _MOST_IN_SAMPLE


def _others(entries: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """The entries at none of the places. Raises _Repeated where a place or a key comes twice."""
    free = pl.repeat(value=True, n=entries.height, dtype=pl.Boolean, eager=True).scatter(places, values=False)
    if free.sum() != entries.height - places.len():
        raise _Repeated
    others = entries.filter(free)
    # A key that has a pair has no entry left over here: its other entries would have joined as well.
    if others[KEY].n_unique() != others.height:
        raise _Repeated
    return others


def _pair_repeated(several: list[pl.DataFrame], rules: Rules) -> Paired:
    """Pairs entries by rank within their key; takes the frames out of the list."""
    sides: dict[Side, pl.DataFrame] = {side: _collect(ranked(several.pop(0).lazy(), side)) for side in SIDES}
    if any(side["clash"].any() for side in sides.values()):
        raise _Clash
    pairs = _collect(matched(sides["request"].lazy(), sides["response"].lazy(), rules.policy))
    _check_ids(pairs)
    exchanges, torn = taken_apart(pairs.lazy(), rules)
    matched_keys = _paired_keys(pairs, exchanges)
    orphans, repeats = [*torn], []
    others = {"request": sides["response"], "response": sides["request"]}
    for side, entries in sides.items():
        rest = entries.join(pairs.select(pl.col(f"{side}_row").alias("row")), on="row", how="anti")
        again = pl.col("redelivered")
        repeats.append(_collect(steps.repeats(rest.lazy().filter(again), side, pl.lit("redelivered"))))
        left = rest.lazy().filter(~again)
        if rules.policy != "in-order":
            present = others[side].lazy().select(KEY).unique()
            superseded = left.join(present, on=KEY, how="semi")
            repeats.append(_collect(steps.repeats(superseded, side, pl.lit("superseded"))))
            left = left.join(present, on=KEY, how="anti")
        known = left.join(matched_keys.lazy(), on=KEY, how="semi")
        orphans.append(_collect(steps.orphans(known, side, pl.lit(REPEATED_ID))))
        alone = left.join(matched_keys.lazy(), on=KEY, how="anti")
        orphans.append(_collect(steps.orphans(alone, side, pl.lit(None, pl.String))))
    return Paired(exchanges=exchanges, orphans=orphans, repeats=repeats)


def _paired_keys(pairs: pl.DataFrame, exchanges: pl.DataFrame) -> pl.DataFrame:
    """The distinct keys of those pairs that stayed exchanges."""
    return pairs.join(exchanges.select("request_row"), on="request_row", how="semi").select(KEY).unique()


def _check_ids(pairs: pl.DataFrame) -> None:
    if pairs.lazy().pipe(steps.collisions).collect().item():
        raise _Clash


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="in-memory")
