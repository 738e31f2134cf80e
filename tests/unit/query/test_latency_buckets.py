"""Exchanges by endpoint, status and duration are counted as a plain loop counts them."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr.compute.object_path import local
from logcorr.model.errors import InputError
from logcorr.query import latency_buckets as tested
from logcorr.query.latency_buckets import BOUNDS_S, Group, LatencyBuckets, latency_buckets
from tests.support.attribute_runs import Pair, made
from tests.support.kernels_or_numpy import search

NEAR_BOUNDS = [int(bound * 1e6) + step for bound in BOUNDS_S for step in (-1, 0, 1)]
DURATIONS = st.one_of(st.none(), st.sampled_from(NEAR_BOUNDS), st.integers(-5, 300_000_000), st.integers(0, 2000))
ENDPOINTS = st.sampled_from([None, "", "/a", "/b", "/c", "other", "none"])
STATUSES = st.sampled_from([None, 0, 100, 200, 204, 301, 404, 500, 503, 999])
PAIRS = st.tuples(st.integers(0, 3_000_000), DURATIONS, STATUSES, ENDPOINTS).map(
    lambda parts: Pair(*parts[:3], endpoint=parts[3])
)


def counted(pairs: Sequence[Pair], endpoints: Sequence[str]) -> dict[Group, LatencyBuckets]:
    """The same in a plain loop, with exact fractions."""
    counts: dict[Group, LatencyBuckets] = {}
    for pair in pairs:
        named = pair.endpoint if pair.endpoint in endpoints else None
        group = Group(named, pair.endpoint is not None and named is None, pair.status_code)
        timed = pair.took is not None and pair.took >= 0
        seconds = Fraction(pair.took if timed and pair.took is not None else 0, 1_000_000)
        one = LatencyBuckets(
            requests=1,
            timed=int(timed),
            negative=int(pair.took is not None and pair.took < 0),
            total_us=int(seconds * 1_000_000),
            at_most=tuple(int(timed and seconds <= Fraction(bound)) for bound in BOUNDS_S),
        )
        counts[group] = counts.get(group, LatencyBuckets()).plus(one)
    return counts


def test_bounds_are_those_of_native_histograms() -> None:
    assert [(bound / 2).hex().partition("p")[0] for bound in BOUNDS_S] == ["0x1.0000000000000"] * len(BOUNDS_S)
    assert all(high == 2 * low for low, high in pairwise(BOUNDS_S))


@search(25)
@given(st.lists(PAIRS, max_size=30), st.lists(st.sampled_from(["/a", "/b", "", "other"]), unique=True, max_size=3))
def test_any_exchanges(pairs: list[Pair], endpoints: list[str]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tested, "_SLICE_ROWS", 7)
        run = made(Path(folder, "made"), pairs)
        assert latency_buckets(run, endpoints) == counted(pairs, endpoints)


def test_a_run_without_endpoints_has_none(tmp_path: Path) -> None:
    run = made(tmp_path / "made", [Pair(0, 1000, 200, endpoint="/a")], attributes=())
    assert [*latency_buckets(run, ["/a"])] == [Group(None, others=False, status_code=200)]


def test_a_damaged_view_is_an_error(tmp_path: Path) -> None:
    run = made(tmp_path / "made", [Pair(0, 1000, 200)] * 50)
    part = local(run.view("exchanges")[0])
    whole = part.read_bytes()
    part.write_bytes(b"\0" * (len(whole) - 4) + whole[-4:])
    with pytest.raises(InputError, match="damaged"):
        latency_buckets(run, [])
