"""JSON lines of some templates → the positions of their values, for all lines of a chunk at once.

A line that is cut has only one reading. Between its values stand the literals of its template, byte for byte. A value
in quotes has no control character, and no quote that is not escaped. A value without quotes is a number, true, false or
null.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from logcorr.compute.bytes_as_words import BYTES, Positions, UInt64Array, Words
from logcorr.compute.zero_copy_text import Span, span_bytes
from logcorr.formats.decimals_numpy import decimals, leading_zero
from logcorr.formats.json_escapes import Unescaped, delimiting
from logcorr.formats.json_templates import BARE, Template
from logcorr.formats.timestamps_numpy import Flags

_QUOTE, _BACKSLASH, _NEWLINE, _RETURN, _SPACE = b'"\\\n\r '
_BARE = re.compile(BARE.encode())
_NONE = -1
_ALL_BITS = np.uint64((1 << 64) - 1)


class CutLines:
    """The lines of a text, cut into the values of a template by `take`.

    `text` is UTF-8 and ends in LF. `wrong` are the positions of the lines that were not UTF-8. `start` and `end` have
    the bounds of each line. `template_number` has the number of each line's template, in the order of the calls of
    `take`, or -1. `spans` has the bounds of the values of each name in each line; an empty span at the line's start if
    the line has no value. `unescaped` has the decoded texts of the values with escapes.
    """

    def __init__(self, text: bytes, wrong: list[int]) -> None:
        self._text = text
        octets = np.frombuffer(text, np.uint8)
        marks = octets < _SPACE
        marks |= octets == _QUOTE
        marks |= octets == _BACKSLASH
        self._places: Positions = np.flatnonzero(marks)
        kinds = octets[self._places]
        slashes = np.flatnonzero(kinds == _BACKSLASH)
        self._slashes = self._places[slashes]
        if slashes.size:
            delimiters = delimiting(octets, self._places, slashes)
            self._places, kinds = self._places[delimiters], kinds[delimiters]
        last = np.flatnonzero(kinds == _NEWLINE)
        ends = self._places[last]
        self.start: Positions = np.concatenate([[0], ends[:-1] + 1])
        self.end: Positions = ends - (octets.take(ends - 1, mode="clip") == _RETURN)
        self.end = np.maximum(self.end, self.start)
        self.template_number = np.full(ends.size, _NONE, np.int8)
        self._taken = 0
        self.spans: dict[str, Span] = {}
        self.unescaped: dict[str, Unescaped] = {}
        self._slashed: Flags = np.zeros(ends.size, np.bool_)
        self._slashed[np.searchsorted(ends, self._slashes)] = True
        # The first mark of each line, and its number of quotes; -1 if the line has other marks as well.
        self._first = np.concatenate([[0], last[:-1] + 1])
        self._quotes = last - self._first
        self._tell_others(np.flatnonzero((kinds != _QUOTE) & (kinds != _NEWLINE)), last)
        self.wrong: Flags = np.zeros(ends.size, np.bool_)
        self.wrong[np.searchsorted(self.start, wrong)] = True
        self._quotes[self.wrong] = _NONE
        self.words = Words(text) if len(text) >= BYTES else None

    def take(self, template: Template, names: Sequence[str | None]) -> None:
        """Cuts the lines of one more template. `names` has the name of each value; None if it is not kept."""
        template_number, self._taken = self._taken, self._taken + 1
        shape = _shape(template)
        rows = np.flatnonzero((self._quotes == shape.quotes) & (self.template_number == _NONE))
        if not rows.size or self.words is None:
            return
        fits, spans = self._cut(self.words, shape, rows)
        if self._slashes.size:
            self._unescape(rows, names, spans, fits)
        if not fits.all():
            rows = rows[fits]
            spans = [(start[fits], end[fits]) for start, end in spans]
        self.template_number[rows] = template_number
        for name, span in zip(names, spans, strict=True):
            if name is not None:
                for all_positions, positions in zip(self._span(name), span, strict=True):
                    all_positions[rows] = positions

    def _cut(self, words: Words, shape: "_Shape", rows: Positions) -> tuple[Flags, list[Span]]:
        """Which rows are of a shape, and the spans of the values in all rows; meaningless in rows of another shape."""
        first, *later_literals = shape.literals
        stop, marks = self.end[rows], self._first[rows]
        fits = first.at(words, self.start[rows])
        begin = self.start[rows] + first.bytes
        quotes_before, spans = first.quotes, []
        for quoted, literal in zip(shape.quoted, later_literals, strict=True):
            # The last literal has no quote if the object ends in a number.
            positions = self._places[marks + quotes_before] - literal.quote if literal.quotes else stop - literal.bytes
            fits &= literal.at(words, positions)
            if not quoted:
                fits &= positions > begin
                fits &= self._bare(words, begin, positions, fits)
            spans.append((begin, positions))
            begin, quotes_before = positions + literal.bytes, quotes_before + literal.quotes
        fits &= begin == stop
        return fits, spans

    def _unescape(self, rows: Positions, names: Sequence[str | None], spans: Sequence[Span], fits: Flags) -> None:
        """Decodes the values with escapes in the rows that fit. A row with a wrong escape does not fit any more."""
        lines = np.flatnonzero(fits & self._slashed[rows])
        for name, (start, end) in zip(names, spans, strict=True):
            begin, stop = start[lines], end[lines]
            with_escapes = np.searchsorted(self._slashes, begin) < np.searchsorted(self._slashes, stop)
            if with_escapes.any():
                unescaped = Unescaped(self.template_number.size) if name is None else self.unescaped.get(name)
                if unescaped is None:
                    unescaped = self.unescaped[str(name)] = Unescaped(self.template_number.size)
                escaped_lines = lines[with_escapes]
                fits[escaped_lines] &= unescaped.add(
                    self._text, rows[escaped_lines], (begin[with_escapes], stop[with_escapes])
                )

    def _bare(self, words: Words, start: Positions, end: Positions, fits: Flags) -> Flags:
        """Whether the spans are JSON values without quotes. Only the rows that fit are examined fully."""
        numbers = decimals(words, start, end)
        sound = numbers.sound & ~leading_zero(words, numbers, start)
        unsure = np.flatnonzero(fits & ~sound)
        if unsure.size:
            values = span_bytes(self._text, (start[unsure], end[unsure]))
            bare_values = {value for value in set(values) if _BARE.fullmatch(value)}
            sound[unsure] = [value in bare_values for value in values]
        return sound

    def _span(self, name: str) -> Span:
        return self.spans.setdefault(name, (self.start.copy(), self.start.copy()))

    def _tell_others(self, others: Positions, last: Positions) -> None:
        """Notes marks other than quotes: a CR at a line's end does not count, a line with another mark is not cut."""
        if others.size:
            lines = np.searchsorted(last, others)
            within = self._places[others] < self.end[lines]
            self._quotes[lines[~within]] -= 1
            self._quotes[lines[within]] = _NONE


class _Shape:
    """A template as literals: the text before each value, and the text after the last value."""

    def __init__(self, template: Template) -> None:
        self.quoted = [value.quoted for value in template.values]
        *before, after = [*(value.before for value in template.values), template.after]
        self.literals = [*(_Literal(text, last=False) for text in before), _Literal(after, last=True)]
        self.quotes = sum(literal.quotes for literal in self.literals)


class _Literal:
    """A fixed text: its number of bytes, its number of quotes, and the index of its first quote."""

    def __init__(self, text: str, *, last: bool) -> None:
        raw = text.encode()
        self.bytes, self.quotes, self.quote = len(raw), raw.count(b'"'), raw.find(b'"')
        if len(raw) < BYTES:
            # A word must lie within the chunk. The last literal may end the chunk, so its word ends with it; the words
            # of all other literals begin with them.
            missing = BYTES - len(raw)
            word, mask = (
                (bytes(missing) + raw, bytes(missing) + b"\xff" * len(raw)) if last else (raw, b"\xff" * len(raw))
            )
            self._words = [(-missing if last else 0, _word(word), _word(mask))]
        else:
            offsets = [*range(0, len(raw) - BYTES, BYTES), len(raw) - BYTES]
            self._words = [(offset, _word(raw[offset : offset + BYTES]), _ALL_BITS) for offset in offsets]

    def at(self, words: Words, positions: Positions) -> Flags:
        """Whether the text stands at the positions."""
        stands: Flags = (positions >= -self._words[0][0]) & (positions <= words.last - self._words[-1][0])
        for offset, word, mask in self._words:
            words_there: UInt64Array = words.at(positions, offset)
            if mask != _ALL_BITS:
                words_there &= mask
            stands &= words_there == word
        return stands


def _word(raw: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(raw, "little"))


@lru_cache(maxsize=32)
def _shape(template: Template) -> _Shape:
    return _Shape(template)
