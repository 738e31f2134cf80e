"""Plain decimal numbers in the bytes of a text → integers, for all lines at once.

What is sound here is a number for sure; what is not may be one of another form: signed, with an exponent, very long.
"""

from typing import NamedTuple

import numpy as np

from logcorr.compute.byte_words import BYTES, DIGIT, Array, Pattern, Places, Words, tens
from logcorr.formats.timestamps_numpy import Flags, Instants

# Far from where 64 bits end.
BEYOND = 1 << 53
MOST_DIGITS = 2 * BYTES
_DIGITS = Pattern([DIGIT] * BYTES)
_BITS = 8
_POINT, _ZERO = b".0"
_POWERS = np.array([10**digits for digits in range(19)], np.int64)
_HALVES = 10**BYTES
# Numbers of two digits each, at every fourth byte: their weights among eight digits.
_EVERY_FOURTH = np.uint64(0x000000FF_000000FF)
_FIRST_AND_THIRD = np.uint64(100 + (1_000_000 << 32))
_SECOND_AND_FOURTH = np.uint64(1 + (10_000 << 32))


class Decimals(NamedTuple):
    """Numbers as `number` / 10^`fraction`; `point` is where the whole part ends."""

    number: Instants
    fraction: Instants
    point: Places
    sound: Flags


def decimals(words: Words, start: Places, end: Places) -> Decimals:
    """The numbers that stand from `start` to `end`: up to 16 digits, or up to eight on each side of a point."""
    number, sound = digits(words, start, end)
    fraction, point = np.zeros(end.size, np.int64), end.copy()
    rest = np.flatnonzero(~sound)
    if rest.size:
        first, last = start[rest], end[rest]
        at = last.copy()
        for place in range(1, BYTES + 1):
            at[(words.octets(last - 1 - place) == _POINT) & (at == last)] -= 1 + place
        whole, whole_sound = digits(words, first, at)
        behind, behind_sound = digits(words, at + 1, last)
        places = np.clip(last - at - 1, 0, BYTES)
        number[rest] = whole * _POWERS[places] + behind
        sound[rest] = whole_sound & behind_sound & (whole < _HALVES)
        fraction[rest], point[rest] = places, at
    return Decimals(number, fraction, point, sound)


def digits(words: Words, start: Places, end: Places) -> tuple[Instants, Flags]:
    """The whole numbers that stand from `start` to `end`, and which of them are one to 16 digits."""
    count = end - start
    sound = (count > 0) & (count <= MOST_DIGITS) & (end >= BYTES)
    number, faults = _eight(words, end, count)
    long = np.flatnonzero(count > BYTES)
    if long.size:
        high, more = _eight(words, end[long] - BYTES, count[long] - BYTES)
        number[long] += high * np.uint64(_HALVES)
        faults[long] |= more
        sound[long] &= end[long] >= MOST_DIGITS
    sound &= faults == 0
    return number.view(np.int64), sound


def scaled(found: Decimals, exponent: int) -> tuple[Instants, Flags]:
    """Numbers times 10^exponent as whole ones, a tie to the even one, and which of them are below BEYOND."""
    shift = exponent - found.fraction
    up = _POWERS[np.maximum(shift, 0)]
    number = found.number
    if (shift < 0).any():
        down = _POWERS[np.maximum(-shift, 0)]
        number, rest = np.divmod(number, down)
        rest *= 2
        number += (rest > down) | ((rest == down) & (number % 2 == 1))
    within: Flags = number < BEYOND // up
    return number * up, within


def leading_zero(words: Words, found: Decimals, start: Places) -> Flags:
    """Whether a number begins with a zero that JSON does not allow."""
    begins: Flags = (words.octets(start) == _ZERO) & (found.point - start > 1)
    return begins


def _eight(words: Words, end: Places, count: Places) -> tuple[Array, Array]:
    """The numbers of the last `count` digits before `end`, eight at most; and not 0 where there is no digit."""
    values = _DIGITS.values(words.at(end, -BYTES))
    # What stands before the digits becomes zeros.
    other = (_BITS * (BYTES - np.clip(count, 0, BYTES))).astype(np.uint64)
    values >>= other
    values <<= other
    faults = _DIGITS.faults(values)
    pairs = tens(values)
    number = (pairs & _EVERY_FOURTH) * _FIRST_AND_THIRD
    pairs >>= np.uint64(2 * _BITS)
    pairs &= _EVERY_FOURTH
    number += pairs * _SECOND_AND_FOURTH
    number >>= np.uint64(32)
    return number, faults
