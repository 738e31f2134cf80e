"""Texts of durations, in the units that a profile can name → whole µs.

A tie between two µs goes to the even number, as IEEE arithmetic rounds. A comma is a thousands separator (`1,017`).
A list, as proxies write it for several upstreams (`0.001, 0.210` and `0.001 : 0.210`), is the sum of its numbers.
"""

import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import reduce

import polars as pl

from logcorr.formats.profile import Unit

# The power of ten by which a number of a unit becomes µs.
POWERS: dict[str, int] = {"s": 6, "ms": 3, "us": 0, "ns": -3}
_PLAIN = r"^[+-]?[0-9]+(?:\.[0-9]+)?$"
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?|[+-]?\.[0-9]+")
_LIST = re.compile(r"\s*,\s+|\s+[:;]\s+")
_GO_PART = re.compile(r"([0-9]*\.?[0-9]+)(h|ms|m|s|us|µs|μs|ns)")
_GO_POWERS = {"h": 3600, "m": 60, "s": 1}
_TIMEDELTA = re.compile(r"(?:(-?[0-9]+) days?, )?([0-9]{1,4}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?")
_SURE_US, _NEAR_TIE = 1 << 40, 1e-3
# A duration is under 285 years: sums of many durations stay within 64 bits.
_BEYOND_US = 1 << 53
_MOST_DIGITS = 100


def micros(texts: pl.Series, unit: Unit) -> pl.Series:
    """Durations (Int64, µs) of texts (String) in a unit; null for a text that is no duration of this unit."""
    if unit == "go":
        return _by_distinct(texts, _go)
    if unit == "timedelta":
        return _by_distinct(texts, _timedelta)
    power = POWERS[unit]
    frame = texts.rename("text").to_frame()
    text = pl.col("text")
    number = pl.when(text.str.contains(_PLAIN)).then(text).cast(pl.Float64, strict=False) * 10.0**power
    # A float rounds right where it is small, and no tie is near.
    sure = (number.abs() < _SURE_US) & ((number - number.floor() - 0.5).abs() > _NEAR_TIE)
    quick = frame.select(pl.when(sure).then(number.round()).cast(pl.Int64, strict=False)).to_series()
    left = (quick.is_null() & texts.is_not_null()).arg_true()
    if not left.len():
        return quick
    return quick.scatter(left, _by_distinct(texts.gather(left), lambda one: _number_or_list(one, power)))


def sum_of(parts: list[pl.Series]) -> pl.Series:
    """The sums of durations (Int64, µs), row by row; null where one of them is null or negative."""
    positive = [part.set((part < 0).fill_null(value=False), None) for part in parts]
    return reduce(operator.add, positive)


def _by_distinct(texts: pl.Series, read: Callable[[str], int | None]) -> pl.Series:
    known = {text: read(text) for text in texts.unique().drop_nulls()}
    return texts.replace_strict(known, default=None, return_dtype=pl.Int64)


def _rounded(value: Decimal) -> int | None:
    return int(value.to_integral_value(ROUND_HALF_EVEN)) if abs(value) < _BEYOND_US else None


def _decimal(text: str) -> Decimal | None:
    bare = text.strip()
    if len(bare) > _MOST_DIGITS or not _NUMBER.fullmatch(bare):
        return None
    return Decimal(bare.replace(",", ""))


def _number_or_list(text: str, power: int) -> int | None:
    """A number, or the sum of a list of numbers; members that are `-` do not count, unless all are."""
    members = [part for part in _LIST.split(text.strip()) if part != "-"]
    numbers = [_decimal(part) for part in members]
    if not numbers or any(number is None for number in numbers):
        return None
    return _rounded(sum((number for number in numbers if number is not None), Decimal(0)).scaleb(power))


def _go(text: str) -> int | None:
    """A duration as Go writes it: `1m2.5s`, `46.457µs`, `0s`, `0`."""
    bare = text.strip()
    sign, body = (-1, bare[1:]) if bare.startswith("-") else (1, bare)
    if body == "0":
        return 0
    parts = _GO_PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        return None
    total = Decimal(0)
    for number, unit in parts:
        value = Decimal(number)
        total += value * _GO_POWERS[unit] * 1_000_000 if unit in _GO_POWERS else value.scaleb(_go_power(unit))
    return _rounded(sign * total)


def _go_power(unit: str) -> int:
    return {"ms": 3, "ns": -3}.get(unit, 0)


def _timedelta(text: str) -> int | None:
    """A duration as Python writes a timedelta: `0:00:00.002269`, `1 day, 2:03:04`, `-1 day, 23:59:59.5`."""
    part = _TIMEDELTA.fullmatch(text.strip())
    if part is None or int(part[3]) > 59 or int(part[4]) > 59:
        return None
    seconds = int(part[1] or 0) * 86_400 + int(part[2]) * 3600 + int(part[3]) * 60 + int(part[4])
    return _rounded(Decimal(seconds).scaleb(6) + Decimal((part[5] or "0").ljust(9, "0")).scaleb(-3))
