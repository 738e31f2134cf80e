"""The cells of lines that kernels cut out of a chunk: kernels are asked for what is common.

What kernels do not tell is read from the text of a cell by polars, as `FrameCells` reads it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.text_codes import TextCodes
from logcorr.formats import cut_cells, time_forms
from logcorr.formats.cells import (
    AttributeCells,
    AttributeKind,
    all_odd,
    picked,
    read_codes,
    read_durations,
    without_none,
)
from logcorr.formats.cut_cells import BLANK_END, NOT_READ, NOT_TOLD, SHORT, TINY, WITH_ZONE, Span
from logcorr.formats.cut_kernel import CutPattern, compile_pattern
from logcorr.formats.durations import POWERS
from logcorr.formats.json_fields import BOOLEAN, CONTAINER, MISSING, NULL, NUMBER, STRING
from logcorr.formats.line_format import SPACE
from logcorr.formats.line_hashes import line_hashes
from logcorr.formats.malformed_reasons import NO_IDS
from logcorr.formats.profile import Unit
from logcorr.formats.time_forms import Clocks

# The kinds of the types that kernels tell, in the order of their numbers in `cut_cells`.
_KINDS = np.array([MISSING, NULL, STRING, STRING, NUMBER, BOOLEAN, CONTAINER, CONTAINER, STRING, STRING], np.uint8)
_NO_TEXT = (cut_cells.MISSING, cut_cells.NULL, cut_cells.OBJECT, cut_cells.ARRAY)
# Which types have a text, and which of these stand in the line as they are.
_HAS_TEXT = np.array([kind not in _NO_TEXT for kind in range(len(_KINDS))])
_NO_TEXT_BITS = sum(1 << kind for kind in _NO_TEXT)
_IS_PLAIN = _HAS_TEXT.copy()
_IS_PLAIN[[cut_cells.ESCAPED, cut_cells.DOUBLED]] = False
_LONGEST_WORD = max(len(word) for word in NO_IDS)
_PICKED = "picked"
_NO_ROWS = np.empty(0, np.int64)
_NO_TEXTS = pl.Series([], dtype=pl.String)


class CutText(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a chunk with the spans of its lines, and of the cells of all lines by path.

    `columns` has what wrappers tell of each line. The first line is row `first_row`. `quote` is the one that is doubled
    within a cell of csv.
    """

    text: bytes
    lines: Span
    spans: Mapping[str, Span]
    columns: Mapping[str, pl.Series]
    first_row: int
    quote: str


class KernelCells:
    """Cells that kernels cut out of a text: `index` numbers the lines of the chunk that these cells are of."""

    def __init__(self, cut: CutText, index: npt.NDArray[np.int64]) -> None:
        self._cut, self._index = cut, index
        self._text, self._spans = cut.text, cut.spans
        self._own: dict[str, Span] = {}
        self._edges: dict[str, tuple[npt.NDArray[np.uint8], int]] = {}
        self._texts: dict[str, pl.Series] = {}
        # Of picked cells: the indexes of those whose text polars picked, so that they have no span.
        self._unpicked: dict[str, npt.NDArray[np.int64]] = {}

    @property
    def rows(self) -> pl.Series:
        return pl.Series("row", (self._index + self._cut.first_row).astype(np.uint32))

    @property
    def height(self) -> int:
        return self._index.size

    def filter(self, mask: pl.Series) -> Self:
        return type(self)(self._cut, self._index[mask.to_numpy()])

    def has(self, path: str) -> bool:
        span = self._span(path)
        return bool((span.type > cut_cells.NULL).any()) if span is not None else self.text(path).is_not_null().any()

    def pick(self, path: str, pattern: str) -> str:
        key = picked(path, pattern)
        if key in self._own or key in self._texts:
            return key
        span, picker = self._span(path), _picker(pattern, anywhere=True)
        if span is None or picker is None:
            self._texts[key] = self.text(path).str.extract(pattern, 1)
            return key
        among = _IS_PLAIN[span.type].view(np.uint8)
        cut = picker(self._text, span, among=among, lines=False)
        self._own[key] = cut.slot(0)
        left = np.flatnonzero(_HAS_TEXT[span.type] & ((among == 0) | (cut.state != cut_cells.SURE)))
        self._unpicked[key] = left
        if left.size:
            texts = cut_cells.text_column(self._text, cut.slot(0))
            self._texts[key] = texts.scatter(left, self._texts_of(span, left).str.extract(pattern, 1))
        return key

    def matches(self, path: str, pattern: str) -> pl.Series:
        span, picker = self._span(path), _picker(pattern, anywhere=False)
        if span is None or picker is None:
            return self.text(path).str.contains(f"^(?:{pattern})").fill_null(value=False)
        among = _IS_PLAIN[span.type].view(np.uint8)
        cut = picker(self._text, span, among=among, lines=False)
        found = (cut.state == cut_cells.SURE) & (cut.rule == 0) & (among > 0)
        left = np.flatnonzero(_HAS_TEXT[span.type] & ((among == 0) | (cut.state != cut_cells.SURE)))
        if left.size:
            slow = self._texts_of(span, left).str.contains(f"^(?:{pattern})").fill_null(value=False)
            found[left] = slow.to_numpy()
        return pl.Series(found)

    def attribute(
        self, path: str, kind: AttributeKind, *, escaped: bool, codes: TextCodes | None = None
    ) -> AttributeCells:
        span = self._span(path)
        if span is None:
            return all_odd(self.value(path))
        cut, odd = cut_cells.attributes(self._text, span, kind, escaped=escaped)
        if codes is None:
            column = cut_cells.text_column(self._text, cut, nulls=_NO_TEXT, quote=self._cut.quote)
            odd_texts = column.gather(odd) if odd.size else _NO_TEXTS
        else:
            odd_texts = self._texts_of(cut, odd) if odd.size else _NO_TEXTS
            cut.type[odd] = cut_cells.MISSING
            column = pl.Series(codes.of_spans(self._text, cut, _NO_TEXT_BITS))
        if odd.size:
            odd_texts = without_none(odd_texts.str.strip_chars(SPACE))
        unpicked = self._unpicked.get(path, _NO_ROWS)
        if unpicked.size:
            values = without_none(self._texts[path].gather(unpicked).str.strip_chars(SPACE))
            odd, odd_texts = np.concatenate([odd, unpicked]), pl.concat([odd_texts, values])
        return AttributeCells(column, pl.Series(odd), odd_texts)

    def kind(self, path: str) -> pl.Series:
        span = self._span(path)
        if span is None:
            return self.text(path).is_not_null().cast(pl.UInt8) * STRING
        return pl.Series(_KINDS[span.type])

    def text(self, path: str) -> pl.Series:
        if path not in self._texts:
            span = self._span(path)
            if span is not None:
                self._texts[path] = cut_cells.text_column(self._text, span, nulls=_NO_TEXT, quote=self._cut.quote)
            elif path in self._cut.columns:
                self._texts[path] = self._cut.columns[path].gather(self._index)
            else:
                self._texts[path] = pl.repeat(None, self.height, dtype=pl.String, eager=True)
        return self._texts[path]

    def stripped(self, path: str) -> pl.Series:
        text = self.text(path)
        return text.str.strip_chars(SPACE) if self._told(path) & BLANK_END else text

    def value(self, path: str) -> pl.Series:
        text = self.stripped(path)
        return without_none(text) if self._told(path) & (BLANK_END | TINY) else text

    def request_id(self, path: str, words: Sequence[str]) -> pl.Series:
        text = self.stripped(path)
        span = self._span(path)
        if span is None or self._unpicked.get(path, _NO_ROWS).size:
            wrong = text.str.to_lowercase().is_in(list(words)).fill_null(value=True)
            return text.set(wrong, None) if wrong.any() else text
        kind = _KINDS[span.type]
        no_id = (kind != STRING) & (kind != NUMBER)
        if self._told(path) & (BLANK_END | SHORT):
            short = np.flatnonzero(self._edges[path][0] & (BLANK_END | SHORT))
            words_there = text.gather(short).str.to_lowercase().is_in(list(words)).fill_null(value=True)
            no_id[short] |= words_there.to_numpy()
        return text.set(pl.Series(no_id), None) if no_id.any() else text

    def equal(self, path: str, values: Sequence[str]) -> pl.Series:
        return self._compared(path, values, prefix=False)

    def begins(self, path: str, prefix: str) -> pl.Series:
        return self._compared(path, [prefix], prefix=True)

    def clocks(self, path: str, form: str) -> Clocks:
        span, compiled_form = self._span(path), cut_cells.time_form(form)
        if span is None or compiled_form is None or compiled_form.lacks_date or compiled_form.lacks_year:
            return time_forms.clocks(self.stripped(path), form)
        instants, outcome = cut_cells.times(self._text, span, compiled_form)
        clock = pl.Series(instants)
        other = outcome != WITH_ZONE
        if not other.any():
            return Clocks(clock=clock, shift=None)
        shift = time_forms.zeros(outcome.size).set(pl.Series(other), None)
        clock = clock.set(pl.Series(outcome == NOT_READ), None)
        left = np.flatnonzero(self._may_be_text(path) & (outcome == NOT_READ))
        left = left[cut_cells.may_fit(self._text, span.of_rows(left), form)] if path not in self._unpicked else left
        if left.size:
            slow = time_forms.clocks(self._stripped_of(path, left), form)
            clock, shift = clock.scatter(left, slow.clock), shift.scatter(left, slow.shifts)
        return Clocks(clock=clock, shift=shift)

    def micros(self, path: str, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
        span = self._span(path)
        if span is None or unit not in POWERS:
            return read_durations(self.stripped(path), unit)
        values, sound = cut_cells.numbers(self._text, span, POWERS[unit])
        read = pl.Series(values)
        if sound.all():
            return read, None
        read = read.set(pl.Series(~sound), None)
        left = np.flatnonzero(self._may_be_text(path) & ~sound)
        if not left.size:
            return read, None
        slow, slow_wrong = read_durations(self._stripped_of(path, left), unit)
        read = read.scatter(left, slow)
        if slow_wrong is None:
            return read, None
        return read, pl.Series(np.zeros(sound.size, np.bool_)).scatter(left, slow_wrong)

    def codes(self, path: str) -> pl.Series:
        span = self._span(path)
        if span is None:
            return read_codes(self.stripped(path))
        codes, sound = cut_cells.status(self._text, span)
        left = np.flatnonzero(~sound)
        if not left.size:
            return pl.Series(codes)
        numbers = pl.Series(span.type[left] == cut_cells.NUMBER)
        return pl.Series(codes).scatter(left, read_codes(self._stripped_of(path, left), numbers))

    def texts_of(self, path: str, places: pl.Series) -> pl.Series:
        span = self._span(path)
        if span is None or path in self._texts or path in self._unpicked:
            return self.text(path).gather(places)
        return self._texts_of(span, places.to_numpy())

    def line_hashes(self) -> pl.Series:
        return line_hashes(self._text, self._cut.lines.begin[self._index], self._cut.lines.end[self._index])

    def _span(self, path: str) -> Span | None:
        if path not in self._own:
            if path not in self._spans:
                return None
            span = self._spans[path]
            # The lines of these cells are in the order of the chunk.
            self._own[path] = span if self._index.size == span.type.size else span.of_rows(self._index)
        return self._own[path]

    def _texts_of(self, span: Span, rows: npt.NDArray[Any]) -> pl.Series:
        return cut_cells.text_column(self._text, span.of_rows(rows), nulls=_NO_TEXT, quote=self._cut.quote)

    def _stripped_of(self, path: str, rows: npt.NDArray[Any]) -> pl.Series:
        """The stripped texts of some rows of a path that has a span."""
        span = self._span(path)
        if path in self._texts or span is None:
            return self.text(path).gather(rows).str.strip_chars(SPACE)
        return self._texts_of(span, rows).str.strip_chars(SPACE)

    def _may_be_text(self, path: str) -> npt.NDArray[np.bool_]:
        """Which cells of a path that has a span have a text."""
        has_text = _HAS_TEXT[self._own[path].type]
        has_text[self._unpicked.get(path, _NO_ROWS)] = True
        return has_text

    def _compared(self, path: str, values: Sequence[str], *, prefix: bool) -> pl.Series:
        span = self._span(path)
        if span is None:
            text = self.text(path)
            held = text.str.starts_with(values[0]) if prefix else text.is_in(list(values))
            return held.fill_null(value=False)
        found = cut_cells.equals(self._text, span, values, prefix=prefix)
        held = pl.Series(found < NOT_TOLD)
        left = np.flatnonzero(found == NOT_TOLD)
        if left.size:
            text = self.text(path).gather(left)
            slow = text.str.starts_with(values[0]) if prefix else text.is_in(list(values))
            held = held.scatter(left, slow.fill_null(value=False))
        return held

    def _told(self, path: str) -> int:
        """What the ends and lengths of the texts say: see `cut_cells.edges`. Everything, where there is no span."""
        span = self._span(path)
        if span is None:
            return BLANK_END | SHORT | TINY
        if self._unpicked.get(path, _NO_ROWS).size:
            return BLANK_END | SHORT | TINY
        if path not in self._edges:
            self._edges[path] = cut_cells.edges(self._text, span, _LONGEST_WORD)
        return self._edges[path][1]


@lru_cache(maxsize=256)
def _picker(pattern: str, *, anywhere: bool) -> CutPattern | None:
    """What cuts the first group of a pattern out of texts; None where the kernels do not know the pattern."""
    program = compile_pattern(pattern, anywhere=anywhere)
    if program is None:
        return None
    first = (_PICKED, *[None] * (len(program.groups) - 1)) if program.groups else ()
    return CutPattern([msgspec.structs.replace(program, groups=first)], [_PICKED])
