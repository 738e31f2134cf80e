"""Pairs all entries of one bucket in memory: a hash join, and ranks for keys that a side has more than once.

Most ids come once on each side. Their entries need one join. Only entries of repeated ids are sorted and ranked.
"""

import msgspec
import polars as pl

from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import join_steps
from logcorr.pairing.join_steps import KEY
from logcorr.pairing.orphan_reasons import REPEATED_ID
from logcorr.pairing.rules import Rules, matched, ranked, split_by_duration

_SAMPLE_ONE_IN = 64
_LEAST_SAMPLE = 1000
_MOST_REPEATED_IN_SAMPLE = 20


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """The result of pairing entries: every entry is in exactly one row of one frame.

    `exchanges` has EXCHANGE_SCHEMA. The frames of `orphans` and `repeats` have the columns that `steps.orphans` and
    `steps.repeats` give.
    """

    exchanges: pl.DataFrame
    orphans: list[pl.DataFrame]
    repeats: list[pl.DataFrame]


class _HashCollision(Exception):  # noqa: N818 - it chooses another way of pairing, and is no error
    """Two different ids of this bucket have the same hash."""


class _RepeatedKey(Exception):  # noqa: N818 - likewise
    """A side has more than one entry of a key, so that ranks decide which entries pair."""


def pair(requests: pl.LazyFrame, responses: pl.LazyFrame, rules: Rules) -> Paired:
    """Pairs all entries of a bucket; requests and responses have the columns that `steps` names, without KEY.

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
    indexed = [side.lazy().with_row_index("index") for side in sides]
    pairs = _collect(join_steps.join(indexed[0], indexed[1]))
    unpaired = [_unpaired(side, pairs[index]) for side, index in zip(sides, ("index", "index_right"), strict=True)]
    _check_ids(pairs)
    exchanges, orphans = split_by_duration(pairs.lazy(), rules)
    for side, entries in zip(SIDES, unpaired, strict=True):
        orphans.append(_collect(join_steps.orphans(entries.lazy(), side, pl.lit(None, pl.String))))
    return Paired(exchanges=exchanges, orphans=orphans, repeats=[])


def _often_repeated(keys: pl.Series) -> bool:
    """Whether a sample has so many repeated keys that their join might give more rows than fit memory."""
    sample = keys.sample(min(keys.len(), max(_LEAST_SAMPLE, keys.len() // _SAMPLE_ONE_IN)), seed=0)
    return sample.len() - sample.n_unique() > _MOST_REPEATED_IN_SAMPLE


def _unpaired(entries: pl.DataFrame, paired: pl.Series) -> pl.DataFrame:
    """The entries whose row index is not in `paired`. Raises _RepeatedKey where an index or a key comes twice."""
    mask = pl.repeat(value=True, n=entries.height, dtype=pl.Boolean, eager=True).scatter(paired, values=False)
    if mask.sum() != entries.height - paired.len():
        raise _RepeatedKey
    unpaired = entries.filter(mask)
    # No entry here has the key of a pair: the join would have paired all entries of that key.
    if unpaired[KEY].n_unique() != unpaired.height:
        raise _RepeatedKey
    return unpaired


def _pair_repeated(frames: list[pl.DataFrame], rules: Rules) -> Paired:
    """Pairs the entries of both sides by rank within their key. Empties the list, so that its frames can be dropped."""
    sides: dict[Side, pl.DataFrame] = {side: _collect(ranked(frames.pop(0).lazy(), side)) for side in SIDES}
    if any(side["collision"].any() for side in sides.values()):
        raise _HashCollision
    pairs = _collect(matched(sides["request"].lazy(), sides["response"].lazy(), rules.policy))
    _check_ids(pairs)
    exchanges, too_far = split_by_duration(pairs.lazy(), rules)
    paired_keys = _paired_keys(pairs, exchanges)
    orphans, repeats = [*too_far], []
    other_sides = {"request": sides["response"], "response": sides["request"]}
    for side, entries in sides.items():
        unpaired = entries.join(pairs.select(pl.col(f"{side}_row").alias("row")), on="row", how="anti").lazy()
        redelivered = pl.col("redelivered")
        repeats.append(_collect(join_steps.repeats(unpaired.filter(redelivered), side, pl.lit("redelivered"))))
        unpaired = unpaired.filter(~redelivered)
        if rules.policy != "in-order":
            other_keys = other_sides[side].lazy().select(KEY).unique()
            superseded = unpaired.join(other_keys, on=KEY, how="semi")
            repeats.append(_collect(join_steps.repeats(superseded, side, pl.lit("superseded"))))
            unpaired = unpaired.join(other_keys, on=KEY, how="anti")
        with_pair = unpaired.join(paired_keys.lazy(), on=KEY, how="semi")
        orphans.append(_collect(join_steps.orphans(with_pair, side, pl.lit(REPEATED_ID))))
        without_pair = unpaired.join(paired_keys.lazy(), on=KEY, how="anti")
        orphans.append(_collect(join_steps.orphans(without_pair, side, pl.lit(None, pl.String))))
    return Paired(exchanges=exchanges, orphans=orphans, repeats=repeats)


def _paired_keys(pairs: pl.DataFrame, exchanges: pl.DataFrame) -> pl.DataFrame:
    """The distinct keys of the pairs that are not too far apart to be exchanges."""
    return pairs.join(exchanges.select("request_row"), on="request_row", how="semi").select(KEY).unique()


def _check_ids(pairs: pl.DataFrame) -> None:
    """Raises _HashCollision where a pair is of two different ids."""
    if pairs.lazy().pipe(join_steps.collisions).collect().item():
        raise _HashCollision


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="in-memory")
