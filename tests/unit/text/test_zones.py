"""Zones by their names, and times shown in them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from logcorr.model.errors import UsageError
from logcorr.text import instants, zones

WINTER, SUMMER = "2025-11-21T14:00:03.480000Z", "2025-07-01T23:30:00.000000Z"


@pytest.mark.parametrize(
    ("name", "shown", "label"),
    [
        ("UTC", "2025-11-21 14:00:03.480000", "UTC"),
        ("Europe/Berlin", "2025-11-21 15:00:03.480000", "CET"),
        ("+05:30", "2025-11-21 19:30:03.480000", "+05:30"),
        ("-0330", "2025-11-21 10:30:03.480000", "-03:30"),
        ("America/Sao_Paulo", "2025-11-21 11:00:03.480000", "-03:00"),
    ],
)
def test_a_time_in_a_zone(name: str, shown: str, label: str) -> None:
    with zones.shown_in(zones.zone_of(name)):
        assert instants.clock_and_day(WINTER) == shown
        assert instants.zone_label(instants.seconds(WINTER)) == label
        assert instants.strftime(instants.seconds(WINTER), "%H:%M") == shown[11:16]
    assert instants.clock_and_day(WINTER) == "2025-11-21 14:00:03.480000"


def test_summer_time_and_the_day_change() -> None:
    with zones.shown_in(zones.zone_of("Europe/Berlin")):
        assert instants.clock_and_day(SUMMER) == "2025-07-02 01:30:00.000000"
        assert instants.shift_s(instants.seconds(SUMMER)) == 7200
        assert instants.shift_s(instants.seconds(WINTER)) == 3600


def test_the_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    zones.local_zone.cache_clear()
    try:
        assert zones.zone_of("local").utcoffset(datetime(2026, 1, 1, tzinfo=UTC)) == timedelta(hours=9)
    finally:
        zones.local_zone.cache_clear()


def test_the_ends_of_time_stay_in_utc() -> None:
    with zones.shown_in(zones.zone_of("+14:00")):
        assert instants.strftime(1e18, "%Y-%m-%d %H") == "9999-12-31 23"
        assert instants.clock_and_day("+12345-01-01T00:00:00.000000Z") == "+12345-01-01 00:00:00.000000Z"


def test_threads_have_zones_of_their_own() -> None:
    with zones.shown_in(zones.zone_of("Asia/Tokyo")), ThreadPoolExecutor(1) as pool:
        assert pool.submit(instants.clock_and_day, WINTER).result() == "2025-11-21 14:00:03.480000"


@pytest.mark.parametrize("name", ["", "Mars", "+25:00", "5", "../etc/passwd", "CEST\x1b[0m"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(UsageError, match=r"--tz .*name a zone such as Europe/Berlin"):
        zones.zone_of(name)
