"""The grid of time on which timeline and windows count: how wide a bucket and a window are."""

import msgspec

from logcorr.text.instants import SECOND_US

_MOST_POINTS = 240
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)
# Each of these divides all steps that are wider.
_DIVISORS_S = [step for number, step in enumerate(_STEPS_S) if all(wider % step == 0 for wider in _STEPS_S[number:])]


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """The width of a timeline bucket and of a window, in µs. Both count from 1970-01-01T00:00:00Z."""

    bucket_us: int
    window_us: int


def grid(first_us: int | None, last_us: int | None, window_us: int) -> Grid:
    """The grid for logs between two instants (µs): the narrowest bucket that makes at most 240 points."""
    span = (last_us or 0) - (first_us or 0)
    steps = (step * SECOND_US for step in _STEPS_S)
    whole_weeks = -(-span // (_MOST_POINTS * _STEPS_S[-1] * SECOND_US)) * _STEPS_S[-1] * SECOND_US
    return Grid(
        bucket_us=next((step for step in steps if span <= step * _MOST_POINTS), whole_weeks), window_us=window_us
    )


def divisor(whole: Grid) -> Grid:
    """The grid with the widest buckets, at most as wide, that fit wholly into those of `whole` and of all wider grids.

    There are at most three times as many of them.
    """
    widths = [step * SECOND_US for step in _DIVISORS_S if step * SECOND_US <= whole.bucket_us]
    return Grid(bucket_us=max(widths), window_us=whole.window_us)
