"""Plain decimal numbers in the bytes of a text → integers, for all lines at once.

A sound number is read exactly. A text that is not sound here may still be a number of another form: signed, with an
exponent, or very long.
"""

from typing import NamedTuple

import numpy as np

from logcorr.compute.bytes_as_words import BYTES, DIGIT, Pattern, Positions, UInt64Array, Words, tens
from logcorr.formats.timestamps_numpy import Flags, Int64Array

# Results from here on are not sound. This is far below the limit of 64 bits.
BEYOND = 1 << 53
MOST_DIGITS = 2 * BYTES
_DIGITS = Pattern([DIGIT] * BYTES)
_BITS = 8
_POINT, _ZERO = b".0"
_POWERS = np.array([10**digits for digits in range(19)], np.int64)
_EIGHT_DIGITS = 10**BYTES
# Masks numbers of two digits in every fourth byte. The next two are the weights of these numbers among eight digits.
_EVERY_FOURTH = np.uint64(0x000000FF_000000FF)
_FIRST_AND_THIRD = np.uint64(100 + (1_000_000 << 32))
_SECOND_AND_FOURTH = np.uint64(1 + (10_000 << 32))


class Decimals(NamedTuple):
    """Decimal numbers, an array item each: the value is `number` / 10^`fraction`.

    `point` is the position where the whole part ends. The other arrays are meaningless where `sound` is False.
    """

    number: Int64Array
    fraction: Int64Array
    point: Positions
    sound: Flags


def decimals(words: Words, start: Positions, end: Positions) -> Decimals:
    """The numbers from `start` to `end` (excluded): up to 16 digits, or up to eight digits on each side of a point."""
    number, sound = digits(words, start, end)
    fraction, point = np.zeros(end.size, np.int64), end.copy()
    rest = np.flatnonzero(~sound)
    if rest.size:
        first, last = start[rest], end[rest]
        points = last.copy()
        for count in range(1, BYTES + 1):
            points[(words.octets(last - 1 - count) == _POINT) & (points == last)] -= 1 + count
        whole, whole_sound = digits(words, first, points)
        after_point, after_sound = digits(words, points + 1, last)
        digits_after = np.clip(last - points - 1, 0, BYTES)
        number[rest] = whole * _POWERS[digits_after] + after_point
        sound[rest] = whole_sound & after_sound & (whole < _EIGHT_DIGITS)
        fraction[rest], point[rest] = digits_after, points
    return Decimals(number, fraction, point, sound)


def digits(words: Words, start: Positions, end: Positions) -> tuple[Int64Array, Flags]:
    """The whole numbers from `start` to `end` (excluded), and which texts are one to 16 digits."""
    count = end - start
    sound = (count > 0) & (count <= MOST_DIGITS) & (end >= BYTES)
    number, faults = _eight(words, end, count)
    long = np.flatnonzero(count > BYTES)
    if long.size:
        high, high_faults = _eight(words, end[long] - BYTES, count[long] - BYTES)
        number[long] += high * np.uint64(_EIGHT_DIGITS)
        faults[long] |= high_faults
        sound[long] &= end[long] >= MOST_DIGITS
    sound &= faults == 0
    return number.view(np.int64), sound


def scaled(decimals_: Decimals, exponent: int) -> tuple[Int64Array, Flags]:
    """Numbers times 10^exponent, rounded (a tie to the even number), and which results are below BEYOND."""
    shift = exponent - decimals_.fraction
    up = _POWERS[np.maximum(shift, 0)]
    number = decimals_.number
    if (shift < 0).any():
        down = _POWERS[np.maximum(-shift, 0)]
        number, rest = np.divmod(number, down)
        rest *= 2
        number += (rest > down) | ((rest == down) & (number % 2 == 1))
    in_range: Flags = number < BEYOND // up
    return number * up, in_range


def leading_zero(words: Words, decimals_: Decimals, start: Positions) -> Flags:
    """Whether a number begins with a zero that JSON does not allow, as in 007."""
    begins: Flags = (words.octets(start) == _ZERO) & (decimals_.point - start > 1)
    return begins


def _eight(words: Words, end: Positions, count: Positions) -> tuple[UInt64Array, UInt64Array]:
    """The numbers of the last `count` digits (at most eight) before `end`, and faults: not 0 if a digit is missing."""
    values = _DIGITS.values(words.at(end, -BYTES))
    # The bytes before the digits become zeros.
    unused_bits = (_BITS * (BYTES - np.clip(count, 0, BYTES))).astype(np.uint64)
    values >>= unused_bits
    values <<= unused_bits
    faults = _DIGITS.faults(values)
    pairs = tens(values)
    number = (pairs & _EVERY_FOURTH) * _FIRST_AND_THIRD
    pairs >>= np.uint64(2 * _BITS)
    pairs &= _EVERY_FOURTH
    number += pairs * _SECOND_AND_FOURTH
    number >>= np.uint64(32)
    return number, faults
