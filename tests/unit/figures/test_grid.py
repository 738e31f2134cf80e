"""Grids of time: counts by the divisor of a grid can be added up for that grid, and for each that is wider."""

import itertools

from logcorr.figures.grid import Grid, divisor, grid

SECOND = 1_000_000
DAY = 86_400 * SECOND
SPANS = sorted({*(2**power * SECOND for power in range(36)), *(step * 240 * SECOND for step in range(1, 4000, 7))})


def test_the_buckets_of_a_divisor_fit_into_those_of_all_wider_grids() -> None:
    grids = [grid(0, span, 60 * SECOND) for span in SPANS]
    for narrow, wide in itertools.combinations_with_replacement(grids, 2):
        assert wide.bucket_us % divisor(narrow).bucket_us == 0


def test_a_divisor_makes_at_most_three_times_as_many_buckets() -> None:
    for span in (span for span in SPANS if span < 240 * 7 * DAY):
        whole = grid(0, span, 60 * SECOND)
        assert 1 <= whole.bucket_us // divisor(whole).bucket_us <= 3
        assert divisor(whole).window_us == whole.window_us


def test_a_divisor_of_years_has_weeks() -> None:
    assert divisor(grid(0, 1000 * 365 * DAY, SECOND)) == Grid(bucket_us=7 * DAY, window_us=SECOND)
