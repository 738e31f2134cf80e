"""What chance makes of two samples: how often it is taken for a change, and that a change is not taken for chance."""

import math
import random
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.query.compare.quantile_shift import turn, with_slower
from logcorr.query.significance import least_sigma, rate_sigma
from tests.support.diff_cases import sigma

KNOWN = {"min": 0.0, "p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "max": 1.0}
INNER = [name for name, quantile in KNOWN.items() if 0 < quantile < 1]
Draw = Callable[[random.Random], float]


def smooth(chance: random.Random) -> float:
    return chance.lognormvariate(9, 1)


def whole_milliseconds(chance: random.Random) -> float:
    return round(chance.lognormvariate(2.6, 0.7)) * 1000


def whole_seconds(chance: random.Random) -> float:
    return round(chance.expovariate(0.7)) * 1_000_000


def known(values: list[float]) -> dict[str, float]:
    """The nearest-rank quantiles of a sample, and how many values it has."""
    values = sorted(values)
    return {name: values[max(math.ceil(q * len(values)) - 1, 0)] for name, q in KNOWN.items()} | {"of": len(values)}


def slower(*pairs: tuple[list[float], list[float]]) -> pl.DataFrame:
    rows = [
        {
            f"{name}_{side}": float(value)
            for side, sample in zip("ab", pair, strict=True)
            for name, value in known(sample).items()
        }
        for pair in pairs
    ]
    return with_slower(pl.DataFrame(rows).lazy(), KNOWN, "of").collect()


def samples(
    draw: Draw, sizes: tuple[int, int], times: int, factor: float = 1.0
) -> list[tuple[list[float], list[float]]]:
    chance = random.Random(7)
    return [
        ([draw(chance) for _ in range(sizes[0])], [draw(chance) * factor for _ in range(sizes[1])])
        for _ in range(times)
    ]


@pytest.mark.parametrize("sizes", [(40, 40), (1000, 1000), (3000, 500)], ids=str)
@pytest.mark.parametrize("draw", [smooth, whole_milliseconds, whole_seconds])
def test_chance_is_rarely_taken_for_a_change(draw: Draw, sizes: tuple[int, int]) -> None:
    found = slower(*samples(draw, sizes, 60))
    for name in INNER:
        column = found[f"slower_{name}"]
        assert (column.abs() > 3).sum() <= 1, name
        assert abs(column.mean() or 0) < 0.6, name  # type: ignore[operator, arg-type, unused-ignore]


@pytest.mark.parametrize("draw", [smooth, whole_milliseconds])
def test_a_change_is_not_taken_for_chance(draw: Draw) -> None:
    found = slower(*samples(draw, (4000, 4000), 10, factor=2.0))
    for name in ("p50", "p90", "p95", "p99"):
        assert (found[f"slower_{name}"] > 3).all(), name
    assert (found["slower"] > 3).all()


def test_samples_swapped_turn_the_sign() -> None:
    pairs = samples(smooth, (300, 200), 20, factor=1.1)
    there, back = slower(*pairs), slower(*((b, a) for a, b in pairs))
    for name in INNER:
        assert there[f"slower_{name}"].to_list() == pytest.approx((-back[f"slower_{name}"]).to_list(), abs=1e-9)


def test_a_step_of_the_clock_is_no_change() -> None:
    """Two logs in whole milliseconds whose medians differ by one: they may as well not differ at all."""
    a, b = [14_000.0] * 1000 + [20_000.0] * 900, [15_000.0] * 1000 + [20_000.0] * 900
    assert slower((a, b))["slower_p50"].item() == 0
    assert slower(([v + 1 for v in a], [v + 1 for v in b]))["slower_p50"].item() > 3
    assert slower((a, [v + 1000 for v in b]))["slower_p50"].item() > 3


def test_equal_samples_and_samples_of_equals() -> None:
    values = [5.0] * 100
    found = slower((values, values), (values, [6.0] * 100), ([0.0], [0.0]))
    assert [str(value)[:3] for value in found["slower"]] == ["0.0", "9.2", "0.0"]


def test_what_is_not_known_is_null() -> None:
    frame = pl.DataFrame({f"{name}_{side}": [None] for side in "ab" for name in (*KNOWN, "of")}, schema_overrides={})
    found = with_slower(frame.cast(pl.Float64).lazy(), KNOWN, "of").collect()
    assert found["slower"].to_list() == [None]


counts = st.integers(0, 10**9).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(counts, counts)
def test_rates_as_by_hand(a: tuple[int, int], b: tuple[int, int]) -> None:
    frame = pl.DataFrame([(*a, *b)], schema=["part_a", "of_a", "part_b", "of_b"], orient="row")
    found = frame.select(rate_sigma("part_a", "of_a", "part_b", "of_b")).item()
    expected = sigma(*a, *b)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6, abs=1e-2))


def test_a_rate_of_nothing_is_not_known() -> None:
    frame = pl.DataFrame([(0, 0, 5, 9)], schema=["part_a", "of_a", "part_b", "of_b"], orient="row")
    assert frame.select(rate_sigma("part_a", "of_a", "part_b", "of_b")).item() is None


def test_rare_events_are_not_overrated() -> None:
    """Two failures of a hundred thousand where there was none: nothing to wake anybody for."""
    assert (sigma(0, 100_000, 2, 100_000) or 0) < 3
    assert (sigma(0, 100_000, 20, 100_000) or 0) > 3


def test_the_more_groups_the_more_it_takes() -> None:
    found = [least_sigma(groups) for groups in (0, 1, 10, 1000, 10**7)]
    assert found == sorted(found)
    assert found[:3] == pytest.approx([3.0, 3.0, 3.64], abs=0.01)
    assert found[-1] == pytest.approx(6.315, abs=0.001)


def test_a_turn_needs_more_than_one_percent() -> None:
    frame = pl.DataFrame(
        {"a": [100.0, 100, 100, 0, 0, 100], "b": [101.0, 102, 98, 1, 0, None], "s": [9.0, 9, -9, 9, 0, None]}
    )
    assert frame.select(turn("a", "b", "s", 3.0)).to_series().to_list() == [0, 1, -1, 1, 0, 0]
