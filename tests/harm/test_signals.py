"""Interrupted and killed runs: how fast they end, and that nothing of them is seen or stays."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from logcorr.runs.leftovers import root_lock
from tests.support.helpers import (
    PATIENCE_S,
    STAGES,
    big_logs,
    command,
    halted,
    kept,
    runs_root,
    start,
    succeed,
    ticking,
    wait_until,
)
from tests.support.kernels_or_numpy import long, some

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

# A second is what is promised; a machine that is busy with other things gets more.
SOON_S = 3.0
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
LATE_S = PATIENCE_S


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair of logs of 80,000 lines."""
    return big_logs(tmp_path_factory)


def words(logs: Path, *more: str) -> list[str]:
    """A correlation of the big pair that writes three files."""
    pair = ["correlate", str(logs / "requests.log"), str(logs / "responses.log")]
    return [*pair, "-o", "out.ndjson", "--orphans", "orphans.csv", "--report", "report.json", "--sort", "time", *more]


@contextmanager
def halting(stage: str, here: Path, arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A run that has come to a halt in a stage (in `read`: that is slow)."""
    mark = here / "cache" / "reached"
    mark.parent.mkdir(exist_ok=True)
    with start(halted(stage, mark, *arguments), here, LOGCORR_BUCKETS="4") as process:
        try:
            wait_until(mark.exists, process)
            mark.unlink()
            yield process
        finally:
            process.kill()


def left(here: Path) -> list[str]:
    """All files and folders but the run folder and what makes it, hidden ones too."""
    return sorted(path.name for path in here.iterdir() if path.name != "cache")


def undisturbed(logs: Path, here: Path) -> dict[str, bytes]:
    """What a run gives that nothing disturbs."""
    here.mkdir()
    succeed(*words(logs), cwd=here, LOGCORR_BUCKETS="4")
    return outputs(here)


def outputs(here: Path) -> dict[str, bytes]:
    report = json.loads((here / "report.json").read_bytes())
    del report["run"]
    files = {name: (here / name).read_bytes() for name in ("out.ndjson", "orphans.csv")}
    return files | {"report.json": json.dumps(report).encode()}


@pytest.fixture(scope="session")
def truth(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return undisturbed(logs, tmp_path_factory.getbasetemp() / "undisturbed")


@pytest.mark.parametrize(
    ("stage", "number"),
    some(
        itertools.product(STAGES, INTERRUPTS),
        *[("read", signal.SIGINT), ("pair", signal.SIGTERM), ("report", signal.SIGINT), ("export", signal.SIGTERM)],
    ),
)
def test_an_interrupted_run_ends_soon_and_leaves_nothing(
    stage: str, number: signal.Signals, logs: Path, tmp_path: Path
) -> None:
    with halting(stage, tmp_path, words(logs)) as process:
        assert kept(tmp_path), "there is a work folder to be removed"
        if stage == "export":
            assert any(name.endswith(".part") for name in left(tmp_path)), "there is a part file to be removed"
        with ticking() as seconds:
            process.send_signal(number)
            out, err = process.communicate(timeout=LATE_S)
            took = seconds()
    assert process.returncode == 130, err
    assert took < SOON_S
    assert kept(tmp_path) == []
    assert left(tmp_path) == []
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.endswith("interrupted; nothing was kept.\n")


@pytest.mark.parametrize("number", some(INTERRUPTS, signal.SIGINT))
def test_an_interrupted_run_keeps_what_was_there(number: signal.Signals, logs: Path, tmp_path: Path) -> None:
    (tmp_path / "out.ndjson").write_bytes(b"precious")
    with halting("export", tmp_path, words(logs, "--force")) as process:
        process.send_signal(number)
        process.communicate(timeout=LATE_S)
    assert process.returncode == 130
    assert left(tmp_path) == ["out.ndjson"]
    assert (tmp_path / "out.ndjson").read_bytes() == b"precious"


def test_a_second_signal_changes_nothing(logs: Path, tmp_path: Path) -> None:
    with halting("pair", tmp_path, words(logs)) as process:
        for _ in range(5):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, err = process.communicate(timeout=LATE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert kept(tmp_path) == []
    assert left(tmp_path) == []


@long
def test_an_interrupt_at_any_moment(logs: Path, tmp_path: Path) -> None:
    """No stage made longer: whenever the signal comes, the run is complete or without a trace."""
    began = time.monotonic()
    with start(command(*words(logs)), tmp_path, LOGCORR_BUCKETS="4") as process:
        process.communicate(timeout=LATE_S)
    assert process.returncode == 0
    whole = time.monotonic() - began
    for number in range(3):
        here = tmp_path / str(number)
        here.mkdir()
        with start(command(*words(logs)), here, LOGCORR_BUCKETS="4") as process:
            wait_until(lambda here=here: bool(kept(here)), process)  # type: ignore[misc]
            time.sleep(whole * number / 6)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=LATE_S)
        assert "Traceback" not in err
        if process.returncode == 0:
            assert left(here) == ["orphans.csv", "out.ndjson", "report.json"]
            assert [path.name.startswith(".") for path in kept(here)] == [False]
        else:
            assert process.returncode == 130, err
            assert left(here) == []
            assert kept(here) == []


@pytest.mark.parametrize("stage", some(STAGES, "pair", "export"))
def test_a_killed_run_is_not_seen_and_the_next_one_cleans_up(
    stage: str, logs: Path, truth: dict[str, bytes], tmp_path: Path
) -> None:
    with halting(stage, tmp_path, words(logs)) as process:
        process.kill()
        process.communicate(timeout=LATE_S)
    assert process.returncode == -signal.SIGKILL
    stale = kept(tmp_path)
    assert [path.name.startswith(".work-") for path in stale] == [True]
    parts = left(tmp_path)
    assert all(name.startswith(".") and name.endswith(".part") for name in parts)
    assert bool(parts) == (stage == "export")
    assert succeed("runs", "list", "--json", cwd=tmp_path).out == b""
    succeed(*words(logs), cwd=tmp_path, LOGCORR_BUCKETS="4")
    assert outputs(tmp_path) == truth
    assert left(tmp_path) == ["orphans.csv", "out.ndjson", "report.json"]
    assert not stale[0].exists()
    assert [path.name.startswith(".") for path in kept(tmp_path)] == [False]


def test_the_work_of_a_live_run_stays(logs: Path, tmp_path: Path) -> None:
    with halting("pair", tmp_path, words(logs)) as process:
        (work,) = kept(tmp_path)
        before = {path for path in work.rglob("*") if path.is_file()}
        assert before
        other = tmp_path / "other"
        other.mkdir()
        for arguments in (
            ("correlate", logs / "requests.log", logs / "responses.log", "-o", other / "out.csv"),
            ("runs", "remove", "--all"),
        ):
            succeed(*arguments, cwd=tmp_path)
            assert {path for path in work.rglob("*") if path.is_file()} == before
        assert process.poll() is None
        (tmp_path / "cache" / "go").touch()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert (tmp_path / "out.ndjson").exists()
    assert not work.exists()


def test_of_two_equal_runs_both_succeed(logs: Path, truth: dict[str, bytes], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with halting("export", tmp_path, words(logs)) as process:
        with start(command(*words(logs)), other, XDG_CACHE_HOME=str(tmp_path / "cache")) as second:
            _, err = second.communicate(timeout=60)
        assert second.returncode == 0, err
        (tmp_path / "cache" / "go").touch()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert outputs(other) == truth
    (tmp_path / "other").rename(tmp_path / "cache" / "other")
    assert outputs(tmp_path) == truth
    assert [path.name.startswith(".") for path in kept(tmp_path)] == [False]


@pytest.mark.parametrize("age_s", [0, 3600])
@pytest.mark.parametrize("held", [True, False])
def test_a_work_folder_without_a_lock_is_removed_unless_it_is_being_made(
    held: bool, age_s: int, tmp_path: Path
) -> None:
    """A process that is just starting holds the root, has made its folder, and not yet locked it."""
    folder = runs_root(tmp_path) / ".work-unlocked"
    (folder / "spill").mkdir(parents=True)
    then = time.time() - age_s
    os.utime(folder, (then, then))
    (tmp_path / "empty.log").touch()
    with root_lock(runs_root(tmp_path)) if held else nullcontext(True) as alone:
        assert alone
        succeed("correlate", "empty.log", "empty.log", "-o", "out.csv", cwd=tmp_path)
    assert folder.exists() == (held and age_s == 0)


@pytest.mark.parametrize("number", some(INTERRUPTS, signal.SIGTERM))
def test_an_interrupted_generator_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "logs"
    with start(command("generate", "pair", str(target), "--rows", "30000000"), tmp_path) as process:
        wait_until(lambda: any(path.stat().st_size > 1 << 20 for path in target.glob("*")), process)
        with ticking() as seconds:
            process.send_signal(number)
            _, err = process.communicate(timeout=LATE_S)
            took = seconds()
    assert process.returncode == 130, err
    assert took < SOON_S
    assert left(tmp_path) == []
