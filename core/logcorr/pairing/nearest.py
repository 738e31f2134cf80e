"""The policy `nearest`: a response takes the latest request of its id that is open and not later than it.

Entries of one id are a stack: a request is put on it, a response takes the top. The depth of a request is how many are
open with it. A request and the next response at this depth are a pair, so sorts and sums over all entries find the
pairs, without a loop.

At one instant, with `o` requests open from before, R new requests and S responses: first min(o, S - R) responses if S
is more than R, then all requests, then the other responses. After it max(0, o + R - S) requests are open.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.pairing import join_steps
from logcorr.pairing.join_steps import KEY
from logcorr.pairing.rules import Rules

# Counts and ranks: half as wide for all entries of a bucket, as memory may just hold them.
Integers = npt.NDArray[np.signedinteger[Any]]
BoolArray = npt.NDArray[np.bool_]
_IS_RESPONSE, _INDEX = ":is_response", ":index"


class Instants(NamedTuple):
    """Instants of one id: how many requests and responses each has, and how many requests are open before it."""

    requests: Integers
    responses: Integers
    open_before: Integers


class Places(NamedTuple):
    """Where entries stand: the depth of each on the stack (below 1 for a response that nothing is open for).

    `position` is the place of an entry in the order in which the stack takes the entries of its instant, from 0.
    """

    depth: Integers
    position: Integers


def places(at: Instants, is_response: BoolArray, rank: Integers) -> Places:
    """The places of entries; `at` has the counts of each entry's instant, `rank` its rank within instant and side."""
    requests, responses, open_before = at
    before = np.clip(np.minimum(open_before, responses - requests), 0, None)
    early = is_response & (rank < before)
    late = is_response & ~early
    depth = open_before - before + rank + 1
    depth[early] = (open_before - rank)[early]
    depth[late] = (open_before + requests - rank)[late]
    return Places(depth, rank + np.where(late, requests, np.where(early, 0, before)))


def open_after(change: Integers, starts: Integers, first_open: int = 0) -> Integers:
    """How many requests are open after each instant: max(0, open + change) from one instant to the next.

    `change` is requests less responses, `starts` has the first instant of each id. `first_open` requests are open
    before the first instant of all.
    """
    if not change.size:
        return change
    total = np.cumsum(change)
    lengths = np.diff(np.append(starts, change.size))
    before_id = np.repeat(np.where(starts > 0, total[starts - 1], -first_open), lengths)
    total -= before_id
    # The running minimum of each id: an id is moved below all values of the ids before it.
    step = np.repeat(np.arange(starts.size), lengths) * (2 * (np.abs(change).sum() + first_open) + 1)
    least = np.minimum.accumulate(total - step) + step
    return np.asarray(total - np.minimum(least, 0), dtype=np.int64)


def pairs(requests: pl.DataFrame, responses: pl.DataFrame, *, rules: Rules) -> pl.DataFrame:
    """The pairs of entries with KEY, as `join_steps.join` gives them. Both frames are in pairing order, see `ranked`.

    Entries of a key have one id, and no entry is redelivered.
    """
    left_index, right_index = _partners(*(_marked(side) for side in (requests, responses)), rules=rules)
    left = requests.select(KEY, *rules.columns.schema("request").names())[left_index]
    right = responses.select(KEY, *rules.columns.schema("response").names())[right_index]
    return join_steps.joined_by_row(left, right, columns=rules.columns)


def _marked(entries: pl.DataFrame) -> pl.DataFrame:
    index = pl.int_range(pl.len(), dtype=pl.UInt32).alias(_INDEX)
    return entries.select(KEY, "time", "row", index)


def _partners(requests: pl.DataFrame, responses: pl.DataFrame, *, rules: Rules) -> tuple[pl.Series, pl.Series]:
    """The indexes of the requests that have a partner, and of their responses, in the same order."""
    sides = [
        entries.with_columns(pl.lit(number, pl.UInt8).alias(_IS_RESPONSE))
        for number, entries in enumerate((requests, responses))
    ]
    instant = ["time", "row"] if rules.by_line else ["time"]
    entries = pl.concat(sides).sort(KEY, *instant, _IS_RESPONSE, _INDEX, nulls_last=False)
    changes = [pl.col(name).ne_missing(pl.col(name).shift()) for name in (KEY, *instant)]
    flags = entries.select(
        (changes[0] | (pl.int_range(pl.len()) == 0)).alias("id"),
        (pl.any_horizontal(changes) | (pl.int_range(pl.len()) == 0)).alias("instant"),
        pl.col(_IS_RESPONSE).cast(pl.Boolean),
    )
    new_id, new_instant, is_response = (flags[name].to_numpy() for name in flags.columns)
    indexes = entries[_INDEX]
    del entries, sides, flags
    id_of, depth, position = _stack(new_id, new_instant, is_response)
    chosen = np.flatnonzero(depth > 0)
    order = chosen[np.lexsort((position[chosen], depth[chosen], id_of[chosen]))]
    # At a depth of an id requests and responses alternate, beginning with a request.
    second = np.flatnonzero(is_response[order])
    return indexes[pl.Series(order[second - 1])], indexes[pl.Series(order[second])]


def _stack(new_id: BoolArray, new_instant: BoolArray, is_response: BoolArray) -> tuple[Integers, Integers, Integers]:
    """Of sorted entries (by id, instant and side): the number of each entry's id, its depth, and its place in order."""
    starts = np.flatnonzero(new_instant)
    instant = np.cumsum(new_instant, dtype=np.int32) - 1
    starts = starts.astype(np.int32)
    sizes = np.diff(starts, append=np.int32(is_response.size))
    responses = np.add.reduceat(is_response, starts, dtype=np.int32) if starts.size else sizes
    requests = sizes - responses
    id_starts = np.flatnonzero(new_id[starts])
    before = np.zeros(starts.size, np.int32)
    before[1:] = open_after(requests - responses, id_starts)[:-1]
    before[id_starts] = 0
    rank = np.arange(is_response.size, dtype=np.int32) - starts[instant]
    rank[is_response] -= requests[instant][is_response]
    at = Instants(requests[instant], responses[instant], before[instant])
    depth, position = places(at, is_response, rank)
    return np.cumsum(new_id, dtype=np.int32), depth, position + starts[instant]
