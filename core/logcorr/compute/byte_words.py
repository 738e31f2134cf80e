"""Bytes as 64-bit words from any place: eight characters of every line are looked at in one operation.

A word less its pattern holds the value of each digit, and nothing where a fixed character is the one that it has to be:
so one addition tells of all eight whether they are right.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

# polars loads its own numpy when it is first given some, and fails if two threads are first at once. So it is done
# here, where whoever has an array came by.
pl.Series(np.empty(0))

Places = npt.NDArray[np.intp]
Array = npt.NDArray[np.uint64]

BYTES: Final = 8
DIGIT: Final = None
_BITS = 8
_NINE_TO_HIGH, _NOTHING_TO_HIGH = 0x76, 0x7F
_HIGH = np.uint64(int.from_bytes(b"\x80" * BYTES, "little"))
_LOW = np.uint64(0xFF)
_TEN = np.uint64(10)


class Words:
    """The words of a text of at least BYTES; each begins at the place of its first character."""

    def __init__(self, text: bytes) -> None:
        self._words: Array = np.ndarray((len(text) - BYTES + 1,), "<u8", text, strides=(1,))
        self._octets = np.frombuffer(text, np.uint8)

    @property
    def last(self) -> int:
        """Where the last word begins."""
        return self._words.size - 1

    def octets(self, places: Places) -> npt.NDArray[np.uint8]:
        """The bytes at some places; near the ends of the text those at its ends."""
        return self._octets.take(places, mode="clip")

    def at(self, places: Places, offset: int = 0) -> Array:
        """The words so far behind some places; near the ends of the text those that begin at its ends."""
        found = places + offset
        np.maximum(found, 0, out=found)
        np.minimum(found, self.last, out=found)
        return self._words[found]


class Pattern:
    """Eight characters, each of them fixed or any DIGIT."""

    def __init__(self, characters: Sequence[str | None]) -> None:
        self._less = _word([ord("0" if character is DIGIT else character) for character in characters])
        self._more = _word([_NINE_TO_HIGH if character is DIGIT else _NOTHING_TO_HIGH for character in characters])

    def values(self, words: Array) -> Array:
        """The words less the pattern, in their place."""
        words ^= self._less
        return words

    def faults(self, values: Array) -> Array:
        """Not 0 where a word is not of the pattern."""
        found = values + self._more
        found |= values
        found &= _HIGH
        return found


def digit(values: Array, place: int) -> Array:
    """The value at one place of each word."""
    found = values >> np.uint64(_BITS * place)
    found &= _LOW
    return found


def tens(values: Array) -> Array:
    """At each place the number of two digits that begins there; places next to no digit hold no number."""
    found = values * _TEN
    found += values >> np.uint64(_BITS)
    return found


def _word(octets: Sequence[int]) -> np.uint64:
    return np.uint64(int.from_bytes(bytes(octets), "little"))
