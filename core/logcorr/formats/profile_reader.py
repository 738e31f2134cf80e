"""Executes a profile: lines become classes and entries. This is the definition of what a profile reads.

A line has the first class that fits: blank, header, other, malformed, or an event. What depends on the lines above (a
date, a clock, a restart) is decided by `log_clock`, file by file.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
import polars as pl

from logcorr.formats import profile_fields
from logcorr.formats.delimited_fields import split_csv
from logcorr.formats.json_fields import MALFORMED, OBJECT
from logcorr.formats.line_format import SPACE
from logcorr.formats.malformed_reasons import JSON
from logcorr.formats.profile import Profile, Rule
from logcorr.formats.profile_cells import group_columns, paths_of, read_cells, whole
from logcorr.formats.time_forms import lacks

BLANK, HEADER, OTHER, MALFORMED_LINE = "blank", "header", "other", "malformed"
EVENTS = ("request", "response", "exchange")


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How logs are read, beside their profile.

    `zone` is of stamps that name none, instead of the profile's. `date` (YYYY-MM-DD) is that of the first line.
    `client` tells which member of a list of addresses is the client. `collapse_ids` puts `*` for ids in endpoints.
    """

    zone: str | None = None
    date: str | None = None
    client: str = "first"
    collapse_ids: bool = False


class ProfileReader:
    """Reads lines by a profile, the lines of a file in order."""

    def __init__(self, profile: Profile, options: ReadOptions = ReadOptions()) -> None:  # noqa: B008 - it is frozen
        self.profile, self.options = profile, options
        self.paths = paths_of(profile)
        self.doubled = 0
        self.start_file()

    def start_file(self) -> None:
        """To be called before the first line of each file: a file of csv may begin with its header."""
        self._columns: Sequence[str] = self.profile.columns
        self._before_header = self.profile.syntax == "csv" and self.profile.fields_line is None

    @property
    def schema(self) -> pl.Schema:
        """The columns of what `classify` returns."""
        texts = dict.fromkeys(self.profile.attribute_names, pl.String)
        return pl.Schema(
            {
                "row": pl.UInt32,
                "kind": pl.String,
                "reason": pl.String,
                "time": pl.Int64,
                "clock": pl.Int64,
                "shift": pl.Int64,
                "lacks": pl.UInt8,
                "zone": pl.String,
                "previous": pl.Boolean,
                "request_id": pl.String,
                "user_id": pl.String,
                "status_code": pl.Int16,
                "given_us": pl.Int64,
                "weak": pl.Boolean,
                **texts,
                "rule": pl.UInt8,
            }
        )

    @property
    def in_order(self) -> bool:
        """Whether the reading of a line depends on lines above it."""
        rules = self.profile.rules
        times = [time for time in (self.profile.time, *(rule.time for rule in rules)) if time is not None]
        forms = [one.form for time in times for one in (time.any_of or (time,)) if one.kind == "field"]
        return (
            (self.profile.syntax == "csv" and not self.profile.columns)
            or any(rule.event == "restart" for rule in rules)
            or any(time.kind == "previous" for time in times)
            or any(lacks(form) for form in forms)
        )

    @property
    def lacks_date(self) -> bool:
        """Whether `--date` is needed."""
        times = [time for time in (self.profile.time, *(rule.time for rule in self.profile.rules)) if time is not None]
        return any(lacks(one.form) for time in times for one in (time.any_of or (time,)) if one.kind == "field")

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Every line (columns `line`, `row`, and what a wrapper tells) with its class and entry: see `schema`.

        `kind` is BLANK, HEADER, OTHER, MALFORMED_LINE, "restart" or an event. Rows are in no order.
        """
        blank = lines["line"].str.strip_chars(SPACE) == ""
        parts = [self._unread(lines.filter(blank), BLANK)]
        left = lines.filter(~blank) if blank.any() else lines
        if left.height and self._before_header:
            left = self._without_header(left, parts)
        if left.height and self.profile.fields_line is not None:
            for piece in self._between_directives(left, parts):
                parts += self._read(piece)
        elif left.height:
            parts += self._read(left)
        return pl.concat([part for part in parts if part.height] or [self.schema.to_frame()])

    def _read(self, lines: pl.DataFrame) -> list[pl.DataFrame]:
        """The classes of lines that are neither blank nor headers."""
        cells = read_cells(lines, self.profile, self.paths, self._columns)
        broken = cells["state"] == MALFORMED
        read = cells["state"] == OBJECT
        return [
            self._unread(cells.filter(broken), MALFORMED_LINE, JSON),
            *self._by_rules(cells if read.all() else cells.filter(read)),
            self._unread(cells.filter(~broken & ~read), OTHER),
        ]

    def _without_header(self, lines: pl.DataFrame, parts: list[pl.DataFrame]) -> pl.DataFrame:
        """The lines of csv without the header of the file, which is added to `parts`.

        A header names the columns, where the profile does not. Else it has the names that the profile gives.
        """
        self._before_header = False
        first = split_csv(lines["line"][0], self.profile.separator, self.profile.quote)
        named = [name.lower() for name in first]
        if self._columns and named != [name.lower() for name in self._columns]:
            return lines
        self._columns = self._columns or first
        parts.append(self._unread(lines.head(1), HEADER))
        return lines.tail(-1)

    def _between_directives(self, lines: pl.DataFrame, parts: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The lines between directives, which begin with `#` and are added to `parts`. One directive names columns."""
        directive = lines["line"].str.starts_with("#")
        parts.append(self._unread(lines.filter(directive), HEADER))
        names_columns = lines["line"].str.starts_with(self.profile.fields_line or "#").arg_true().to_list()
        for start, stop in pairwise([0, *names_columns, lines.height]):
            if start in names_columns:
                names = lines["line"][start].removeprefix(self.profile.fields_line or "#")
                self._columns = names.split()
            piece = lines.slice(start, stop - start).filter(~directive.slice(start, stop - start))
            if piece.height:
                yield piece

    def _by_rules(self, cells: pl.DataFrame) -> list[pl.DataFrame]:
        """The classes of lines that have fields: the first rule that fits takes a line."""
        parts = []
        for number, rule in enumerate(self.profile.rules):
            taken, cells = self._taken(cells, rule)
            if taken.height:
                parts.append(self.entries(taken, number))
        return [*parts, self._unread(cells, OTHER)]

    def _taken(self, cells: pl.DataFrame, rule: Rule) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The lines that a rule takes, with the groups of its pattern as cells, and the other lines."""
        fits = pl.repeat(value=True, n=cells.height, dtype=pl.Boolean, eager=True)
        for condition in rule.where:
            if condition.path not in self._groups_of(rule):
                fits &= profile_fields.holds(cells, condition)
        if rule.match is None:
            return cells.filter(fits), cells.filter(~fits)
        groups = self._matched(cells["line"].set(~fits, None), rule.match)
        with_groups = cells.hstack(group_columns(groups)) if groups.width > 1 else cells
        fits &= groups.to_series(0).is_not_null()
        for condition in rule.where:
            if condition.path in self._groups_of(rule):
                fits &= profile_fields.holds(with_groups, condition)
        return with_groups.filter(fits), cells.filter(~fits)

    def _groups_of(self, rule: Rule) -> tuple[str, ...]:
        if rule.match is None:
            return ()
        return tuple(field for field in self._matched(pl.Series([""]), rule.match).columns if not field.isdigit())

    @staticmethod
    def _matched(lines: pl.Series, pattern: str) -> pl.DataFrame:
        return lines.to_frame("line").select(pl.col("line").str.extract_groups(whole(pattern)).alias("g")).unnest("g")

    def entries(self, taken: pl.DataFrame, number: int) -> pl.DataFrame:
        """The classes of cells of lines that rule `number` takes (`schema`)."""
        rule = self.profile.rules[number]
        if rule.event not in EVENTS:
            return self._unread(taken, "restart" if rule.event == "restart" else OTHER, rule=number)
        zone = self.options.zone or self.profile.zone
        read, doubled = profile_fields.entry(taken, self.profile, rule, zone, self.options.client)
        self.doubled += doubled
        if self.options.collapse_ids and "endpoint" in read.columns:
            read = read.with_columns(profile_fields.collapsed("endpoint"))
        return read.with_columns(pl.lit(number, pl.UInt8).alias("rule")).select(self.schema.names())

    def _unread(
        self, lines: pl.DataFrame, kind: str, reason: str | None = None, rule: int | None = None
    ) -> pl.DataFrame:
        """Lines without an entry, as `schema` has them."""
        given = {
            "row": pl.col("row"),
            "kind": pl.lit(kind),
            "reason": pl.lit(reason, pl.String),
            "rule": pl.lit(rule, pl.UInt8),
        }
        columns = [given.get(name, pl.lit(None, dtype)).alias(name) for name, dtype in self.schema.items()]
        return lines.select(columns)
