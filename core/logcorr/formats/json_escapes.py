"""Escapes in the JSON texts of many lines: which quotes they take for themselves, and what they stand for."""

from contextlib import suppress
from copy import copy
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from logcorr.compute.arrow_text import Span, cut_out
from logcorr.compute.byte_words import Places
from logcorr.formats.timestamps_numpy import Flags

_QUOTE, _BACKSLASH = b'"\\'
_DECODER = msgspec.json.Decoder(str)


def delimiting(octets: npt.NDArray[np.uint8], marks: Places, slashes: Places) -> Flags:
    """Which marks are neither backslashes nor escaped quotes; `slashes` are the backslashes among the marks."""
    kept: Flags = np.ones(marks.size, np.bool_)
    kept[slashes] = False
    # In a row of backslashes every other one escapes what follows it.
    begins = np.flatnonzero(np.diff(marks[slashes], prepend=-2) != 1)
    rank = np.arange(slashes.size) - np.repeat(begins, np.diff(begins, append=slashes.size))
    escaping = slashes[rank % 2 == 0]
    following = marks[escaping + 1]
    escaped = (following == marks[escaping] + 1) & (octets[following] == _QUOTE)
    kept[escaping[escaped] + 1] = False
    return kept


class Unescaped:
    """The texts of a field that have escapes: `pick` has for each line 1 + the place of its text in `texts`, or 0."""

    def __init__(self, lines: int) -> None:
        self.pick: Places = np.zeros(lines, np.intp)
        self.texts: list[str | None] = []
        self._known: dict[bytes, int] = {}

    def of(self, rows: Places) -> Self:
        """The same of some of the lines."""
        found = copy(self)
        found.pick = self.pick[rows]
        return found

    def add(self, text: bytes, rows: Places, span: Span) -> Flags:
        """Takes the texts of some more lines; tells which of them are such for sure."""
        raw = cut_out(text, span)
        picked = np.array([self._known.get(one) or self._place(one) for one in raw], np.int64)
        self.pick[rows] = picked
        wrong = np.array([one is None for one in self.texts])
        sound: Flags = ~wrong[picked - 1]
        return sound

    def _place(self, raw: bytes) -> int:
        found = None
        with suppress(msgspec.DecodeError, UnicodeError):
            found = _DECODER.decode(b'"%b"' % raw)
        self.texts.append(found)
        self._known[raw] = len(self.texts)
        return len(self.texts)
