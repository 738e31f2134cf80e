"""Time zones by their names, and the zone in which times are shown to people. Data is in UTC everywhere."""

import os
import re
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path

from logcorr.model.errors import UsageError
from logcorr.text.safe import safe

_OFFSET = re.compile(r"([+-])([01][0-9]|2[0-3]):?([0-5][0-9])", re.ASCII)
_shown: ContextVar[tzinfo | None] = ContextVar("shown", default=None)
_of_process: list[tzinfo] = [UTC]


def zone_of(name: str) -> tzinfo:
    """A zone by its name: `UTC`, an offset such as `+05:30`, a name of the IANA database, or `local` for this machine.

    Raises UsageError for any other name.
    """
    if name in ("UTC", "Z"):
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    known = local_zone() if name == "local" else name
    if known not in zoneinfo.available_timezones():
        message = f"--tz {safe(name, 60)!r}: name a zone such as Europe/Berlin, an offset such as +05:30, or local."
        raise UsageError(message)
    return UTC if known == "UTC" else zoneinfo.ZoneInfo(known)


@lru_cache(maxsize=1)
def local_zone() -> str:
    """The IANA name of this machine's zone; UTC where the machine names none."""
    named = os.environ.get("TZ", "").lstrip(":")
    path = named or str(Path("/etc/localtime").resolve())
    name = path.partition("zoneinfo/")[2] or named
    return name if name in zoneinfo.available_timezones() else "UTC"


@contextmanager
def shown_in(zone: tzinfo) -> Iterator[None]:
    """Within this context of this thread, times are shown in a zone; in UTC without it."""
    token = _shown.set(zone)
    try:
        yield
    finally:
        _shown.reset(token)


def show_in(zone: tzinfo) -> None:
    """From now on, times are shown in a zone in all threads and tasks of this process, but within `shown_in`."""
    _of_process[0] = zone


def shown_zone() -> tzinfo:
    """The zone in which times are shown now."""
    return _shown.get() or _of_process[0]


def shown(instant: datetime) -> datetime:
    """An instant as it is shown, in the zone of the context. It stays in UTC at the ends of time."""
    try:
        return instant.astimezone(shown_zone())
    except OverflowError:
        return instant


def label(instant: datetime) -> str:
    """What is written behind a time that is shown, so that its zone is known: `UTC`, `CET`, `+05:30`."""
    moment = shown(instant)
    name = moment.tzname() or ""
    if name.isalpha():
        return name
    offset = moment.strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"
