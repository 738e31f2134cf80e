"""A bucket that one id fills: pairing it in chunks of a few entries gives what the oracle says."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from logcorr.compute import external_sort, memory_budget
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.jobs.correlate import correlate
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.errors import Cancelled
from logcorr.model.events import Event, ProgressEvent
from logcorr.model.ledger import SIDES, Side
from logcorr.model.options import Pairing
from logcorr.pairing import buckets, oversized_ids, sorted_entries
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.rules import Rules
from tests.oracle.pair_oracle import Entry
from tests.oracle.test_correlate_equals_oracle import case, compare
from tests.support.entry_strategies import Log, logs, rows_of
from tests.support.kernels_or_numpy import search
from tests.support.pair_strategies import Case, cases

POLICIES: tuple[Pairing, ...] = ("in-order", "nearest", "first", "last")


@pytest.fixture(autouse=True)
def few_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets are split once, in two: enough to be on every path, and quick."""
    monkeypatch.setattr(buckets, "_DEEPEST_LEVEL", 2)
    monkeypatch.setattr(buckets, "_SPLIT_BUCKETS", 2)


def on_disk(folder: Path, requests: pl.DataFrame, responses: pl.DataFrame) -> Bucket:
    """The entries as a bucket: the requests in one file, the responses in two."""
    frames = {"q0": requests, "r0": responses.head(3), "r1": responses.slice(3)}
    for name, entries_ in frames.items():
        entries_.write_ipc(folder / name)
    return Bucket(requests=(folder / "q0",), responses=(folder / "r0", folder / "r1"))


def task(rules: Rules, rows: int, tap: Callable[[], None] = lambda: None) -> PairingTask:
    schemas = {side: rules.columns.schema(side) for side in SIDES}
    return PairingTask(rules=rules, schemas=schemas, bucket_bytes=rows * oversized_ids._TEXT_BYTES_PER_ROW, tap=tap)


def plain(*lines: tuple[Side, str, int, object], **rules: Any) -> Log:
    """Entries (side, id, time, value) of a log without further columns."""
    found = [Entry(side, at, name, value, "", 0) for side, name, at, value in lines]
    return Log(Rules(**rules), ()).numbered(found)


def asked(*times: int, name: str = "a", value: str | None = "u") -> list[tuple[Side, str, int, object]]:
    return [("request", name, at, value) for at in times]


def said(*times: int, name: str = "a", value: int | None = 200) -> list[tuple[Side, str, int, object]]:
    return [("response", name, at, value) for at in times]


SIXTEEN, TWELVE = asked(*range(16)), said(*range(1, 13))
USERS: list[tuple[Side, str, int, object]] = [("request", "a", 0, f"u{at}") for at in range(16)]


@search(25)
@given(logs(), st.integers(2, 7), st.integers(2, 4))
@example(plain(*asked(*[0] * 12), *said(*[0] * 12)), 2, 2)
@example(plain(*asked(*[0] * 12), *said(5, 6, 7), max_duration_us=1), 2, 2)
@example(plain(*SIXTEEN, *TWELVE, max_duration_us=0), 3, 2)
@example(plain(*SIXTEEN, *TWELVE, policy="last", max_duration_us=0), 3, 2)
@example(plain(*SIXTEEN, *TWELVE, *said(*range(30, 50)), policy="nearest"), 3, 2)
@example(plain(*USERS, *said(*range(30)), *said(*range(30), value=None), policy="nearest"), 2, 2)
@example(plain(*USERS, *asked(*[0] * 9, value=None), *said(*[0] * 9, name="b"), policy="first"), 3, 2)
@example(plain(), 2, 2)
@example(plain(*asked(*[0] * 8, value=None), *asked(*[0] * 8, name="b"), policy="last"), 2, 2)
def test_chunks_come_to_what_the_oracle_says(log: Log, most: int, ranges: int) -> None:
    note(str(log))
    frames = log.frame("request"), log.frame("response")
    with TemporaryDirectory(prefix="logcorr-") as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "_MOST_RANGES", ranges)
        patch.setattr(sorted_entries, "_SAMPLE_ROWS", 8)
        folder = Path(name)
        shares_and_chunks = list(oversized_ids.pair(on_disk(folder, *frames), folder / "work", task(log.rules, most)))
        assert not [path for path in folder.rglob("*") if path.is_file()], "files are left over"
    chunks = [paired for _, paired in shares_and_chunks]
    found = {
        "exchanges": rows_of([chunk.exchanges for chunk in chunks]),
        "orphans": rows_of([one for chunk in chunks for one in chunk.orphans]),
        "repeats": rows_of([one for chunk in chunks for one in chunk.repeats]),
    }
    assert found == log.expected()
    shares = [share for share, _ in shares_and_chunks]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    for chunk in chunks:
        assert chunk.exchanges.schema == log.columns.exchanges
        assert all(one.schema == log.columns.orphans for one in chunk.orphans)
        assert all(one.schema == log.columns.repeats for one in chunk.repeats)


@pytest.mark.parametrize("policy", POLICIES)
def test_chunks_of_a_crowd_are_small(tmp_path: Path, policy: Pairing) -> None:
    log = plain(*asked(*(at // 7 * 7 for at in range(120))), *said(*range(90)))
    whole = on_disk(tmp_path, log.frame("request"), log.frame("response"))
    for _, paired in oversized_ids.pair(whole, tmp_path / "work", task(Rules(policy=policy, max_duration_us=3), 20)):
        frames = [paired.exchanges, *paired.orphans, *paired.repeats]
        assert all(one.height <= 20 for one in frames)


def test_chunks_of_long_attributes_are_smaller(tmp_path: Path) -> None:
    columns = EntryColumns(attributes=("endpoint",), request_attributes=("endpoint",))
    found = [Entry("request", at, "a", "u", "", 0, attributes=("/" + "x" * 2000,)) for at in range(100)]
    log = Log(Rules(columns=columns), ()).numbered(found)
    whole = on_disk(tmp_path, log.frame("request"), log.frame("response"))
    chunks = [paired for _, paired in oversized_ids.pair(whole, tmp_path / "work", task(log.rules, 100))]
    assert sum(one.height for paired in chunks for one in paired.orphans) == 100
    assert all(one.height <= 100 * 256 // 2000 for paired in chunks for one in paired.orphans)


def test_a_tap_that_raises_ends_it(tmp_path: Path) -> None:
    log = plain(*asked(*range(400)))
    whole = on_disk(tmp_path, log.frame("request"), log.frame("response"))
    taps, stopped = [0], threading.Event()
    meter = ProgressMeter(None, stopped, 0)

    def tap() -> None:
        taps[0] += 1
        if taps[0] >= 50:
            stopped.set()
        meter.tap()

    with pytest.raises(Cancelled):
        list(oversized_ids.pair(whole, tmp_path / "work", task(Rules(), 20, tap)))


def tiny_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bucket is oversized, and every id with more than two entries a crowd."""
    plan = memory_budget.plan

    def tiny(memory_bytes: int, threads: int) -> MemoryPlan:
        return msgspec.structs.replace(plan(memory_bytes, threads), unpaired_bytes=1, bucket_bytes=1)

    monkeypatch.setattr(memory_budget, "plan", tiny)


SAME = "@00:01Z,a,200\n" * 6
MANY = "".join(f"@00:{second:02}Z,a,20{second % 2}\n" for second in range(11))


@search(1)
@given(cases())
@example(case(SAME, SAME))
@example(case(SAME, MANY, pairing="last"))
@example(case(MANY, SAME, pairing="first", buckets=3))
@example(case(MANY + SAME, MANY + MANY.replace(",a,", ",b,"), max_duration_us=0))
def test_the_engine_equals_the_oracle_with_crowds_everywhere(
    monkeypatch: pytest.MonkeyPatch,
    case: Case,
) -> None:
    note(case.readable())
    tiny_buckets(monkeypatch)
    with TemporaryDirectory(prefix="logcorr-") as name:
        found = compare(case, Path(name))
    assert not found, "\n".join(found)


def test_progress_with_a_crowd_never_goes_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tiny_buckets(monkeypatch)
    monkeypatch.setattr("logcorr.jobs.progress_meter.EVERY_S", 0.0)
    told: list[Event] = []
    correlate(case(MANY + SAME, MANY, buckets=2).engine_options(tmp_path, []), on_event=told.append)
    shares = [event.share for event in told if hasattr(event, "share")]
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    done = [event.buckets_done for event in told if isinstance(event, ProgressEvent)]
    assert done == sorted(done)


def test_a_bucket_that_stands_out_is_too_large_from_its_planned_size_on(tmp_path: Path) -> None:
    def of(size: int) -> Bucket:
        path = tmp_path / f"{size}"
        path.write_bytes(b"x" * size)
        return Bucket(requests=(path,), responses=())

    usual = [of(size) for size in (95, 100, 105)]
    assert buckets.too_large([*usual, of(180)], 100) == [False, False, False, True]
    assert buckets.too_large([*usual, of(180)], 190) == [False] * 4
    assert buckets.too_large([of(size) for size in (130, 135, 140, 160)], 100) == [False, False, False, True]
    assert buckets.too_large([of(1)], 100) == [False]
