"""The values of a filter: what a written value means for a column of some kind."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta, tzinfo

import msgspec
import polars as pl

from logcorr.query.filter_expressions import Sign, Term
from logcorr.query.filter_names import STATUS, TRUTH
from logcorr.text.instants import EPOCH, NAMES_ZONE, SECOND_US, time_range
from logcorr.text.quantities import duration_us

STATUS_CLASS = re.compile(r"([1-9])[xX]{2}", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class FilteredRows(msgspec.Struct, frozen=True):
    """What is known of the rows that are filtered."""

    schema: Mapping[str, pl.DataType]
    day: date | None
    files: Mapping[str, Sequence[str]]
    zone: tzinfo


def with_value(term: Term, value: str, rows: FilteredRows) -> Term:
    """A term with what its value means. Raises UsageError, ValueError or OverflowError where it means nothing."""
    kind = term.kind
    if kind == "number":
        status_class = STATUS_CLASS.fullmatch(value) if term.columns == STATUS else None
        if status_class:
            first = int(status_class[1]) * 100
            return msgspec.structs.replace(term, value=first, until=first + 100)
        return msgspec.structs.replace(term, value=_integer(value))
    if kind == "duration":
        negative = value.startswith("-")
        amount = 0 if value == "0" else duration_us(value.removeprefix("-"))
        return msgspec.structs.replace(term, value=-amount if negative else amount)
    if kind == "rate":
        return msgspec.structs.replace(term, value=_share(value))
    if kind == "instant":
        first, until, each_day = time_range(value, rows.day)
        if rows.zone is not UTC and not NAMES_ZONE.search(value):
            return _in_zone(term, value, (first, until), rows.zone, each_day=each_day)
        return msgspec.structs.replace(term, value=first, until=until, each_day=each_day)
    if kind == "truth":
        return msgspec.structs.replace(term, value={"true": True, "false": False}[value] if value in TRUTH else _no())
    if kind == "file":
        numbers = {
            side: tuple(number for number, name in enumerate(file_names) if _named(name, value, term.sign))
            for side, file_names in rows.files.items()
        }
        if not any(numbers.values()):
            raise ValueError(value)
        return msgspec.structs.replace(term, value=value, files=numbers)
    if term.sign == "=~":
        _check_pattern(value)
    elif term.columns == ("reason",):  # a table shows its codes as words
        value = value.replace(" ", "_")
    return msgspec.structs.replace(term, value=value)


def _in_zone(term: Term, value: str, within: tuple[int, int], zone: tzinfo, *, each_day: bool) -> Term:
    """The term of a time of a zone, with the zone in its text. Of an hour that a zone has twice, the first is meant."""
    if each_day:
        raise ValueError(f"Write the date too, as in 2025-11-21T{value}: the log is of several days")
    first, until = within
    moment = (EPOCH + timedelta(microseconds=first)).replace(tzinfo=zone)
    at = (moment - EPOCH) // timedelta(microseconds=1)
    form = "minutes" if until - first >= 60 * SECOND_US else "auto"
    text = f"{term.text.removesuffix(value)}{moment.isoformat(timespec=form)}"
    return msgspec.structs.replace(term, text=text, value=at, until=at + until - first)


def _check_pattern(pattern: str) -> None:
    """Raises ValueError for a text that is no regular expression of polars."""
    try:
        pl.select(pl.lit("").str.contains(pattern))
    except pl.exceptions.PolarsError as error:
        lines = [line.removeprefix("error: ") for line in str(error).splitlines() if line.startswith("error: ")]
        raise ValueError(lines[0] if lines else str(error).splitlines()[-1]) from error


def _no() -> bool:
    raise ValueError


def _named(name: str, value: str, sign: Sign) -> bool:
    return value in name if sign in ("~", "!~") else value in (name, name.replace("\\", "/").rpartition("/")[2])


def _share(value: str) -> float:
    share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    if not 0 <= share <= 1:
        raise ValueError(value)
    return share


def _integer(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise ValueError(value)
    return int(value)
