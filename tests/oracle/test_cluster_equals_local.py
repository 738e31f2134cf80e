"""A run by steps on an engine equals the run on this machine: reports but for `run`, and sorted exports to the byte.

Splits are cut anywhere, and there are few or many buckets. LOGCORR_EXAMPLES=n tries n times as many examples.
"""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from logcorr.cluster import cut_work
from logcorr.figures import latency_counts
from logcorr.model.options import CorrelateOptions, Narrowing, Reading
from tests.oracle.golden_formats import GOLDEN
from tests.oracle.test_golden_jobs import GOLD, PAIRS
from tests.support.cluster_runs import MEMORY, cluster, differences
from tests.support.kernels_or_numpy import search, some
from tests.support.pair_strategies import Case, cases
from tests.support.profile_logs import ProfileCase, profile_cases

CUTS = st.fixed_dictionaries({"split_bytes": st.integers(1, 400), "buckets": st.integers(1, 5)})
NARROWINGS = st.sampled_from(
    [
        *[Narrowing()] * 3,
        Narrowing(where="status>=400"),
        Narrowing(where="reason=lost"),
        Narrowing(where="duration_ms>1 user_id~u"),
        Narrowing(since="-1m"),
        Narrowing(until="2025-03-01T12:00:00Z"),
    ]
)


@search(12)
@given(cases(), CUTS, NARROWINGS, st.sampled_from([2, latency_counts.MOST_COUNTS]))
def test_two_logs(case: Case, cut: dict[str, Any], narrowing: Narrowing, most_counts: int) -> None:
    note(case.readable())
    with TemporaryDirectory(prefix="logcorr-") as name, patch.object(latency_counts, "MOST_COUNTS", most_counts):
        options = case.engine_options(Path(name), [])
        options = msgspec.structs.replace(options, narrowing=narrowing)
        assert differences(options, Path(name), cluster(**cut), case.variables()) == []


def options_of(log: Path, name: str, day: date | None, head: str = "", **changed: Any) -> CorrelateOptions:
    reading = Reading(date=str(day) if day else None, unwrap=(head,) if head else ())
    return CorrelateOptions(log=(str(log),), form=name, reading=reading, memory_bytes=MEMORY, **changed)


@search(12)
@given(
    profile_cases(PAIRS),
    CUTS,
    st.sampled_from([None, None, "in-order", "nearest", "first", "last"]),
    st.sampled_from([None, 1_000, 1_000_000]),
    st.sampled_from([2, latency_counts.MOST_COUNTS]),
)
def test_one_log(case: ProfileCase, cut: dict[str, Any], pairing: Any, longest: int | None, most_counts: int) -> None:
    note(f"{case}")
    with TemporaryDirectory(prefix="logcorr-") as name, patch.object(latency_counts, "MOST_COUNTS", most_counts):
        folder = Path(name)
        (folder / "a.log").write_bytes(case.log)
        options = options_of(folder / "a.log", case.name, case.day, pairing=pairing, max_duration_us=longest)
        assert differences(options, folder, cluster(**cut)) == []


@pytest.mark.parametrize("name", some(PAIRS, *PAIRS[::3]))
def test_golden_logs(name: str, tmp_path: Path) -> None:
    told = GOLD[name]["options"]
    day = date.fromisoformat(told["day"]) if "day" in told else None
    options = options_of(GOLDEN / f"{name}.log", name, day, told.get("head", ""))
    assert differences(options, tmp_path, cluster()) == []
    narrowed = msgspec.structs.replace(options, narrowing=Narrowing(where="status=200"), collapse_ids=True)
    assert differences(narrowed, tmp_path / "narrowed", cluster()) == []


def test_cut_work_is_within_limits() -> None:
    for slots in (1, 8, 1000):
        for text_bytes in (0, 1 << 20, 1 << 34, 1 << 42):
            how = cluster(split_bytes=0, buckets=0)
            size = cut_work.split_bytes(text_bytes, slots, how)
            splits = text_bytes // size + 1
            sizes = cut_work.sizes(text_bytes, splits, slots, how)
            assert sizes.buckets >= 1
            assert splits * sizes.buckets <= max(splits, 1_000_000)
