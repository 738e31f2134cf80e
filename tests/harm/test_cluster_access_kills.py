"""An analysis on an engine whose workers or driver are killed: the right result, and nothing is left behind."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from logcorr.cluster import access_figures, analyze, merge_accesses
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines.base import Item, run_item
from logcorr.cluster.engines.inline import Inline
from logcorr.figures import latency_counts
from logcorr.model.errors import Cancelled, InputError
from logcorr.model.events import Event, ProgressEvent
from logcorr.model.options import AnalyzeOptions, ClusterOptions, Narrowing, Output
from logcorr.runs.run_folder import RunFolder
from tests.support.cluster_faults import Faults
from tests.support.cluster_runs import MEMORY, cluster, compared_reports, differences, left_over, let_steps_end

ROWS = 3000
# Where workers are killed: in the middle of a step, or just before its note.
KILLS = ("put_file .*/exchanges/000001-", "create .*/done/finish/000001", "create .*/done/groups/000000")
MORE_KILLS = (
    *KILLS,
    "create .*/done/map/000002",
    "put_file .*/malformed/000003-",
    "put .*/groups/000001-",
)
PHASES = ("map", "finish", "sums", "groups", "look")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """All phases have several steps, and durations are counted in bins first."""
    with (
        patch.object(analyze, "_PART_BYTES", 100_000),
        patch.object(access_figures, "_MOST_SUMS", 1),
        patch.object(access_figures, "SUMS_A_STEP", 2),
        patch.object(merge_accesses, "SUMS_A_STEP", 2),
        patch.object(latency_counts, "MOST_COUNTS", 100),
    ):
        yield


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "access.log"
    with path.open("w") as file:
        for number in range(ROWS):
            ip, status = f"10.0.{number % 31}.{number % 7}", 500 if number % 11 == 0 else 200
            at = f"21/Nov/2025:16:{number // 60 % 60:02}:{number % 60:02} +0000"
            request = f"GET /p{number % 120}/{number % 3} HTTP/1.1"
            line = f'{ip} - - [{at}] "{request}" {status} 5 "-" "agent {number % 30}" {number * 7919 % 997 / 1000:.3f}'
            file.write("garbage\n" if number % 97 == 0 else f"{line}\n")
    return path


@pytest.fixture(scope="module")
def whole(log: Path, small: None, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:  # noqa: ARG001 - its sizes
    """The run to which nothing happens."""
    return on_engine(log, tmp_path_factory.mktemp("whole"), cut())


def options_of(log: Path, **changed: Any) -> AnalyzeOptions:
    return AnalyzeOptions(files=(str(log),), memory_bytes=MEMORY, **changed)


def cut(engine: str = "inline", **changed: Any) -> ClusterOptions:
    return cluster(engine, **({"split_bytes": 70_000} | changed))


def on_engine(
    log: Path, store: Path, how: ClusterOptions, outputs: tuple[Output, ...] = (), **changed: Any
) -> RunFolder:
    result = analyze.analyze(options_of(log, store=str(store), cluster=how, outputs=outputs), **changed)
    assert result.folder is not None
    return RunFolder(result.folder)


@pytest.mark.parametrize("kills", [KILLS, pytest.param(MORE_KILLS, marks=pytest.mark.long)], ids=["some", "many"])
def test_workers_are_killed(kills: Sequence[str], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(tmp_path / "faults", monkeypatch, kills)
    assert differences(options_of(log), tmp_path, cut("processes:2")) == []
    assert faults.all_met


@pytest.mark.long
def test_workers_are_killed_while_a_run_is_narrowed(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(
        tmp_path / "faults", monkeypatch, ["put_file .*/exchanges/000001-0", "create .*/done/narrow/000002"]
    )
    options = options_of(log, narrowing=Narrowing(where="status=500 line>20"))
    assert differences(options, tmp_path, cut("processes:2")) == []
    assert faults.all_met


class _Killed(BaseException):
    """Ends a driver as a kill would: nothing catches it."""


class Counting:
    """Counts the steps that are run in this process, and ends the driver after one step of a phase."""

    def __init__(self, patch: pytest.MonkeyPatch, phase: str = "") -> None:
        self.items: list[Item] = []
        self._phase = phase
        patch.setattr(Inline, "run", lambda _, items: self._run(items))

    def _run(self, items: Sequence[Item]) -> Iterator[int]:
        for item in items:
            if item[2] == self._phase and any(one[2] == self._phase for one in self.items):
                raise _Killed
            self.items.append(item)
            yield run_item(item)


@pytest.mark.parametrize("phase", PHASES)
def test_a_driver_goes_on_where_another_one_ended(
    phase: str, log: Path, whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    first = Counting(monkeypatch, phase)
    # The engine runs in a thread of its own: that it ends is told here.
    monkeypatch.setattr(Driver, "_ended", lambda self, items: ([index] for index in self._engine.run(items)))
    with pytest.raises(_Killed):
        on_engine(log, store, cut())
    assert not list(store.glob("*/manifest.json"))
    second = Counting(monkeypatch)
    again = on_engine(log, store, cut(split_bytes=9_000))
    assert not set(first.items) & set(second.items)
    assert compared_reports(whole, again) == []
    assert left_over(store) == []


@pytest.mark.parametrize("stage", ["read", "count", "report", "export"])
def test_a_cancelled_run_leaves_nothing(stage: str, log: Path, tmp_path: Path) -> None:
    cancel = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, ProgressEvent) and event.stage == stage and event.lines >= (stage != "read"):
            cancel.set()

    store = tmp_path / "store"
    with pytest.raises(Cancelled):
        on_engine(
            log, store, cut(), (Output(view="exchanges", path=f"{tmp_path}/out.csv"),), on_event=listen, cancel=cancel
        )
    let_steps_end()
    assert not list(tmp_path.glob("*out.csv*"))
    assert [path for path in store.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("split_bytes", [70_000, 10_000_000])
def test_a_log_that_grows(
    split_bytes: int, log: Path, whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = log.read_bytes()
    growing = tmp_path / "access.log"
    line = text.splitlines(keepends=True)[5]
    growing.write_bytes(text + line[:20])
    counting = Counting(monkeypatch)
    real, grown = counting._run, [False]

    def run(items: Sequence[Item]) -> Iterator[int]:
        if not grown[0]:
            grown[0] = True
            with growing.open("ab") as file:
                file.write(line[20:] + line)
        yield from real(items)

    monkeypatch.setattr(counting, "_run", run)
    options = options_of(growing, store=str(tmp_path / "store"), cluster=cut(split_bytes=split_bytes))
    result = analyze.analyze(options)
    assert result.grown == [str(growing)]
    assert (result.report.latency, result.report.inputs.lines.lines) == (whole.report.latency, ROWS)
    assert left_over(tmp_path / "store") == []


def test_a_log_that_is_written_anew(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changing = tmp_path / "access.log"
    changing.write_bytes(log.read_bytes())
    counting = Counting(monkeypatch)
    real = counting._run

    def run(items: Sequence[Item]) -> Iterator[int]:
        changing.write_bytes(log.read_bytes().replace(b"GET", b"PUT"))
        yield from real(items)

    monkeypatch.setattr(counting, "_run", run)
    with pytest.raises(InputError, match="written"):
        on_engine(changing, tmp_path / "store", cut())
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
