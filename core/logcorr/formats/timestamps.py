"""Timestamp text → microseconds since 1970 UTC: a fast path for a log's common form, a careful path for all others.

Pure: expressions and series in and out. The grammar is strict; what it does not allow is null, never a guess.
"""

import re
from collections import Counter
from functools import lru_cache

import msgspec
import polars as pl

_GRAMMAR = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-5][0-9]:[0-5][0-9])"
    r"(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?$"
)
# The years of a common form are those in which chrono and the grammar cannot differ.
_COMMON = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([T ])[0-9]{2}:[0-5][0-9]:[0-5][0-9](?:\.([0-9]{1,9}))?([Zz]|[+-][0-9:]{2,5}|)"
)
_SECONDS_WIDTH = 19
_YEAR_2000_US = 946_684_800_000_000
_MICRO_DIGITS = 6


class CommonForm(msgspec.Struct, frozen=True):
    """The form most timestamps of a log have: separator, digits of the fraction, zone text and its shift in µs."""

    separator: str = "T"
    digits: int = 3
    zone: str = "Z"
    zone_us: int = 0


def common_form(samples: list[str]) -> CommonForm:
    """The form that most of the sampled timestamp texts share; the usual `…T….000Z` where none is a timestamp."""
    matches = [match for text in samples if (match := _COMMON.fullmatch(text))]
    for (separator, digits, zone), _ in Counter((m[1], len(m[2] or ""), m[3]) for m in matches).most_common():
        shift_us = _zone_us(zone)
        if shift_us is not None:
            return CommonForm(separator, digits, zone, shift_us)
    return CommonForm()


@lru_cache(maxsize=16)
def _zone_us(zone: str) -> int | None:
    """What a zone adds to UTC; None where the text is none. Logs name few, and a query for each is slow."""
    instant = careful(pl.Series([f"2000-01-01T00:00:00{zone}"])).item()
    return None if instant is None else _YEAR_2000_US - instant


def fast(text: pl.Expr, form: CommonForm) -> pl.Expr:
    """Instants (Int64, µs) of the texts that have the common form; null for every other text, valid or not."""
    fraction = rf"\.[0-9]{{{form.digits}}}" if form.digits else ""
    shape = (
        rf"^[12][0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}{form.separator}[0-9]{{2}}:[0-5][0-9]:[0-5][0-9]"
        rf"{fraction}{re.escape(form.zone)}$"
    )
    seconds = text.str.head(_SECONDS_WIDTH).str.to_datetime(
        f"%Y-%m-%d{form.separator}%H:%M:%S", time_unit="us", strict=False, cache=True
    )
    instant = seconds.to_physical() - form.zone_us
    if form.digits:
        kept = min(form.digits, _MICRO_DIGITS)
        digits = text.str.slice(_SECONDS_WIDTH + 1, kept).str.to_integer(strict=False, dtype=pl.Int64)
        instant = instant + digits * 10 ** (_MICRO_DIGITS - kept)
    return pl.when(text.str.contains(shape)).then(instant)


def careful(text: pl.Series) -> pl.Series:
    """Instants (Int64, µs) of timestamp texts in any allowed form; null where the text is not a timestamp."""
    column = pl.col("text")
    part = column.str.extract_groups(_GRAMMAR).struct
    date, clock, fraction = part.field("1"), part.field("2"), part.field("3")
    sign, hours, minutes = part.field("4"), part.field("5"), part.field("6")
    seconds = pl.concat_str([date, clock], separator="T").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
    )
    micros = fraction.fill_null("0").str.pad_end(_MICRO_DIGITS, "0").str.head(_MICRO_DIGITS).str.to_integer()
    hour, minute = (unit.fill_null("0").str.to_integer(dtype=pl.Int64) for unit in (hours, minutes))
    shift = (hour * 3600 + minute * 60) * 1_000_000
    instant = seconds.to_physical() + micros - pl.when(sign == "-").then(-shift).otherwise(shift)
    real = (hour < 24) & (minute < 60) & ~date.str.starts_with("0000")
    return pl.select(pl.lit(text.rename("text"))).select(pl.when(real).then(instant).alias("time")).to_series()
