"""Executes a profile: lines become classes and entries. This is the definition of what a profile reads.

A line has the first class that fits: blank, header, other, malformed, or an event. What depends on the lines above (a
date, a clock, a restart) is decided by `log_clock`, file by file.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.text_codes import TextCodes
from logcorr.compute.zero_copy_text import copied
from logcorr.formats import profile_entry, profile_fields
from logcorr.formats.cells import FrameCells
from logcorr.formats.delimited_fields import split_csv
from logcorr.formats.endpoint_path import EndpointGroup
from logcorr.formats.json_fields import MALFORMED, OBJECT
from logcorr.formats.kernel_cells import KernelCells
from logcorr.formats.line_format import SPACE, scan_lines
from logcorr.formats.malformed_reasons import FIELDS, JSON
from logcorr.formats.profile import Profile, Rule
from logcorr.formats.profile_cells import group_columns, paths_of, read_cells, whole
from logcorr.formats.profile_entry import ALONE, EntryPlan
from logcorr.formats.profile_kernel import Indexes, LineCutter, executes
from logcorr.formats.time_forms import lacks

BLANK, HEADER, OTHER, MALFORMED_LINE, RESTART = "blank", "header", "other", "malformed", "restart"
EVENTS = ("request", "response", "exchange")
_MOST_BLANK_BEFORE_HEADER = 100
# A call of the careful reading costs as much as this many of its lines. More lines of a chunk are read at once.
_MOST_PUT_OFF = 2000


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How logs are read, beside their profile.

    `zone` is of stamps that name none, instead of the profile's. `date` (YYYY-MM-DD) is that of the first line.
    `client` tells which member of a list of addresses is the client. `collapse_ids`, `collapse` and `marks_alone` are
    as in EntryPlan.
    """

    zone: str | None = None
    date: str | None = None
    client: str = "first"
    collapse_ids: bool = False
    collapse: tuple[EndpointGroup, ...] = ()
    marks_alone: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one class: BLANK, HEADER, OTHER, MALFORMED_LINE, RESTART or an event.

    `lines` has the column row, and for an event those columns of an entry that the rule reads. A column `reason` is
    there where some lines are malformed (null for a line that is an entry). `reason` is that of malformed lines,
    `rule` the number of the rule that took the lines.
    """

    kind: str
    lines: pl.DataFrame
    reason: str | None = None
    rule: int | None = None


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a chunk by their classes; `texts` gives the lines (columns line and row) of some rows.

    `put_off` are lines that are in no part yet: the careful reading takes those of several chunks at once.
    """

    parts: list[Part]
    height: int
    texts: Callable[[pl.Series], pl.DataFrame]
    put_off: pl.DataFrame | None = None


class ProfileReader:
    """Reads lines by a profile, the lines of a file in order."""

    def __init__(self, profile: Profile, options: ReadOptions = ReadOptions()) -> None:  # noqa: B008 - it is frozen
        self.profile, self.options = profile, options
        self.paths = paths_of(profile)
        self.doubled = 0
        self._counting = threading.Lock()
        self.in_order = _in_order(profile)
        self._by_kernel = executes(profile)
        self._cutter: LineCutter | None = None
        self._cut_columns: Sequence[str] = ()
        self.start_file()

    def start_file(self) -> None:
        """To be called before the first line of each file: a file of csv may begin with its header."""
        self._columns: Sequence[str] = self.profile.columns
        self._before_header = self.profile.syntax == "csv" and self.profile.fields_line is None

    @property
    def depends_on_lines_above(self) -> bool:
        """Whether the lines of a file must be read in order: for clocks, or for names of columns."""
        return self.in_order or self.profile.syntax == "csv" or self.profile.fields_line is not None

    @property
    def schema(self) -> pl.Schema:
        """The columns of entries."""
        clocks = {"clock": pl.Int64, "shift": pl.Int64, "lacks": pl.UInt8, "previous": pl.Boolean, "zone": pl.String}
        return pl.Schema(
            {
                "row": pl.UInt32,
                "time": pl.Int64,
                **(clocks if self.in_order else {}),
                "request_id": pl.String,
                "line_hash": pl.UInt32,
                **({ALONE: pl.Boolean} if self.options.marks_alone else {}),
                "user_id": pl.String,
                "status_code": pl.Int16,
                "given_us": pl.Int64,
                **dict.fromkeys(self.profile.attribute_names, pl.String),
                "reason": pl.String,
                "weak": pl.Boolean,
            }
        )

    @property
    def lacks_date(self) -> bool:
        """Whether `--date` is needed."""
        return any(lacks(form) for form in _time_forms(self.profile))

    def parse(
        self,
        text: bytes,
        first_row: int,
        columns: Mapping[str, pl.Series],
        codes: Mapping[str, TextCodes] = MappingProxyType({}),
    ) -> Parsed:
        """The lines of a text in UTF-8, which ends in LF. `columns` has what wrappers tell of each line.

        Attributes that have `codes` may come as these (UInt32) instead of as texts. For any thread, unless the reader
        `depends_on_lines_above`.
        """
        if not self._by_kernel:
            lines = scan_lines(text, [], first_row).drop("refused").collect(engine="in-memory")
            lines = lines.hstack([column.alias(name) for name, column in columns.items()])
            return self._carefully(lines)
        return self._parse_by_kernel(text, first_row, columns, codes)

    def _parse_by_kernel(
        self, text: bytes, first_row: int, columns: Mapping[str, pl.Series], codes: Mapping[str, TextCodes]
    ) -> Parsed:
        parts: list[Part] = []
        if self._before_header:
            parts += self._header_of(text, first_row)
        if self._cutter is None or self._cut_columns != self._columns:
            self._cutter, self._cut_columns = LineCutter(self.profile, self.paths, self._columns), self._columns
        cut = self._cutter(text)
        skipped = {int(row) - first_row for part in parts for row in part.lines["row"]}

        def rest(index: Indexes) -> Indexes:
            return index[~np.isin(index, list(skipped))] if skipped else index

        for kind, index in ((BLANK, cut.blank), (OTHER, cut.other)):
            if (kept := rest(index)).size:
                lines = pl.Series("row", (kept + first_row).astype(np.uint32)).to_frame()
                parts.append(Part(kind=kind, lines=lines) if kind == BLANK else self._unfit(lines))
        put_off: pl.DataFrame | None = None
        if (unsure := rest(cut.unsure)).size:
            lines = cut.frame(unsure, first_row, columns)
            # Columns of csv may be others in the next file, and clocks may depend on lines above.
            if self.in_order or self.profile.syntax == "csv" or unsure.size > _MOST_PUT_OFF:
                parts += self.read(lines)
            else:
                put_off = copied(lines)
        if cut.by_rule is None:
            sure = rest(cut.sure)
            parts += self._by_rules(cut.cells(sure, first_row, columns, self.profile.quote), codes) if sure.size else []
        for number, index in enumerate(cut.by_rule or ()):
            if index.size:
                cells = cut.cells(index, first_row, columns, self.profile.quote)
                parts.append(self._entries(cells, number, codes))
        return Parsed(
            parts=parts,
            height=cut.lines.type.size,
            texts=lambda rows: cut.frame(rows.to_numpy().astype(np.int64) - first_row, first_row, {}),
            put_off=put_off,
        )

    def parse_put_off(self, frames: Sequence[pl.DataFrame]) -> Parsed:
        """The lines that were put off, of several chunks."""
        return self._carefully(pl.concat(frames))

    def _carefully(self, lines: pl.DataFrame) -> Parsed:
        return Parsed(
            parts=self.read(lines),
            height=lines.height,
            texts=lambda rows: lines.select("line", "row").filter(pl.col("row").is_in(rows.implode())),
        )

    def _header_of(self, text: bytes, first_row: int) -> list[Part]:
        """The header, if the first line of a file of csv is one."""
        parts: list[Part] = []
        for number, line in enumerate(text.split(b"\n", _MOST_BLANK_BEFORE_HEADER)[:_MOST_BLANK_BEFORE_HEADER]):
            if line.strip():
                decoded = pl.DataFrame({"line": [line.decode().removesuffix("\r")], "row": [first_row + number]})
                self._without_header(decoded.with_columns(pl.col("row").cast(pl.UInt32)), parts)
                break
        return parts

    def classify(self, lines: pl.DataFrame, *, by_kernel: bool = False) -> pl.DataFrame:
        """Every line (columns `line`, `row`, and what a wrapper tells), in one frame.

        The columns are those of entries, `kind` (see `Part`) and `rule`. Rows are in no order. With `by_kernel` kernels
        read the lines, where they execute the profile; no line may have a line feed, and rows follow each other.
        """
        parts = self._parts_by_kernel(lines) if by_kernel and self._by_kernel and lines.height else self.read(lines)
        frames = [
            part.lines.select(
                *(
                    pl.col(name) if name in part.lines.columns else pl.lit(None, dtype).alias(name)
                    for name, dtype in self.schema.items()
                ),
                pl.lit(part.kind).alias("kind"),
                pl.lit(part.rule, pl.UInt8).alias("rule"),
            ).with_columns(pl.coalesce("reason", pl.lit(part.reason, pl.String)).alias("reason"))
            for part in parts
            if part.lines.height
        ]
        empty = self.schema.to_frame().with_columns(
            pl.lit(None, pl.String).alias("kind"), pl.lit(None, pl.UInt8).alias("rule")
        )
        return pl.concat(frames or [empty])

    def _parts_by_kernel(self, lines: pl.DataFrame) -> list[Part]:
        text = "".join(f"{line}\n" for line in lines["line"]).encode()
        columns = {column.name: column for column in lines if column.name not in ("line", "row")}
        return self._parse_by_kernel(text, int(lines["row"][0]), columns, {}).parts

    def read(self, lines: pl.DataFrame) -> list[Part]:
        """The lines (columns `line`, `row`, and what a wrapper tells) by their classes: the careful reading."""
        blank = lines["line"].str.strip_chars(SPACE + "\r") == ""
        parts = [Part(kind=BLANK, lines=lines.filter(blank).select("row"))]
        left = lines.filter(~blank) if blank.any() else lines
        if left.height and self._before_header:
            left = self._without_header(left, parts)
        if left.height and self.profile.fields_line is not None:
            for piece in self._between_directives(left, parts):
                parts += self._read_fields(piece)
        elif left.height:
            parts += self._read_fields(left)
        return parts

    def _read_fields(self, lines: pl.DataFrame) -> list[Part]:
        """The classes of lines that are neither blank nor headers."""
        cells = read_cells(lines, self.profile, self.paths, self._columns)
        broken = cells["state"] == MALFORMED
        read = cells["state"] == OBJECT
        return [
            Part(kind=MALFORMED_LINE, lines=cells.filter(broken).select("row"), reason=JSON),
            *self._by_rules(FrameCells(cells if read.all() else cells.filter(read))),
            self._unfit(cells.filter(~broken & ~read).select("row")),
        ]

    def _without_header(self, lines: pl.DataFrame, parts: list[Part]) -> pl.DataFrame:
        """The lines of csv without the header of the file, which is added to `parts`.

        A header names the columns, where the profile does not. Else it has the names that the profile gives.
        """
        self._before_header = False
        first = split_csv(lines["line"][0], self.profile.separator, self.profile.quote)
        named = [name.lower() for name in first]
        if self._columns and named != [name.lower() for name in self._columns]:
            return lines
        self._columns = self._columns or first
        parts.append(Part(kind=HEADER, lines=lines.head(1).select("row")))
        return lines.tail(-1)

    def _between_directives(self, lines: pl.DataFrame, parts: list[Part]) -> Iterator[pl.DataFrame]:
        """The lines between directives, which begin with `#` and are added to `parts`. One directive names columns."""
        directive = lines["line"].str.starts_with("#")
        parts.append(Part(kind=HEADER, lines=lines.filter(directive).select("row")))
        names_columns = lines["line"].str.starts_with(self.profile.fields_line or "#").arg_true().to_list()
        for start, stop in pairwise([0, *names_columns, lines.height]):
            if start in names_columns:
                names = lines["line"][start].removeprefix(self.profile.fields_line or "#")
                self._columns = names.split()
            piece = lines.slice(start, stop - start).filter(~directive.slice(start, stop - start))
            if piece.height and not self._columns:
                # What stands before all names of columns is a banner, and not of this log.
                parts.append(self._unfit(piece.select("row")))
            elif piece.height:
                yield piece

    def _by_rules(
        self, cells: FrameCells | KernelCells, codes: Mapping[str, TextCodes] = MappingProxyType({})
    ) -> list[Part]:
        """The classes of lines that have fields: the first rule that fits takes a line."""
        parts = []
        for number, rule in enumerate(self.profile.rules):
            if not cells.height:
                break
            taken, cells = self._taken(cells, rule)
            if taken.height:
                parts.append(self._entries(taken, number, codes))
        lines = cells.rows.to_frame()
        fields_alone = self.profile.syntax in ("json", "logfmt")
        return [*parts, Part(kind=OTHER, lines=lines) if fields_alone else self._unfit(lines)]

    def _unfit(self, lines: pl.DataFrame) -> Part:
        """Lines that are not of the form of the log: of another kind, or malformed."""
        if not self.profile.strict:
            return Part(kind=OTHER, lines=lines)
        return Part(kind=MALFORMED_LINE, lines=lines, reason=JSON if self.profile.syntax == "json" else FIELDS)

    def _taken(
        self, cells: FrameCells | KernelCells, rule: Rule
    ) -> tuple[FrameCells | KernelCells, FrameCells | KernelCells]:
        """The lines that a rule takes, with the groups of its pattern as cells, and the other lines."""
        fits = pl.Series(np.ones(cells.height, np.bool_))
        own = self._groups_of(rule)
        for condition in rule.where:
            if condition.path not in own and fits.any():
                fits &= profile_fields.holds(cells, condition)
        if rule.match is None or isinstance(cells, KernelCells):
            return (cells, cells.filter(~fits)) if fits.all() else (cells.filter(fits), cells.filter(~fits))
        groups = self._matched(cells.frame["line"].set(~fits, None), rule.match)
        with_groups = FrameCells(cells.frame.with_columns(group_columns(groups)))
        fits &= groups.to_series(0).is_not_null()
        for condition in rule.where:
            if condition.path in own:
                fits &= profile_fields.holds(with_groups, condition)
        return with_groups.filter(fits), cells.filter(~fits)

    def _groups_of(self, rule: Rule) -> tuple[str, ...]:
        if rule.match is None or not rule.where:
            return ()
        return tuple(field for field in self._matched(pl.Series([""]), rule.match).columns if not field.isdigit())

    @staticmethod
    def _matched(lines: pl.Series, pattern: str) -> pl.DataFrame:
        return lines.to_frame("line").select(pl.col("line").str.extract_groups(whole(pattern)).alias("g")).unnest("g")

    def _entries(self, taken: FrameCells | KernelCells, number: int, codes: Mapping[str, TextCodes]) -> Part:
        """The lines that rule `number` takes."""
        rule = self.profile.rules[number]
        if rule.event not in EVENTS:
            kind = RESTART if rule.event == "restart" else OTHER
            return Part(kind=kind, lines=taken.rows.to_frame(), rule=number)
        plan = EntryPlan(
            zone=self.options.zone or rule.zone or self.profile.zone,
            member=self.options.client,
            in_order=self.in_order,
            collapse_ids=self.options.collapse_ids,
            collapse=self.options.collapse,
            codes=codes,
            marks_alone=self.options.marks_alone,
        )
        read, doubled = profile_entry.entry(taken, self.profile, rule, plan)
        with self._counting:
            self.doubled += doubled
        return Part(kind=rule.event, lines=read, rule=number)


def _time_forms(profile: Profile) -> list[str]:
    times = [time for time in (profile.time, *(rule.time for rule in profile.rules)) if time is not None]
    return [one.form for time in times for one in (time.any_of or (time,)) if one.kind == "field"]


def _in_order(profile: Profile) -> bool:
    """Whether the reading of a line depends on lines above it."""
    times = [profile.time, *(rule.time for rule in profile.rules)]
    return (
        any(rule.event == "restart" for rule in profile.rules)
        or any(time is not None and time.kind == "previous" for time in times)
        or any(lacks(form) for form in _time_forms(profile))
    )
