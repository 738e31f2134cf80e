"""Correlations on Ray and on Spark, on two workers of this machine: equal to the local run, with kills and in a bucket."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from logcorr.cluster.engines.base import Engine, open_engine
from logcorr.cluster.store import open_store
from logcorr.jobs.correlate import correlate as on_this_machine
from logcorr.model.errors import UsageError
from logcorr.model.options import CorrelateOptions
from logcorr.runs.run_folder import RunFolder
from tests.support import cluster_items
from tests.support.cluster_faults import RAY, SPARK, Faults
from tests.support.cluster_runs import MEMORY, compared_runs, left_over
from tests.support.helpers import ROOT, command, generated, succeed
from tests.support.moto_server import moto_server

pytestmark = pytest.mark.cluster

ROWS = 100_000
STEPS = 8
PACKAGES = {"ray": "ray", "spark": "pyspark"}
WORDS = {"ray": "ray", "spark": "spark:local[2,4]"}
WORKERS = {"ray": RAY, "spark": SPARK}
KILLS = (
    "create .*/done/map/000001",
    "put_file .*/made/map/000003-",
    "put_file .*/exchanges/000001-",
    "create .*/done/reduce/000002",
    "create .*/done/finish/000000",
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    generated(folder, ROWS)
    succeed("correlate", "requests.log", "responses.log", "--no-store", "--report", "local.json", cwd=folder)
    return folder


@pytest.fixture(params=list(WORDS))
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip(PACKAGES[request.param])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "core"), str(ROOT)]))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    return str(request.param)


@pytest.fixture
def engine(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(import_module(f"logcorr.cluster.engines.{kind}"), "run_item", cluster_items.run_item)
    opened = open_engine(WORDS[kind])
    yield opened
    opened.close()


def test_steps_run_fail_and_lose_their_workers(engine: Engine, tmp_path: Path) -> None:
    assert engine.slots >= 2
    for phase in ("plain", "kill", "fail"):
        folder = tmp_path / phase
        folder.mkdir()
        ended = set(engine.run(cluster_items.items(folder, phase, STEPS)))
        wanted = set(range(STEPS)) - ({1} if phase == "fail" else set())
        assert (phase, ended, cluster_items.ran(folder)) == (phase, wanted, wanted)
        threads = {path.read_text("utf8") for path in folder.iterdir() if "-" in path.name}
        assert threads == {"1"}
    assert list(engine.said) == [1]
    assert "this step fails on purpose" in engine.said[1] or "PythonException" in engine.said[1]


def test_the_last_cluster_of_this_machine_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(
        UsageError, match=r"nobody answers at 127\.0\.0\.1:1 .*`ray stop` lets Ray forget the last cluster"
    ):
        open_engine("ray")


def test_workers_are_killed_and_the_run_equals_the_local_one(
    kind: str, logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(tmp_path / "faults", monkeypatch, KILLS, WORKERS[kind])
    options = CorrelateOptions(
        requests=(str(logs / "requests.log"),),
        responses=(str(logs / "responses.log"),),
        memory_bytes=MEMORY,
        store=str(tmp_path / "local"),
    )
    local = on_this_machine(options).folder
    assert local is not None
    _correlate(kind, *options.requests, *options.responses, "--store", str(tmp_path / "cluster"))
    assert compared_runs(options, RunFolder(local), RunFolder(tmp_path / "cluster" / local.name), tmp_path) == []
    assert left_over(tmp_path / "cluster") == []
    assert faults.all_met


def test_a_run_from_a_bucket_into_a_bucket(kind: str, logs: Path, tmp_path: Path) -> None:
    with moto_server() as bucket:
        for name in ("requests.log", "responses.log"):
            open_store(f"{bucket}/logs").put_file(name, logs / name)
        inputs = (f"{bucket}/logs/requests.log", f"{bucket}/logs/responses.log")
        _correlate(kind, *inputs, "--store", f"{bucket}/runs", "--report", str(tmp_path / "report.json"))
        store = open_store(f"{bucket}/runs")
        assert {name.partition("/")[0] for name in store.list("")} != {".work"}
        assert not store.list(".work/")
    assert _comparable(tmp_path / "report.json") == _comparable(logs / "local.json")


def _correlate(kind: str, *words: str) -> None:
    """Correlates in a process of its own, as an engine that runs in this one keeps its environment of before."""
    cut = {"LOGCORR_CLUSTER_SPLIT_BYTES": "1MB", "LOGCORR_CLUSTER_BUCKETS": "4"}
    made = subprocess.run(
        command("correlate", *words, "--engine", WORDS[kind]),
        env={**os.environ, **cut},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr


def _comparable(report: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(report.read_bytes())
    del content["run"]
    for side in content["inputs"].values():
        del side["files"]
    return content
