"""Escapes in the JSON texts of many lines: finds escaped quotes, and decodes texts with escapes."""

from contextlib import suppress
from copy import copy
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from logcorr.compute.bytes_as_words import Positions
from logcorr.compute.zero_copy_text import Span, span_bytes
from logcorr.formats.timestamps_numpy import Flags

_QUOTE, _BACKSLASH = b'"\\'
_DECODER = msgspec.json.Decoder(str)


def delimiting(octets: npt.NDArray[np.uint8], marks: Positions, slashes: Positions) -> Flags:
    """Which marks are neither backslashes nor escaped quotes; `slashes` are the backslashes among the marks."""
    kept: Flags = np.ones(marks.size, np.bool_)
    kept[slashes] = False
    # In a sequence of backslashes, the first, third, fifth and so on escape the next character.
    begins = np.flatnonzero(np.diff(marks[slashes], prepend=-2) != 1)
    rank = np.arange(slashes.size) - np.repeat(begins, np.diff(begins, append=slashes.size))
    escaping = slashes[rank % 2 == 0]
    following = marks[escaping + 1]
    escaped = (following == marks[escaping] + 1) & (octets[following] == _QUOTE)
    kept[escaping[escaped] + 1] = False
    return kept


class Unescaped:
    """The decoded texts of a field's values with escapes.

    `text_number` has for each line 1 + the index of its text in `texts`, or 0 if its value has no escapes. A text is
    None if its escapes are wrong.
    """

    def __init__(self, lines: int) -> None:
        self.text_number: Positions = np.zeros(lines, np.intp)
        self.texts: list[str | None] = []
        self._known: dict[bytes, int] = {}

    def of_rows(self, rows: Positions) -> Self:
        """The same texts for a selection of the lines."""
        subset = copy(self)
        subset.text_number = self.text_number[rows]
        return subset

    def add(self, text: bytes, rows: Positions, span: Span) -> Flags:
        """Decodes the values of more lines: `rows` are their indexes, `span` is where their values are in `text`.

        Tells which values are valid JSON texts.
        """
        raw = span_bytes(text, span)
        numbers = np.array([self._known.get(value) or self._text_number(value) for value in raw], np.int64)
        self.text_number[rows] = numbers
        wrong = np.array([decoded is None for decoded in self.texts])
        sound: Flags = ~wrong[numbers - 1]
        return sound

    def _text_number(self, raw: bytes) -> int:
        decoded = None
        with suppress(msgspec.DecodeError, UnicodeError):
            decoded = _DECODER.decode(b'"%b"' % raw)
        self.texts.append(decoded)
        self._known[raw] = len(self.texts)
        return len(self.texts)
