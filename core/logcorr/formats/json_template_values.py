"""Lines of JSON that are of some templates → where their values stand, for all lines of a chunk at once.

What is cut is certain: a line is its template's literals, byte for byte, with values in between that hold no quote but
an escaped one and no control character, those without quotes being a number, true, false or null. It has no other
reading.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from logcorr.compute.arrow_text import Span, cut_out
from logcorr.compute.byte_words import BYTES, Array, Places, Words
from logcorr.formats.decimals_numpy import decimals, leading_zero
from logcorr.formats.json_escapes import Unescaped, delimiting
from logcorr.formats.json_templates import BARE, Template
from logcorr.formats.timestamps_numpy import Flags

_QUOTE, _BACKSLASH, _NEWLINE, _RETURN, _SPACE = b'"\\\n\r '
_BARE = re.compile(BARE.encode())
_NONE = -1
_EVERY = np.uint64((1 << 64) - 1)


class Cut:
    """The lines of a text, `wrong` of which begin where they were not UTF-8; `take` cuts those of a template.

    `start`, `end` and `form` have a number for each line: `form` is the number of its template, in the order in which
    they were taken, or -1. `spans` tell where the values of a name are: arrays as long, where a line has none an empty
    place at its start. `unescaped` are the texts among them that have escapes.
    """

    def __init__(self, text: bytes, wrong: list[int]) -> None:
        self._text = text
        octets = np.frombuffer(text, np.uint8)
        marks = octets < _SPACE
        marks |= octets == _QUOTE
        marks |= octets == _BACKSLASH
        self._places: Places = np.flatnonzero(marks)
        kinds = octets[self._places]
        slashes = np.flatnonzero(kinds == _BACKSLASH)
        self._slashes = self._places[slashes]
        if slashes.size:
            kept = delimiting(octets, self._places, slashes)
            self._places, kinds = self._places[kept], kinds[kept]
        last = np.flatnonzero(kinds == _NEWLINE)
        ends = self._places[last]
        self.start: Places = np.concatenate([[0], ends[:-1] + 1])
        self.end: Places = ends - (octets.take(ends - 1, mode="clip") == _RETURN)
        self.end = np.maximum(self.end, self.start)
        self.form = np.full(ends.size, _NONE, np.int8)
        self._taken = 0
        self.spans: dict[str, Span] = {}
        self.unescaped: dict[str, Unescaped] = {}
        self._slashed: Flags = np.zeros(ends.size, np.bool_)
        self._slashed[np.searchsorted(ends, self._slashes)] = True
        # Of each line: its first mark, and how many quotes it has where it has no other marks.
        self._first = np.concatenate([[0], last[:-1] + 1])
        self._quotes = last - self._first
        self._tell_others(np.flatnonzero((kinds != _QUOTE) & (kinds != _NEWLINE)), last)
        self.wrong: Flags = np.zeros(ends.size, np.bool_)
        self.wrong[np.searchsorted(self.start, wrong)] = True
        self._quotes[self.wrong] = _NONE
        self.words = Words(text) if len(text) >= BYTES else None

    def take(self, template: Template, names: Sequence[str | None]) -> None:
        """Cuts the lines of one more template, whose values have those names; values without one are not told."""
        form, self._taken = self._taken, self._taken + 1
        shape = _shape(template)
        rows = np.flatnonzero((self._quotes == shape.quotes) & (self.form == _NONE))
        if not rows.size or self.words is None:
            return
        fits, spans = self._cut(self.words, shape, rows)
        if self._slashes.size:
            self._unescape(rows, names, spans, fits)
        if not fits.all():
            rows = rows[fits]
            spans = [(start[fits], end[fits]) for start, end in spans]
        self.form[rows] = form
        for name, span in zip(names, spans, strict=True):
            if name is not None:
                for all_, some in zip(self._span(name), span, strict=True):
                    all_[rows] = some

    def _cut(self, words: Words, shape: "_Shape", rows: Places) -> tuple[Flags, list[Span]]:
        """Which of some lines are of a shape, and the spans of their values, as if all were."""
        first, *others = shape.literals
        stop, marks = self.end[rows], self._first[rows]
        fits = first.at(words, self.start[rows])
        begin = self.start[rows] + first.bytes
        seen, spans = first.quotes, []
        for quoted, literal in zip(shape.quoted, others, strict=True):
            # The last one of an object that ends in a number has no quote.
            at = self._places[marks + seen] - literal.quote if literal.quotes else stop - literal.bytes
            fits &= literal.at(words, at)
            if not quoted:
                fits &= at > begin
                fits &= self._bare(words, begin, at, fits)
            spans.append((begin, at))
            begin, seen = at + literal.bytes, seen + literal.quotes
        fits &= begin == stop
        return fits, spans

    def _unescape(self, rows: Places, names: Sequence[str | None], spans: Sequence[Span], fits: Flags) -> None:
        """Takes note of the values with escapes of lines that fit; those fit no more where an escape is none."""
        lines = np.flatnonzero(fits & self._slashed[rows])
        for name, (start, end) in zip(names, spans, strict=True):
            begin, stop = start[lines], end[lines]
            some = np.searchsorted(self._slashes, begin) < np.searchsorted(self._slashes, stop)
            if some.any():
                found = Unescaped(self.form.size) if name is None else self.unescaped.get(name)
                if found is None:
                    found = self.unescaped[str(name)] = Unescaped(self.form.size)
                of = lines[some]
                fits[of] &= found.add(self._text, rows[of], (begin[some], stop[some]))

    def _bare(self, words: Words, start: Places, end: Places, fits: Flags) -> Flags:
        """Whether those that fit are values of JSON without quotes."""
        found = decimals(words, start, end)
        sound = found.sound & ~leading_zero(words, found, start)
        rest = np.flatnonzero(fits & ~sound)
        if rest.size:
            values = cut_out(self._text, (start[rest], end[rest]))
            usual = {value for value in set(values) if _BARE.fullmatch(value)}
            sound[rest] = [value in usual for value in values]
        return sound

    def _span(self, name: str) -> Span:
        return self.spans.setdefault(name, (self.start.copy(), self.start.copy()))

    def _tell_others(self, others: Places, last: Places) -> None:
        """Takes note of marks that are no quotes: what ends a line in CR is none of it, all else is uncommon."""
        if others.size:
            lines = np.searchsorted(last, others)
            within = self._places[others] < self.end[lines]
            self._quotes[lines[~within]] -= 1
            self._quotes[lines[within]] = _NONE


class _Shape:
    """A template as literals: the text before each value and the text behind the last."""

    def __init__(self, template: Template) -> None:
        self.quoted = [value.quoted for value in template.values]
        *before, after = [*(value.before for value in template.values), template.after]
        self.literals = [*(_Literal(text, last=False) for text in before), _Literal(after, last=True)]
        self.quotes = sum(literal.quotes for literal in self.literals)


class _Literal:
    """A fixed text, with how many quotes it has and the place of the first."""

    def __init__(self, text: str, *, last: bool) -> None:
        raw = text.encode()
        self.bytes, self.quotes, self.quote = len(raw), raw.count(b'"'), raw.find(b'"')
        if len(raw) < BYTES:
            # The last one may be at the end of the text: it is the end of its word, all others are the start.
            lack = BYTES - len(raw)
            word, mask = (bytes(lack) + raw, bytes(lack) + b"\xff" * len(raw)) if last else (raw, b"\xff" * len(raw))
            self._words = [(-lack if last else 0, _word(word), _word(mask))]
        else:
            offsets = [*range(0, len(raw) - BYTES, BYTES), len(raw) - BYTES]
            self._words = [(offset, _word(raw[offset : offset + BYTES]), _EVERY) for offset in offsets]

    def at(self, words: Words, places: Places) -> Flags:
        """Whether the text stands at some places."""
        found: Flags = (places >= -self._words[0][0]) & (places <= words.last - self._words[-1][0])
        for offset, word, mask in self._words:
            there: Array = words.at(places, offset)
            if mask != _EVERY:
                there &= mask
            found &= there == word
        return found


def _word(raw: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(raw, "little"))


@lru_cache(maxsize=32)
def _shape(template: Template) -> _Shape:
    return _Shape(template)
