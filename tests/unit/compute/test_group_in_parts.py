"""Group-by in hash partitions: the same as by a plain dict, however the rows are kept."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcorr.compute import group_in_parts
from logcorr.compute.group_in_parts import (
    PartialCounts,
    bytes_needed,
    hash_range,
    partitions_needed,
    top,
)

Rows = list[tuple[str | None, int]]
SCHEMA = {"key": pl.String, "n": pl.Int64}

few = st.sampled_from([None, "", "a", "b", "宽", "a much longer key than fits into twelve bytes"])
many = st.none() | st.integers(0, 300).map("key-{}".format)
frames_of = st.lists(
    (st.just(few) | st.just(many)).flatmap(lambda key: st.lists(st.tuples(key, st.integers(0, 9)), max_size=40)),
    min_size=1,
    max_size=5,
)


def frame(rows: Rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def counted(frames: list[Rows]) -> dict[str | None, int]:
    sums: dict[str | None, int] = {}
    for rows in frames:
        for key, n in rows:
            sums[key] = sums.get(key, 0) + n
    return sums


def summed(partitions: Iterable[pl.LazyFrame]) -> dict[str | None, int]:
    """The counts of partitions of which each has one row a key, and no key that another one has."""
    rows = [row for part in partitions for row in part.collect().iter_rows()]
    assert len({key for key, _ in rows}) == len(rows)
    return dict(rows)


@settings(max_examples=15)
@given(frames_of, st.sampled_from([1, 3, 5, 20]), st.sampled_from([1, 1 << 62]))
def test_every_key_is_in_exactly_one_partition(frames: list[Rows], count: int, most_bytes: int) -> None:
    lazy = [frame(rows).lazy() for rows in frames]
    with TemporaryDirectory() as folder:
        here = Path(folder) / "spilled"
        parts = []
        for scans in group_in_parts.partitioned(lazy, "key", count, here, most_bytes):
            grouped = pl.concat(scans).group_by("key").agg(pl.col("n").sum())
            parts.append(grouped.collect().lazy())
        assert here.exists() == (count > 1)
        assert not list(here.rglob("*.ipc"))
    assert len(parts) <= count
    assert summed(parts) == counted(frames)


@settings(max_examples=15)
@given(frames_of, st.integers(1, 6))
def test_two_frames_meet_in_each_partition(frames: list[Rows], count: int) -> None:
    one, other = (frame([row for rows in frames for row in rows[start::2]]).lazy() for start in (0, 1))
    pairs = [
        left.join(right, on="key", nulls_equal=True).collect()
        for left, right in group_in_parts.filtered([one, other], "key", count)
    ]
    assert len(pairs) == count
    whole = one.join(other, on="key", nulls_equal=True).collect()
    assert Counter(pl.concat(pairs).iter_rows()) == Counter(whole.iter_rows())


@settings(max_examples=20)
@given(frames_of, st.sampled_from([0, 7, 1_000_000]))
def test_counts_are_those_of_a_dict(frames: list[Rows], most_waiting: int) -> None:
    expected = counted(frames)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_in_parts, "_MOST_WAITING", most_waiting)
        partial = PartialCounts(["key"], least_rows=most_waiting)
        for rows in frames:
            partial.add(frame(rows))
        highest = top([partial.merged().lazy()], "n", "key", 4).rows()
    assert highest == sorted(expected.items(), key=lambda row: (-row[1], row[0] is not None, row[0] or ""))[:4]
    assert summed([partial.merged().lazy()]) == expected
    assert partial.merged_height == partial.height == len(expected)
    partial.replace(frame([("a", 1)]))
    partial.add(frame([("a", 2)]))
    assert partial.merged().rows() == [("a", 3)]


@pytest.mark.parametrize("count", [1, 3, 64, 1 << 20])
def test_ranges_of_hashes_cover_all_and_are_equal(count: int) -> None:
    edges = [-(-(number << 32) // count) << 32 for number in range(min(99, count))]
    hashes = pl.LazyFrame({"hash": [*edges, (1 << 64) - 1]}, schema={"hash": pl.UInt64})
    assert hashes.select(hash_range(pl.col("hash"), count)).collect().to_series().to_list() == [
        *range(len(edges)),
        count - 1,
    ]


def test_the_memory_of_a_group_by_is_estimated() -> None:
    rows = frame([(key, 1) for number in range(4000) for key in (f"key-{number:04d}",) * 2]).lazy()
    assert bytes_needed(rows, "key", each=100, text_factor=2, by_key=False) == 8000 * (100 + 2 * 8)
    told = bytes_needed(rows, "key", each=100, text_factor=2, by_key=True)
    assert told == pytest.approx(4000 * (100 + 2 * 8), rel=0.5)
    assert bytes_needed(rows.clear(), "key", each=100, text_factor=2, by_key=True) == 0
    assert [partitions_needed(needed, 10) for needed in (0, 1, 10, 11, 95)] == [1, 1, 1, 2, 10]
