"""The latency axis: round durations at their places, and how slow a column is."""

import pytest

from logcorr.text.latency_axis import round_durations, slowness


def test_decades_where_many_are_shown() -> None:
    assert list(round_durations(0, 3, 30)) == [(1, 0), (10, 10), (100, 20), (1000, 30)]


def test_twos_and_fives_where_few_are_shown() -> None:
    found = list(round_durations(0, 1, 100))
    assert [ms for ms, _ in found] == [1, 2, 5, 10, 20, 50]
    assert [round(place) for _, place in found[:4]] == [0, 30, 70, 100]


@pytest.mark.parametrize(
    ("column", "found"),
    [(0, (0, 0.0)), (10, (0, 0.0)), (15, (0, 0.5)), (20, (0, 1.0)), (25, (1, 0.5)), (30, (1, 1.0)), (40, (1, 2.0))],
)
def test_how_slow_a_column_is(column: int, found: tuple[int, float]) -> None:
    assert slowness(column, 10, 20, 30) == found


def test_equal_percentiles_divide_by_nothing() -> None:
    assert slowness(5, 5, 5, 5) == (0, 0.0)
    assert slowness(6, 5, 5, 5) == (1, 1.0)
