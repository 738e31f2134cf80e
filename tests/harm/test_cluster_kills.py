"""Runs on an engine whose workers or driver are killed, or that go wrong: the right result or a clear error.

Nothing is half published, and nothing is left behind.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from logcorr.cluster import blobs, canary, clean, correlate, driver, publish, steps
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines import step_queue
from logcorr.cluster.engines.base import Item, run_item
from logcorr.cluster.engines.inline import Inline
from logcorr.cluster.folder_store import FolderStore
from logcorr.model.errors import Cancelled, EngineError, InputError, OutputError, StoreError
from logcorr.model.events import Event, ProgressEvent
from logcorr.model.options import ClusterOptions, CorrelateOptions, Output
from logcorr.runs import write_csv_json_parquet
from logcorr.runs.run_folder import RunFolder
from tests.support.cluster_faults import Faults
from tests.support.cluster_runs import MEMORY, cluster, compared_reports, differences, left_over, let_steps_end
from tests.support.helpers import generated, wait_until

ROWS = 3000
PHASES = ("map", "reduce", "finish", "count", "top")
# A test that waits for longer fails.
PATIENCE_S = 60
# Where workers are killed: in the middle of a step, or just before its note.
KILLS = ("create .*/done/map/000001", "put_file .*/exchanges/000002-", "create .*/done/finish/000000")
MORE_KILLS = (
    *KILLS,
    "put_file .*/made/map/000003-",
    "create .*/done/reduce/000001",
    "put .*/made/sums/000000-",
    "put_file .*/users/000000-",
    "create .*/done/top/000001",
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    generated(folder, ROWS)
    return folder


@pytest.fixture(scope="module")
def whole(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run to which nothing happens."""
    return on_engine(logs, tmp_path_factory.mktemp("whole"), cut())


def options_of(logs: Path, **changed: Any) -> CorrelateOptions:
    return CorrelateOptions(
        requests=(str(logs / "requests.log"),),
        responses=(str(logs / "responses.log"),),
        memory_bytes=MEMORY,
        **changed,
    )


def cut(engine: str = "inline", **changed: Any) -> ClusterOptions:
    return cluster(engine, **({"split_bytes": 60_000, "buckets": 3} | changed))


def on_engine(logs: Path, store: Path, how: ClusterOptions, **changed: Any) -> RunFolder:
    result = correlate.correlate(options_of(logs, store=str(store), cluster=how), **changed)
    assert result.folder is not None
    return RunFolder(result.folder)


@pytest.mark.parametrize("kills", [KILLS, pytest.param(MORE_KILLS, marks=pytest.mark.long)], ids=["some", "many"])
def test_workers_are_killed(kills: Sequence[str], logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(tmp_path / "faults", monkeypatch, kills)
    assert differences(options_of(logs), tmp_path, cut("processes:2")) == []
    assert faults.all_met


def test_steps_that_stand_still_are_given_again(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LEAST_S", "_FIRST_S"):
        monkeypatch.setattr(step_queue, name, 0.5)
    stops = ["stop create .*/done/map/000003", "stop put_file .*/exchanges/000002-"]
    faults = Faults(tmp_path / "faults", monkeypatch, stops)
    assert differences(options_of(logs), tmp_path, cut("processes:2")) == []
    assert faults.all_met


def test_a_command_whose_workers_are_killed(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(tmp_path / "faults", monkeypatch, ["create .*/done/map/000000", "put_file .*/exchanges/000000-"])
    command = f"exec:xargs -P 2 -L 1 {sys.executable} -m logcorr step"
    assert differences(options_of(logs), tmp_path, cut(command, split_bytes=1_000_000, buckets=1)) == []
    assert faults.all_met


def test_a_step_that_is_always_killed(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Faults(tmp_path / "faults", monkeypatch, ["create .*/done/reduce/000001"] * 3)
    store = tmp_path / "store"
    with pytest.raises(EngineError, match=r"^step reduce 1 of 3 was lost 3 times: .*out of memory"):
        on_engine(logs, store, cut("processes:1"))
    assert not list(store.glob("*/manifest.json"))
    # What was done is there for the next start.
    ran = Counting(monkeypatch)
    on_engine(logs, store, cut())
    assert "map" not in ran.phases
    assert left_over(store) == []


def test_the_driver_is_killed(logs: Path, whole: RunFolder, tmp_path: Path) -> None:
    store = tmp_path / "store"
    words = [str(logs / "requests.log"), str(logs / "responses.log"), "--store", str(store), "--engine", "processes:2"]
    environment = {**os.environ, "LOGCORR_CLUSTER_SPLIT_BYTES": "20000", "LOGCORR_CLUSTER_BUCKETS": "3"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "core")
    with ended(
        subprocess.Popen([sys.executable, "-m", "logcorr", "correlate", *words], env=environment, text=True)
    ) as child:
        wait_until(lambda: len(list(store.glob(".work/*/*/done/map/*"))) > 1, child)
        workers = psutil.Process(child.pid).children(recursive=True)
    assert workers
    assert psutil.wait_procs(workers, timeout=PATIENCE_S)[1] == []
    # It is known to be dead at once.
    shutil.copytree(store, tmp_path / "copy", ignore=shutil.ignore_patterns(".work-*"))
    cleaned = clean.clean(FolderStore(str(tmp_path / "copy")), every=False)
    assert (len(cleaned.removed), cleaned.under_way, left_over(tmp_path / "copy")) == (1, [], [])
    again = on_engine(logs, store, cut("processes:1", split_bytes=0, buckets=0))
    assert compared_reports(whole, again) == []
    assert left_over(store) == []


@contextmanager
def ended(child: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """A process that is killed at the end, whatever happens before."""
    try:
        yield child
    finally:
        child.kill()
        child.communicate(timeout=PATIENCE_S)


class Counting:
    """Counts the steps that are run in this process."""

    def __init__(self, patch: pytest.MonkeyPatch, most: int | None = None, phase: str = "") -> None:
        self.items: list[Item] = []
        self._most, self._phase = most, phase
        patch.setattr(Inline, "run", lambda _, items: self.run(items))

    @property
    def phases(self) -> set[str]:
        return {item[2] for item in self.items}

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        for item in items:
            ran = sum(one[2] == self._phase for one in self.items)
            if item[2] == self._phase and ran == self._most:
                raise _Killed
            self.items.append(item)
            yield run_item(item)


class _Killed(BaseException):
    """Ends a driver as a kill would: nothing catches it."""


@pytest.mark.parametrize("phase", PHASES)
def test_a_driver_goes_on_where_another_one_ended(
    phase: str, logs: Path, whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    most = 0 if phase == "count" else 1
    first = Counting(monkeypatch, most=most, phase=phase)
    # The engine runs in a thread of its own: that it ends is told here.
    monkeypatch.setattr(Driver, "_ended", lambda self, items: ([index] for index in self._engine.run(items)))
    with pytest.raises(_Killed):
        on_engine(logs, store, cut())
    assert sum(item[2] == phase for item in first.items) == most
    second = Counting(monkeypatch)
    again = on_engine(logs, store, cut(split_bytes=9_000, buckets=7))
    assert not set(first.items) & set(second.items)
    assert compared_reports(whole, again) == []
    assert left_over(store) == []


def test_two_drivers_at_once(logs: Path, whole: RunFolder, tmp_path: Path) -> None:
    made: list[RunFolder] = []
    threads = [
        threading.Thread(target=lambda: made.append(on_engine(logs, tmp_path / "store", cut())), daemon=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(made) == 2
    assert [compared_reports(whole, run) for run in made] == [[], []]
    assert left_over(tmp_path / "store") == []


@pytest.mark.parametrize("stage", ["read", "pair", "report"])
def test_a_cancelled_run_leaves_nothing(stage: str, logs: Path, tmp_path: Path) -> None:
    cancel = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, ProgressEvent) and event.stage == stage and event.lines >= (stage != "read"):
            cancel.set()

    store = tmp_path / "store"
    with pytest.raises(Cancelled):
        on_engine(logs, store, cut(), on_event=listen, cancel=cancel)
    let_steps_end()
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_an_interrupted_command_ends_its_workers(logs: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    words = [str(logs / "requests.log"), str(logs / "responses.log"), "--store", str(store), "--engine", "processes:2"]
    environment = {**os.environ, "LOGCORR_CLUSTER_SPLIT_BYTES": "4000"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "core")
    command = [sys.executable, "-m", "logcorr", "correlate", *words]
    with ended(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)) as child:
        wait_until(lambda: bool(list(store.glob(".work/*/*/done/map/*"))), child)
        workers = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, said) == (130, "logcorr: error: interrupted; nothing was kept.\n")
    assert psutil.wait_procs(workers, timeout=PATIENCE_S)[1] == []
    assert not list(store.glob("*/manifest.json"))


def test_a_worker_of_another_version_is_refused_by_name(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = canary.versions()
    monkeypatch.setattr(canary, "agrees", lambda *_: False)
    monkeypatch.setattr(canary, "versions", lambda: here | {"polars": "2.0.0"})
    with pytest.raises(EngineError) as refused:
        canary.check(canary.canary(), here)
    assert f"would part the ids otherwise than the others: polars 2.0.0 here, {here['polars']} where" in str(
        refused.value
    )
    monkeypatch.undo()
    monkeypatch.setattr(canary, "canary", iter(["0" * 16, *["1" * 16] * 99]).__next__)
    with pytest.raises(EngineError, match=r"^worker .* would part the ids otherwise .*its hashes differ"):
        on_engine(logs, tmp_path / "store", cut())


def test_a_run_that_another_version_began(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    monkeypatch.setattr(Driver, "phase", lambda *_: (_ for _ in ()).throw(_Killed))
    with pytest.raises(_Killed):
        on_engine(logs, store, cut())
    monkeypatch.undo()
    here = canary.versions()
    monkeypatch.setattr(canary, "versions", lambda: here | {"polars": "9.0.0"})
    with pytest.raises(
        InputError, match=rf"was begun with logcorr .*, polars {here['polars']}\. Remove it with `logcorr"
    ):
        on_engine(logs, store, cut())


def test_a_full_disk_of_one_worker(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = blobs.BlobWriter.put, [2]

    def full(self: Any, *given: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(28, "No space left on device")
        return real(self, *given)

    monkeypatch.setattr(blobs.BlobWriter, "put", full)
    assert differences(options_of(logs), tmp_path, cut()) == []
    left[0] = 1000
    with pytest.raises(EngineError, match=r"step map 0 failed 3 times, last on worker .*No space left on device\."):
        on_engine(logs, tmp_path / "full", cut())


def test_a_store_that_fails_now_and_then(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = FolderStore.put_file, [0]

    def slow(self: FolderStore, name: str, path: Path) -> int:
        count[0] += 1
        if count[0] % 4 == 1:
            raise StoreError("store: HTTP 503")
        return real(self, name, path)

    monkeypatch.setattr(FolderStore, "put_file", slow)
    assert differences(options_of(logs), tmp_path, cut()) == []


def test_files_that_a_worker_does_not_see(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = steps._opened
    monkeypatch.setattr(
        steps, "_opened", lambda planned: real(msgspec.structs.replace(planned, place="/nowhere/requests.log"))
    )
    with pytest.raises(InputError, match=r"^worker .* does not see '/nowhere/requests\.log'\. Give logs in a folder"):
        on_engine(logs, tmp_path / "store", cut())


def test_a_log_that_is_written_to(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("requests.log", "responses.log"):
        (tmp_path / name).write_bytes((logs / name).read_bytes())
    requests = tmp_path / "requests.log"
    first = Counting(monkeypatch)
    real = first.run

    def run(items: Sequence[Item]) -> Iterator[int]:
        if items[0][2] == "map":
            requests.write_bytes(requests.read_bytes().replace(b"5", b"6"))
        yield from real(items)

    monkeypatch.setattr(first, "run", run)
    with pytest.raises(InputError, match="written"):
        on_engine(tmp_path, tmp_path / "store", cut())
    assert not list((tmp_path / "store").glob("*/manifest.json"))


def test_a_log_that_grows(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("requests.log", "responses.log"):
        (tmp_path / name).write_bytes((logs / name).read_bytes())
    cut_line = b"2025-11-21T15:00:00.000Z,req-cut"
    with (tmp_path / "requests.log").open("ab") as file:
        file.write(cut_line)
    options = options_of(tmp_path)
    first = Counting(monkeypatch)
    real, grown = first.run, [False]

    def run(items: Sequence[Item]) -> Iterator[int]:
        if items[0][2] == "map" and not grown[0]:
            grown[0] = True
            with (tmp_path / "requests.log").open("ab") as file:
                file.write(b",user\n2025-11-21T15:00:00.000Z,req-more,user\n")
        yield from real(items)

    monkeypatch.setattr(first, "run", run)
    result = correlate.correlate(msgspec.structs.replace(options, store=str(tmp_path / "store"), cluster=cut()))
    assert result.grown == [str(tmp_path / "requests.log")]
    ledger = result.report.inputs.requests
    assert ledger.lines == (logs / "requests.log").read_bytes().count(b"\n")
    assert ledger.closes()


def test_an_engine_that_does_nothing(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def stuck(_: Inline, _items: Sequence[Item]) -> Iterator[int]:
        released.wait(PATIENCE_S)
        yield 0

    monkeypatch.setattr(Inline, "run", stuck)
    monkeypatch.setattr(driver, "_LOOK_S", 0.05)
    with pytest.raises(EngineError, match=r"^no step of map has ended for 0 s\."):
        on_engine(logs, tmp_path / "store", cut(patience_s=0.2))
    released.set()


def test_a_run_that_is_not_kept_leaves_a_kept_one_alone(logs: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    kept = on_engine(logs, store, cut())
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}
    options = options_of(logs, store=str(store), cluster=cut(), keep=False)
    assert correlate.correlate(options).report.latency == kept.report.latency
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()} == before


def test_parts_that_are_taken_away_before_the_end(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = publish.publish

    def late(store: Any, key: str, *given: Any) -> None:
        for path in (tmp_path / "store" / key / "exchanges").iterdir():
            path.unlink()
        real(store, key, *given)

    monkeypatch.setattr(publish, "publish", late)
    with pytest.raises(EngineError, match=r"parts of it were removed while it was made"):
        on_engine(logs, tmp_path / "store", cut())
    assert not list((tmp_path / "store").glob("*/manifest.json"))


def test_a_run_is_published_once_its_outputs_are_written(
    logs: Path, whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, out = tmp_path / "store", tmp_path / "out"
    out.mkdir()
    options = options_of(
        logs, store=str(store), cluster=cut(), outputs=(Output(view="orphans", path=str(out / "orphans.csv")),)
    )
    monkeypatch.setattr(write_csv_json_parquet, "write", failing(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match=r"No space left.* The run is not published, and its work is kept: start"):
        correlate.correlate(options)
    assert not list(store.glob("*/manifest.json"))
    assert list(out.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr(publish, "publish", failing(StoreError("store: gone")))
    with pytest.raises(StoreError, match=r"^store: gone$"):
        correlate.correlate(options)
    assert not list(store.glob("*/manifest.json"))
    assert list(out.iterdir()) == []
    monkeypatch.undo()
    ran = Counting(monkeypatch)
    made = correlate.correlate(options)
    assert made.folder is not None
    assert ran.items == []
    assert [path.name for path in out.iterdir()] == ["orphans.csv"]
    assert compared_reports(whole, RunFolder(made.folder)) == []
    assert left_over(store) == []


def failing(error: Exception) -> Callable[..., None]:
    """A function that raises an error, whatever it is given."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_garbage_is_refused_as_on_one_machine(tmp_path: Path) -> None:
    (tmp_path / "requests.log").write_text("2025-13-01T00:00:00Z,req-1,user\n")
    (tmp_path / "responses.log").write_text("garbage\n")
    assert differences(options_of(tmp_path), tmp_path, cut()) == []
    assert left_over(tmp_path / "cluster") == []
