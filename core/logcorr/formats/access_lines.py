"""Access log lines → exchanges, or the reason why a line is malformed: JSON, and the common and combined log format.

Nothing here reads files. Lines of the log's common form are parsed by streaming expressions, all others by `classify`.
"""

from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.formats import (
    access_fields,
    common_and_combined,
    endpoint_path,
    json_template_exchanges,
    malformed_reasons,
    timestamps,
)
from logcorr.formats.access_dialects import DIALECTS, FORMS, JSON_FORMS, TEXTS, Clock, Dialect, KeyPath
from logcorr.formats.json_lines import PathReader
from logcorr.formats.json_templates import Template, templates_of
from logcorr.formats.line_format import BOM, LINE_SCHEMA, SPACE, scan_lines, too_few
from logcorr.formats.timestamps import CommonForm
from logcorr.model.ledger import Log

# How many lines of a sample are searched for the form of the timestamps.
_STAMP_LINES = 100


class AccessFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The format of an access log.

    `name` is one of FORMS. `stamps` is the common form of its timestamps, if they are of the grammar in `timestamps`.
    `templates` are those of its first lines, for a JSON form only. With `collapse_ids`, ids in paths become `*`.
    """

    name: str
    stamps: CommonForm
    templates: tuple[Template, ...] = ()
    collapse_ids: bool = False

    @property
    def side(self) -> Log:
        """The log that the lines are of."""
        return "access"

    @property
    def schema(self) -> pl.Schema:
        """The columns of an exchange: see `access_fields.ENTRY`."""
        return access_fields.ENTRY

    def parse_common(self, text: bytes, wrong: list[int], first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The exchanges among the lines of the common form, and the other lines: see `LineFormat.parse_common`."""
        if not self.templates:
            return self._split(scan_lines(text, wrong, first_row))
        reader = json_template_exchanges.reader_of(self.templates, DIALECTS[self.name], self.stamps)
        exchanges, rest = json_template_exchanges.parse_common(text, wrong, first_row, reader)
        if self.collapse_ids:
            exchanges = exchanges.with_columns(endpoint_path.collapsed(pl.col("endpoint")))
        if rest is None or too_few(rest.height, exchanges.height + rest.height):
            return exchanges, rest
        more_exchanges, rest = self._split(rest.lazy())
        return pl.concat([exchanges, more_exchanges]), rest

    def _split(self, lines: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The exchanges among lines (LINE_SCHEMA) that are mostly of the common form, and the other lines."""
        names = self.schema.names()
        read = self._common(lines).select(*names, "common", "line", "refused").collect(engine="streaming")
        common = read.get_column("common")
        if common.all():
            return read.select(names), None
        return read.filter(common).select(names), read.filter(~common).select(LINE_SCHEMA.names())

    def _common(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """Lines with the columns of an exchange. `common` tells that the line is an exchange for sure."""
        if self.name not in JSON_FORMS:
            raw = common_and_combined.split_fields(lines).with_columns(
                sure=pl.col("stamp").is_not_null() & pl.col("refused").is_null()
            )
        else:
            raw = self._decoded(lines)
        read = self._read(raw, quick=True)
        duration = pl.col("duration")
        sound = (
            pl.col("sure")
            & pl.col("time").is_not_null()
            & pl.col("status_code").is_not_null()
            & (pl.col("duration_us").is_not_null() | duration.is_null() | (duration == "-"))
            & ~pl.any_horizontal(access_fields.blank_ends(pl.col(name)) for name in TEXTS)
        )
        return read.with_columns(common=sound.fill_null(value=False))

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Classifies every line (LINE_SCHEMA): see `LineFormat.classify`."""
        if self.name in JSON_FORMS:
            dialect, paths = _dialect_and_reader(self.name)
            texts, sound = paths.careful(lines["line"])
            raw = lines.hstack(texts).with_columns(sound.alias("sound")).lazy().with_columns(_raw(dialect, paths))
            unread = malformed_reasons.JSON
        else:
            raw = common_and_combined.split_fields(lines.lazy()).with_columns(sound=pl.col("stamp").is_not_null())
            unread = malformed_reasons.FIELDS
        checks = (
            (~pl.col("sound"), unread),
            (pl.col("time").is_null(), malformed_reasons.TIMESTAMP),
            (pl.col("status_code").is_null(), malformed_reasons.STATUS_CODE),
        )
        blank = (pl.col("line").str.strip_chars(SPACE) == "").alias("blank")
        read = self._read(raw, quick=False).with_columns(blank)
        checked = read.with_columns(malformed_reasons.first_reason(checks).alias("reason"))
        return checked.with_columns(valid=pl.col("reason").is_null() & ~pl.col("blank")).collect(engine="in-memory")

    def first_line(self, text: str) -> str | None:
        """The first line of a file, without its BOM. An access log has no header."""
        return text.removeprefix(BOM)

    def _decoded(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """JSON lines with the texts of their fields in columns. `sure` tells that the texts are exact."""
        dialect, paths = _dialect_and_reader(self.name)

        def decode(morsel: pl.DataFrame) -> pl.DataFrame:
            return morsel.hstack(paths.decoded(morsel.get_column("line")))

        schema = {**LINE_SCHEMA, **paths.schema, "fits": pl.Boolean()}
        decoded = lines.select(LINE_SCHEMA.names()).map_batches(decode, streamable=True, schema=schema)
        sure = (pl.col("fits") & pl.col("refused").is_null()).alias("sure")
        return decoded.with_columns(sure, *_raw(dialect, paths))

    def _read(self, raw: pl.LazyFrame, *, quick: bool) -> pl.LazyFrame:
        """Adds the columns of an exchange, from the texts of its fields. Instants and durations are in µs."""
        dialect = DIALECTS.get(self.name)
        clocks: tuple[Clock, ...] = dialect.clocks if dialect else ("clf",)
        stamp = pl.col("stamp") if quick else pl.col("stamp").str.strip_chars(SPACE)
        instants = [access_fields.CLOCKS[clock](stamp) for clock in clocks if clock != "text"]
        if "text" in clocks:
            instants.insert(0, timestamps.fast(stamp, self.stamps) if quick else access_fields.careful(stamp))
        method, target, ip, agent = (access_fields.stripped(name, quick=quick) for name in TEXTS)
        endpoint = endpoint_path.path(target)
        return raw.with_columns(
            pl.coalesce(instants).alias("time"),
            access_fields.duration(dialect.microseconds if dialect else 0, quick=quick).alias("duration_us"),
            access_fields.status(quick=quick).alias("status_code"),
            access_fields.value(method).alias("method"),
            (endpoint_path.collapsed(endpoint) if self.collapse_ids else endpoint).alias("endpoint"),
            access_fields.value(ip).alias("ip"),
            access_fields.value(agent).alias("user_agent"),
        )


def detect(samples: Sequence[str]) -> str:
    """The form that fits most of a log's first lines; the first of FORMS on a tie.

    Common and combined fit the same lines. The form is combined if a line has a user agent.
    """
    lines = [line for line in samples if line.strip(SPACE)]
    frame = pl.DataFrame({"line": lines, "row": range(len(lines)), "refused": [None] * len(lines)}, schema=LINE_SCHEMA)
    counts = {name: int(AccessFormat(name=name, stamps=CommonForm()).classify(frame)["valid"].sum()) for name in FORMS}
    best = max(FORMS, key=lambda name: counts[name])
    if counts[best]:
        return "combined" if best == "common" and _has_agents(frame) else best
    return "ndjson" if any(line.lstrip(SPACE).startswith("{") for line in lines) or not lines else "combined"


def access_format(name: str, samples: Sequence[str], *, collapse_ids: bool) -> AccessFormat:
    """The format `name`, one of FORMS, for a log that begins with the lines `samples`."""
    stamps: list[str] = []
    if name in JSON_FORMS:
        dialect, paths = _dialect_and_reader(name)
        texts, _ = paths.careful(samples[:_STAMP_LINES])
        stamps = texts.select(_raw(dialect, paths))["stamp"].drop_nulls().str.strip_chars(SPACE).to_list()
    return AccessFormat(
        name=name,
        stamps=timestamps.common_form(stamps),
        templates=templates_of(samples) if name in JSON_FORMS else (),
        collapse_ids=collapse_ids,
    )


def _has_agents(lines: pl.DataFrame) -> bool:
    return bool(
        common_and_combined.split_fields(lines.lazy()).select(pl.col("agent").is_not_null().any()).collect().item()
    )


def _dialect_and_reader(name: str) -> tuple[Dialect, PathReader]:
    dialect = DIALECTS[name]
    clocks = dialect.stamp if "unix" in dialect.clocks else ()
    return dialect, PathReader(dialect.paths, dialect.numeric, frozenset(clocks))


def _raw(dialect: Dialect, paths: PathReader) -> list[pl.Expr]:
    """The columns stamp, status, duration and TEXTS, from the columns of the paths."""
    column_of = dict(zip(dialect.paths, paths.columns, strict=True))

    def first(group: tuple[KeyPath, ...], others: Sequence[pl.Expr] = ()) -> list[pl.Expr]:
        columns = [pl.col(column_of[path]) for path in group]
        # If a field has several columns, the first with a value counts.
        if len(columns) + len(others) == 1:
            return columns
        return [*(pl.when(access_fields.has_value(text)).then(text) for text in columns), *others]

    requests = [common_and_combined.request(pl.col(column_of[path])) for path in dialect.request]
    addresses = [access_fields.host(pl.col(column_of[path]).str.strip_chars(SPACE)) for path in dialect.addresses]
    return [
        pl.coalesce(first(dialect.stamp)).alias("stamp"),
        pl.coalesce(first(dialect.status)).alias("status"),
        pl.coalesce(first(dialect.duration)).alias("duration"),
        pl.coalesce(first(dialect.method, [method for method, _ in requests])).alias("method"),
        pl.coalesce(first(dialect.endpoint, [target for _, target in requests])).alias("endpoint"),
        pl.coalesce(first(dialect.ip, addresses)).alias("ip"),
        pl.coalesce(first(dialect.user_agent)).alias("user_agent"),
    ]
