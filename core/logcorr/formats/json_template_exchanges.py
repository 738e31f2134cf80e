"""JSON lines of a log's templates → exchanges, for all lines of a chunk at once.

Every exchange that is found here equals the exchange of the careful path. All other lines are returned as lines.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.bytes_as_words import BYTES, Positions, Words
from logcorr.compute.zero_copy_text import Span, lines_frame, text_columns
from logcorr.formats import access_fields, common_and_combined, endpoint_path
from logcorr.formats.access_dialects import TEXTS, Dialect, KeyPath
from logcorr.formats.decimals_numpy import decimals, digits, scaled
from logcorr.formats.json_escapes import Unescaped
from logcorr.formats.json_template_values import CutLines
from logcorr.formats.json_templates import Template
from logcorr.formats.line_format import SPACE
from logcorr.formats.timestamps import CommonForm
from logcorr.formats.timestamps_numpy import Flags, Int64Array, stamps

_NUMBERS = ("stamp", "status", "duration")
_REQUEST, _ADDRESS = "request", "address"
_STATUS_DIGITS = 3
_NULL = b"null"
_NULL_WORD, _HALF = np.uint64(int.from_bytes(_NULL, "little")), np.uint64(32)
_DASH, _BLANK, _QUERY = b"- ?"


class FieldTemplate(NamedTuple):
    """A template, and in `fields` the field of each of its values; None for a value that is not read.

    `spare` are the fields that have a further value in the line, which counts if the first is empty. `bare` are the
    fields whose values have no quotes.
    """

    template: Template
    fields: tuple[str | None, ...]
    spare: frozenset[str]
    bare: frozenset[str]


class TemplateReader(NamedTuple):
    """How to read the lines of a log. A timestamp has the form `stamps`, or is of another clock of the dialect."""

    field_templates: tuple[FieldTemplate, ...]
    dialect: Dialect
    stamps: CommonForm


@lru_cache(maxsize=8)
def reader_of(templates: tuple[Template, ...], dialect: Dialect, stamps: CommonForm) -> TemplateReader:
    """The reader for the lines of some templates; it is made once for the many chunks of a log.

    Templates without a timestamp or without a status have no exchanges, so they are left out.
    """
    all_templates = (_field_template(template, dialect) for template in templates)
    field_templates = tuple(
        field_template for field_template in all_templates if {"stamp", "status"} <= set(field_template.fields)
    )
    return TemplateReader(field_templates, dialect, stamps)


def parse_common(
    text: bytes, wrong: list[int], first_row: int, reader: TemplateReader
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The exchanges among whole lines (`access_fields.ENTRY`), and the other lines (LINE_SCHEMA, or None)."""
    cut = CutLines(text, wrong)
    for field_template in reader.field_templates:
        cut.take(field_template.template, field_template.fields)
    rows = np.flatnonzero(cut.template_number >= 0)
    entries = pl.DataFrame(schema=access_fields.ENTRY)
    if cut.words is not None and rows.size:
        entries = _Fields(text, cut.words, cut, rows, reader.field_templates).read(reader, first_row)
    if entries.height == cut.template_number.size:
        return entries, None
    is_other = np.ones(cut.template_number.size, np.bool_)
    is_other[entries["row"].to_numpy() - first_row] = False
    other_rows = np.flatnonzero(is_other)
    return entries, lines_frame(
        text, (cut.start[other_rows], cut.end[other_rows]), first_row + other_rows, cut.wrong[other_rows]
    )


class _Fields:
    """The fields of the lines that were cut. Each array has an item for each of these lines."""

    def __init__(
        self, text: bytes, words: Words, cut: CutLines, rows: Positions, field_templates: Sequence[FieldTemplate]
    ) -> None:
        self._text, self._words, self._rows = text, words, rows
        self._spans = {name: _span_of_rows(span, rows) for name, span in cut.spans.items()}
        template_number = cut.template_number[rows]
        self._spare = _flags([field_template.spare for field_template in field_templates], template_number)
        self._unescaped = {name: unescaped.of_rows(rows) for name, unescaped in cut.unescaped.items()}
        self._read: dict[str, pl.Series] = {}
        self._bare = _flags([field_template.bare for field_template in field_templates], template_number)

    def read(self, reader: TemplateReader, first_row: int) -> pl.DataFrame:
        """The lines that are exchanges for sure (`access_fields.ENTRY`). To be called once."""
        time, sound = self._instants(reader.dialect, reader.stamps)
        status, sure = self._status()
        sound &= sure
        duration, known, sure = self._durations(reader.dialect.microseconds)
        sound &= sure
        empty: dict[str, Flags] = {}
        for name in TEXTS:
            if name in self._spans:
                empty[name], sure = self._inspect_text(name)
                sound &= sure
        numbers = {"row": first_row + self._rows, "time": time, "status_code": status, "duration_us": duration}
        if not sound.all():
            sound_rows = np.flatnonzero(sound)
            numbers = {name: column[sound_rows] for name, column in numbers.items()}
            empty = {name: column[sound_rows] for name, column in empty.items()}
            known = known[sound_rows]
            self._spans = {name: _span_of_rows(span, sound_rows) for name, span in self._spans.items()}
            self._unescaped = {name: unescaped.of_rows(sound_rows) for name, unescaped in self._unescaped.items()}
        texts = {name: self._text_of(name, empty.get(name)) for name in self._spans if name not in _NUMBERS}
        entries = pl.DataFrame({**numbers, **texts})
        if not known.all():
            entries = entries.with_columns(pl.when(pl.Series(known)).then("duration_us").alias("duration_us"))
        entries = _with_derived(entries)
        return entries.select(
            (pl.col(name) if name in entries.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in access_fields.ENTRY.items()
        )

    def _instants(self, dialect: Dialect, form: CommonForm) -> tuple[Int64Array, Flags]:
        start, end = self._spans["stamp"]
        instants, sound = stamps(form).read(self._words, start, end)
        other_clocks = [clock for clock in dialect.clocks if clock != "text"]
        unread = np.flatnonzero(~sound)
        if other_clocks and unread.size:
            column = text_columns(self._text, _span_of_rows((start, end), unread))[0].to_frame("stamp")
            read = pl.coalesce(access_fields.CLOCKS[clock](pl.col("stamp")) for clock in other_clocks)
            read_instants = column.select(read).to_series()
            sound[unread] = read_instants.is_not_null().to_numpy()
            instants[unread] = read_instants.fill_null(0).to_numpy()
        return instants, sound

    def _status(self) -> tuple[Int64Array, Flags]:
        start, end = self._spans["status"]
        status, sound = digits(self._words, start, end)
        sound &= end - start <= _STATUS_DIGITS
        return status, sound

    def _durations(self, exponent: int) -> tuple[Int64Array, Flags, Flags]:
        """Durations in µs, which lines have a duration, and for which lines this is sure."""
        if "duration" not in self._spans:
            unknown = np.zeros(self._rows.size, np.bool_)
            return unknown.astype(np.int64), unknown, ~unknown
        numbers = decimals(self._words, *self._spans["duration"])
        duration, known = scaled(numbers, exponent)
        known &= numbers.sound
        return duration, known, known | self._is_empty("duration")

    def _inspect_text(self, name: str) -> tuple[Flags, Flags]:
        """Which lines have no value in a field of text, and for which lines the value is sure.

        Changes the span of an endpoint: it then ends before the query.
        """
        empty = self._is_empty(name)
        start, end = self._spans[name]
        blank = (self._words.octets(start) == _BLANK) | (self._words.octets(end - 1) == _BLANK)
        self._strip_blanks(name, np.flatnonzero(blank & (start < end)))
        if name == "endpoint":
            queries = np.flatnonzero(np.frombuffer(self._text, np.uint8) == _QUERY)
            queries = np.append(queries, len(self._text))
            end = np.minimum(end, queries[np.searchsorted(queries, start)])
            self._spans[name] = start, end
            empty |= start == end
        if name in self._unescaped:
            text_number = self._unescaped[name].text_number
            texts = pl.Series("text", [None, *self._unescaped[name].texts], dtype=pl.String)
            self._read[name] = texts.to_frame().select(_text_value(name, pl.col("text"))).to_series()
            unescaped_rows = np.flatnonzero(text_number)
            empty[unescaped_rows] = self._read[name].is_null().to_numpy()[text_number[unescaped_rows]]
        return empty, ~(empty & self._spare[name]) if name in self._spare else np.ones_like(empty)

    def _strip_blanks(self, name: str, rows: Positions) -> None:
        """Has blanks at the ends of a field removed in some lines: they are decoded as texts with escapes are."""
        if rows.size:
            self._unescaped.setdefault(name, Unescaped(self._rows.size)).add(
                self._text, rows, _span_of_rows(self._spans[name], rows)
            )

    def _is_empty(self, name: str) -> Flags:
        """Which lines have no value in a field: it is empty, `-` or null."""
        start, end = self._spans[name]
        empty: Flags = (end - start == 1) & (self._words.octets(start) == _DASH)
        empty |= start == end
        if name in self._bare:
            empty |= (
                self._bare[name] & (end - start == len(_NULL)) & (self._words.at(end, -BYTES) >> _HALF == _NULL_WORD)
            )
        return empty

    def _text_of(self, name: str, empty: Flags | None) -> pl.Series:
        """The text of a field in each line; null where the field is empty."""
        column = text_columns(self._text, self._spans[name])[0]
        if name in self._unescaped:
            text_number = self._unescaped[name].text_number
            read = self._read.get(name, pl.Series([None, *self._unescaped[name].texts], dtype=pl.String))
            column = column.zip_with(pl.Series(text_number == 0), read.gather(text_number))
        if empty is None or not empty.any():
            return column
        return column.zip_with(pl.Series(~empty), pl.Series([None], dtype=pl.String))


def _flags(names: Sequence[frozenset[str]], template_number: npt.NDArray[np.int8]) -> dict[str, Flags]:
    """For each name in `names`, which has a set for each template: whether it is in the set of each line's template."""
    return {
        name: np.array([name in of_template for of_template in names])[template_number]
        for name in frozenset[str]().union(*names)
    }


def _span_of_rows(span: Span, rows: Positions) -> Span:
    start, end = span
    return start[rows], end[rows]


def _with_derived(entries: pl.DataFrame) -> pl.DataFrame:
    """Fills fields without a value from whole request lines, and from addresses with a port."""
    texts: dict[str, pl.Expr] = {}
    if _REQUEST in entries.columns:
        texts["method"], texts["endpoint"] = common_and_combined.request(pl.col(_REQUEST))
    if _ADDRESS in entries.columns:
        texts["ip"] = access_fields.host(pl.col(_ADDRESS).str.strip_chars(SPACE))
    if not texts:
        return entries
    values_ = {name: _text_value(name, text) for name, text in texts.items()}
    present = [name for name in values_ if name in entries.columns]
    return entries.with_columns(
        **{name: pl.coalesce(name, text) if name in present else text for name, text in values_.items()}
    )


def _text_value(name: str, text: pl.Expr) -> pl.Expr:
    """The value of a field of text, without blanks at its ends; null if there is none."""
    return (endpoint_path.path if name == "endpoint" else access_fields.value)(text.str.strip_chars(SPACE))


def _field_template(template: Template, dialect: Dialect) -> FieldTemplate:
    keys = {(value.key,) for value in template.values}
    sources_of = {"method": (_REQUEST, dialect.request), "endpoint": (_REQUEST, dialect.request)}
    sources_of["ip"] = _ADDRESS, dialect.addresses
    fields: dict[KeyPath, str] = {}
    spare = set()
    for name in (*_NUMBERS, *TEXTS):
        whole, paths = sources_of.get(name, ("", ()))
        candidates = [(path, name) for path in getattr(dialect, name)] + [(path, whole) for path in paths]
        present = [(path, field) for path, field in candidates if path in keys]
        fields |= present[:1]
        if len(present) > 1:
            spare.add(name)
    named = [(fields.get((value.key,)), value.quoted) for value in template.values]
    bare = {name for name, quoted in named if name is not None and not quoted}
    return FieldTemplate(template, tuple(name for name, _ in named), frozenset(spare), frozenset(bare))
