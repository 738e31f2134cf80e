"""Ranges of time as they are typed, in any zone, and what is said of a text that is none."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.model.errors import UsageError
from logcorr.text import zones
from logcorr_tui.state.time_range import instant, time_range

DAY = date(2025, 11, 21)


@pytest.fixture(autouse=True)
def _utc_again() -> Iterator[None]:
    yield
    zones.show_in(UTC)


def at(text: str) -> float:
    return datetime.fromisoformat(f"2025-11-{text}+00:00").timestamp()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1505", "21T15:05", "21T15:15"),
        ("15:05", "21T15:05", "21T15:15"),
        (" 15:05:30 ", "21T15:05:30", "21T15:15:30"),
        ("1505-1515", "21T15:05", "21T15:15"),
        ("15:05 - 15:15", "21T15:05", "21T15:15"),
        ("15:05 to 15:15:20", "21T15:05", "21T15:15:20"),
        ("1505 1507", "21T15:05", "21T15:07"),
        ("15:05+2m", "21T15:05", "21T15:07"),
        ("2025-11-20T23:55+10m", "20T23:55", "21T00:05"),
        ("2025-11-20 23:55 - 2025-11-21 00:05", "20T23:55", "21T00:05"),
        ("2025-11-20 23:55-23:56", "20T23:55", "20T23:56"),
        ("-15m", "21T15:45", "21T16:00"),
    ],
)
def test_what_a_range_means(text: str, start: str, end: str) -> None:
    assert time_range(text, DAY, (at("21T14:00"), at("21T16:00"))) == (at(start), at(end))


def test_times_are_in_the_zone_that_is_shown() -> None:
    zones.show_in(ZoneInfo("Europe/Berlin"))
    assert time_range("16:05-16:06", DAY, None) == (at("21T15:05"), at("21T15:06"))
    assert instant("16:05", DAY) == at("21T15:05")


@pytest.mark.parametrize(
    "text", ["", "25:00", "15:60", "1505-1505", "1515-1505", "15:05+", "15:05+x", "noon", "15:05-1"]
)
def test_what_is_no_range_says_what_is(text: str) -> None:
    with pytest.raises(UsageError):
        time_range(text, DAY, None)


def test_a_log_of_several_days_wants_the_date() -> None:
    with pytest.raises(UsageError, match="write the date too, as in 2025-11-21T15:05"):
        time_range("15:05", None, None)
    assert time_range("2025-11-21T15:05", None, None)[0] == at("21T15:05")


@given(st.text(alphabet="0123456789:-+ Tmsto\x1b", max_size=24))
def test_any_text_is_a_range_or_a_usage_error(text: str) -> None:
    said = ""
    try:
        start, end = time_range(text, DAY, (0.0, 1.0))
        assert start < end
    except UsageError as error:
        said = str(error)
    assert "\x1b" not in said


def test_an_instant_has_a_colon() -> None:
    assert instant("1505", DAY) is None
    assert instant("req-1:2", DAY) is None
    assert instant("15:05:07", DAY) == at("21T15:05:07")
