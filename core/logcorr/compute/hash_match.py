"""Which keys of two sides are the same: a table of slots instead of a hash join, at a fraction of its cost for a chunk.

By the compiled kernel; or by numpy, where each key has a slot by some of its bits, and the last one that comes to it
has it. Those that lost theirs to another key try again with other bits.
"""

import secrets
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logcorr.compute.byte_words import Array, Places
from logcorr.compute.kernels import compiled

Rows = npt.NDArray[np.uint32]

# Odd numbers without a pattern, the first digits of roots: each mixes the bits of a key another way.
_MIXERS = (0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1)
_KEY_BITS = 64
_SECRET_MIXER = secrets.randbits(_KEY_BITS)
_NOBODY = -1


class Matches(NamedTuple):
    """Places of equal keys, left (ascending) and right; all other places of each side, and keys that come repeatedly.

    A key that each side has once is there for sure. One that a side has several times may be there or not; it is among
    `repeated` unless it is not there.
    """

    left: Rows
    right: Rows
    left_alone: Rows
    right_alone: Rows
    repeated: Array


def match(left: Array, right: Array) -> Matches:
    """The places at which the keys of both sides are the same; keys are hashes of 64 bits."""
    return _by_kernel(left, right) if compiled else _by_numpy(left, right)


def alone(places: Rows | Places, count: int) -> Rows:
    """Of so many places all others."""
    others = np.ones(count, np.bool_)
    others[places] = False
    return np.flatnonzero(others).astype(np.uint32)


def _by_kernel(left: Array, right: Array) -> Matches:
    most = min(left.size, right.size)
    rows = [np.empty(size, np.uint32) for size in (most, most, left.size, right.size)]
    repeated = np.empty(left.size + right.size, np.uint64)
    pairs, repeats = compiled.match(left, right, _SECRET_MIXER, *rows, repeated)
    lefts, rights, left_alone, right_alone = rows
    others = left_alone[: left.size - pairs], right_alone[: right.size - pairs]
    return Matches(lefts[:pairs], rights[:pairs], *others, repeated[:repeats].copy())


def _by_numpy(left: Array, right: Array) -> Matches:
    partner = np.full(left.size, _NOBODY)
    repeated: list[Array] = []
    seeking, sought = np.arange(left.size), np.arange(right.size)
    left_keys, right_keys = left, right
    attempt = 0
    while seeking.size and sought.size:
        bits = sought.size.bit_length() + 1
        own, wished = (_slots(keys, attempt, bits) for keys in (right_keys, left_keys))
        order = np.arange(sought.size)
        table = np.zeros(1 << bits, np.int32)
        table[own] = order
        # An empty slot names the first key, as good as any: what a slot names is only a guess.
        guesses = table.take(wished).astype(np.intp)
        same = right_keys.take(guesses) == left_keys
        lucky, unlucky = np.flatnonzero(same), np.flatnonzero(~same)
        partner[seeking.take(lucky)] = sought.take(guesses.take(lucky))
        holders = table.take(own)
        ousted = np.flatnonzero(holders != order)
        twins = right_keys.take(ousted) == right_keys.take(holders.take(ousted))
        repeated.append(right_keys[ousted[twins]])
        lost = ousted[~twins]
        seeking, left_keys = seeking.take(unlucky), left_keys.take(unlucky)
        sought, right_keys = sought.take(lost), right_keys.take(lost)
        attempt += 1
    lefts = np.flatnonzero(partner != _NOBODY)
    rights = partner.take(lefts)
    owners = np.zeros(right.size, np.intp)
    order = np.arange(rights.size)
    owners[rights] = order
    repeated.append(left[lefts[owners.take(rights) != order]])
    found = lefts.astype(np.uint32), rights.astype(np.uint32)
    return Matches(*found, alone(lefts, left.size), alone(rights, right.size), np.concatenate(repeated))


def _slots(keys: Array, attempt: int, bits: int) -> Places:
    mixer = np.uint64(_MIXERS[attempt % len(_MIXERS)] + 2 * (attempt // len(_MIXERS)))
    return ((keys * mixer) >> np.uint64(_KEY_BITS - bits)).view(np.int64)
