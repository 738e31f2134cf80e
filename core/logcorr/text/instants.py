"""Instants to text and back: µs or seconds since 1970 UTC, RFC 3339, and the times that a filter names."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from logcorr.model.report import Timeline
from logcorr.text.zones import label, shown

if TYPE_CHECKING:
    import polars as pl

SECOND_US = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = (datetime.max.replace(tzinfo=UTC, microsecond=0) - EPOCH).total_seconds()
DAY_US = 86_400_000_000
_LABEL_STEPS_S = [1, 2, 5, 10, 15, 30]
_LABEL_STEPS_S += [60 * n for n in (1, 2, 5, 10, 15, 30)] + [3600 * n for n in (1, 2, 3, 6, 12)]
_LABEL_STEPS_S += [86_400 * n for n in (1, 2, 5, 10, 20, 50, 100)]
_LABEL_STEPS_S += [31_536_000 * n for n in (1, 2, 5, 10, 50, 100, 500, 1000)]
NAMES_ZONE = re.compile(r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(\.[0-9]{1,6})?)?", re.ASCII)
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?:[Zz]|([+-][0-9]{2}):?([0-9]{2}))?)?",
    re.ASCII,
)


def text(instant_us: int) -> str:
    """An instant in µs since 1970 as RFC 3339 in UTC, with `Z` and six decimals."""
    try:
        instant = EPOCH + timedelta(microseconds=instant_us)
    except OverflowError:  # a shift by a time zone can leave the years 1 to 9999 of datetime
        import polars as pl  # noqa: PLC0415 - nearly all instants are written without polars

        return str(pl.select(text_of(pl.lit(instant_us))).item())
    return instant.strftime(f"{instant.year:04d}-%m-%dT%H:%M:%S.%fZ")


def text_or_none(instant_us: int | None) -> str | None:
    """`text`; None stays None."""
    return None if instant_us is None else text(instant_us)


def text_of(instant_us: "pl.Expr") -> "pl.Expr":
    """`text` for a column of instants (Int64 µs or Datetime): an expression of texts."""
    import polars as pl  # noqa: PLC0415 - the rest of this module works without polars

    return instant_us.cast(pl.Int64).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


def seconds(stamp: str) -> float:
    """A time of a report (RFC 3339, UTC) as seconds since 1970."""
    return (datetime.fromisoformat(stamp).replace(tzinfo=UTC) - EPOCH).total_seconds()


def strftime(at: float, form: str) -> str:
    """Seconds since 1970 in a strftime form, in the zone in which times are shown.

    An instant after the year 9999 is shown as the last second of 9999.
    """
    instant = shown(EPOCH + timedelta(seconds=min(at, _LAST)))
    # strftime pads years before 1000 with zeros on some platforms only.
    return instant.strftime(form.replace("%Y", f"{instant.year:04d}"))


def clock_and_day(stamp: str) -> str:
    """A time of a report (RFC 3339, UTC) as it is shown: `2025-11-21 14:00:03.480000`."""
    try:
        moment = shown(datetime.fromisoformat(stamp))
    except ValueError:  # a time beyond the years 1 to 9999
        return stamp.replace("T", " ")
    return f"{moment.year:04d}-{moment:%m-%d %H:%M:%S}.{moment.microsecond:06d}"


def zone_label(at: float) -> str:
    """The name of the zone in which an instant (seconds since 1970) is shown."""
    return label(EPOCH + timedelta(seconds=min(at, _LAST)))


def shift_s(at: float) -> float:
    """What the zone in which times are shown adds to UTC at an instant (seconds since 1970), in seconds."""
    offset = shown(EPOCH + timedelta(seconds=min(at, _LAST))).utcoffset()
    return offset.total_seconds() if offset else 0.0


def axis_labels(room_s: float) -> tuple[int, str]:
    """The round step (s) between labels of a time axis that stand at least this far apart, and the form of a label."""
    step = next((step for step in _LABEL_STEPS_S if step >= room_s), _LABEL_STEPS_S[-1])
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86_400 else "%d %b" if step < 20 * 86_400 else "%Y-%m-%d"
    return step, form


def span(timeline: Timeline) -> tuple[float, float] | None:
    """The start of the first point and the end of the last point, in seconds since 1970; None without points."""
    if not timeline.points:
        return None
    starts = [seconds(p.start) for p in timeline.points]
    return min(starts), max(starts) + timeline.bucket_s


def time_range(value: str, day: date | None) -> tuple[int, int, bool]:
    """The range of a date, minute, second or fraction that a filter names: start, end (excluded), whether every day.

    Start and end are µs since 1970, or µs since midnight for a time of every day. A time without a date is of `day`, or
    of every day if `day` is None. Raises ValueError if `value` is no time.
    """
    clock = _CLOCK.fullmatch(value)
    if clock:
        start = _us(time.fromisoformat(value))
        width = _width(clock[3], clock[4])
        base = 0 if day is None else (day - EPOCH.date()).days * DAY_US
        return base + start, base + start + width, day is None
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise ValueError(value)
    base = (date.fromisoformat(match[1]) - EPOCH.date()).days * DAY_US
    if match[2] is None:
        return base, base + DAY_US, False
    clock = _CLOCK.fullmatch(match[2])
    if clock is None:
        raise ValueError(value)
    zone = 0
    if match[3]:
        hours, minutes = int(match[3]), int(match[4])
        if abs(hours) > 23 or minutes > 59:
            raise ValueError(value)
        zone = (abs(hours) * 60 + minutes) * 60_000_000 * (-1 if match[3].startswith("-") else 1)
    start = base + _us(time.fromisoformat(match[2])) - zone
    return start, start + _width(clock[3], clock[4]), False


def _us(clock: time) -> int:
    """A time of day as µs since midnight."""
    since_midnight = timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )
    return since_midnight // timedelta(microseconds=1)


def _width(seconds: str | None, fraction: str | None) -> int:
    """The length in µs of the range that a time of day names: a minute, a second, or the unit of its last decimal."""
    if fraction:
        return int(10 ** (7 - len(fraction)))
    return 1_000_000 if seconds else 60_000_000
