"""The cells of lines, as both executors of profiles give them: `FrameCells` by polars, `KernelCells` by kernels.

A cell is the text that a line has at a path, and its kind (see `json_fields`). Both classes give the same for any
line. Kernels are asked for what is common; what they do not tell is read from the text of the cell by polars.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.formats import cut_cells, durations, time_forms
from logcorr.formats.cut_cells import BLANK_END, NOT_READ, NOT_TOLD, SHORT, TINY, WITH_ZONE, Span
from logcorr.formats.durations import POWERS
from logcorr.formats.json_fields import BOOLEAN, CONTAINER, MISSING, NULL, NUMBER, STRING
from logcorr.formats.line_format import SPACE
from logcorr.formats.malformed_reasons import NO_IDS
from logcorr.formats.profile import Unit
from logcorr.formats.time_forms import Clocks

# The kinds of the types that kernels tell, in the order of their numbers in `cut_cells`.
_KINDS = np.array([MISSING, NULL, STRING, STRING, NUMBER, BOOLEAN, CONTAINER, CONTAINER, STRING, STRING], np.uint8)
_NO_TEXT = (cut_cells.MISSING, cut_cells.NULL, cut_cells.OBJECT, cut_cells.ARRAY)
_STATUS = r"^[0-9]{1,3}$"
_LONGEST_WORD = max(len(word) for word in NO_IDS)
_NONE = ["", "-"]


class Cells(Protocol):
    """The cells of some lines. A path that no line can have is missing in every line."""

    @property
    def rows(self) -> pl.Series:
        """The row of each line (UInt32)."""

    @property
    def height(self) -> int:
        """How many lines there are."""

    def filter(self, mask: pl.Series) -> Self:
        """The cells of the lines that are marked."""

    def kind(self, path: str) -> pl.Series:
        """The kind of each cell (UInt8)."""

    def text(self, path: str) -> pl.Series:
        """The text of each cell (String); null where it has none."""

    def stripped(self, path: str) -> pl.Series:
        """The texts without blanks at their ends."""

    def value(self, path: str) -> pl.Series:
        """The texts without blanks at their ends; null for nothing and for `-`."""

    def request_id(self, path: str, words: Sequence[str]) -> pl.Series:
        """The texts without blanks at their ends; null for what is no id, such as one of `words` in any case."""

    def equal(self, path: str, values: Sequence[str]) -> pl.Series:
        """Whether each text is one of the values."""

    def begins(self, path: str, prefix: str) -> pl.Series:
        """Whether each text begins with a prefix."""

    def clocks(self, path: str, form: str) -> Clocks:
        """The clocks of the texts: see `time_forms.clocks`."""

    def micros(self, path: str, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
        """The durations of the texts (Int64, µs; null for none), and which texts are no duration (None for none)."""

    def codes(self, path: str) -> pl.Series:
        """The numbers of texts of one to three digits (Int16); null for all others."""

    def texts_of(self, path: str, places: pl.Series) -> pl.Series:
        """The texts of a few lines, by their places among these lines."""

    def line_hashes(self) -> pl.Series:
        """A hash (UInt32) of the text of each line, which lives within one run."""


def without_none(text: pl.Series) -> pl.Series:
    """Texts with null for nothing and for `-`."""
    none = text.is_in(_NONE).fill_null(value=False)
    return text.set(none, None) if none.any() else text


def read_durations(text: pl.Series, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
    """The durations of stripped texts, and which texts are no duration: see `Cells.micros`."""
    own = without_none(text)
    read = durations.micros(own, unit)
    return read, some(read.is_null() & own.is_not_null())


def some(flags: pl.Series) -> pl.Series | None:
    """The flags, or None where no row has the flag."""
    return flags if flags.any() else None


def read_codes(text: pl.Series) -> pl.Series:
    """The numbers of stripped texts of one to three digits (Int16); null for all others."""
    digits = pl.when(pl.col("text").str.contains(_STATUS)).then(pl.col("text"))
    return text.to_frame("text").select(digits.cast(pl.Int16, strict=False)).to_series()


class FrameCells:
    """Cells in a frame: for each path a column of texts and one of kinds."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    @property
    def rows(self) -> pl.Series:
        return self.frame.get_column("row")

    @property
    def height(self) -> int:
        return self.frame.height

    def filter(self, mask: pl.Series) -> Self:
        return type(self)(self.frame.filter(mask))

    def kind(self, path: str) -> pl.Series:
        column = kind_column(path)
        if column in self.frame.columns:
            return self.frame.get_column(column)
        return self.text(path).is_not_null().cast(pl.UInt8) * STRING

    def text(self, path: str) -> pl.Series:
        for column in (text_column(path), path):
            if column in self.frame.columns and (column != path or path.startswith("@")):
                return self.frame.get_column(column)
        return pl.repeat(None, self.height, dtype=pl.String, eager=True)

    def stripped(self, path: str) -> pl.Series:
        return self.text(path).str.strip_chars(SPACE)

    def value(self, path: str) -> pl.Series:
        return without_none(self.stripped(path))

    def request_id(self, path: str, words: Sequence[str]) -> pl.Series:
        text = self.stripped(path)
        wrong = text.str.to_lowercase().is_in(list(words)).fill_null(value=True)
        wrong |= self.kind(path).is_in([BOOLEAN, CONTAINER])
        return text.set(wrong, None) if wrong.any() else text

    def equal(self, path: str, values: Sequence[str]) -> pl.Series:
        return self.text(path).is_in(list(values)).fill_null(value=False)

    def begins(self, path: str, prefix: str) -> pl.Series:
        return self.text(path).str.starts_with(prefix).fill_null(value=False)

    def clocks(self, path: str, form: str) -> Clocks:
        return time_forms.clocks(self.stripped(path), form)

    def micros(self, path: str, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
        return read_durations(self.stripped(path), unit)

    def codes(self, path: str) -> pl.Series:
        return read_codes(self.stripped(path))

    def texts_of(self, path: str, places: pl.Series) -> pl.Series:
        return self.text(path).gather(places)

    def line_hashes(self) -> pl.Series:
        lines = self.frame.get_column("line")
        if compiled is None:
            return (lines.hash() // (1 << 32)).cast(pl.UInt32)
        octets = [line.encode() for line in lines]
        ends = np.cumsum([len(line) for line in octets], dtype=np.int32)
        return _hashes(b"".join(octets), np.concatenate([np.zeros(1, np.int32), ends[:-1]]), ends)


def text_column(path: str) -> str:
    """The name of the column with the text at a path."""
    return f"t:{path}"


def kind_column(path: str) -> str:
    """The name of the column with the kind of the value at a path."""
    return f"k:{path}"


def _hashes(text: bytes, begin: npt.NDArray[np.int32], end: npt.NDArray[np.int32]) -> pl.Series:
    hashes = np.empty(begin.size, np.uint32)
    compiled.line_hashes(text, begin, end, hashes)
    return pl.Series(hashes)


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

    @property
    def rows(self) -> pl.Series:
        return pl.Series("row", (self._index + self._cut.first_row).astype(np.uint32))

    @property
    def height(self) -> int:
        return self._index.size

    def filter(self, mask: pl.Series) -> Self:
        return type(self)(self._cut, self._index[mask.to_numpy()])

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
        if span is None:
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
        left = np.flatnonzero(outcome == NOT_READ)
        if left.size:
            slow = time_forms.clocks(self.stripped(path).gather(left), form)
            clock, shift = clock.scatter(left, slow.clock), shift.scatter(left, slow.shifts)
        return Clocks(clock=clock, shift=shift)

    def micros(self, path: str, unit: Unit) -> tuple[pl.Series, pl.Series | None]:
        span = self._span(path)
        if span is None or unit not in POWERS:
            return read_durations(self.stripped(path), unit)
        values, sound = cut_cells.numbers(self._text, span, POWERS[unit])
        read = pl.Series(values)
        left = np.flatnonzero(~sound)
        if not left.size:
            return read, None
        slow, slow_wrong = read_durations(self.stripped(path).gather(left), unit)
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
        return (
            pl.Series(codes)
            if not left.size
            else pl.Series(codes).scatter(left, read_codes(self.stripped(path).gather(left)))
        )

    def texts_of(self, path: str, places: pl.Series) -> pl.Series:
        span = self._span(path)
        if span is None or path in self._texts:
            return self.text(path).gather(places)
        few = span.of_rows(places.to_numpy())
        return cut_cells.text_column(self._text, few, nulls=_NO_TEXT, quote=self._cut.quote)

    def line_hashes(self) -> pl.Series:
        return _hashes(self._text, self._cut.lines.begin[self._index], self._cut.lines.end[self._index])

    def _span(self, path: str) -> Span | None:
        if path not in self._spans:
            return None
        if path not in self._own:
            self._own[path] = self._spans[path].of_rows(self._index)
        return self._own[path]

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
        if path not in self._edges:
            self._edges[path] = cut_cells.edges(self._text, span, _LONGEST_WORD)
        return self._edges[path][1]
