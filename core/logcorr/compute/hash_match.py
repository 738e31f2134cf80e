"""Finds equal keys of two sides, left and right, by a hash table. For a chunk this is much faster than a hash join.

The compiled kernel does it, or numpy. With numpy, some bits of a right key choose its slot, and the last key of a slot
keeps the slot. Keys that lost their slot to a different key try again, with other bits.
"""

import secrets
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import Positions, UInt64Array

UInt32Array = npt.NDArray[np.uint32]

# Odd numbers without a pattern (the first digits of square roots). Each mixes the bits of a key in another way.
_MIXERS = (0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1)
_KEY_BITS = 64
_SECRET_MIXER = secrets.randbits(_KEY_BITS)
_NO_PARTNER = -1


class Matches(NamedTuple):
    """The pairs of equal keys: the left key at position `left[n]` equals the right key at position `right[n]`.

    `left` is ascending. `left_alone` and `right_alone` are all other positions, ascending. `repeated` holds the keys
    that a side has more than once, maybe several times. A key that each side has once is always paired. A key that a
    side has more than once is paired at most once; if it is paired, it is in `repeated`.
    """

    left: UInt32Array
    right: UInt32Array
    left_alone: UInt32Array
    right_alone: UInt32Array
    repeated: UInt64Array


def match(left: UInt64Array, right: UInt64Array) -> Matches:
    """Pairs the positions of equal keys (64-bit hashes) of both sides."""
    return _by_kernel(left, right) if compiled else _by_numpy(left, right)


def unmatched(matched: UInt32Array | Positions, count: int) -> UInt32Array:
    """The positions from 0 to `count` (excluded) that are not in `matched`, ascending."""
    is_unmatched = np.ones(count, np.bool_)
    is_unmatched[matched] = False
    return np.flatnonzero(is_unmatched).astype(np.uint32)


def _by_kernel(left: UInt64Array, right: UInt64Array) -> Matches:
    most_pairs = min(left.size, right.size)
    rows = [np.empty(size, np.uint32) for size in (most_pairs, most_pairs, left.size, right.size)]
    repeated = np.empty(left.size + right.size, np.uint64)
    pairs, repeats = compiled.match(left, right, _SECRET_MIXER, *rows, repeated)
    lefts, rights, left_alone, right_alone = rows
    unmatched_ = left_alone[: left.size - pairs], right_alone[: right.size - pairs]
    return Matches(lefts[:pairs], rights[:pairs], *unmatched_, repeated[:repeats].copy())


def _by_numpy(left: UInt64Array, right: UInt64Array) -> Matches:
    partner = np.full(left.size, _NO_PARTNER)
    repeated: list[UInt64Array] = []
    seeking, offered = np.arange(left.size), np.arange(right.size)
    left_keys, right_keys = left, right
    attempt = 0
    while seeking.size and offered.size:
        bits = offered.size.bit_length() + 1
        own_slots, wanted_slots = (_slots(keys, attempt, bits) for keys in (right_keys, left_keys))
        order = np.arange(offered.size)
        table = np.zeros(1 << bits, np.int32)
        table[own_slots] = order
        # An empty slot names the first key. This does no harm, as each guess is checked.
        guesses = table.take(wanted_slots).astype(np.intp)
        same = right_keys.take(guesses) == left_keys
        hits, misses = np.flatnonzero(same), np.flatnonzero(~same)
        partner[seeking.take(hits)] = offered.take(guesses.take(hits))
        holders = table.take(own_slots)
        displaced = np.flatnonzero(holders != order)
        equal_keys = right_keys.take(displaced) == right_keys.take(holders.take(displaced))
        repeated.append(right_keys[displaced[equal_keys]])
        retried = displaced[~equal_keys]
        seeking, left_keys = seeking.take(misses), left_keys.take(misses)
        offered, right_keys = offered.take(retried), right_keys.take(retried)
        attempt += 1
    lefts = np.flatnonzero(partner != _NO_PARTNER)
    rights = partner.take(lefts)
    owners = np.zeros(right.size, np.intp)
    order = np.arange(rights.size)
    owners[rights] = order
    repeated.append(left[lefts[owners.take(rights) != order]])
    pairs = lefts.astype(np.uint32), rights.astype(np.uint32)
    return Matches(*pairs, unmatched(lefts, left.size), unmatched(rights, right.size), np.concatenate(repeated))


def _slots(keys: UInt64Array, attempt: int, bits: int) -> Positions:
    mixer = np.uint64(_MIXERS[attempt % len(_MIXERS)] + 2 * (attempt // len(_MIXERS)))
    return ((keys * mixer) >> np.uint64(_KEY_BITS - bits)).view(np.int64)
