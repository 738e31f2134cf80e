"""Figures of a window that slides with the log."""

import random

import numpy as np
import pytest

from logcorr.figures.live_window import LiveWindow
from logcorr.model.live import Exchange, Request, Response
from logcorr.model.quantiles import QUANTILES, rank_of

SECOND = 1_000_000


def _exchange(second: float, ms: float | None = 1, status: int | None = 200, *, late: bool = False) -> Exchange:
    at = int(second * SECOND)
    duration_us = None if ms is None else int(ms * 1000)
    return Exchange(Request(at, "a", ()), Response(at + (duration_us or 0), "a", status), duration_us, late)


def test_what_is_older_than_the_window_is_dropped() -> None:
    window = LiveWindow(10 * SECOND)
    window.move_to(12 * SECOND)
    window.add_events(np.array([1, 2, 2, 12]) * SECOND, response=False)
    window.add_exchanges([_exchange(1), _exchange(2, status=503), _exchange(12, status=None)])
    figures = window.figures(12 * SECOND)
    assert (figures.requests, figures.exchanges, figures.failures) == (1, 1, 1)
    assert figures.status == {"none": 1}
    assert (figures.from_us, figures.to_us) == (3 * SECOND, 13 * SECOND)
    window.add_events(np.array([1]) * SECOND, response=True)
    assert window.too_late == 2


def test_a_window_does_not_begin_before_the_first_entry() -> None:
    window = LiveWindow(300 * SECOND)
    window.move_to(103 * SECOND)
    window.add_events(np.array([100, 101, 102]) * SECOND, response=False)
    figures = window.figures(103 * SECOND)
    assert figures.seconds == 4
    assert list(figures.requests_per_s) == [1, 1, 1, 0]


def test_a_late_exchange_lies_at_its_request() -> None:
    window = LiveWindow(10 * SECOND)
    window.move_to(9 * SECOND)
    window.add_events(np.array([5, 9]) * SECOND, response=False)
    window.add_overdue([Request(5 * SECOND, "a", ())])
    assert window.figures(9 * SECOND).overdue == 1
    window.add_exchanges([_exchange(5, ms=4000, status=500, late=True)])
    figures = window.figures(9 * SECOND)
    assert figures.overdue == 0
    assert list(figures.failures_per_s) == [1, 0, 0, 0, 0]


def test_percentiles_are_to_within_a_bin() -> None:
    chance = random.Random(3)
    durations = [chance.randrange(0, 10_000_000) for _ in range(2000)]
    window = LiveWindow(60 * SECOND)
    window.move_to(50 * SECOND)
    window.add_exchanges([_exchange(n % 50, ms=duration / 1000) for n, duration in enumerate(durations)])
    figures = window.figures(50 * SECOND)
    for name, quantile in QUANTILES.items():
        exact = sorted(durations)[rank_of(quantile, len(durations)) - 1] / 1000
        assert figures.percentiles_ms[name] == pytest.approx(exact, rel=0.01)


def test_durations_that_are_negative_or_unknown_are_in_no_percentile() -> None:
    window = LiveWindow(60 * SECOND)
    window.move_to(50 * SECOND)
    window.add_exchanges([_exchange(1, ms=-5), _exchange(1, ms=None), _exchange(1, ms=7)])
    figures = window.figures(SECOND)
    assert (figures.exchanges, figures.negative, figures.percentiles_ms["p50"]) == (3, 1, 6.976)
    assert LiveWindow(SECOND).figures(SECOND).percentiles_ms == dict.fromkeys(QUANTILES)


def test_the_slowest_and_the_latest_failures() -> None:
    window = LiveWindow(60 * SECOND)
    window.move_to(50 * SECOND)
    exchanges = [_exchange(n, ms=n, status=500 if n % 2 else 200) for n in range(50)]
    window.add_exchanges(exchanges)
    assert window.slowest(49 * SECOND, 3) == [exchanges[49], exchanges[48], exchanges[47]]
    assert window.failed(49 * SECOND, 2) == [exchanges[49], exchanges[47]]


def test_slots_are_bounded_for_a_long_window() -> None:
    window = LiveWindow(24 * 3600 * SECOND)
    for second in range(0, 48 * 3600, 60):
        window.move_to(second * SECOND)
        window.add_events(np.array([second]) * SECOND, response=False)
    assert len(window._slots) <= 1802
    assert window.figures(48 * 3600 * SECOND).requests == pytest.approx(24 * 60, abs=6)


def test_slots_are_fewer_where_memory_is_small() -> None:
    large, small = (LiveWindow(3600 * SECOND, memory_bytes=memory) for memory in (1 << 32, 256_000_000))
    assert (large.slot_us, small.slot_us) == (2 * SECOND, 18 * SECOND)
    assert LiveWindow(60 * SECOND, memory_bytes=256_000_000).slot_us == SECOND


def test_what_is_ahead_of_the_time_is_not_counted() -> None:
    window = LiveWindow(10 * SECOND)
    window.move_to(5 * SECOND)
    window.add_events(np.array([5, 9000]) * SECOND, response=False)
    window.add_events(np.array([6]) * SECOND, response=False)
    assert window.figures(5 * SECOND).requests == 1
    window.move_to(6 * SECOND)
    window.add_events(np.array([6]) * SECOND, response=False)
    assert (window.figures(6 * SECOND).requests, window.too_late) == (2, 0)
