"""Sums without some exchanges are those of the others, or none where that cannot be told."""

import random

import msgspec
import polars as pl
import pytest

from logcorr.figures.clock_resolution import ClockResolution
from logcorr.figures.grid import grid
from logcorr.figures.less_sums import less, users_less
from logcorr.figures.pair_sums import PairSums, PartialPairSums
from logcorr.figures.sums import TOP
from tests.unit.figures.test_pair_sums import HOUR, ROOM, SECOND, contents, exchanges

GRID = grid(0, HOUR, 7 * SECOND)


def sums_of(rows: pl.DataFrame, most_counts: int | None = None) -> PairSums:
    sums = PairSums(GRID, ROOM, most_counts)
    sums.add(rows)
    return sums


def resolution_of(rows: pl.DataFrame) -> tuple[bool, list[bool]]:
    resolution = ClockResolution()
    resolution.add(rows)
    return resolution.partial()


def again(partial: PartialPairSums) -> PairSums:
    sums = PairSums(partial.grid, ROOM)
    sums.merge(partial)
    return sums


@pytest.mark.parametrize("seed", range(12))
def test_what_is_left_are_the_sums_of_the_others(seed: int) -> None:
    chance = random.Random(seed)
    rows = exchanges(chance, 6 * TOP, 0, HOUR)
    few = 0 if seed % 2 else None
    durations = pl.col("duration_us")
    # Neither the least nor one of the slowest is taken out.
    inside = durations.is_null() | durations.is_between(1, rows["duration_us"].top_k(TOP + 1).min(), closed="none")
    numbers = rows.filter(inside)["request_id"].sample(40, seed=seed)
    taken, others = (rows.filter(pl.col("request_id").is_in(numbers.implode()) == which) for which in (True, False))
    left = less(sums_of(rows, few).partial(), taken, resolution_of(others))
    assert left is not None
    expected = sums_of(others, few)
    assert contents(again(left)) == contents(expected)
    assert left.resolution == expected.partial().resolution
    users = users_less(sums_of(rows).users.counts(), taken)
    assert sorted(users.rows()) == sorted(expected.users.counts().rows())


@pytest.mark.parametrize("which", ["least", "slowest", "greatest"])
def test_a_first_or_last_one_cannot_be_taken_out(which: str) -> None:
    rows = exchanges(random.Random(1), 6 * TOP, 0, HOUR).drop_nulls("duration_us").sort("duration_us")
    taken = rows.head(1) if which == "least" else rows.tail(1 if which == "greatest" else 3).head(1)
    assert less(sums_of(rows).partial(), taken, (True, [False] * 4)) is None


def test_few_exchanges_are_all_among_the_slowest() -> None:
    rows = exchanges(random.Random(2), TOP // 2, 0, HOUR)
    assert less(sums_of(rows).partial(), rows.head(1), (True, [False] * 4)) is None


def test_differences_of_given_durations_are_taken_out() -> None:
    rows = exchanges(random.Random(3), 6 * TOP, 0, HOUR).with_columns(given_us=pl.col("duration_us") + 5)
    middle = rows.filter(pl.col("duration_us") == 13).head(3)
    others = rows.filter(~pl.col("request_id").is_in(middle["request_id"].implode()))
    left = less(sums_of(rows).partial(), middle, resolution_of(others))
    assert left is not None
    given, expected = again(left).given.partial(), sums_of(others).given.partial()
    assert given.count == expected.count
    assert sorted(given.differences.rows()) == sorted(expected.differences.rows())
    assert msgspec.structs.replace(given, differences=expected.differences) == expected
