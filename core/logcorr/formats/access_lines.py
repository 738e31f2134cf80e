"""Access log lines → exchanges, or the reason why not: JSON of several dialects, common and combined log format.

Pure, like `formats`: lazy frames in and out, a log's common form by streaming expressions, all else by `classify`.
"""

from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.formats import access_fields as values
from logcorr.formats import common_and_combined, json_template_exchanges, malformed_reasons, timestamps
from logcorr.formats.access_dialects import DIALECTS, FORMS, JSON_FORMS, TEXTS, Clock, Dialect, Path
from logcorr.formats.json_lines import Paths
from logcorr.formats.json_templates import Template, templates_of
from logcorr.formats.line_format import BOM, LINE_SCHEMA, SPACE, few, scanned
from logcorr.formats.timestamps import CommonForm
from logcorr.model.ledger import Log

# Of a sample, so many lines tell the form of the timestamps.
_STAMP_LINES = 100


class AccessFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One of FORMS; `common` is the log's usual form of timestamps, where those are of the pair logs' grammar."""

    name: str
    stamps: CommonForm
    templates: tuple[Template, ...] = ()
    collapse_ids: bool = False

    @property
    def side(self) -> Log:
        """What the lines are of."""
        return "access"

    @property
    def schema(self) -> pl.Schema:
        """An exchange: time and duration_us (Int64, µs), status_code, method, endpoint, ip, user_agent, row."""
        return values.ENTRY

    def parted(self, text: bytes, wrong: list[int], first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The exchanges among the lines of the log's common form, and the other lines."""
        if not self.templates:
            return self._split(scanned(text, wrong, first_row))
        reader = json_template_exchanges.reader(self.templates, DIALECTS[self.name], self.stamps)
        found, rest = json_template_exchanges.parted(text, wrong, first_row, reader)
        if self.collapse_ids:
            found = found.with_columns(values.collapsed(pl.col("endpoint")))
        if rest is None or few(rest.height, found.height + rest.height):
            return found, rest
        more, rest = self._split(rest.lazy())
        return pl.concat([found, more]), rest

    def _split(self, lines: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The exchanges among lines (LINE_SCHEMA) of which many may be such, and the other lines."""
        names = self.schema.names()
        read = self._common(lines).select(*names, "common", "line", "refused").collect(engine="streaming")
        common = read.get_column("common")
        if common.all():
            return read.select(names), None
        return read.filter(common).select(names), read.filter(~common).select(LINE_SCHEMA.names())

    def _common(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """Lines with the columns of an exchange; `common` says the line surely is one."""
        if self.name not in JSON_FORMS:
            raw = common_and_combined.parts(lines).with_columns(
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
            & ~pl.any_horizontal(values.blank_ends(pl.col(name)) for name in TEXTS)
        )
        return read.with_columns(common=sound.fill_null(value=False))

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Every line (LINE_SCHEMA) with `valid`, the columns of an exchange, and the `reason` where it is none."""
        if self.name in JSON_FORMS:
            dialect, paths = _dialect(self.name)
            texts, sound = paths.careful(lines["line"])
            raw = lines.hstack(texts).with_columns(sound.alias("sound")).lazy().with_columns(_raw(dialect, paths))
            unread = malformed_reasons.JSON
        else:
            raw = common_and_combined.parts(lines.lazy()).with_columns(sound=pl.col("stamp").is_not_null())
            unread = malformed_reasons.FIELDS
        checks = (
            (~pl.col("sound"), unread),
            (pl.col("time").is_null(), malformed_reasons.TIMESTAMP),
            (pl.col("status_code").is_null(), malformed_reasons.STATUS_CODE),
        )
        blank = (pl.col("line").str.strip_chars(SPACE) == "").alias("blank")
        read = self._read(raw, quick=False).with_columns(blank)
        found = read.with_columns(malformed_reasons.first_reason(checks).alias("reason"))
        return found.with_columns(valid=pl.col("reason").is_null() & ~pl.col("blank")).collect(engine="in-memory")

    def first_line(self, text: str) -> str | None:
        """The first line of a file without its BOM; access logs have no header."""
        return text.removeprefix(BOM)

    def _decoded(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """JSON lines with what they say as text, in columns of their own; `sure` where nothing is in doubt."""
        dialect, paths = _dialect(self.name)

        def decode(morsel: pl.DataFrame) -> pl.DataFrame:
            return morsel.hstack(paths.decoded(morsel.get_column("line")))

        schema = {**LINE_SCHEMA, **paths.schema, "fits": pl.Boolean()}
        decoded = lines.select(LINE_SCHEMA.names()).map_batches(decode, streamable=True, schema=schema)
        sure = (pl.col("fits") & pl.col("refused").is_null()).alias("sure")
        return decoded.with_columns(sure, *_raw(dialect, paths))

    def _read(self, raw: pl.LazyFrame, *, quick: bool) -> pl.LazyFrame:
        """Texts → values: instants in µs, durations in µs, status, and texts with null for nothing."""
        dialect = DIALECTS.get(self.name)
        clocks: tuple[Clock, ...] = dialect.clocks if dialect else ("clf",)
        stamp = pl.col("stamp") if quick else pl.col("stamp").str.strip_chars(SPACE)
        instants = [values.CLOCKS[clock](stamp) for clock in clocks if clock != "text"]
        if "text" in clocks:
            instants.insert(0, timestamps.fast(stamp, self.stamps) if quick else values.careful(stamp))
        method, target, ip, agent = (values.stripped(name, quick=quick) for name in TEXTS)
        endpoint = values.path(target)
        return raw.with_columns(
            pl.coalesce(instants).alias("time"),
            values.duration(dialect.microseconds if dialect else 0, quick=quick).alias("duration_us"),
            values.status(quick=quick).alias("status_code"),
            values.value(method).alias("method"),
            (values.collapsed(endpoint) if self.collapse_ids else endpoint).alias("endpoint"),
            values.value(ip).alias("ip"),
            values.value(agent).alias("user_agent"),
        )


def detect(samples: Sequence[str]) -> str:
    """The form in which most of a log's first lines can be read; the first of FORMS on a tie.

    Common and combined read the same lines: it is combined where one of them has a user agent.
    """
    lines = [line for line in samples if line.strip(SPACE)]
    frame = pl.DataFrame({"line": lines, "row": range(len(lines)), "refused": [None] * len(lines)}, schema=LINE_SCHEMA)
    counts = {name: int(AccessFormat(name=name, stamps=CommonForm()).classify(frame)["valid"].sum()) for name in FORMS}
    best = max(FORMS, key=lambda name: counts[name])
    if counts[best]:
        return "combined" if best == "common" and _agents(frame) else best
    return "ndjson" if any(line.lstrip(SPACE).startswith("{") for line in lines) or not lines else "combined"


def access_format(name: str, samples: Sequence[str], *, collapse_ids: bool) -> AccessFormat:
    """The format of that name for a log with these first lines."""
    stamps: list[str] = []
    if name in JSON_FORMS:
        dialect, paths = _dialect(name)
        texts, _ = paths.careful(samples[:_STAMP_LINES])
        stamps = texts.select(_raw(dialect, paths))["stamp"].drop_nulls().str.strip_chars(SPACE).to_list()
    return AccessFormat(
        name=name,
        stamps=timestamps.common_form(stamps),
        templates=templates_of(samples) if name in JSON_FORMS else (),
        collapse_ids=collapse_ids,
    )


def _agents(lines: pl.DataFrame) -> bool:
    return bool(common_and_combined.parts(lines.lazy()).select(pl.col("agent").is_not_null().any()).collect().item())


def _dialect(name: str) -> tuple[Dialect, Paths]:
    dialect = DIALECTS[name]
    clocks = dialect.stamp if "unix" in dialect.clocks else ()
    return dialect, Paths(dialect.paths, dialect.numeric, frozenset(clocks))


def _raw(dialect: Dialect, paths: Paths) -> list[pl.Expr]:
    """stamp, status, duration, and the texts, of the columns at paths."""
    column = dict(zip(dialect.paths, paths.columns, strict=True))

    def first(group: tuple[Path, ...], others: Sequence[pl.Expr] = ()) -> list[pl.Expr]:
        places = [pl.col(column[path]) for path in group]
        # Of several places the first that holds a value counts.
        if len(places) + len(others) == 1:
            return places
        return [*(pl.when(values.held(place)).then(place) for place in places), *others]

    requests = [common_and_combined.request(pl.col(column[path])) for path in dialect.request]
    addresses = [values.host(pl.col(column[path]).str.strip_chars(SPACE)) for path in dialect.addresses]
    return [
        pl.coalesce(first(dialect.stamp)).alias("stamp"),
        pl.coalesce(first(dialect.status)).alias("status"),
        pl.coalesce(first(dialect.duration)).alias("duration"),
        pl.coalesce(first(dialect.method, [method for method, _ in requests])).alias("method"),
        pl.coalesce(first(dialect.endpoint, [target for _, target in requests])).alias("endpoint"),
        pl.coalesce(first(dialect.ip, addresses)).alias("ip"),
        pl.coalesce(first(dialect.user_agent)).alias("user_agent"),
    ]
