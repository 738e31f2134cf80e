"""Sums of parts, through bytes and in any order, are the sums of all exchanges at once."""

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.cluster import sum_bytes
from logcorr.cluster.sum_bytes import add_groups, parted_groups
from logcorr.compute import group_in_parts
from logcorr.compute.struct_bytes import frame_bytes, frame_of, of_bytes, to_bytes
from logcorr.figures import endpoints_and_addresses, group_counts, latency, latency_counts, nearest_rank
from logcorr.figures.access_sums import AccessCounter, AccessSums, PartialAccessSums
from logcorr.figures.grid import Grid, grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.pair_sums import PairSums, PartialPairSums
from logcorr.figures.sums import Sums
from tests.support.kernels_or_numpy import search

pytestmark = pytest.mark.usefixtures("way")

NAMES = ("method", "endpoint", "ip", "user_agent")
SECOND = 1_000_000
WINDOW_US = 60 * SECOND
ROOM = 1 << 20
# The time, the duration, the status, and a text for each attribute.
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-2 * SECOND, 9 * SECOND), st.integers(0, 9 * 10**13)),
        st.one_of(st.none(), st.integers(-3, 5), st.integers(0, 10**6), st.integers((1 << 62) - 3, 1 << 62)),
        st.sampled_from([None, 0, 200, 399, 404, 500, 599]),
        *[st.sampled_from([None, "", "a", "b", "a much longer text", "é"])] * 4,
    ),
    max_size=30,
)
SCHEMA = {"time": pl.Int64, "given_us": pl.Int64, "status_code": pl.Int16, **dict.fromkeys(NAMES, pl.String)}


def entries_of(rows: Sequence[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").with_row_index("row")


def exchanges_of(rows: Sequence[Any]) -> pl.DataFrame:
    """Exchanges of a correlation, whose responses tell durations of their own."""
    frame = entries_of(rows).rename({"time": "request_time", "given_us": "duration_us"})
    return frame.select(
        pl.format("{}", "row").alias("request_id"),
        pl.col("ip").alias("user_id"),
        "status_code",
        "request_time",
        (pl.col("request_time") + pl.col("duration_us").clip(0, 10**9)).alias("response_time"),
        "duration_us",
        (pl.col("duration_us") % 1000).alias("given_us"),
    )


def span(rows: Sequence[Any]) -> tuple[int | None, int | None]:
    times = [row[0] for row in rows if row[0] is not None]
    return min(times, default=None), max(times, default=None)


def contents(sums: Sums) -> dict[str, Any]:
    """All that does not depend on how durations were counted."""
    frames = {"bands": sums.bands.merged(), "timeline": sums.timeline.merged(), "windows": sums.windows}
    totals = [sums.totals[failed] for failed in (False, True)]
    return {**{name: sorted(frame.rows(), key=repr) for name, frame in frames.items()}, "totals": totals}


def figures(sums: Sums, parts: Sequence[pl.DataFrame]) -> Any:
    """The latency figures, with the second look at each part by itself."""
    asked = latency.asked(sums)
    if asked.exact:
        return latency.settled(sums, asked)
    durations = [latency.durations(part.lazy(), sums.grid.bucket_us) for part in parts]
    near = [
        pl.concat([nearest_rank.near(rows, of).collect() for rows in durations]).lazy()
        for of in (asked.populations, asked.over_time)
    ]
    return latency.settled(sums, asked, *near)


def shuffled(parts: Sequence[Any], seed: int) -> list[Any]:
    return random.Random(seed).sample(parts, len(parts))


@search(20)
@given(st.lists(ROWS, min_size=1, max_size=5), st.integers(0, 9), st.sampled_from([3, 40, latency_counts.MOST_COUNTS]))
def test_sums_of_access_logs(parts: list[Any], seed: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(latency_counts, "MOST_COUNTS", most)

        def made(name: str) -> AccessSums:
            counter = AccessCounter(NAMES, WINDOW_US, ROOM, Path(folder) / name)
            return AccessSums(grid(None, None, WINDOW_US), counter, widens=True)

        def counted(rows: Any, name: str) -> tuple[AccessSums, pl.DataFrame]:
            sums = made(name)
            with sums.counter.counting():
                exchanges = sums.counter("exchange", entries_of(rows))
            sums.add(exchanges)
            return sums, exchanges

        apart = [counted(rows, str(number)) for number, rows in enumerate(parts)]
        merged = made("merged")
        for sums, _ in shuffled(apart, seed):
            merged.merge(of_bytes(to_bytes(sums.partial()), PartialAccessSums))
        rows = [row for of_part in parts for row in of_part]
        whole, exchanges = counted(rows, "whole")
        last = grid(*span(rows), WINDOW_US)
        assert merged.widen(last)
        assert whole.widen(last)
        assert contents(merged) == contents(whole)
        assert merged.missing == whole.missing
        for slow in (False, True):
            assert merged.extreme(slow=slow).rows() == whole.extreme(slow=slow).rows()
        assert figures(merged, [part for _, part in apart]) == figures(whole, [exchanges])


@search(20)
@given(st.lists(ROWS, min_size=1, max_size=5), st.integers(0, 9), st.sampled_from([3, latency_counts.MOST_COUNTS]))
def test_sums_of_pairs(parts: list[Any], seed: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency_counts, "MOST_COUNTS", most)
        frames = [exchanges_of(rows) for rows in parts]
        every = pl.concat(frames)
        times = [time for name in ("request_time", "response_time") for time in every[name].drop_nulls()]
        known = grid(min(times, default=None), max(times, default=None), WINDOW_US)

        def counted(exchanges: pl.DataFrame) -> PairSums:
            sums = PairSums(known, ROOM)
            sums.add(exchanges)
            return sums

        merged = PairSums(known, ROOM)
        for exchanges in shuffled(frames, seed):
            merged.merge(of_bytes(to_bytes(counted(exchanges).partial()), PartialPairSums))
        whole = counted(every)
        assert contents(merged) == contents(whole)
        assert merged.responses == whole.responses
        assert merged.resolution.resolution() == whole.resolution.resolution()
        given_whole = whole.given.given("events", every.lazy)
        assert merged.given.given("events", every.lazy) == given_whole
        assert sorted(merged.slowest.rows(), key=repr) == sorted(whole.slowest.rows(), key=repr)
        assert figures(merged, frames) == figures(whole, [every])


def groups_as_bytes(rows: Any, parts: int, room: int, folder: Path) -> list[tuple[int, bytes]]:
    counts = GroupCounts(NAMES, WINDOW_US, room, folder)
    exchanges = entries_of(rows).rename({"time": "request_time", "given_us": "duration_us"})
    for half in (exchanges[::2], exchanges[1::2]):
        with counts.counting():
            counts.add(half, counts.codes_of(half))
    return [(number, frame_bytes(frame)) for number, frame in parted_groups(counts, parts)]


def tables(merged: Sequence[GroupCounts]) -> dict[str, list[Any]]:
    """The rows of views and tops that groups have, in an order of their own."""
    found: dict[str, list[Any]] = {"endpoints": [], "ips": [], "suspicious": []}
    for counts in merged:
        for part in counts.endpoints():
            found["endpoints"] += endpoints_and_addresses.endpoints(part).collect().rows()
        for part in counts.ips():
            found["ips"] += endpoints_and_addresses.ips(part, WINDOW_US, 2).collect().rows()
            found["suspicious"] += endpoints_and_addresses.suspicious_in(part, 2).collect().rows()
    for name in ("method", "user_agent"):
        tops = [counts.top(name)[0].lazy() for counts in merged]
        found[name] = group_in_parts.top(tops, "requests", name, 100).rows()
    return {name: rows if name in NAMES else sorted(rows, key=repr) for name, rows in found.items()}


@search(12)
@given(
    st.lists(ROWS, min_size=1, max_size=4),
    st.integers(0, 9),
    st.sampled_from([1, 2, 7]),
    st.sampled_from([0, ROOM]),
    st.sampled_from([2, 250_000]),
)
def test_groups_in_parts(parts: list[Any], seed: int, count: int, room: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as name:
        folder = Path(name)
        patch.setattr(sum_bytes, "_PARTED_ROWS", most)
        patch.setattr(sum_bytes, "_ADDED_ROWS", most)
        patch.setattr(group_counts, "_ROWS_AT_ONCE", max(most, 3))
        told = [groups_as_bytes(rows, count, room, folder / str(number)) for number, rows in enumerate(parts)]
        merged = []
        for part in range(count):
            counts = GroupCounts(NAMES, WINDOW_US, room, folder / f"merged{part}", (part, count))
            for of_step in shuffled(told, seed):
                add_groups(counts, (frame_of(data) for number, data in of_step if number == part))
            merged.append(counts)
        whole = GroupCounts(NAMES, WINDOW_US, ROOM, folder / "whole")
        exchanges = entries_of([row for of_part in parts for row in of_part])
        exchanges = exchanges.rename({"time": "request_time", "given_us": "duration_us"})
        with whole.counting():
            whole.add(exchanges, whole.codes_of(exchanges))
        assert tables(merged) == tables([whole])


def test_totals_may_have_more_than_64_bits() -> None:
    sums = PairSums(grid(None, None, WINDOW_US), ROOM)
    for _ in range(3):
        sums.add(exchanges_of([(0, (1 << 62) - 1, 200, *NAMES)] * 2))
    merged = PairSums(grid(None, None, WINDOW_US), ROOM)
    merged.merge(of_bytes(to_bytes(sums.partial()), PartialPairSums))
    assert merged.totals[False].total_us == 6 * ((1 << 62) - 1)


def test_counts_on_grids_that_do_not_fit_are_refused() -> None:
    narrow, other = (PairSums(Grid(bucket_us=width * SECOND, window_us=WINDOW_US), ROOM) for width in (2, 5))
    with pytest.raises(ValueError, match="cannot be added"):
        other.merge(narrow.partial())


def test_bytes_of_something_else_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        of_bytes(to_bytes({"grid": 1}), PartialPairSums)
    with pytest.raises(msgspec.ValidationError):
        of_bytes(to_bytes({"frame": 1}), dict[str, pl.DataFrame])
    with pytest.raises(NotImplementedError, match="no part of sums"):
        to_bytes({"frame": pl.LazyFrame()})
