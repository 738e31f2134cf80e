"""Where runs and outputs go: folders that cannot be written, other file systems, and several runs in one store."""

import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcorr.runs.find_runs import all_runs
from logcorr.runs.run_folder import RunFolder
from tests.support.helpers import (
    Outcome,
    assert_short_error,
    command,
    generated,
    halted,
    kept,
    logcorr,
    runs_root,
    start,
    succeed,
    wait_until,
    write_pair,
)
from tests.support.kernels_or_numpy import some

PAIR = ("correlate", "requests.log", "responses.log")
ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only as another file system


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_pair(tmp_path)
    return tmp_path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    if not SHARED_MEMORY.is_dir() or SHARED_MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system")
    folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("where", "what"),
    some(
        itertools.product(("store", "output"), ("out.ndjson", "out.csv", "out.parquet", "out.json")),
        *(("store", "out.ndjson"), ("output", "out.csv"), ("output", "out.parquet"), ("output", "out.ndjson")),
    ),
)
def test_the_store_and_the_output_on_two_file_systems(here: Path, elsewhere: Path, where: str, what: str) -> None:
    """Outputs are renamed into place within their own folder, whatever file system the store is on."""
    target = (here if where == "store" else elsewhere) / what
    store = elsewhere / "store" if where == "store" else here / "store"
    target.write_bytes(b"old")
    words: list[str | Path] = [
        *PAIR,
        "-o",
        target,
        "--orphans",
        target.with_name("orphans.csv"),
        "--sort",
        "time",
        "--store",
        store,
    ]
    refused = logcorr(*words, cwd=here)
    assert refused.code == 3
    assert target.read_bytes() == b"old"
    succeed(*words, "--force", cwd=here)
    first = target.read_bytes()
    assert first != b"old"
    (run,) = store.iterdir()
    succeed(
        "export", run.name, "--view", "exchanges", "-o", target, "--sort", "time", "--force", "--store", store, cwd=here
    )
    assert target.read_bytes() == first
    names = {path.name for folder in (here, elsewhere) for path in folder.iterdir()}
    assert names == {"requests.log", "responses.log", "store", what, "orphans.csv"}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_run_killed_with_its_output_elsewhere_is_cleaned_up(tmp_path: Path, elsewhere: Path) -> None:
    generated(tmp_path / "logs", 5_000)
    pair = [str(tmp_path / "logs" / name) for name in ("requests.log", "responses.log")]
    words = ["correlate", *pair, "-o", str(elsewhere / "out.csv")]
    mark = tmp_path / "reached"
    with start(halted("export", mark, *words), tmp_path) as process:
        wait_until(mark.exists, process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert [path.suffix for path in elsewhere.iterdir()] == [".part"]
    succeed(*words, cwd=tmp_path)
    assert [path.name for path in elsewhere.iterdir()] == ["out.csv"]
    assert [path.name.startswith(".") for path in kept(tmp_path)] == [False]


_AS_NOBODY = f"""
import contextlib, os, shutil, sys
from logcorr.cli import main
wanted = sys.argv[1:]
# Once in peace: everything is loaded then, which nobody might not be allowed to.
sys.argv[1:] = [*{PAIR!r}, "-o", "warm.csv", "--store", "warm"]
with contextlib.suppress(SystemExit):
    main()
os.remove("warm.csv")
shutil.rmtree("warm")
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
sys.argv[1:] = wanted
main()
"""


def as_nobody(words: list[str], here: Path) -> Outcome:
    """A command done by a user who may write only where all may."""
    with start([sys.executable, "-c", _AS_NOBODY, *words], here) as process:
        out, err = process.communicate(timeout=60)
    return Outcome(process.returncode, out.encode(), err)


@pytest.mark.skipif(not ROOT_USER, reason="only root can become somebody else")
@pytest.mark.parametrize("what", some(("store", "output", "cache"), "output", "cache"))
def test_a_folder_that_may_not_be_written(what: str) -> None:
    """The folder is named in the error, and nothing is left anywhere."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        here = Path(name)
        here.chmod(0o755)
        write_pair(here)
        (here / "closed").mkdir(mode=0o755)
        (here / "open").mkdir()
        (here / "open").chmod(0o777)
        words = {
            "store": [*PAIR, "-o", "open/out.csv", "--store", "closed"],
            "output": [*PAIR, "-o", "closed/out.csv", "--store", "open/store"],
            "cache": [*PAIR, "-o", "open/out.csv"],
        }[what]
        outcome = as_nobody(words, here)
        assert outcome.code == 3, outcome.err
        assert_short_error(outcome, {"store": "'closed'", "output": "closed/out.csv", "cache": "cache"}[what])
        if what != "output":
            assert "--store" in outcome.err
        assert list((here / "closed").iterdir()) == []
        assert [path.name for path in (here / "open").iterdir()] == []


def test_many_runs_on_the_same_logs_at_once(tmp_path: Path) -> None:
    """All begin at once in one store: all succeed, all say the same, and one run is left."""
    generated(tmp_path / "logs", 4_000)
    words = ["correlate", "logs/requests.log", "logs/responses.log", "--sort", "time"]
    with_outputs = [[*words, "-o", f"out{n}.csv", "--report", f"report{n}.json"] for n in range(3)]
    processes = [start(command(*each), tmp_path, LOGCORR_BUCKETS="3") for each in with_outputs]
    for process in processes:
        with process:
            _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    outputs = {(tmp_path / f"out{n}.csv").read_bytes() for n in range(3)}
    assert len(outputs) == 1
    reports = [json.loads((tmp_path / f"report{n}.json").read_bytes()) for n in range(3)]
    assert len({json.dumps({**report, "run": 0}) for report in reports}) == 1
    (run,) = kept(tmp_path)
    RunFolder(run).check()
    assert len(list(tmp_path.iterdir())) == 2 + 2 * 3


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_run_can_be_looked_for_while_another_is_making_it(tmp_path: Path) -> None:
    generated(tmp_path / "logs", 5_000)
    pair = [str(tmp_path / "logs" / name) for name in ("requests.log", "responses.log")]
    mark = tmp_path / "cache" / "reached"
    mark.parent.mkdir()
    with start(halted("report", mark, "correlate", *pair, "-o", "out.csv"), tmp_path) as process:
        wait_until(mark.exists, process)
        (work,) = kept(tmp_path)
        assert all_runs(runs_root(tmp_path)) == [], "it is not seen before it is whole"
        for words in (["runs", "show", work.name], ["export", work.name, "--view", "exchanges", "-o", "no.csv"]):
            outcome = logcorr(*words, cwd=tmp_path)
            assert outcome.code == 2, outcome.err
            assert_short_error(outcome, work.name)
        by_path = logcorr("export", work / "run", "--view", "exchanges", "-o", "no.csv", cwd=tmp_path)
        assert by_path.code == 2, by_path.err
        assert_short_error(by_path, "run")
        mark.with_name("go").touch()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    (run,) = kept(tmp_path)
    succeed("export", run.name, "--view", "exchanges", "-o", "yes.csv", cwd=tmp_path)
    assert not (tmp_path / "no.csv").exists()


def test_a_run_removed_while_it_is_exported_is_told(here: Path) -> None:
    succeed(*PAIR, cwd=here)
    (run,) = kept(here)
    folder = RunFolder(run)
    assert folder.view("exchanges")
    succeed("runs", "remove", run.name, cwd=here)
    outcome = logcorr("export", run, "--view", "exchanges", "-o", "out.csv", cwd=here)
    assert outcome.code == 2, outcome.err
    assert_short_error(outcome, run.name)
