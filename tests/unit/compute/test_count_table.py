"""Counts of keys against a dictionary, by kernels and by the engine, in any order and however they are added up."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute import count_table
from logcorr.compute.count_table import CountTable, NamedCounts

pytestmark = pytest.mark.usefixtures("way")

NUMBERS = st.one_of(
    st.integers(-5, 5), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 9).map(lambda n: n << 58)
)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(0, 3)))


def found(table: CountTable) -> dict[tuple[int, int], int]:
    rows = table.counts()
    assert rows.schema == {"first": pl.Int64, "second": pl.Int64, "n": pl.Int64}
    assert rows.select("first", "second").is_unique().all()
    return {(first, second): n for first, second, n in rows.iter_rows()}


@given(st.lists(ROWS, max_size=5), st.booleans(), st.sampled_from([0, 10, 1 << 20]))
def test_counts_are_those_of_a_dictionary(
    parts: list[list[tuple[int, int, int]]], weighted: bool, most_waiting: int
) -> None:
    table, expected = CountTable(), Counter[tuple[int, int]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(count_table, "_MOST_WAITING", most_waiting)
        for rows in parts:
            first, second, counts = (np.array([row[each] for row in rows], np.int64) for each in range(3))
            table.add(first, second, counts if weighted else None)
            for a, b, n in rows:
                expected[a, b] += n if weighted else 1
        assert found(table) == {key: n for key, n in expected.items() if n}
        assert table.height >= len(found(table))
    table.clear()
    assert (found(table), table.height) == ({}, 0)


def test_a_table_grows() -> None:
    table, keys = CountTable(), np.arange(20_000)
    table.add(keys, keys % 7)
    table.add(keys[::-1].copy(), keys[::-1] % 7)
    assert found(table) == {(key, key % 7): 2 for key in range(20_000)}
    assert table.size() >= 20_000 * 24


def test_null_is_a_value() -> None:
    counts = NamedCounts(("at", "status_code"), pl.Int16())
    counts.add(pl.Series([1, None, 1]), pl.Series([200, None, 200], dtype=pl.Int16))
    counts.add(pl.Series([None], dtype=pl.Int64), pl.Series([404], dtype=pl.Int16))
    assert counts.merged().schema == {"at": pl.Int64, "status_code": pl.Int16, "n": pl.Int64}
    assert sorted(counts.merged().rows(), key=str) == [(1, 200, 2), (None, 404, 1), (None, None, 1)]
