"""Lines of JSON that are of a log's templates → exchanges, for all lines of a chunk at once.

Every exchange found here is what the careful path reads for sure; all other lines stay lines.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.arrow_text import Span, lines_frame, parts
from logcorr.compute.byte_words import BYTES, Places, Words
from logcorr.formats import access_fields as values
from logcorr.formats import common_and_combined
from logcorr.formats.access_dialects import TEXTS, Dialect, Path
from logcorr.formats.decimals_numpy import decimals, digits, scaled
from logcorr.formats.json_escapes import Unescaped
from logcorr.formats.json_template_values import Cut
from logcorr.formats.json_templates import Template
from logcorr.formats.line_format import SPACE
from logcorr.formats.timestamps import CommonForm
from logcorr.formats.timestamps_numpy import Flags, Instants, stamps

_NUMBERS = ("stamp", "status", "duration")
_REQUEST, _ADDRESS = "request", "address"
_STATUS_DIGITS = 3
_NULL = b"null"
_NULL_WORD, _HALF = np.uint64(int.from_bytes(_NULL, "little")), np.uint64(32)
_DASH, _BLANK, _QUERY = b"- ?"


class TemplatePlan(NamedTuple):
    """A template with the field that each of its values is, if it is one that is read.

    `spare` are the fields for which another value of the line counts where the first holds nothing, `bare` those
    without quotes.
    """

    template: Template
    fields: tuple[str | None, ...]
    spare: frozenset[str]
    bare: frozenset[str]


class Reader(NamedTuple):
    """How the lines of a log are read: timestamps are of the form `stamps`, or of another of the dialect's clocks."""

    plans: tuple[TemplatePlan, ...]
    dialect: Dialect
    stamps: CommonForm


@lru_cache(maxsize=8)
def reader(templates: tuple[Template, ...], dialect: Dialect, stamps: CommonForm) -> Reader:
    """The reader of a log's lines of the templates that may have exchanges; made once for its many chunks."""
    found = (_plan(template, dialect) for template in templates)
    plans = tuple(plan for plan in found if {"stamp", "status"} <= set(plan.fields))
    return Reader(plans, dialect, stamps)


def parted(text: bytes, wrong: list[int], first_row: int, reader: Reader) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The exchanges among whole lines (values.ENTRY), and the other lines (LINE_SCHEMA)."""
    cut = Cut(text, wrong)
    for plan in reader.plans:
        cut.take(plan.template, plan.fields)
    found = np.flatnonzero(cut.form >= 0)
    entries = pl.DataFrame(schema=values.ENTRY)
    if cut.words is not None and found.size:
        entries = _Fields(text, cut.words, cut, found, reader.plans).read(reader, first_row)
    if entries.height == cut.form.size:
        return entries, None
    other = np.ones(cut.form.size, np.bool_)
    other[entries["row"].to_numpy() - first_row] = False
    rest = np.flatnonzero(other)
    return entries, lines_frame(text, (cut.start[rest], cut.end[rest]), first_row + rest, cut.wrong[rest])


class _Fields:
    """The fields of the lines that were cut: arrays of a value for each of them."""

    def __init__(self, text: bytes, words: Words, cut: Cut, rows: Places, plans: Sequence[TemplatePlan]) -> None:
        self._text, self._words, self._rows = text, words, rows
        self._spans = {name: _some(span, rows) for name, span in cut.spans.items()}
        form = cut.form[rows]
        self._spare = _flags([plan.spare for plan in plans], form)
        self._slow = {name: found.of(rows) for name, found in cut.unescaped.items()}
        self._read: dict[str, pl.Series] = {}
        self._bare = _flags([plan.bare for plan in plans], form)

    def read(self, reader: Reader, first_row: int) -> pl.DataFrame:
        """The lines that are exchanges for sure."""
        time, sound = self._instants(reader.dialect, reader.stamps)
        status, usual = self._status()
        sound &= usual
        duration, known, usual = self._durations(reader.dialect.microseconds)
        sound &= usual
        nothing: dict[str, Flags] = {}
        for name in TEXTS:
            if name in self._spans:
                nothing[name], usual = self._look(name)
                sound &= usual
        numbers = {"row": first_row + self._rows, "time": time, "status_code": status, "duration_us": duration}
        if not sound.all():
            kept = np.flatnonzero(sound)
            numbers = {name: column[kept] for name, column in numbers.items()}
            nothing = {name: column[kept] for name, column in nothing.items()}
            known = known[kept]
            self._spans = {name: _some(span, kept) for name, span in self._spans.items()}
            self._slow = {name: found.of(kept) for name, found in self._slow.items()}
        texts = {name: self._text_of(name, nothing.get(name)) for name in self._spans if name not in _NUMBERS}
        entries = pl.DataFrame({**numbers, **texts})
        if not known.all():
            entries = entries.with_columns(pl.when(pl.Series(known)).then("duration_us").alias("duration_us"))
        entries = _with_parts(entries)
        return entries.select(
            (pl.col(name) if name in entries.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in values.ENTRY.items()
        )

    def _instants(self, dialect: Dialect, form: CommonForm) -> tuple[Instants, Flags]:
        start, end = self._spans["stamp"]
        instants, sound = stamps(form).read(self._words, start, end)
        others = [clock for clock in dialect.clocks if clock != "text"]
        rest = np.flatnonzero(~sound)
        if others and rest.size:
            column = parts(self._text, _some((start, end), rest))[0].to_frame("stamp")
            read = pl.coalesce(values.CLOCKS[clock](pl.col("stamp")) for clock in others)
            found = column.select(read).to_series()
            sound[rest] = found.is_not_null().to_numpy()
            instants[rest] = found.fill_null(0).to_numpy()
        return instants, sound

    def _status(self) -> tuple[Instants, Flags]:
        start, end = self._spans["status"]
        status, sound = digits(self._words, start, end)
        sound &= end - start <= _STATUS_DIGITS
        return status, sound

    def _durations(self, exponent: int) -> tuple[Instants, Flags, Flags]:
        """Durations in µs, which of them are known, and of which lines it is sure whether they are."""
        if "duration" not in self._spans:
            unknown = np.zeros(self._rows.size, np.bool_)
            return unknown.astype(np.int64), unknown, ~unknown
        found = decimals(self._words, *self._spans["duration"])
        duration, known = scaled(found, exponent)
        known &= found.sound
        return duration, known, known | self._nothing("duration")

    def _look(self, name: str) -> tuple[Flags, Flags]:
        """In which lines a text holds nothing, and in which it is sure what is read.

        What follows the path of an endpoint is taken off its span.
        """
        nothing = self._nothing(name)
        start, end = self._spans[name]
        blank = (self._words.octets(start) == _BLANK) | (self._words.octets(end - 1) == _BLANK)
        self._take_off(name, np.flatnonzero(blank & (start < end)))
        if name == "endpoint":
            queries = np.flatnonzero(np.frombuffer(self._text, np.uint8) == _QUERY)
            queries = np.append(queries, len(self._text))
            end = np.minimum(end, queries[np.searchsorted(queries, start)])
            self._spans[name] = start, end
            nothing |= start == end
        if name in self._slow:
            pick = self._slow[name].pick
            texts = pl.Series("text", [None, *self._slow[name].texts], dtype=pl.String)
            self._read[name] = texts.to_frame().select(_said(name, pl.col("text"))).to_series()
            some = np.flatnonzero(pick)
            nothing[some] = self._read[name].is_null().to_numpy()[pick[some]]
        return nothing, ~(nothing & self._spare[name]) if name in self._spare else np.ones_like(nothing)

    def _take_off(self, name: str, rows: Places) -> None:
        """Has the texts of some lines read without blanks around, as those with escapes are."""
        if rows.size:
            self._slow.setdefault(name, Unescaped(self._rows.size)).add(
                self._text, rows, _some(self._spans[name], rows)
            )

    def _nothing(self, name: str) -> Flags:
        """Where a field is empty, a dash or null."""
        start, end = self._spans[name]
        nothing: Flags = (end - start == 1) & (self._words.octets(start) == _DASH)
        nothing |= start == end
        if name in self._bare:
            nothing |= (
                self._bare[name] & (end - start == len(_NULL)) & (self._words.at(end, -BYTES) >> _HALF == _NULL_WORD)
            )
        return nothing

    def _text_of(self, name: str, nothing: Flags | None) -> pl.Series:
        """A text of each line; null where it holds nothing."""
        column = parts(self._text, self._spans[name])[0]
        if name in self._slow:
            pick = self._slow[name].pick
            read = self._read.get(name, pl.Series([None, *self._slow[name].texts], dtype=pl.String))
            column = column.zip_with(pl.Series(pick == 0), read.gather(pick))
        if nothing is None or not nothing.any():
            return column
        return column.zip_with(pl.Series(~nothing), pl.Series([None], dtype=pl.String))


def _flags(names: Sequence[frozenset[str]], form: npt.NDArray[np.int8]) -> dict[str, Flags]:
    """For each name that comes in some forms, whether it comes in that of each line."""
    return {name: np.array([name in of_form for of_form in names])[form] for name in frozenset[str]().union(*names)}


def _some(span: Span, rows: Places) -> Span:
    start, end = span
    return start[rows], end[rows]


def _with_parts(entries: pl.DataFrame) -> pl.DataFrame:
    """Fills from request lines and addresses with a port what has no value of its own."""
    texts: dict[str, pl.Expr] = {}
    if _REQUEST in entries.columns:
        texts["method"], texts["endpoint"] = common_and_combined.request(pl.col(_REQUEST))
    if _ADDRESS in entries.columns:
        texts["ip"] = values.host(pl.col(_ADDRESS).str.strip_chars(SPACE))
    if not texts:
        return entries
    found = {name: _said(name, text) for name, text in texts.items()}
    own = [name for name in found if name in entries.columns]
    return entries.with_columns(
        **{name: pl.coalesce(name, text) if name in own else text for name, text in found.items()}
    )


def _said(name: str, text: pl.Expr) -> pl.Expr:
    """What a text says, whatever blanks are around it."""
    return (values.path if name == "endpoint" else values.value)(text.str.strip_chars(SPACE))


def _plan(template: Template, dialect: Dialect) -> TemplatePlan:
    keys = {(value.key,) for value in template.values}
    parts_of = {"method": (_REQUEST, dialect.request), "endpoint": (_REQUEST, dialect.request)}
    parts_of["ip"] = _ADDRESS, dialect.addresses
    fields: dict[Path, str] = {}
    spare = set()
    for name in (*_NUMBERS, *TEXTS):
        whole, paths = parts_of.get(name, ("", ()))
        sources = [(path, name) for path in getattr(dialect, name)] + [(path, whole) for path in paths]
        there = [(path, field) for path, field in sources if path in keys]
        fields |= there[:1]
        if len(there) > 1:
            spare.add(name)
    named = [(fields.get((value.key,)), value.quoted) for value in template.values]
    bare = {name for name, quoted in named if name is not None and not quoted}
    return TemplatePlan(template, tuple(name for name, _ in named), frozenset(spare), frozenset(bare))
