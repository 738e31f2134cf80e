"""Pairs all entries of one bucket in memory: a hash join, and ranks for keys that a side has more than once.

Most ids come once on each side. Their entries need one join. Only entries of repeated ids are sorted and ranked.
"""

from typing import Literal

import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import join_steps, nearest
from logcorr.pairing.join_steps import KEY
from logcorr.pairing.orphan_reasons import REPEATED_ID
from logcorr.pairing.paired import REDELIVERED, SUPERSEDED, Paired, alone, split_by_duration
from logcorr.pairing.rules import IS_COLLISION, IS_REDELIVERED, Rules, answered, matched, ranked

_SAMPLE_ONE_IN = 64
_LEAST_SAMPLE = 1000
_MOST_REPEATED_IN_SAMPLE = 20
_INDEX = ":index"
# The joins that give the rows whose key is in another frame, and the rows whose key is not.
_IN_AND_NOT_IN: tuple[Literal["semi", "anti"], ...] = ("semi", "anti")


class _HashCollision(Exception):  # noqa: N818 - it chooses another way of pairing, and is no error
    """Two different ids of this bucket have the same hash."""


class _RepeatedKey(Exception):  # noqa: N818 - likewise
    """A side has more than one entry of a key, so that ranks decide which entries pair."""


def pair(requests: pl.LazyFrame, responses: pl.LazyFrame, rules: Rules) -> Paired:
    """Pairs all entries of a bucket; requests and responses have the columns of `rules.columns`, without KEY.

    Entries are joined on the hash of their id. Where two ids share a hash, all are joined on the id.
    """
    sides = [requests, responses]
    try:
        return _pair([side.with_columns(join_steps.hashed()) for side in sides], rules)
    except _HashCollision:
        return _pair([side.with_columns(pl.col("request_id").alias(KEY)) for side in sides], rules)


def _pair(queries: list[pl.LazyFrame], rules: Rules) -> Paired:
    """Pairs entries with KEY. Frames are dropped as soon as possible, as the bucket may only just fit memory."""
    sides = [_collect(query) for query in queries]
    if not any(_often_repeated(side[KEY]) for side in sides):
        try:
            return _pair_unique(sides, rules)
        except _RepeatedKey:
            pass
    repeated = _collect(join_steps.repeated_keys(sides[0].lazy(), sides[1].lazy())).lazy()
    repeated_sides = [_collect(side.lazy().join(repeated, on=KEY, how="semi")) for side in sides]
    sides = [_collect(side.lazy().join(repeated, on=KEY, how="anti")) for side in sides]
    unique = _pair_unique(sides, rules)
    sides.clear()
    ranked_pairs = _pair_repeated(repeated_sides, rules)
    return Paired(
        exchanges=pl.concat([unique.exchanges, ranked_pairs.exchanges]),
        orphans=[*unique.orphans, *ranked_pairs.orphans],
        repeats=[*unique.repeats, *ranked_pairs.repeats],
    )


def _pair_unique(sides: list[pl.DataFrame], rules: Rules) -> Paired:
    """Pairs entries by one join. Raises _RepeatedKey where a side has more than one entry of a key."""
    indexed = [side.lazy().with_row_index(_INDEX) for side in sides]
    pairs = _collect(join_steps.join(indexed[0], indexed[1], rules.columns))
    indexes = (pairs[_INDEX], pairs[f"{_INDEX}_right"])
    unpaired = dict(zip(SIDES, map(_unpaired, sides, indexes), strict=True))
    _check_ids(pairs)
    if rules.policy == "nearest":
        pairs, unpaired = _without_early_responses(pairs, unpaired, rules)
    settled = split_by_duration(pairs.lazy(), rules)
    orphans, repeats = settled.orphans, settled.repeats
    for side, entries in unpaired.items():
        left = alone(entries.lazy(), side, pl.lit(None, pl.String), rules)
        orphans += left.orphans
        repeats += left.repeats
    return Paired(exchanges=settled.exchanges, orphans=orphans, repeats=repeats)


def _without_early_responses(
    pairs: pl.DataFrame, unpaired: dict[Side, pl.DataFrame], rules: Rules
) -> tuple[pl.DataFrame, dict[Side, pl.DataFrame]]:
    """The pairs whose response is not earlier than its request; the entries of all others are unpaired too."""
    right = pairs.select(answered(rules)).to_series()
    if right.all():
        return pairs, unpaired
    early = pairs.lazy().filter(~right)
    names = {side: rules.columns.schema(side).names() for side in SIDES}
    apart = {side: _collect(join_steps.entries_of(early, side, rules.columns)) for side in SIDES}
    return pairs.filter(right), {side: pl.concat([unpaired[side].select(names[side]), apart[side]]) for side in SIDES}


def _often_repeated(keys: pl.Series) -> bool:
    """Whether a sample has so many repeated keys that their join might give more rows than fit memory."""
    sample = keys.sample(min(keys.len(), max(_LEAST_SAMPLE, keys.len() // _SAMPLE_ONE_IN)), seed=0)
    return sample.len() - sample.n_unique() > _MOST_REPEATED_IN_SAMPLE


def _unpaired(entries: pl.DataFrame, indexes: pl.Series) -> pl.DataFrame:
    """The entries whose row index is not in `indexes`. Raises _RepeatedKey where an index or a key comes twice."""
    mask = pl.repeat(value=True, n=entries.height, dtype=pl.Boolean, eager=True).scatter(indexes, values=False)
    if mask.sum() != entries.height - indexes.len():
        raise _RepeatedKey
    unpaired = entries.filter(mask)
    # No entry here has the key of a pair: the join would have paired all entries of that key.
    if unpaired[KEY].n_unique() != unpaired.height:
        raise _RepeatedKey
    return unpaired


def _pair_repeated(frames: list[pl.DataFrame], rules: Rules) -> Paired:
    """Pairs the entries of both sides by rank within their key. Empties the list, so that its frames can be dropped."""
    sides: dict[Side, pl.DataFrame] = {side: _collect(ranked(frames.pop(0).lazy(), side, rules)) for side in SIDES}
    if any(side[IS_COLLISION].any() for side in sides.values()):
        raise _HashCollision
    pairs = _pairs_of_ranked(sides, rules)
    _check_ids(pairs)
    settled = split_by_duration(pairs.lazy(), rules)
    paired_keys = _paired_keys(pairs, settled.exchanges).lazy()
    orphans, repeats = settled.orphans, settled.repeats
    for side, entries in sides.items():
        unpaired = entries.join(pairs.select(pl.col(f"{side}_row").alias("row")), on="row", how="anti").lazy()
        redelivered = unpaired.filter(pl.col(IS_REDELIVERED))
        repeats.append(_collect(join_steps.repeats(redelivered, side, rules.columns, pl.lit(REDELIVERED))))
        unpaired = unpaired.filter(~pl.col(IS_REDELIVERED))
        if rules.policy in ("first", "last"):
            other = sides["response" if side == "request" else "request"]
            superseded, unpaired = _superseded(unpaired, other.lazy().select(KEY).unique(), side, rules)
            repeats.append(superseded)
        for how, reason in zip(_IN_AND_NOT_IN, (REPEATED_ID, None), strict=True):
            rows = unpaired.join(paired_keys, on=KEY, how=how)
            left = alone(rows, side, pl.lit(reason, pl.String), rules)
            orphans += left.orphans
            repeats += left.repeats
    return Paired(exchanges=settled.exchanges, orphans=orphans, repeats=repeats)


def _pairs_of_ranked(sides: dict[Side, pl.DataFrame], rules: Rules) -> pl.DataFrame:
    """The pairs that the policy makes of entries in pairing order, as `join_steps.join` gives them."""
    requests, responses = (sides[side] for side in SIDES)
    if rules.policy != "nearest":
        return _collect(matched(requests.lazy(), responses.lazy(), rules))
    return nearest.pairs(*(side.filter(~pl.col(IS_REDELIVERED)) for side in (requests, responses)), rules=rules)


def _superseded(
    unpaired: pl.LazyFrame, other_keys: pl.LazyFrame, side: Side, rules: Rules
) -> tuple[pl.DataFrame, pl.LazyFrame]:
    """Splits entries: the superseded ones, whose key the other side has too, as repeats; and all others.

    A weak response is never superseded.
    """
    superseded, others = (unpaired.join(other_keys, on=KEY, how=how) for how in _IN_AND_NOT_IN)
    if rules.columns.has_weak(side):
        others = pl.concat([others, superseded.filter(pl.col("weak"))])
        superseded = superseded.filter(~pl.col("weak"))
    return _collect(join_steps.repeats(superseded, side, rules.columns, pl.lit(SUPERSEDED))), others


def _paired_keys(pairs: pl.DataFrame, exchanges: pl.DataFrame) -> pl.DataFrame:
    """The distinct keys of the pairs that are not too far apart to be exchanges."""
    return pairs.join(exchanges.select("request_row"), on="request_row", how="semi").select(KEY).unique()


def _check_ids(pairs: pl.DataFrame) -> None:
    """Raises _HashCollision where a pair is of two different ids."""
    if pairs.lazy().pipe(join_steps.collisions).collect().item():
        raise _HashCollision


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")
