"""Instants and durations as text: for people, and as the filter language writes them."""

import re
from datetime import date, timedelta

from logcorr.text import instants, zones
from logcorr.text.quantities import duration


def instant_text(instant_us: int | None, day: date | None = None) -> str:
    """An instant for people, in the zone of the app: `2025-11-21 14:00:03.480`. On `day`, only the time of the day."""
    if instant_us is None:
        return "–"
    try:
        moment = zones.shown(instants.EPOCH + timedelta(microseconds=instant_us))
    except OverflowError:
        return f"{instant_us}us"
    fraction = f"{moment.microsecond:06d}"
    fraction = fraction[:3] if fraction.endswith("000") else fraction
    dated = "" if moment.date() == day else f"{moment.year:04d}-{moment:%m-%d} "
    return f"{dated}{moment:%H:%M:%S}.{fraction}"


def window_text(start_us: int, day: date | None = None) -> str:
    """The start of a window for people, without a fraction where it has none."""
    return instant_text(start_us, day).removesuffix(".000")


def duration_text(duration_us: int | None) -> str:
    """A duration for people, in the unit that reads best."""
    return duration(None if duration_us is None else duration_us / 1000)


def spaced(ms: float | None) -> str:
    """A duration for people, with a space before its unit: 14.2 ms, 250 µs, 6m 12s."""
    return re.sub(r"^(-?[\d.,]+)([a-z]+)$", r"\1 \2", duration(ms)).replace(" us", " µs")


def bound(ms: float) -> str:
    """A duration in the filter language, exact to the microsecond: 131ms, 125.893ms, 2s."""
    whole = round(ms * 1000)
    if whole and whole % 1_000_000 == 0:
        return f"{whole // 1_000_000}s"
    return f"{whole // 1000}.{whole % 1000:03d}".rstrip("0").rstrip(".") + "ms"


def stamp(at: float) -> str:
    """An instant in the filter language: RFC 3339, UTC, to the second, with a fraction where there is one."""
    moment = instants.EPOCH + timedelta(microseconds=round(at * 1e6))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{text}{fraction}Z"


def clocks(start: float, end: float) -> str:
    """A span of time for people: 15:04 – 15:05, with seconds or days where they matter."""
    if end - start >= 86_400:
        return f"{instants.strftime(start, '%d %b %H:%M')} – {instants.strftime(end, '%d %b %H:%M')}"
    form = "%H:%M" if not start % 60 and not end % 60 else "%H:%M:%S"
    return f"{instants.strftime(start, form)} – {instants.strftime(end, form)}"


def span_texts(covered: tuple[float, float]) -> list[str]:
    """The span of time that logs cover (seconds since 1970), as texts from the longest to the shortest."""
    form = "%H:%M" if not any(at % 60 for at in covered) else "%H:%M:%S"
    zone = instants.zone_label(covered[0])
    days = [instants.strftime(at, "%d %b %Y") for at in covered]
    hours = [instants.strftime(at, form) for at in covered]
    if days[0] == days[1]:
        between = f"{hours[0]}–{hours[1]} {zone}"
        return [f"{days[0]} {between}", f"{days[0].rpartition(' ')[0]} {between}", between]
    return [f"{days[0]} {hours[0]} – {days[1]} {hours[1]} {zone}", f"{days[0]} – {days[1]}"]
