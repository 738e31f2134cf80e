"""Access log lines → exchanges, or the reason why not: JSON of several dialects, common and combined log format.

Pure, like `formats`: lazy frames in and out, a log's common form by streaming expressions, all else by `classify`.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial

import msgspec
import polars as pl

from logcorr import clf, clock, timestamps
from logcorr.dialects import DIALECTS, FORMS, JSON_FORMS, TEXTS, Clock, Dialect
from logcorr.formats import BOM, LINE_SCHEMA, SPACE, few
from logcorr.jsonlines import Paths
from logcorr.model import Log
from logcorr.scanned import scanned
from logcorr.templates import Template
from logcorr.timestamps import CommonForm

_PLAIN_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?$"
_UNIX_STAMP = r"^-?[0-9]{1,12}(?:\.[0-9]+)?$"
_FIRST_US, _AFTER_LAST_US = -62_135_596_800_000_000, 253_402_300_800_000_000
_MICRO_DIGITS = 6
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID_SEGMENT = rf"^(?:[0-9]+|[0-9a-fA-F]*[0-9][0-9a-fA-F]*|{_UUID})$"
_LEAST_HEX = 8
# Of numbers written out plainly.
_MOST_DIGITS = 100
# In µs; over 285 years is no duration.
_BEYOND = 1 << 53
# Below the first, in µs, a float tells for certain on which side of a tie a duration is; but not within the second.
_SURE_US, _NEAR_TIE = 1 << 40, 1e-3

_ENTRY = pl.Schema(
    {
        "time": pl.Int64,
        "duration_us": pl.Int64,
        "status_code": pl.Int16,
        **dict.fromkeys(TEXTS, pl.String),
        "row": pl.UInt32,
    }
)


class AccessFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One of FORMS; `common` is the log's usual form of timestamps, where those are of the pair logs' grammar."""

    name: str
    stamps: CommonForm
    template: Template | None = None
    collapse_ids: bool = False

    @property
    def side(self) -> Log:
        """What the lines are of."""
        return "access"

    @property
    def schema(self) -> pl.Schema:
        """An exchange: time and duration_us (Int64, µs), status_code, method, endpoint, ip, user_agent, row."""
        return _ENTRY

    def parted(self, text: bytes, wrong: list[int], first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """The exchanges among the lines of the log's common form, and the other lines."""
        names = self.schema.names()
        lines = self.common(scanned(text, wrong, first_row)).select(*names, "common", "line", "refused")
        read = lines.collect(engine="streaming")
        common = read.get_column("common")
        if common.all():
            return read.select(names), None
        return read.filter(common).select(names), read.filter(~common).select(LINE_SCHEMA.names())

    def common(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """Lines with the columns of an exchange; `common` says the line surely is one."""
        if self.name not in JSON_FORMS:
            raw = clf.parts(lines).with_columns(sure=pl.col("stamp").is_not_null() & pl.col("refused").is_null())
        else:
            raw = self._decoded(lines)
        read = self._read(raw, quick=True)
        duration = pl.col("duration")
        sound = (
            pl.col("sure")
            & pl.col("time").is_not_null()
            & pl.col("status_code").is_not_null()
            & (pl.col("duration_us").is_not_null() | duration.is_null() | (duration == "-"))
            & ~_blank_ends()
        )
        return read.with_columns(common=sound.fill_null(value=False))

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Every line (LINE_SCHEMA) with `valid`, the columns of an exchange, and the `reason` where it is none."""
        if self.name in JSON_FORMS:
            dialect, paths = _dialect(self.name)
            texts, sound = paths.careful(lines["line"])
            raw = lines.hstack(texts).with_columns(sound.alias("sound")).lazy().with_columns(_raw(dialect, paths))
            unread = "json"
        else:
            raw = clf.parts(lines.lazy()).with_columns(sound=pl.col("stamp").is_not_null())
            unread = "fields"
        reason = (
            pl.when(pl.col("blank"))
            .then(None)
            .when(pl.col("refused").is_not_null())
            .then(pl.col("refused"))
            .when(~pl.col("sound"))
            .then(pl.lit(unread))
            .when(pl.col("time").is_null())
            .then(pl.lit("timestamp"))
            .when(pl.col("status_code").is_null())
            .then(pl.lit("status_code"))
        )
        blank = (pl.col("line").str.strip_chars(SPACE) == "").alias("blank")
        read = self._read(raw, quick=False).with_columns(blank)
        found = read.with_columns(reason.cast(pl.String).alias("reason"))
        return found.with_columns(valid=pl.col("reason").is_null() & ~pl.col("blank")).collect(engine="in-memory")

    def first_line(self, text: str) -> str | None:
        """The first line of a file without its BOM; access logs have no header."""
        return text.removeprefix(BOM)

    def _decoded(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """JSON lines with what they say as text, in columns of their own; `sure` where nothing is in doubt."""
        dialect, paths = _dialect(self.name)
        if self.template is None:
            cut = lines.with_columns(*(pl.lit(None, pl.String).alias(name) for name in paths.columns), fits=False)
        else:
            cut = self.template.cut(lines, dict(zip(dialect.paths, paths.columns, strict=True)))

        def decode(morsel: pl.DataFrame) -> pl.DataFrame:
            fits = morsel.get_column("fits")
            if few(fits.len() - int(fits.sum()), fits.len()):
                return morsel
            rest = morsel.filter(~fits)
            return pl.concat([morsel.filter(fits), rest.update(paths.decoded(rest.get_column("line")), how="left")])

        sure = (pl.col("fits") & pl.col("refused").is_null()).alias("sure")
        return cut.map_batches(decode, streamable=True).with_columns(sure, *_raw(dialect, paths))

    def _read(self, raw: pl.LazyFrame, *, quick: bool) -> pl.LazyFrame:
        """Texts → values: instants in µs, durations in µs, status, and texts with null for nothing."""
        dialect = DIALECTS.get(self.name)
        clocks: tuple[Clock, ...] = dialect.clocks if dialect else ("clf",)
        stamp = pl.col("stamp") if quick else pl.col("stamp").str.strip_chars(SPACE)
        instants = [_CLOCKS[clock](stamp) for clock in clocks if clock != "text"]
        if "text" in clocks:
            instants.insert(0, timestamps.fast(stamp, self.stamps) if quick else _careful(stamp))
        path = _value("endpoint", quick=quick).str.splitn("?", 2).struct.field("field_0")
        path = pl.when(path != "").then(path)
        return raw.with_columns(
            pl.coalesce(instants).alias("time"),
            _duration(dialect.microseconds if dialect else 0, quick=quick).alias("duration_us"),
            _status(quick=quick).alias("status_code"),
            _value("method", quick=quick).alias("method"),
            (_collapsed(path) if self.collapse_ids else path).alias("endpoint"),
            _value("ip", quick=quick).alias("ip"),
            _value("user_agent", quick=quick).alias("user_agent"),
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
        texts, _ = paths.careful(samples)
        stamps = texts.select(_raw(dialect, paths))["stamp"].drop_nulls().str.strip_chars(SPACE).to_list()
    return AccessFormat(
        name=name,
        stamps=timestamps.common_form(stamps),
        template=Template.of(samples) if name in JSON_FORMS else None,
        collapse_ids=collapse_ids,
    )


def _agents(lines: pl.DataFrame) -> bool:
    return bool(clf.parts(lines.lazy()).select(pl.col("agent").is_not_null().any()).collect().item())


def _dialect(name: str) -> tuple[Dialect, Paths]:
    dialect = DIALECTS[name]
    clocks = dialect.stamp if "unix" in dialect.clocks else ()
    return dialect, Paths(dialect.paths, dialect.numeric, frozenset(clocks))


def _raw(dialect: Dialect, paths: Paths) -> list[pl.Expr]:
    """stamp, status, duration, and the texts, of the columns at paths."""
    column = dict(zip(dialect.paths, paths.columns, strict=True))

    def first(group: tuple[tuple[str, ...], ...]) -> list[pl.Expr]:
        places = [pl.col(column[path]) for path in group]
        # Of several places the first that holds a value counts.
        return places if len(places) == 1 else [pl.when(_held(place)).then(place) for place in places]

    requests = [clf.request(pl.col(column[path])) for path in dialect.request]
    addresses = [_host(pl.col(column[path]).str.strip_chars(SPACE)) for path in dialect.addresses]
    return [
        pl.coalesce(first(dialect.stamp)).alias("stamp"),
        pl.coalesce(first(dialect.status)).alias("status"),
        pl.coalesce(first(dialect.duration)).alias("duration"),
        pl.coalesce([*first(dialect.method), *(method for method, _ in requests)]).alias("method"),
        pl.coalesce([*first(dialect.endpoint), *(target for _, target in requests)]).alias("endpoint"),
        pl.coalesce([*first(dialect.ip), *addresses]).alias("ip"),
        pl.coalesce(first(dialect.user_agent)).alias("user_agent"),
    ]


def _host(address: pl.Expr) -> pl.Expr:
    """An address without its port, and without the brackets that a port makes necessary."""
    bare = address.str.extract(r"^\[([^\]]*)\](?::[0-9]*)?$")
    return pl.coalesce(bare, address.str.extract(r"^([^:]*):[0-9]*$"), address)


def _held(text: pl.Expr) -> pl.Expr:
    """Whether a text says anything: not that it is null, empty, blank or `-`."""
    return (~text.str.strip_chars(SPACE).is_in(["", "-"])).fill_null(value=False)


def _blank_ends() -> pl.Expr:
    """Whether a text has blanks around: quicker to see than to take off, which copies every text."""
    texts = [pl.col(name) for name in (*TEXTS, "duration")]
    # A blank sorts before everything that is to be seen.
    found = ((text < pl.lit("!")) | text.str.ends_with(" ") | text.str.ends_with("\t") for text in texts)
    return pl.any_horizontal(found).fill_null(value=False)


def _value(name: str, *, quick: bool) -> pl.Expr:
    """A text column without blanks around (`quick` trusts that there are none), null where that is empty or `-`."""
    text = pl.col(name) if quick else pl.col(name).str.strip_chars(SPACE)
    return pl.when((text != "") & (text != "-")).then(text)


def _status(*, quick: bool) -> pl.Expr:
    """The column `status` as a number of one to three digits."""
    text = pl.col("status") if quick else pl.col("status").str.strip_chars(SPACE)
    number = text.str.to_integer(strict=False, dtype=pl.Int16)
    # A sign is the one thing that to_integer takes and a status code does not; it sorts before the digits.
    return pl.when((text.str.len_bytes() <= 3) & (text >= pl.lit("0"))).then(number)


def _duration(microseconds: int, *, quick: bool) -> pl.Expr:
    """The column `duration`, in units of 10^microseconds µs, as whole µs; a tie goes to the even one.

    What is no plain decimal number is null, and `quick` only tells what a float is sure to get right.
    """
    text = pl.col("duration") if quick else pl.col("duration").str.strip_chars(SPACE)
    plain = pl.when(text.str.contains(_PLAIN_NUMBER)).then(text)
    if not quick:
        return plain.map_batches(partial(_exact, microseconds), return_dtype=pl.Int64, is_elementwise=True)
    number = plain.cast(pl.Float64, strict=False) * 10.0**microseconds
    sure = (number.abs() < _SURE_US) & ((number - number.floor() - 0.5).abs() > _NEAR_TIE)
    return pl.when(sure).then(number.round()).cast(pl.Int64, strict=False)


def _exact(microseconds: int, numbers: pl.Series) -> pl.Series:
    """Decimal numbers as text, times 10^microseconds, as integers; null from _BEYOND."""
    found: list[int | None] = []
    for text in numbers:
        value = None if text is None or len(text) > _MOST_DIGITS else Decimal(text).scaleb(microseconds)
        within = value is not None and abs(value) < _BEYOND
        found.append(int(value.to_integral_value(ROUND_HALF_EVEN)) if value is not None and within else None)
    return pl.Series(found, dtype=pl.Int64)


def _collapsed(path: pl.Expr) -> pl.Expr:
    """Paths with `*` for each segment that is an id: digits, hex of eight digits or more with a digit in it, a UUID."""
    segment = pl.element()
    is_id = segment.str.contains(_ID_SEGMENT) & (
        segment.str.contains("^[0-9]+$") | (segment.str.len_bytes() >= _LEAST_HEX)
    )
    return path.str.split("/").list.eval(pl.when(is_id).then(pl.lit("*")).otherwise(segment)).list.join("/")


def _careful(stamp: pl.Expr) -> pl.Expr:
    return stamp.map_batches(timestamps.careful, return_dtype=pl.Int64, is_elementwise=True)


def _from_unix(stamp: pl.Expr) -> pl.Expr:
    """Seconds since 1970 within the years of the grammar, cut to the microsecond: towards the past, before 1970 too."""
    sound = pl.when(stamp.str.contains(_UNIX_STAMP)).then(stamp)
    whole, fraction = (sound.str.splitn(".", 2).struct.field(f"field_{part}") for part in (0, 1))
    digits = fraction.fill_null("").str.pad_end(_MICRO_DIGITS, "0")
    micros = digits.str.head(_MICRO_DIGITS).str.to_integer(strict=False, dtype=pl.Int64)
    more = digits.str.slice(_MICRO_DIGITS).str.contains("[1-9]").cast(pl.Int64)
    seconds = whole.str.to_integer(strict=False, dtype=pl.Int64) * clock.SECOND_US
    found = pl.when(stamp.str.starts_with("-")).then(seconds - micros - more).otherwise(seconds + micros)
    return pl.when((found >= _FIRST_US) & (found < _AFTER_LAST_US)).then(found)


_CLOCKS = {"clf": clf.instants, "unix": _from_unix}
