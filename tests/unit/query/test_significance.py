"""What chance makes of random selections is told of nobody, at any size; what was planted is found; tails are exact."""

import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.query import significance
from logcorr.query.over_represented import contrasts
from logcorr.query.significance import CHANCE, LEAST_ROWS, log_tail, rate_sigma, stands_out
from logcorr.runs.views import Records

ROWS = 200_000
SIZES = (6, 20, 50, 100, 200, 500, 1000, 5000)
# The columns of a log: how many values each has, and how unevenly rows are spread over them.
COLUMNS = {
    "status": (7, 2.0),
    "endpoint": (506, 1.0),
    "user": (31_701, 0.8),
    "ip": (120_000, 0.0),
    "id": (ROWS, 0.0),
}


def column_of(name: str) -> np.ndarray:
    """The values of a column by their numbers, a row each."""
    values, skew = COLUMNS[name]
    chance = np.random.default_rng(len(name))
    if name == "id":
        return np.arange(ROWS)
    weights = 1.0 / np.arange(1, values + 1) ** skew
    return chance.choice(values, ROWS, p=weights / weights.sum())


def false_standouts(name: str, size: int, selections: int) -> int:
    """In how many random selections of `size` rows any value of a column stands out."""
    column = column_of(name)
    every = np.bincount(column)
    chance = np.random.default_rng(size)
    batch = max(1, min(selections, 1_000_000 // size))
    told = 0
    for _ in range(-(-selections // batch)):
        rows = np.stack([chance.choice(ROWS, size, replace=False) for _ in range(batch)])
        number = np.repeat(np.arange(batch), size)
        frame = pl.DataFrame({"selection": number, "value": column[rows.ravel()]})
        counts = frame.group_by("selection", "value").len("hits")
        counts = counts.with_columns(whole=pl.Series(every).gather(counts["value"]))
        looks = int(np.count_nonzero(every))
        stands = stands_out(pl.col("hits"), pl.col("whole"), size, ROWS, looks)
        told += counts.filter(stands)["selection"].n_unique()
    return told


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", COLUMNS)
def test_a_random_selection_has_no_standout(name: str, size: int) -> None:
    assert false_standouts(name, size, 100) <= 1


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", COLUMNS)
def test_of_a_thousand_random_selections_ten_have_a_standout_at_most(name: str, size: int) -> None:
    assert false_standouts(name, size, 1000) <= 10


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """A log of all columns."""
    path = tmp_path_factory.mktemp("log") / "rows.parquet"
    columns = {name: column_of(name) for name in COLUMNS}
    pl.DataFrame({"row": np.arange(ROWS), **columns}).cast(dict.fromkeys(COLUMNS, pl.String)).write_parquet(path)
    return Records(parts=[path], chosen=None, columns={}, time=None)


@pytest.mark.parametrize("size", [6, 100, 5000])
def test_what_differs_goes_by_it(log: Records, size: int) -> None:
    """The counter itself, over all columns: nothing of a random selection, and all of a value that was planted."""
    chance = np.random.default_rng(size)
    rows = chance.choice(ROWS, size, replace=False)
    random = Records(parts=log.parts, chosen=pl.col("row").is_in(rows.tolist()), columns={}, time=None)
    told = contrasts(random, [log], list(COLUMNS), 50, lambda: None)
    assert [of.rows for of in told] == [[] for _ in COLUMNS]
    user = int(np.bincount(column_of("user")).argsort()[-40])
    planted = np.flatnonzero(column_of("user") == user)[: size // 2 + 3]
    both = Records(parts=log.parts, chosen=pl.col("row").is_in([*rows, *planted]), columns={}, time=None)
    told = contrasts(both, [log], list(COLUMNS), 50, lambda: None)
    assert {of.column: [row.value for row in of.rows] for of in told}["user"] == [str(user)]


def exact(k: int, whole: int, n: int, every: int) -> Fraction:
    """The chance of k or more, summed term by term."""
    terms = range(k, min(whole, n) + 1)
    ways = sum(math.comb(whole, j) * math.comb(every - whole, n - j) for j in terms if every - whole >= n - j)
    return Fraction(ways, math.comb(every, n))


tables = st.integers(2, 400).flatmap(
    lambda every: st.tuples(st.integers(1, every - 1), st.integers(1, every - 1), st.just(every))
)


@given(table=tables, data=st.data())
def test_a_tail_is_never_too_small_and_hardly_too_large(table: tuple[int, int, int], data: st.DataObject) -> None:
    whole, n, every = table
    k = data.draw(st.integers(max(0, whole + n - every), min(whole, n)))
    told = math.exp(pl.select(log_tail(k, whole, n, every)).item())
    chance = float(exact(k, whole, n, every))
    assert told >= chance * (1 - 1e-9)
    if chance < 1e-3 and k * every > whole * n:
        assert told <= chance * 1.25 + 1e-12


@pytest.mark.parametrize(
    ("k", "whole", "n", "every"),
    [(5, 5, 6, 200_000), (12, 800, 100, 10_000), (600, 50_000, 1_000, 100_000), (5300, 500_000, 10_000, 1_000_000)],
)
def test_tails_of_large_tables(k: int, whole: int, n: int, every: int) -> None:
    """Against a plain sum of logarithms of factorials."""

    def ln(j: int) -> float:
        return _ln_comb(whole, j) + _ln_comb(every - whole, n - j) - _ln_comb(every, n)

    most = ln(k)
    plain = most + math.log(sum(math.exp(ln(j) - most) for j in range(k, min(whole, n, k + 5000) + 1)))
    assert plain - 1e-6 <= pl.select(log_tail(k, whole, n, every)).item() <= plain + 0.25


def _ln_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def test_few_rows_and_many_looks_are_not_enough() -> None:
    """Four of four rows are told of nobody; five are, unless there are very many values that could have been it."""
    frame = pl.DataFrame({"hits": [4, 5, 5], "looks": [10.0, 10.0, 1e30]})
    told = [
        frame[number].select(stands_out(pl.col("hits"), pl.col("hits"), 5, 100_000, frame["looks"][number])).item()
        for number in range(3)
    ]
    assert told == [False, True, False]
    assert LEAST_ROWS == 5
    assert pytest.approx(0.0027, abs=1e-6) == CHANCE


def test_a_rate_of_few_events_has_the_sigma_of_its_exact_tail() -> None:
    """Five failures of ten against none of ten thousand are sure; two of ten against two of ten thousand less so."""
    rows = [(0, 10_000, 5, 10), (2, 10_000, 1, 10), (500, 10_000, 600, 10_000)]
    frame = pl.DataFrame(rows, schema=["part_a", "of_a", "part_b", "of_b"], orient="row")
    found = frame.select(rate_sigma("part_a", "of_a", "part_b", "of_b")).to_series().to_list()
    assert found[0] == pytest.approx(-NormalDist().inv_cdf(float(exact(5, 5, 10, 10_010))))
    assert found[1] < 3
    assert found[2] == pytest.approx(3.11, abs=0.1)


@given(log_chance=st.floats(-600, math.log(0.5)))
def test_the_sigma_of_a_chance(log_chance: float) -> None:
    (sigma,) = significance._sigmas_of(np.array([log_chance]))
    assert 0.5 * math.erfc(sigma / math.sqrt(2)) == pytest.approx(math.exp(log_chance), rel=1e-5)
