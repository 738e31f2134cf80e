"""Correlations on Dask, on two workers of this machine: equal to the local run, also where workers are killed."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from distributed import LocalCluster

from logcorr.cluster import correlate
from logcorr.cluster.driver import Driver
from logcorr.cluster.engines import dask
from logcorr.jobs.correlate import correlate as on_this_machine
from logcorr.model.errors import EngineError
from logcorr.model.options import ClusterOptions, CorrelateOptions
from logcorr.runs.run_folder import RunFolder
from tests.support.cluster_faults import DASK, Faults
from tests.support.cluster_runs import MEMORY, cluster, compared_reports, differences, left_over
from tests.support.helpers import generated, wait_until

ROWS = 5_000
# A test that waits for longer fails.
PATIENCE_S = 60
# Where workers are killed: in the middle of a step, or just before its note.
KILLS = ("create .*/done/map/000001", "put_file .*/exchanges/000001-", "create .*/done/finish/000000")
MORE_KILLS = (*KILLS, "put_file .*/made/map/000003-", "create .*/done/reduce/000002")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    generated(folder, ROWS)
    return folder


def _started() -> LocalCluster:
    return LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=":0", silence_logs="CRITICAL"
    )


@pytest.fixture(params=[KILLS, pytest.param(MORE_KILLS, marks=pytest.mark.long)], ids=["some", "many"])
def faults(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faults:
    return Faults(tmp_path / "faults", monkeypatch, request.param, DASK)


@pytest.fixture
def scheduler(faults: Faults) -> Iterator[LocalCluster]:
    assert faults.met == 0  # workers meet them from their start on
    with _started() as started:
        yield started


def _options(logs: Path) -> CorrelateOptions:
    return CorrelateOptions(
        requests=(str(logs / "requests.log"),), responses=(str(logs / "responses.log"),), memory_bytes=MEMORY
    )


def _on(scheduler: LocalCluster) -> ClusterOptions:
    return cluster(f"dask:{scheduler.scheduler_address}", split_bytes=150_000, buckets=4)


def test_workers_are_killed_and_the_run_equals_the_local_one(
    logs: Path, tmp_path: Path, scheduler: LocalCluster, faults: Faults
) -> None:
    assert differences(_options(logs), tmp_path, _on(scheduler)) == []
    assert faults.all_met


def test_a_scheduler_that_is_lost_is_told_and_the_next_run_goes_on(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "_ANSWER_S", 2)
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", str(root / "core"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with ExitStack() as processes:
        scheduler = _process(processes, "scheduler", "--host", "127.0.0.1", "--port", address.partition(":")[2])
        wait_until(lambda: _answers(address), scheduler)
        _process(processes, "worker", f"tcp://{address}", "--nthreads", "1", "--no-nanny")
        take = Driver._take

        def losing(self: Driver, phase: str, indices: Any, *more: Any) -> None:
            if phase == "reduce" and indices:
                scheduler.kill()
            take(self, phase, indices, *more)

        how = cluster(f"dask:{address}", split_bytes=150_000, buckets=4)
        options = msgspec.structs.replace(_options(logs), store=str(tmp_path / "runs"), cluster=how)
        with monkeypatch.context() as patch:
            patch.setattr(Driver, "_take", losing)
            with pytest.raises(EngineError, match=r"the scheduler was lost\. Start again to go on"):
                correlate.correlate(options)
    assert not list((tmp_path / "runs").glob("*/manifest.json"))
    made = correlate.correlate(msgspec.structs.replace(options, cluster=cluster(split_bytes=150_000, buckets=4)))
    local = on_this_machine(msgspec.structs.replace(options, store=str(tmp_path / "local"), cluster=None))
    assert made.folder is not None
    assert local.folder is not None
    assert compared_reports(RunFolder(local.folder), RunFolder(made.folder)) == []
    assert left_over(tmp_path / "runs") == []


def _process(processes: ExitStack, kind: str, *words: str) -> "subprocess.Popen[str]":
    """A process of Dask, which ends with the test."""
    child = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    processes.callback(child.wait, PATIENCE_S)
    processes.callback(child.kill)
    return child


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True
