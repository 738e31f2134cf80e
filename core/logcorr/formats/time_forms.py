"""Texts of timestamps in the forms that a profile can name → instants in µs since 1970 UTC.

A stamp is read in two steps. The first step gives the clock as it is written, and what the stamp says of its zone. The
second step takes the clock to UTC, by the zone of the stamp or else by the zone of the profile. Logs whose stamps have
no date get their date between the two steps: see `log_clock`.
"""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np
import polars as pl

from logcorr.formats import timestamps
from logcorr.formats.timestamps import MICRO_DIGITS
from logcorr.text.zones import local_zone

EPOCHS = {"epoch_s": 6, "epoch_ms": 3, "epoch_us": 0, "epoch_ns": -3}
HEX_EPOCH = "epoch_hex_s_ns"
RFC3339 = "rfc3339"
DAY_US = 86_400_000_000
# The year of clocks that tell none until theirs is known: one that has a 29th of February.
_ANY_YEAR = 1972
FIRST_US, AFTER_LAST_US = -62_135_596_800_000_000, 253_402_300_800_000_000

_RFC3339 = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-5][0-9]:[0-5][0-9])(?:[.,]([0-9]{1,9}))?"
    r"( ?(?:[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?$"
)
_EPOCH = r"^(-?)([0-9]{1,19})(?:\.([0-9]*))?$"
_LONG_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]*|(?:\.[0-9]+)?[eE][-+]?[0-9]{1,3})?")
_HEX = r"^([0-9a-fA-F]{1,12})\.([0-9a-fA-F]{1,8})$"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PATTERNS = {
    "Y": "(?P<Y>[0-9]{4})",
    "y": "(?P<y>[0-9]{2})",
    "m": "(?P<m>[0-9]{2})",
    "d": "(?P<d>[0-9 ][0-9])",
    "b": f"(?P<b>{'|'.join(_MONTHS)})",
    "a": "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "H": "(?P<H>[0-9]{2})",
    "I": "(?P<I>[0-9]{2})",
    "p": "(?P<p>AM|PM|am|pm)",
    "M": "(?P<M>[0-5][0-9])",
    "S": "(?P<S>[0-5][0-9])",
    "f": "(?P<f>[0-9]{1,9})",
    "z": "(?P<z>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%": "%",
}
DIRECTIVES = frozenset(_PATTERNS)
Lacks = Literal["", "year", "date"]


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """Clocks as stamps write them: µs since 1970 (Int64, null for what is no stamp), and the zone of each stamp.

    `shift` is what the zone of a stamp adds to UTC, in µs; null where the stamp names no zone. A `shift` of None says
    that every clock is in UTC.
    """

    clock: pl.Series
    shift: pl.Series | None

    @property
    def shifts(self) -> pl.Series:
        """`shift` as a column."""
        return zeros(self.clock.len()) if self.shift is None else self.shift


def lacks(form: str) -> Lacks:
    """What the stamps of a form do not tell: the date, the year, or nothing."""
    if "%" not in form:
        return ""
    used = set(re.findall(r"%(.)", form))
    if not used & {"d"}:
        return "date"
    return "" if used & {"Y", "y"} else "year"


def clocks(texts: pl.Series, form: str) -> Clocks:
    """The clocks of texts (String) in a form. A form without a date has 1970-01-01, one without a year has 1972."""
    texts = texts.rename("text")
    if form == RFC3339:
        return _rfc3339(texts)
    if form in EPOCHS:
        return _utc(_epoch(texts, EPOCHS[form]))
    if form == HEX_EPOCH:
        return _utc(_hex_epoch(texts))
    return _pattern(texts, form)


def to_utc(read: Clocks, zone: str) -> tuple[pl.Series, int]:
    """Clocks as instants (Int64, µs, UTC; null outside of the years 1 to 9999), and how many were in a doubled hour.

    `zone` is of stamps that name none: "Z", an offset, an IANA name, or "local". Of an hour that a zone has twice, the
    first is taken. A clock that a zone leaves out is null.
    """
    if read.shift is None:
        return _in_range(read.clock), 0
    own = read.clock - read.shift
    offset = fixed_offset_us(zone)
    if offset is not None or not (read.shift.is_null() & read.clock.is_not_null()).any():
        return _in_range(own.zip_with(read.shift.is_not_null(), read.clock - (offset or 0))), 0
    name = local_zone() if zone == "local" else zone
    naive = read.clock.set(read.shift.is_not_null(), None).cast(pl.Datetime("us"))
    first, last = (
        naive.dt.replace_time_zone(name, ambiguous=which, non_existent="null").dt.convert_time_zone("UTC").to_physical()
        for which in ("earliest", "latest")
    )
    doubled = int((first != last).fill_null(value=False).sum())
    return _in_range(own.zip_with(read.shift.is_not_null(), first)), doubled


@lru_cache(maxsize=64)
def fixed_offset_us(zone: str) -> int | None:
    """What a zone of a fixed offset adds to UTC, in µs; None for "local" and for a name."""
    if zone in ("Z", "z", "UTC", "GMT"):
        return 0
    part = re.fullmatch(r"([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?", zone)
    if part is None:
        return None
    minutes = int(part[2]) * 60 + int(part[3] or 0)
    return (-minutes if part[1] == "-" else minutes) * 60_000_000


def zeros(count: int) -> pl.Series:
    """A column (Int64) of zeros."""
    return pl.Series(np.zeros(count, np.int64))


def _in_range(times: pl.Series) -> pl.Series:
    low, high = times.min(), times.max()
    if not isinstance(low, int) or not isinstance(high, int) or (low >= FIRST_US and high < AFTER_LAST_US):
        return times
    return times.set((times < FIRST_US) | (times >= AFTER_LAST_US), None)


def _utc(clock: pl.Series) -> Clocks:
    return Clocks(clock=clock, shift=None)


def _rfc3339(texts: pl.Series) -> Clocks:
    samples = [text for text in texts.head(16) if text is not None]
    form = timestamps.common_form(samples)
    quick = texts.to_frame().select(timestamps.fast(pl.col("text"), form)).to_series()
    named = bool(form.zone)
    shift = pl.repeat(form.zone_us if named else None, texts.len(), dtype=pl.Int64, eager=True)
    read = Clocks(clock=quick + form.zone_us, shift=shift)
    left = quick.is_null() & texts.is_not_null()
    if not left.any():
        return read
    rows = left.arg_true()
    slow = _careful_rfc3339(texts.gather(rows))
    return Clocks(clock=read.clock.scatter(rows, slow.clock), shift=read.shifts.scatter(rows, slow.shifts))


def _careful_rfc3339(texts: pl.Series) -> Clocks:
    part = pl.col("text").str.extract_groups(_RFC3339).struct
    date = part.field("1")
    seconds = pl.concat_str([date, part.field("2")], separator="T").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
    )
    whole = pl.when(~date.str.starts_with("0000")).then(seconds.to_physical())
    frame = texts.to_frame().select(
        clock=whole + _micros(part.field("3").fill_null("")), zone=part.field("4").str.strip_chars(" ")
    )
    return _with_zone(frame)


def _with_zone(frame: pl.DataFrame) -> Clocks:
    """Clocks of columns `clock` and `zone` (text, or null). A zone that is none makes the clock null."""
    zones = frame["zone"].unique().drop_nulls()
    known = {zone: fixed_offset_us(zone) for zone in zones}
    shift = frame["zone"].replace_strict(known, default=None, return_dtype=pl.Int64)
    wrong = shift.is_null() & frame["zone"].is_not_null()
    return Clocks(clock=frame["clock"].set(wrong, None) if wrong.any() else frame["clock"], shift=shift)


def _micros(digits: pl.Expr) -> pl.Expr:
    """The digits of a fraction of a second as µs; further digits are cut off."""
    return digits.str.pad_end(MICRO_DIGITS, "0").str.head(MICRO_DIGITS).str.to_integer(strict=False, dtype=pl.Int64)


def _epoch(texts: pl.Series, power: int) -> pl.Series:
    """Numbers times 10^power as whole µs, rounded down."""
    part = pl.col("text").str.strip_chars(" \t").str.extract_groups(_EPOCH).struct
    fraction = part.field("3").fill_null("")
    whole = part.field("2").str.to_integer(strict=False, dtype=pl.Int64)
    if power >= 0:
        kept = fraction.str.pad_end(power, "0").str.head(power) if power else pl.lit("0")
        # Numbers beyond these limits lie outside of the years 1 to 9999, and must not overflow.
        bounded = pl.when(whole.abs() < 10**18 // 10**power).then(whole)
        magnitude = bounded * 10**power + kept.str.to_integer(strict=False, dtype=pl.Int64)
        more = fraction.str.slice(power).str.contains("[1-9]")
    else:
        magnitude = whole // 10**-power
        more = (whole % 10**-power != 0) | fraction.str.contains("[1-9]")
    negative = part.field("1") == "-"
    micros = pl.when(negative).then(-magnitude - more.cast(pl.Int64)).otherwise(magnitude)
    read = texts.to_frame().select(micros.alias("text")).to_series()
    left = (read.is_null() & texts.is_not_null()).arg_true()
    if left.len():
        read = read.scatter(left, pl.Series([_by_decimal(text, power) for text in texts.gather(left)], dtype=pl.Int64))
    return read


def _by_decimal(text: str, power: int) -> int | None:
    """A long number, or one with an exponent, times 10^power, rounded down; None for other texts and beyond 10^18."""
    if not _LONG_NUMBER.fullmatch(text.strip(" \t")):
        return None
    try:
        value = Decimal(text.strip(" \t")).scaleb(power)
    except InvalidOperation:
        return None
    return int(value // 1) - (value < 0 and value != value // 1) if abs(value) < 10**18 else None


def _hex_epoch(texts: pl.Series) -> pl.Series:
    part = pl.col("text").str.extract_groups(_HEX).struct
    seconds, nanos = (part.field(name).str.to_integer(base=16, strict=False, dtype=pl.Int64) for name in ("1", "2"))
    real = (seconds < AFTER_LAST_US // 1_000_000) & (nanos < 1_000_000_000)
    instant = pl.when(real).then(seconds * 1_000_000 + nanos // 1000)
    return texts.to_frame().select(instant.alias("text")).to_series()


@lru_cache(maxsize=64)
def pattern_of(form: str) -> str:
    """The pattern of a form with `%`, with a named group for each directive."""
    parts = re.split(r"(%.)", form)
    texts = [_PATTERNS[part[1]] if part.startswith("%") and len(part) > 1 else re.escape(part) for part in parts]
    return f"^{''.join(texts)}$"


def _pattern(texts: pl.Series, form: str) -> Clocks:
    used = set(re.findall(r"%(.)", form))
    if form.startswith("%d"):
        # The blank that stood for the first digit of the day went with the blanks around the text.
        texts = texts.str.replace("^([0-9][^0-9])", " $1")
    part = pl.col("text").str.extract_groups(pattern_of(form)).struct

    def number(name: str, default: int) -> pl.Expr:
        text = part.field(name).str.strip_chars(" ") if name in used else pl.lit(str(default))
        return text.str.to_integer(strict=False, dtype=pl.Int32)

    month = number("m", 1)
    if "b" in used:
        names = {name: number for number, name in enumerate(_MONTHS, 1)}
        month = part.field("b").replace_strict(names, default=None, return_dtype=pl.Int32)
    year = number("Y", _ANY_YEAR if "d" in used else 1970)
    if "y" in used and "Y" not in used:
        year = number("y", 70) + 2000
    hour = number("H", 0)
    if "I" in used:
        twelve = number("I", 12)
        late = part.field("p").str.to_lowercase() == "pm" if "p" in used else pl.lit(value=False)
        hour = pl.when(twelve.is_between(1, 12)).then(twelve % 12 + pl.when(late).then(12).otherwise(0))
    fields = [year, month, number("d", 1), hour, number("M", 0), number("S", 0)]
    widths = (4, 2, 2, 2, 2, 2)
    padded = [field.cast(pl.String).str.zfill(width) for field, width in zip(fields, widths, strict=True)]
    stamp = pl.concat_str(padded, separator=" ").str.to_datetime("%Y %m %d %H %M %S", time_unit="us", strict=False)
    matched = part.field(next(iter(sorted(used & set("YymdbHIMS"))), "1")).is_not_null()
    micros = _micros(part.field("f")) if "f" in used else pl.lit(0, pl.Int64)
    clock = pl.when(matched & (year > 0)).then(stamp.to_physical() + micros)
    zone = part.field("z") if "z" in used else pl.lit(None, pl.String)
    return _with_zone(texts.to_frame().select(clock=clock, zone=zone))
