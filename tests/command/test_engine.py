"""`--engine`: the same outputs, exit codes and events as on this machine; `logcorr step`; what is left and removed."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from logcorr.cluster import steps
from logcorr.cluster.engines.base import Item, run_item
from logcorr.cluster.engines.inline import Inline
from logcorr.cluster.plan import Failure
from logcorr.model.errors import StoreError
from tests.support.cluster_runs import left_over
from tests.support.helpers import SAMPLE, assert_short_error, logcorr, succeed, write_pair

PAIR = ("correlate", "requests.log", "responses.log")
ENGINE = ("--engine", "inline")
OUTPUTS = ("--orphans", "orphans.csv", "--malformed", "bad.json", "-o", "out.parquet", "--sort", "time")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOGCORR_CLUSTER_SPLIT_BYTES", "900")
    monkeypatch.setenv("LOGCORR_CLUSTER_BUCKETS", "3")
    for name in ("requests.log", "responses.log"):
        shutil.copy(SAMPLE / name, tmp_path)
    return tmp_path


def report(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text())
    found.pop("run")
    return found


def test_outputs_are_those_of_this_machine(here: Path) -> None:
    local = succeed(*PAIR, *OUTPUTS, "--report", "report.json", "--no-store", cwd=here)
    names = ("orphans.csv", "bad.json", "out.parquet")
    before = {name: (here / name).read_bytes() for name in names}
    expected = report(here / "report.json")
    words = (*PAIR, *OUTPUTS, "--report", "report.json", "--store", "runs", "--force", *ENGINE)
    outcome = succeed(*words, cwd=here)
    assert (outcome.out, outcome.err) == (local.out, local.err)
    assert {name: (here / name).read_bytes() for name in names} == before
    assert report(here / "report.json") == expected
    assert left_over(here / "runs") == []
    again = succeed(*words, cwd=here)
    assert "opened the finished run" in again.err
    # A run on this machine in the same store is the same run.
    assert "opened the finished run" in succeed(*PAIR, "--store", "runs", "-o", "x.csv", cwd=here).err


def test_a_summary_names_the_engine(here: Path) -> None:
    outcome = succeed(*PAIR, "--store", "runs", *ENGINE, cwd=here)
    assert " steps on inline" in outcome.out.decode()
    assert f"run {here / 'runs'}" in outcome.out.decode().replace("\n", "")


def test_conditions_and_no_store(here: Path) -> None:
    outcome = logcorr(*PAIR, "--store", "runs", "--no-store", *ENGINE, "--fail-if", "orphan_rate>0%", cwd=here)
    assert outcome.code == 1
    assert "failed: orphan_rate>0%" in outcome.err
    assert [path for path in (here / "runs").rglob("*") if path.is_file()] == []


def test_progress_events(here: Path) -> None:
    outcome = succeed(*PAIR, "--store", "runs", *ENGINE, "--progress", "json", cwd=here)
    events = [json.loads(line) for line in outcome.err.splitlines()]
    stages = [event["stage"] for event in events if event["event"] == "progress"]
    assert list(dict.fromkeys(stages)) == ["read", "pair", "report", "export"]
    assert events[-1]["event"] == "done"
    estimates = [event for event in events if event["event"] == "estimate"]
    assert [event["share"] for event in estimates] == [1 / 3, 2 / 3, 1.0]
    assert estimates[-1]["matched"] == 50
    last = [event for event in events if event["event"] == "progress"][-1]
    assert last["buckets_done"] == last["buckets_total"] == 3
    assert last["bytes_done"] == last["bytes_total"]
    for ledger in last["ledger"].values():
        assert ledger["lines"] == sum(n for name, n in ledger.items() if name != "lines")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--engine", "dask:tcp://127.0.0.1:9"), "--engine dask:tcp://127.0.0.1:9 needs --store"),
        (("--engine", "slurm", "--store", "runs"), "engine 'slurm': there is no engine 'slurm'. Give one of"),
        (("--engine", "processes:0"), "engine 'processes:0': give the number of processes, as in processes:8."),
        (("--engine", "exec:", "--store", "runs"), "engine 'exec:': give a command"),
        (
            ("--engine", "exec:no-such-command-here", "--store", "runs"),
            "not found. It cannot be run: try it in a shell first.",
        ),
        (("--worker-memory", "1GB"), "--worker-memory goes with --engine."),
    ],
)
def test_engines_that_cannot_be(words: tuple[str, ...], message: str, here: Path) -> None:
    outcome = logcorr(*PAIR, *words, cwd=here)
    assert outcome.code == (3 if "no-such" in str(words) else 2)
    assert_short_error(outcome, message)


def test_standard_input_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logcorr.inputs.standard_input.check", lambda _: None)
    outcome = logcorr("correlate", "-", "responses.log", "--store", "runs", *ENGINE, cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, "no worker reads this standard input")


class Collected:
    """Collects the steps that the driver asks for."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.items: list[Item] = []
        patch.setattr(Inline, "run", lambda _, items: self._run(items))

    def _run(self, items: Sequence[Item]) -> Iterator[int]:
        self.items += items
        if items[0][2] == "map":
            raise KeyboardInterrupt
        yield from map(run_item, items)


def begun(here: Path, patch: pytest.MonkeyPatch) -> Item:
    """A run that was begun and left. Returns its first step."""
    collected = Collected(patch)
    patch.setattr("logcorr.cluster.driver.Driver._ended", lambda self, items: self._engine.run(items))
    assert logcorr(*PAIR, "--store", "runs", *ENGINE, cwd=here).code == 130
    patch.undo()
    return collected.items[0]


def test_a_step_as_a_command(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, key, phase, index = begun(here, monkeypatch)
    words = ("step", uri, key, phase, str(index))
    for _ in range(2):
        outcome = succeed(*words, cwd=here)
        assert (outcome.out, outcome.err) == (b"", "")
    assert len(list(here.glob(f"runs/.work/{key}/*/done/map/*"))) == 1
    # A run that is gone wants no steps.
    succeed("step", uri, "0" * 16, "map", "0", cwd=here)
    (here / "requests.log").rename(here / "gone.log")
    outcome = logcorr("step", uri, key, phase, str(index + 1), cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, "does not see")
    failure = Failure(kind="OSError", text="try again", worker="w", final=False)
    monkeypatch.setattr(steps, "run_step", lambda *_: failure)
    assert logcorr(*words, cwd=here).code == 75

    def unreachable(*_: object) -> None:
        raise StoreError("store: gone")

    monkeypatch.setattr(steps, "run_step", unreachable)
    outcome = logcorr(*words, cwd=here)
    assert outcome.code == 3
    assert_short_error(outcome, "store: gone")


def test_what_is_left_is_removed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(here, monkeypatch)
    assert left_over(here / "runs")
    outcome = succeed("runs", "clean", "--store", "runs", cwd=here)
    assert "of 1 run that did not end." in outcome.err
    assert left_over(here / "runs") == []


def test_a_run_that_was_left_goes_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri, key, phase, index = begun(here, monkeypatch)
    succeed("step", uri, key, phase, str(index), cwd=here)
    succeed(*PAIR, "--store", "runs", *ENGINE, "--report", "report.json", cwd=here)
    assert json.loads((here / "report.json").read_text())["run"]["steps_found"] == 1
    assert left_over(here / "runs") == []


def test_python(here: Path) -> None:
    import logcorr as package

    local = package.correlate(here / "requests.log", here / "responses.log", store=here / "local")
    run = package.correlate(
        here / "requests.log", here / "responses.log", store=here / "runs", engine="inline", worker_memory="1GB"
    )
    assert run.report.run.options["memory_bytes"] == 10**9
    assert run.report.latency == local.report.latency
    temporary = package.correlate(here / "requests.log", here / "responses.log", engine="inline", keep=False)
    assert temporary.report.latency == local.report.latency


def test_a_step_without_its_store_says_so(tmp_path: Path) -> None:
    outcome = logcorr("step", tmp_path / "nowhere", "0123456789abcdef", "map", "0", cwd=tmp_path)
    assert outcome.code == 3
    assert "no such folder on this machine" in outcome.err


def test_processes_that_memory_has_no_room_for_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path)
    words = ("requests.log", "responses.log", "--engine", "processes:100000")
    outcome = logcorr("correlate", *words, cwd=tmp_path)
    assert outcome.code == 2
    assert "has memory for" in outcome.err
