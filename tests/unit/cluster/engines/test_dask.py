"""Dask: every step is run, also where a worker is killed, and what fails is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from logcorr.cluster.engines import dask
from logcorr.cluster.engines.base import Engine, open_engine
from tests.support import cluster_items

STEPS = 8


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=":0", silence_logs="CRITICAL"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def engine(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(dask, "run_item", cluster_items.run_item)
    opened = open_engine(f"dask:{scheduler}")
    yield opened
    opened.close()


def test_steps_run_on_all_workers(engine: Engine, tmp_path: Path) -> None:
    assert engine.slots == 2
    assert sorted(engine.run(cluster_items.items(tmp_path, "plain", STEPS))) == list(range(STEPS))
    assert cluster_items.ran(tmp_path) == set(range(STEPS))
    assert engine.said == {}


def test_a_step_whose_worker_is_killed_is_run_again(engine: Engine, tmp_path: Path) -> None:
    assert set(engine.run(cluster_items.items(tmp_path, "kill", STEPS))) == set(range(STEPS))
    assert (tmp_path / "killed").exists()
    assert cluster_items.ran(tmp_path) == set(range(STEPS))


def test_a_step_that_fails_is_told_and_the_others_run(engine: Engine, tmp_path: Path) -> None:
    ended = set(engine.run(cluster_items.items(tmp_path, "fail", STEPS)))
    assert ended == set(range(STEPS)) - {1}
    assert engine.said == {1: "OSError: this step fails on purpose"}


def test_no_steps_are_no_work(engine: Engine) -> None:
    assert list(engine.run([])) == []


def test_steps_of_a_run_that_is_given_up_do_not_start(engine: Engine, scheduler: str, tmp_path: Path) -> None:
    steps = engine.run(cluster_items.items(tmp_path, "slow", 40))
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    with Client(scheduler, set_as_default=False) as client:
        waiting: Any = client.processing()
    assert sum(map(len, waiting.values())) <= 4
    assert len(cluster_items.ran(tmp_path)) < 40
