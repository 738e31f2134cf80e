"""Times as people name them in a filter → the microseconds that they stand for: `12:15` is a whole minute."""

import re
from datetime import UTC, date, datetime, time, timedelta

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(\.[0-9]{1,6})?)?", re.ASCII)
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?:[Zz]|([+-][0-9]{2}):?([0-9]{2}))?)?",
    re.ASCII,
)


def moment(value: str, day: date | None) -> tuple[int, int, bool]:
    """The µs at which what is named starts and ends, and whether they are of every day.

    Without `day` a time that has no date is of every day. Raises ValueError for what is no time.
    """
    clock = _CLOCK.fullmatch(value)
    if clock:
        start = _us(time.fromisoformat(value))
        width = _width(clock[3], clock[4])
        base = 0 if day is None else (day - _EPOCH.date()).days * DAY_US
        return base + start, base + start + width, day is None
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise ValueError(value)
    base = (date.fromisoformat(match[1]) - _EPOCH.date()).days * DAY_US
    if match[2] is None:
        return base, base + DAY_US, False
    part = _CLOCK.fullmatch(match[2])
    if part is None:
        raise ValueError(value)
    zone = 0
    if match[3]:
        hours, minutes = int(match[3]), int(match[4])
        if abs(hours) > 23 or minutes > 59:
            raise ValueError(value)
        zone = (abs(hours) * 60 + minutes) * 60_000_000 * (-1 if match[3].startswith("-") else 1)
    start = base + _us(time.fromisoformat(match[2])) - zone
    return start, start + _width(part[3], part[4]), False


def _us(moment: time) -> int:
    whole = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
    return whole // timedelta(microseconds=1)


def _width(seconds: str | None, fraction: str | None) -> int:
    if fraction:
        return int(10 ** (7 - len(fraction)))
    return 1_000_000 if seconds else 60_000_000
