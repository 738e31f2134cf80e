"""The plain oracle of profiles, second part: texts of times and durations → integer microseconds.

It shares no code with the engine. A text that cannot be read gives None, never a guess.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = {"s": 6, "ms": 3, "us": 0, "ns": -3}
GO: dict[str, int | Decimal] = {
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
    "µs": 1,
    "μs": 1,
    "ns": Decimal("0.001"),
}
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d\d)",
    "m": r"(?P<m>\d\d)",
    "d": r"(?P<d>[ \d]\d)",
    "b": f"(?P<b>{'|'.join(MONTHS)})",
    "a": f"(?:{'|'.join(DAYS)})",
    "H": r"(?P<H>\d\d)",
    "I": r"(?P<I>\d\d)",
    "p": r"(?P<p>AM|PM|am|pm)",
    "M": r"(?P<M>\d\d)",
    "S": r"(?P<S>\d\d)",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>Z|UTC|[+-]\d\d(?::?\d\d)?)",
    "%": "%",
}
_EPOCHS = {"epoch_s": 6, "epoch_ms": 3, "epoch_us": 0, "epoch_ns": -3}
_PLAIN = re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)", re.ASCII)
_GO = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(h|ms|us|µs|μs|ns|m|s)", re.ASCII)
_TIMEDELTA = re.compile(r"(?:(-?\d+) days?, )?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)", re.ASCII)


class Moment(NamedTuple):
    """A clock that was read: `us` since 1970, and whether it is one of the two readings of a doubled hour."""

    us: int
    doubled: bool = False


class Clock:
    """The clock of one file. It holds what depends on the lines before: the day of a form without one."""

    def __init__(self, zone: str, day: date | None) -> None:
        self.zone, self.day = zone, day
        self.last: datetime | None = None
        self.falls = 0

    def read(self, text: str, form: str, zone: str | None) -> Moment | None:
        """The moment that a text tells; None if it tells none."""
        text = text.strip(" \t")
        if form in _EPOCHS:
            return _in_years(_epoch(text, form))
        if form == "epoch_hex_s_ns":
            found = re.fullmatch(r"([0-9a-fA-F]+)\.([0-9a-fA-F]+)", text)
            return _in_years(int(found[1], 16) * 1_000_000 + int(found[2], 16) // 1000 if found else None)
        where = zone or self.zone
        if form == "rfc3339":
            return _rfc3339(text, where)
        return self._pattern(text, form, where)

    def _pattern(self, text: str, form: str, zone: str) -> Moment | None:
        if form.startswith("%d") and re.match(r"\d\D", text, re.ASCII):
            text = f" {text}"  # the blank for the first digit of the day
        found = _compiled(form).fullmatch(text)
        if not found:
            return None
        part = found.groupdict()
        month = MONTHS.index(part["b"]) + 1 if part.get("b") else int(part.get("m") or 0)
        year = int(part.get("Y") or 0) or (2000 + int(part["y"]) if part.get("y") else 0)
        dated = bool(month and part.get("d"))
        try:
            if year and dated:
                return _instant(datetime(year, month, int(part["d"]), *_clock(part)), part.get("z"), zone)  # noqa: DTZ001
            if self.day is None:
                return None
            if dated:
                wall = datetime(self.day.year, month, int(part["d"]), *_clock(part))  # noqa: DTZ001
            else:
                wall = datetime(self.day.year, self.day.month, self.day.day, *_clock(part))  # noqa: DTZ001
            return _instant(self._later(wall, dated=dated), part.get("z"), zone)
        except ValueError:
            return None

    def _later(self, wall: datetime, *, dated: bool) -> datetime:
        """A clock that fell back by over 12 hours is of the next day; without a year, by over half a year."""
        assert self.day
        limit = timedelta(days=183) if dated else timedelta(hours=12)
        if self.last and self.last - wall > limit:
            self.falls += 1
            self.day = date(self.day.year + 1, 1, 1) if dated else self.day + timedelta(days=1)
            wall = wall.replace(year=wall.year + 1) if dated else wall + timedelta(days=1)
        self.last = wall
        return wall


def _clock(part: dict[str, str | None]) -> tuple[int, int, int, int]:
    """Hour, minute, second and microsecond of the parts of a time."""
    hour = int(part.get("H") or 0)
    if part.get("I"):
        if not 1 <= int(part["I"] or 0) <= 12:
            raise ValueError
        hour = int(part["I"] or 0) % 12 + (12 if (part.get("p") or "").upper() == "PM" else 0)
    return hour, int(part.get("M") or 0), int(part.get("S") or 0), int((part.get("f") or "0").ljust(6, "0")[:6])


def _epoch(text: str, form: str) -> int | None:
    if not re.fullmatch(r"-?\d+(?:\.\d*|(?:\.\d+)?[eE][+-]?\d+)?", text, re.ASCII) or len(text) > 60:
        return None
    return int(Decimal(text).scaleb(_EPOCHS[form]).to_integral_value(ROUND_FLOOR))


def _in_years(us: int | None) -> Moment | None:
    first, beyond = -62_135_596_800_000_000, 253_402_300_800_000_000
    return Moment(us) if us is not None and first <= us < beyond else None


def _rfc3339(text: str, zone: str) -> Moment | None:
    found = _RFC3339.fullmatch(text)
    if not found:
        return None
    micros = int((found[7] or "0").ljust(6, "0")[:6])
    try:
        wall = datetime(*(int(found[part]) for part in range(1, 7)), micros)  # type: ignore[arg-type,call-arg]  # noqa: DTZ001
    except ValueError:
        return None
    return _instant(wall, found[8], zone)


@lru_cache
def _compiled(form: str) -> re.Pattern[str]:
    pieces = re.split(r"%(.)", form)
    texts = [_DIRECTIVES[piece] if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)]
    return re.compile("".join(texts), re.ASCII)


def _instant(wall: datetime, told: str | None, zone: str) -> Moment | None:
    offset = told or zone
    try:
        fixed = _offset(offset)
    except ValueError:
        return None
    if fixed is not None:
        return _in_years((wall.replace(tzinfo=UTC) - EPOCH) // US - fixed * 1_000_000)
    where: tzinfo = datetime.now().astimezone().tzinfo if zone == "local" else ZoneInfo(zone)  # type: ignore[assignment]
    local = wall.replace(tzinfo=where, fold=0)
    back = local.astimezone(UTC).astimezone(where).replace(tzinfo=None)
    if back != wall:
        return None
    doubled = local.utcoffset() != local.replace(fold=1).utcoffset()
    return Moment((local.astimezone(UTC) - EPOCH) // US, doubled)


def _offset(text: str) -> int | None:
    """Seconds east of UTC; None for a name of a zone; ValueError for an offset that no clock has."""
    if text.upper() in ("Z", "UTC", "GMT"):
        return 0
    found = re.fullmatch(r"([+-])(\d\d)(?::?(\d\d))?", text, re.ASCII)
    if not found:
        return None
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError
    return (-1 if found[1] == "-" else 1) * (hours * 3600 + minutes * 60)


def duration_us(text: str, unit: str) -> int | None:
    """Microseconds of the text of a duration in a unit; None if it cannot be read. A tie goes to the even number."""
    text = text.strip()
    if unit == "go":
        parts = _GO.findall(text.lstrip("+-"))
        if text not in ("0", "0s") and "".join(map("".join, parts)) != text.lstrip("+-"):
            return None
        total = sum((Decimal(number) * GO[name] for number, name in parts), Decimal(0))
        return _whole(-total if text.startswith("-") else total)
    if unit == "timedelta":
        found = _TIMEDELTA.fullmatch(text)
        if not found:
            return None
        seconds = Decimal(int(found[1] or 0) * 86400 + int(found[2]) * 3600 + int(found[3]) * 60) + Decimal(found[4])
        return _whole(seconds.scaleb(6))
    parts_of = [part for part in re.split(r", | : ", text) if part.strip() not in ("-", "")]
    if not parts_of or not all(_PLAIN.fullmatch(part) and len(part) <= 100 for part in parts_of):
        return None
    if any(abs(Decimal(part.replace(",", "")).adjusted()) > 40 for part in parts_of):
        return None
    return _whole(sum((Decimal(part.replace(",", "")).scaleb(UNITS[unit]) for part in parts_of), Decimal(0)))


def _whole(value: Decimal) -> int | None:
    whole = int(value.to_integral_value(ROUND_HALF_EVEN))
    return whole if abs(whole) < 1 << 53 else None
