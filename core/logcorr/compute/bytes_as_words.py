"""Bytes as 64-bit words from any position: one operation compares eight characters of every line.

A pattern is subtracted from a word. The result has the value of each digit, and zero for each fixed character that is
right. One addition then shows for all eight characters whether they fit the pattern.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

# polars prepares for numpy when it gets its first array, and fails if two threads are the first at once. So it gets one
# here: every module that passes arrays to polars imports this module first.
pl.Series(np.empty(0))

Positions = npt.NDArray[np.intp]
UInt64Array = npt.NDArray[np.uint64]

BYTES: Final = 8
DIGIT: Final = None
_BITS = 8
_NINE_TO_HIGH, _NOTHING_TO_HIGH = 0x76, 0x7F
_HIGH = np.uint64(int.from_bytes(b"\x80" * BYTES, "little"))
_LOW = np.uint64(0xFF)
_TEN = np.uint64(10)


class Words:
    """All words of a text of at least BYTES bytes: the word of a position begins with the byte at the position."""

    def __init__(self, text: bytes) -> None:
        self._words: UInt64Array = np.ndarray((len(text) - BYTES + 1,), "<u8", text, strides=(1,))
        self._octets = np.frombuffer(text, np.uint8)

    @property
    def last(self) -> int:
        """The position of the last word."""
        return self._words.size - 1

    def octets(self, positions: Positions) -> npt.NDArray[np.uint8]:
        """The bytes at the positions. A position outside of the text stands for its first or last byte."""
        return self._octets.take(positions, mode="clip")

    def at(self, positions: Positions, offset: int = 0) -> UInt64Array:
        """The words at `positions + offset`. A position without a word stands for the first or last word."""
        begins = positions + offset
        np.maximum(begins, 0, out=begins)
        np.minimum(begins, self.last, out=begins)
        return self._words[begins]


class Pattern:
    """Eight characters: each is a fixed character, or any digit (DIGIT)."""

    def __init__(self, characters: Sequence[str | None]) -> None:
        self._less = _word([ord("0" if character is DIGIT else character) for character in characters])
        self._more = _word([_NINE_TO_HIGH if character is DIGIT else _NOTHING_TO_HIGH for character in characters])

    def values(self, words: UInt64Array) -> UInt64Array:
        """The words less the pattern. Changes the array of words in place."""
        words ^= self._less
        return words

    def faults(self, values: UInt64Array) -> UInt64Array:
        """For what `values` gives: 0 for each word that fits the pattern, another number for each other word."""
        faults = values + self._more
        faults |= values
        faults &= _HIGH
        return faults


def digit(values: UInt64Array, index: int) -> UInt64Array:
    """The value of the byte at `index` (0 to 7) of each word."""
    byte = values >> np.uint64(_BITS * index)
    byte &= _LOW
    return byte


def tens(values: UInt64Array) -> UInt64Array:
    """Words with the two-digit number of each byte and the next byte; meaningless where either is no digit."""
    numbers = values * _TEN
    numbers += values >> np.uint64(_BITS)
    return numbers


def _word(octets: Sequence[int]) -> np.uint64:
    return np.uint64(int.from_bytes(bytes(octets), "little"))
