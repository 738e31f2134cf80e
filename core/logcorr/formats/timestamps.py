"""Texts of timestamps → µs since 1970 UTC: a fast path for the common form of a log, a careful path for all forms.

The grammar is strict: a text that it does not allow becomes null, never a guess.
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
# A common form has the years 1000 to 2999 only: there chrono, the parser of polars, agrees with the grammar.
_COMMON = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([T ])[0-9]{2}:[0-5][0-9]:[0-5][0-9](?:\.([0-9]{1,9}))?([Zz]|[+-][0-9:]{2,5}|)"
)
_SECONDS_WIDTH = 19
_YEAR_2000_US = 946_684_800_000_000
MICRO_DIGITS = 6


class CommonForm(msgspec.Struct, frozen=True):
    """The form of most timestamps of a log.

    `separator` stands between date and time, `digits` is the number of decimals of a second, `zone` is the text of the
    zone, and `zone_us` is what the zone adds to UTC, in µs.
    """

    separator: str = "T"
    digits: int = 3
    zone: str = "Z"
    zone_us: int = 0


def common_form(samples: list[str]) -> CommonForm:
    """The form of most of the sampled texts; `…T….000Z` if no text is a timestamp."""
    matches = [match for text in samples if (match := _COMMON.fullmatch(text))]
    for (separator, digits, zone), _ in Counter((m[1], len(m[2] or ""), m[3]) for m in matches).most_common():
        shift_us = _zone_us(zone)
        if shift_us is not None:
            return CommonForm(separator, digits, zone, shift_us)
    return CommonForm()


@lru_cache(maxsize=16)
def _zone_us(zone: str) -> int | None:
    """What a zone adds to UTC, in µs; None if the text is no zone. It is cached, as the query is slow."""
    instant = careful(pl.Series([f"2000-01-01T00:00:00{zone}"])).item()
    return None if instant is None else _YEAR_2000_US - instant


def fast(text: pl.Expr, form: CommonForm) -> pl.Expr:
    """Instants (Int64, µs) of the texts of the common form; null for every other text, also for other timestamps."""
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
        kept = min(form.digits, MICRO_DIGITS)
        digits = text.str.slice(_SECONDS_WIDTH + 1, kept).str.to_integer(strict=False, dtype=pl.Int64)
        instant = instant + digits * 10 ** (MICRO_DIGITS - kept)
    return pl.when(text.str.contains(shape)).then(instant)


def careful(text: pl.Series) -> pl.Series:
    """Instants (Int64, µs) of timestamps in any allowed form; null for a text that is no timestamp."""
    column = pl.col("text")
    part = column.str.extract_groups(_GRAMMAR).struct
    date, clock, fraction = part.field("1"), part.field("2"), part.field("3")
    sign, hours, minutes = part.field("4"), part.field("5"), part.field("6")
    seconds = pl.concat_str([date, clock], separator="T").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False
    )
    micros = fraction.fill_null("0").str.pad_end(MICRO_DIGITS, "0").str.head(MICRO_DIGITS).str.to_integer()
    hour, minute = (unit.fill_null("0").str.to_integer(dtype=pl.Int64) for unit in (hours, minutes))
    shift = (hour * 3600 + minute * 60) * 1_000_000
    instant = seconds.to_physical() + micros - pl.when(sign == "-").then(-shift).otherwise(shift)
    real = (hour < 24) & (minute < 60) & ~date.str.starts_with("0000")
    return pl.select(pl.lit(text.rename("text"))).select(pl.when(real).then(instant).alias("time")).to_series()
