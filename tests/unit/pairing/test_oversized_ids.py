"""A bucket that one id fills: pairing it in chunks of a few entries gives what pairing it whole gives."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

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
from logcorr.model.ledger import Side
from logcorr.model.options import Pairing
from logcorr.pairing import bucket_join, buckets, oversized_ids, sorted_entries
from logcorr.pairing.paired import Paired
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.rules import Rules
from tests.oracle.test_correlate_equals_oracle import case, compare
from tests.support.kernels_or_numpy import search
from tests.support.pair_strategies import Case, cases

SCHEMAS: dict[Side, pl.Schema] = {
    "request": pl.Schema({"request_id": pl.String, "time": pl.Int64, "user_id": pl.String, "row": pl.UInt32}),
    "response": pl.Schema({"request_id": pl.String, "time": pl.Int64, "status_code": pl.Int16, "row": pl.UInt32}),
}
POLICIES: tuple[Pairing, ...] = ("in-order", "first", "last")
Entry = tuple[str, int, object]
Rows = list[tuple[object, ...]]


@pytest.fixture(autouse=True)
def few_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets are split once, in two: enough to be on every path, and quick."""
    monkeypatch.setattr(buckets, "_DEEPEST_LEVEL", 2)
    monkeypatch.setattr(buckets, "_SPLIT_BUCKETS", 2)


def entries(values: st.SearchStrategy[object]) -> st.SearchStrategy[list[Entry]]:
    """Up to 60 entries of one side; now and then nearly all of one id, of one instant, or equal."""
    ids = st.sampled_from(["a", "a", "a", "b", "b", "nul\x00", "é" * 9, "c", "d"])
    times = st.one_of(st.integers(-3, 3), st.integers(-(10**15), 10**15))
    entry = st.tuples(ids, times, values)
    equal = st.builds(lambda one, times_: [one] * times_, entry, st.integers(0, 25))
    instant = st.builds(
        lambda name, at, many: [(name, at, value) for value in many], ids, times, st.lists(values, max_size=25)
    )
    parts = st.lists(st.one_of(st.lists(entry, max_size=20), equal, instant), max_size=3)
    return parts.flatmap(lambda found: st.permutations([one for part in found for one in part][:60]))


REQUESTS = entries(st.sampled_from([None, None, "", "u", "u1", "u1\x00", "é", "v" * 40]))
RESPONSES = entries(st.sampled_from([0, 200, 200, 404, 999]))


def frame(side: Side, rows: list[Entry]) -> pl.DataFrame:
    return pl.DataFrame([(*row, number) for number, row in enumerate(rows)], schema=SCHEMAS[side], orient="row")


def on_disk(folder: Path, requests: pl.DataFrame, responses: pl.DataFrame) -> Bucket:
    """The entries as a bucket: the requests in one file, the responses in two."""
    frames = {"q0": requests, "r0": responses.head(3), "r1": responses.slice(3)}
    for name, entries_ in frames.items():
        entries_.write_ipc(folder / name)
    return Bucket(requests=(folder / "q0",), responses=(folder / "r0", folder / "r1"))


def task(rules: Rules, rows: int, tap: Callable[[], None] = lambda: None) -> PairingTask:
    return PairingTask(rules=rules, schemas=SCHEMAS, bucket_bytes=rows * oversized_ids._TEXT_BYTES_PER_ROW, tap=tap)


def rows_of(frames: list[pl.DataFrame]) -> Rows:
    return sorted((row for one in frames for row in one.iter_rows()), key=repr)


def everything(chunks: list[Paired]) -> list[Rows]:
    return [
        rows_of([chunk.exchanges for chunk in chunks]),
        rows_of([one for chunk in chunks for one in chunk.orphans]),
        rows_of([one for chunk in chunks for one in chunk.repeats]),
    ]


@search(4)
@given(
    REQUESTS,
    RESPONSES,
    st.sampled_from(POLICIES),
    st.one_of(st.none(), st.sampled_from([0, 1, 2, 10**9])),
    st.integers(2, 7),
    st.integers(2, 4),
)
@example([("a", 0, None)] * 12, [("a", 0, 200)] * 12, "in-order", None, 2, 2)
@example([("a", 0, "u")] * 12, [("a", 5, 200), ("a", 6, 200), ("a", 7, 200)], "in-order", 1, 2, 2)
@example([("a", at, "u") for at in range(16)], [("a", at + 1, 200) for at in range(12)], "in-order", 0, 3, 2)
@example([("a", at, "u") for at in range(16)], [("a", at + 1, 200) for at in range(12)], "last", 0, 3, 2)
@example([("a", 0, f"u{at}") for at in range(16)] + [("a", 0, None)] * 9, [("b", 0, 200)] * 9, "first", None, 3, 2)
@example([], [], "in-order", None, 2, 2)
@example([("a", 0, None), ("b", 0, None)] * 8, [], "last", None, 2, 2)
def test_chunks_come_to_what_the_whole_bucket_does(  # noqa: PLR0917 - Hypothesis names them
    requests: list[Entry],
    responses: list[Entry],
    policy: Pairing,
    max_duration_us: int | None,
    most: int,
    ranges: int,
) -> None:
    rules = Rules(policy=policy, max_duration_us=max_duration_us)
    frames = frame("request", requests), frame("response", responses)
    whole = bucket_join.pair(frames[0].lazy(), frames[1].lazy(), rules)
    with TemporaryDirectory(prefix="logcorr-") as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "_MOST_RANGES", ranges)
        patch.setattr(sorted_entries, "_SAMPLE_ROWS", 8)
        folder = Path(name)
        told = list(oversized_ids.pair(on_disk(folder, *frames), folder / "work", task(rules, most)))
        assert not [path for path in folder.rglob("*") if path.is_file()], "files are left over"
    chunks = [paired for _, paired in told]
    note(str(told))
    assert everything(chunks) == everything([whole])
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    for chunk in chunks:
        assert chunk.exchanges.schema == whole.exchanges.schema
        assert all(one.schema == whole.orphans[0].schema for one in chunk.orphans)
        assert all(one.columns[-2:] == ["kind", "row"] for one in chunk.repeats)


@pytest.mark.parametrize("policy", POLICIES)
def test_chunks_of_a_crowd_are_small(tmp_path: Path, policy: Pairing) -> None:
    requests: list[Entry] = [("a", at // 7 * 7, "u") for at in range(120)]
    responses: list[Entry] = [("a", at, 200) for at in range(90)]
    whole = on_disk(tmp_path, frame("request", requests), frame("response", responses))
    for _, paired in oversized_ids.pair(whole, tmp_path / "work", task(Rules(policy=policy, max_duration_us=3), 20)):
        frames = [paired.exchanges, *paired.orphans, *paired.repeats]
        assert all(one.height <= 20 for one in frames)


def test_a_tap_that_raises_ends_it(tmp_path: Path) -> None:
    requests: list[Entry] = [("a", at, "u") for at in range(400)]
    whole = on_disk(tmp_path, frame("request", requests), frame("response", []))
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

    def tiny(text_bytes: int, memory_bytes: int) -> MemoryPlan:
        return msgspec.structs.replace(plan(text_bytes, memory_bytes), bucket_bytes=1)

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
    assert buckets.too_large([of(size) for size in (170, 180, 190, 210)], 100) == [False, False, False, True]
    assert buckets.too_large([of(1)], 100) == [False]
