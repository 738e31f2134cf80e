"""Texts of the values that logs hold, made up at random: stamps in every form, durations in every unit, ids, statuses.

Most can be read; some are at the edge of what can, or beyond it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from tests.oracle.profile_clock import EPOCH, MONTHS, US

_T = TypeVar("_T")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DATED_FORMS = (
    *("rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "epoch_hex_s_ns"),
    *("%Y-%m-%d %H:%M:%S,%f", "%d/%b/%Y:%H:%M:%S %z", "%Y/%m/%d - %H:%M:%S", "%a %b %d %H:%M:%S %Y"),
    *("%d.%m.%y %I:%M:%S.%f %p", "%b %d, %Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S%z", "%y%m%d %H:%M"),
)
DATELESS_FORMS = ("%H:%M:%S", "%H:%M:%S.%f", "%I:%M:%S %p", "%b %d %H:%M:%S", "%m-%d %H:%M:%S.%f", "%d/%b %H:%M:%S")
UNITS = ("s", "ms", "us", "ns", "go", "timedelta")
NO_STAMPS = (
    *("", "-", "null", "soon", "0", "-1", "1e3", "1.5e9", "99999999999999999999", "2026-02-30T00:00:00Z", "24:00:00"),
    *("0000-01-01T00:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01 00:00:00 +24:00", "2026-01-01T00:00:00.1234567891Z"),
    *("2026-01-01t00:00:00z", "2026-01-01T00:00:00,5 UTC", "2026-01-01T00:00:00 GMT", "2026-01-01T00:00:00+0530"),
    *("9999-12-31T23:59:59.999999-01:00", "0001-01-01T00:00:00+01:00", "-62135596800", "253402300799.999999999"),
    *("6b0b8ff4.0ef94d2e", "6b0b8ff4", ".5", "1.", "+5", "1772600000000000000", "1_000", "٣", "１"),
    *("31/Feb/2026:00:00:00 +0000", "03/Feb/2026:10:15:00 +0100", "00:00:00 AM", "13:00:00 PM"),
)
NO_DURATIONS = (
    *("", "-", "null", "-5", "+5", "1,017", "1,01", ",5", "5.", ".5", "1e3", "1E-3", "0.0005", "0.0015", "2.5e-7"),
    *("0.001, 0.210", "0.001 : 0.210", "-, 0.5", "- : -", "0.1;0.2", "9" * 19, "9" * 120, "0" * 30 + "1"),
    *("1m2.5s", "46.457µs", "1h", "0", "0s", "1.5h3ms", "-1s", "5", "1 s", "1.2.3s", "9999999999999h", "12:00"),
    *("0:00:00.002269", "1 day, 2:03:04", "-1 day, 23:59:59.5", "25:61:00", "100:00:00", "0:0:0", "NaN", "inf", "٣"),
)
NO_STATUSES = (
    "",
    "-",
    "-1",
    "null",
    "0",
    "00",
    "2",
    "1000",
    "200.0",
    "2e2",
    "+200",
    " 200",
    "OK",
    "done",
    "２００",
    "99",
)
NO_IDS = ("", "-", "null", "None", "NIL", "undefined", " ", " r1 ", "r-1", "é", "a/b", "\u2028", "0", "-0", "1e5", "ı")
IPS = (
    *("192.0.2.1", "192.0.2.1:8080", "[2001:DB8::1]:9", "2001:db8:0:0::1", "::ffff:192.0.2.7", "fe80::1%eth0", "-"),
    *("198.51.100.7, 10.0.0.1", "unknown, 10.0.0.1", "host.example", "host.example:80", "192.0.2.01", "", "300.1.1.1"),
)
PATHS = ("/", "/a/b", "/a?x=1&y=2", "/caf%C3%A9", "/é", "*", "", "-", "/a b", "//x", "?", "/q?a?b", "/%", "a")


def one(chance: Random, usual: Sequence[_T], odd: Sequence[_T], share: float) -> _T:
    """A usual value, or an odd one in a share of all cases."""
    return chance.choice(odd) if chance.random() < share else chance.choice(usual)


def stamp(chance: Random, form: str, at: datetime, zone: str | None = None) -> str:
    """The text of an instant (in UTC, or as a clock of any zone shows it) in a form of a profile."""
    micros = (at.replace(tzinfo=UTC) - EPOCH) // US
    if form in ("epoch_s", "epoch_ms", "epoch_us", "epoch_ns"):
        return _epoch(chance, micros, {"epoch_s": 6, "epoch_ms": 3, "epoch_us": 0, "epoch_ns": -3}[form])
    if form == "epoch_hex_s_ns":
        return f"{micros // 1_000_000:08x}.{micros % 1_000_000 * 1000 + chance.randrange(1000):08x}"
    if form == "rfc3339":
        digits = chance.choice((0, 3, 6, 9, 1, 2))
        fraction = f"{at.microsecond:06}{chance.randrange(1000):03}"[:digits]
        ending = chance.choice(("Z", "Z", "", "+01:00", "-0530", "+05", " UTC", " +02:00")) if zone is None else zone
        mark = chance.choice(("T", "T", " ")) if zone is None else "T"
        return f"{at:%Y-%m-%d}{mark}{at:%H:%M:%S}{chance.choice('..,') if digits else ''}{fraction}{ending}"
    return _pattern(chance, form, at)


def _epoch(chance: Random, micros: int, power: int) -> str:
    if power < 0:
        return f"{micros * 1000 + chance.randrange(1000)}"
    whole, rest = divmod(micros, 10**power)
    fraction = f"{rest:0{power}}" if power else ""
    digits = chance.choice((0, power, power, power + 2))
    fraction = (fraction + "25")[:digits]
    return f"{whole}.{fraction}" if fraction else f"{whole}"


def _pattern(chance: Random, form: str, at: datetime) -> str:
    blank_day = chance.random() < 0.2
    texts = {
        "Y": f"{at.year:04}", "y": f"{at.year % 100:02}", "m": f"{at.month:02}", "b": MONTHS[at.month - 1],
        "d": f"{at.day:2}" if blank_day else f"{at.day:02}", "a": _DAYS[at.weekday()], "H": f"{at.hour:02}",
        "I": f"{(at.hour - 1) % 12 + 1:02}", "p": "PM" if at.hour > 11 else "AM", "M": f"{at.minute:02}",
        "S": f"{at.second:02}", "f": f"{at.microsecond:06}"[: chance.choice((3, 6, 1))], "%": "%",
        "z": chance.choice(("+0000", "+01:00", "-0530", "Z", "UTC", "+05")),
    }  # fmt: skip
    pieces = form.split("%")
    return pieces[0] + "".join(texts[piece[0]] + piece[1:] for piece in pieces[1:] if piece)


def instants(chance: Random, count: int) -> list[datetime]:
    """Instants that mostly go on by some milliseconds, some by hours, and a few back; at times beyond a year's end."""
    starts = ("2026-02-03T10:15:00", "2026-12-31T23:59:50", "2026-03-29T00:59:30", "2026-10-25T00:59:30")
    at = datetime.fromisoformat(chance.choice(starts))
    found = []
    for _ in range(count):
        kind = chance.random()
        step = chance.randrange(1_500_000) if kind < 0.8 else chance.randrange(3600) * 10**6 if kind < 0.9 else -300_000
        at += timedelta(microseconds=step if chance.random() < 0.7 else step // 10**6 * 10**6)
        found.append(at)
    return found


def duration(chance: Random, unit: str) -> str:
    """The text of a duration in a unit that can be read."""
    number = chance.choice((0, 1, 5, 17, 250, 1017, 12345, chance.randrange(10**7)))
    if unit == "go":
        return chance.choice(
            (f"{number}ms", f"{number / 1000}s", f"{number}.5µs", f"1m{number % 60}.25s", f"{number}ns")
        )
    if unit == "timedelta":
        seconds, micros = divmod(number, 1000)
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return chance.choice((clock, f"{clock}.{micros:06}", f"1 day, {clock}"))
    return chance.choice((f"{number}", f"{number / 1000}", f"{number / 1000:.3f}", f"{number:,}", f"{number}.0005"))
