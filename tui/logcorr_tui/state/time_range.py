"""A range of time as it is typed: `1505`, `15:05-15:15`, `15:05:30+2m`, `-15m`, or with dates.

Times are in the zone in which the app shows them.
"""

import re
from datetime import date, datetime, timedelta

from logcorr.model.errors import UsageError
from logcorr.text import instants, zones
from logcorr.text.quantities import duration_us
from logcorr.text.safe import safe

# How long a range is of which only the start is typed.
DEFAULT_S = 600.0
FORMS = "15:05 is ten minutes from then · 15:05-15:15 · 15:05+2m · -15m is before the end"
_TIME = r"(?:(\d{4}-\d{2}-\d{2})[T ]?)?(\d{2}):?(\d{2})(?::?(\d{2}))?"
_STARTS = re.compile(_TIME, re.ASCII)
_ENDS = re.compile(rf"\s*(?:-|–|to|\s)\s*{_TIME}", re.ASCII)
_FOR = re.compile(r"\s*\+\s*(\S+)")
_BEFORE_END = re.compile(r"-\s*(\d\S*)", re.ASCII)


def time_range(text: str, day: date | None, covered: tuple[float, float] | None) -> tuple[float, float]:
    """The range that a text names, [start, end) in seconds since 1970.

    `day` is the day of a log of one day, `covered` the time that the log covers. Raises UsageError, which says what is
    possible.
    """
    start, end = _ends(text.strip(), day, covered)
    if end <= start:
        raise UsageError(f"{safe(text, 60)!r} ends before it starts.")
    return start, end


def _ends(text: str, day: date | None, covered: tuple[float, float] | None) -> tuple[float, float]:
    before_end = _BEFORE_END.fullmatch(text)
    if before_end and covered:
        return covered[1] - _seconds(before_end[1]), covered[1]
    match = _STARTS.match(text)
    if match is None:
        raise _wrong(text)
    start, rest = _instant(match, day, text), text[match.end() :]
    if not rest:
        return start, start + DEFAULT_S
    width, ends = _FOR.fullmatch(rest), _ENDS.fullmatch(rest)
    if width:
        return start, start + _seconds(width[1])
    if ends is None:
        raise _wrong(text)
    return start, _instant(ends, date.fromisoformat(match[1]) if match[1] else day, text)


def instant(text: str, day: date | None) -> float | None:
    """The instant that a text names, in seconds since 1970. None where the text is no time."""
    match = _STARTS.fullmatch(text.strip()) if ":" in text else None
    return None if match is None else _instant(match, day, text)


def _instant(match: re.Match[str], day: date | None, text: str) -> float:
    try:
        on = date.fromisoformat(match[1]) if match[1] else day
        if on is None:
            raise UsageError(f"The log is of several days: write the date too, as in 2025-11-21T{match[2]}:{match[3]}.")
        hour, minute, second = (int(part or 0) for part in match.groups()[1:])
        moment = datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=zones.shown_zone())
        return (moment - instants.EPOCH) / timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise _wrong(text) from error


def _seconds(text: str) -> float:
    return duration_us(text) / 1e6


def _wrong(text: str) -> UsageError:
    return UsageError(f"{safe(text, 60)!r} is no time. Write {FORMS}.")
