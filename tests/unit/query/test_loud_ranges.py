"""Each of several incidents is a range of its own; what has no quiet time between belongs together."""

import numpy as np
import polars as pl
import pytest

from logcorr.query.loud_ranges import loud_ranges

BUCKETS, OF = 120, 400
QUIET, LOUD = 0.01, 0.3


def counts(shares: dict[range, float], seed: int = 0, of: int = OF) -> pl.DataFrame:
    """Two hours of buckets with a small share of hits, and others in some ranges."""
    chance = np.random.default_rng(seed)
    rows = chance.poisson(of, BUCKETS)
    share = np.full(BUCKETS, QUIET)
    for buckets, other in shares.items():
        share[list(buckets)] = other
    return pl.DataFrame({"at": np.arange(1_000, 1_000 + BUCKETS), "of": rows, "hits": chance.binomial(rows, share)})


def found(table: pl.DataFrame) -> list[tuple[int, int]]:
    return sorted((one.first - 1_000, one.last - 1_000) for one in loud_ranges(table, 7))


@pytest.mark.parametrize("seed", range(5))
def test_two_incidents_are_two_ranges_however_near(seed: int) -> None:
    for gap in (3, 10, 60):
        second = 20 + 5 + gap
        table = counts({range(20, 25): LOUD, range(second, second + 4): LOUD}, seed)
        assert found(table) == [(20, 24), (second, second + 3)]


@pytest.mark.parametrize("seed", range(5))
def test_a_small_incident_is_told_beside_a_large_one(seed: int) -> None:
    table = counts({range(20, 30): 0.6, range(70, 72): 0.1}, seed)
    assert found(table) == [(20, 29), (70, 71)]


@pytest.mark.parametrize("seed", range(5))
def test_an_incident_that_comes_and_goes_slowly_is_one(seed: int) -> None:
    ramps = {range(40, 43): 0.08, range(43, 50): 0.5, range(50, 56): 0.12, range(56, 58): 0.05}
    ranges = found(counts(ramps, seed))
    assert len(ranges) == 1
    assert ranges[0][0] in range(40, 44)
    assert ranges[0][1] in range(49, 58)


def test_a_time_without_any_row_divides_nothing() -> None:
    table = counts({range(40, 50): LOUD}).filter(~pl.col("at").is_between(1_044, 1_045))
    assert found(table) == [(40, 49)]


def test_hits_at_other_times_may_be_none() -> None:
    table = counts({range(30, 34): LOUD, range(60, 64): LOUD}).with_columns(
        hits=pl.when(pl.col("at").is_between(1_030, 1_033) | pl.col("at").is_between(1_060, 1_063))
        .then("hits")
        .otherwise(0)
    )
    assert found(table) == [(30, 33), (60, 63)]


def test_of_many_incidents_the_surest_three_are_told() -> None:
    pulses = {range(at, at + 2): 0.2 + at / 400 for at in range(5, 115, 20)}
    ranges = loud_ranges(counts(pulses), 7)
    assert sorted(one.first - 1_000 for one in ranges) == [65, 85, 105]
    assert [one.log_tail for one in ranges] == sorted(one.log_tail for one in ranges)


@pytest.mark.parametrize("of", [0, 1, 20, 400])
def test_of_quiet_times_nothing_is_told(of: int) -> None:
    assert [one for seed in range(20) for one in found(counts({}, seed, of))] == []


def test_one_bucket_or_none_is_no_range() -> None:
    table = counts({})
    assert loud_ranges(table.head(1), 1) == []
    assert loud_ranges(table.clear(), 1) == []
