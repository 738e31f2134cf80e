"""`analyze` on the command line: what it prints, refuses and leaves, its progress, and what becomes of its runs."""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from logcorr.figures import latency_counts
from logcorr.figures.group_counts import GroupCounts
from logcorr.generate.access.write_access import AccessOptions, generate_access
from logcorr.jobs import analyze
from tests.support.helpers import (
    ACCESS_STAGES,
    ROOT,
    assert_short_error,
    command,
    halted,
    kept,
    logcorr,
    start,
    succeed,
    wait_until,
)
from tests.support.kernels_or_numpy import some

GOLDEN = ROOT / "tests" / "golden_access"
LATE_S = 60.0
VIEWS = ("exchanges", "slow", "errors", "malformed", "skewed", "endpoints", "ips", "windows")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a small log in it."""
    (tmp_path / "access.log").write_bytes((GOLDEN / "ndjson.log").read_bytes())
    return tmp_path


@pytest.fixture(scope="session")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A generated log of 20,000 lines, and its truth."""
    path = tmp_path_factory.mktemp("access") / "access.ndjson"
    return path, generate_access(AccessOptions(path=str(path), rows=20_000, incident=True))


def exported(here: Path, view: str, *words: str) -> list[dict[str, Any]]:
    (run,) = kept(here)
    out = succeed("export", run.name, "--view", view, "-o", "-", *words, cwd=here).out
    return [json.loads(line) for line in out.splitlines()]


def test_the_report_is_the_truth_of_the_generator(big: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, truth = big
    report = json.loads(succeed("analyze", path, "--no-store", "--report", "-", cwd=tmp_path).out)
    ledger = truth["inputs"]["access"]
    assert {name: report["inputs"]["access"][name] for name in ledger} == ledger
    compared = truth.keys() - {"inputs", "seed", "options", "scenario", "collapsed", "latency"}
    compared -= {name for name in compared if name.startswith("latency_")}
    assert {"endpoints", "worst_window", "suspicious_ips", "slowest_request", "busiest_endpoint"} < compared
    for name in compared:
        assert report[name] == truth[name], name
    for name in ("latency", "latency_success", "latency_failure"):
        assert report[name] == pytest.approx(truth[name]), name


def test_figures_are_exact_where_durations_are_counted_in_bins(
    big: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("analyze", big[0], "--no-store", "--report", "-")
    exact = json.loads(succeed(*words, cwd=tmp_path).out)
    monkeypatch.setattr(latency_counts, "MOST_COUNTS", 100)
    binned = json.loads(succeed(*words, cwd=tmp_path).out)
    for report in (exact, binned):
        del report["run"]
    assert binned == exact


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_and_parts_gives_the_same(
    threads: int, big: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks are read by several threads, and counts are spilled where memory is full."""
    words = ("analyze", big[0], "--no-store", "--report", "-")
    whole = json.loads(succeed(*words, cwd=tmp_path).out)
    monkeypatch.setattr(analyze, "_GROUPS_SHARE", 1 << 20)
    monkeypatch.setenv("LOGCORR_CHUNK_BYTES", "100000")
    spills: list[int] = []
    spill = GroupCounts._spill

    def seen(counts: GroupCounts) -> None:
        spills.append(counts.size())
        spill(counts)

    monkeypatch.setattr(GroupCounts, "_spill", seen)
    split = json.loads(succeed(*words, "--threads", str(threads), cwd=tmp_path).out)
    assert len(spills) > threads
    for report in (whole, split):
        del report["run"]
    assert split == whole


def test_a_summary_is_printed(here: Path) -> None:
    out = succeed("analyze", "access.log", cwd=here).out.decode()
    for part in ("access.log", "/api/orders", "192.0.2.10", "successful", "malformed"):
        assert part in out
    (run,) = kept(here)
    again = succeed("runs", "show", run.name, cwd=here).out.decode()
    assert "/api/orders" in again
    report = json.loads(succeed("runs", "show", run.name[:4], "--json", cwd=here).out)
    assert (report["kind"], report["total_requests"]) == ("access", 10)
    assert str(run) in succeed("analyze", "access.log", "-o", "out.csv", cwd=here).err


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small log and a finished run of it, which nothing is made in but exports of one view each."""
    folder = tmp_path_factory.mktemp("analyzed")
    (folder / "access.log").write_bytes((GOLDEN / "ndjson.log").read_bytes())
    succeed("analyze", "access.log", "-o", "out.csv", cwd=folder)
    return folder


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_exported(view: str, analyzed: Path) -> None:
    here = analyzed
    rows = exported(here, view)
    counts = {"exchanges": 10, "slow": 0, "errors": 4, "malformed": 3, "skewed": 1}
    if view in counts:
        assert len(rows) == counts[view]
    else:
        assert sum(row["requests"] for row in rows) == 10
    ordered = exported(here, view, "--sort", "time")
    assert sorted(map(json.dumps, ordered)) == sorted(map(json.dumps, rows))
    times = [row[name] for row in ordered for name in ("request_time", "window_start") if name in row]
    assert [time.rstrip("Z") for time in times] == sorted(time.rstrip("Z") for time in times)
    for form in ("csv", "json", "parquet"):
        (run,) = kept(here)
        succeed("export", run.name, "--view", view, "-o", f"{view}.{form}", cwd=here)
        assert (here / f"{view}.{form}").stat().st_size


def test_more_columns_of_exchanges(here: Path) -> None:
    succeed("analyze", "access.log", "-o", "out.csv", cwd=here)
    rows = exported(here, "exchanges", "--columns", "duration_us,file,line", "--sort", "time")
    assert [(row["duration_us"], row["file"], row["line"]) for row in rows[:2]] == [
        (41_500, "access.log", 1),
        (38_250, "access.log", 2),
    ]
    (run,) = kept(here)
    for column in ("request_file", "response_time", "user_id"):
        words = ("export", run.name, "--view", "exchanges", "-o", "x.csv", "--columns", column)
        outcome = logcorr(*words, cwd=here)
        assert outcome.code == 2
        assert_short_error(outcome, column, "duration_us, request_time, file, line")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("access.log", "--fail-if", "orphan_rate>1%"),
        ("access.log", "--fail-if", "p99>1"),
        ("access.log", "--suspicious", "0"),
        ("access.log", "--window", "0s"),
        ("access.log", "--format", "clf"),
        ("access.log", "--columns", "line"),
        ("access.log", "-o", "out.csv", "--columns", "request_line"),
        ("access.log", "-o", "out.txt"),
        ("missing.log",),
        ("-", "-"),
        ("/dev/stdin",),
        ("empty",),
        ("*.gz",),
        ("",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_before_any_work(words: tuple[str, ...], here: Path) -> None:
    (here / "empty").mkdir()
    outcome = logcorr("analyze", *words, cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome)
    assert (outcome.out, kept(here)) == (b"", [])
    assert {path.name for path in here.iterdir()} <= {"access.log", "empty", "cache"}


def test_an_existing_file_is_kept(here: Path) -> None:
    (here / "out.csv").write_text("mine")
    assert logcorr("analyze", "access.log", "-o", "out.csv", cwd=here).code == 3
    assert (here / "out.csv").read_text() == "mine"
    succeed("analyze", "access.log", "-o", "out.csv", "--force", cwd=here)
    assert (here / "out.csv").read_text().startswith("request_time,")


def test_progress_as_json(big: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, truth = big
    outcome = succeed("analyze", path, "--progress", "json", "-o", "out.csv", cwd=tmp_path)
    events = [json.loads(line) for line in outcome.err.splitlines()]
    progress = [event for event in events if event["event"] == "progress"]
    stages = list(dict.fromkeys(event["stage"] for event in progress))
    assert stages[0] == "read"
    assert stages.index("read") < stages.index("count") < stages.index("report") < stages.index("export")
    assert events[-1]["event"] == "done"
    last = progress[-1]
    assert last["lines"] == truth["inputs"]["access"]["lines"]
    assert last["bytes_done"] == last["bytes_total"] == path.stat().st_size


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_progress_as_a_bar_on_a_terminal(big: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    master, slave = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "TERM": "xterm", "COLUMNS": "100"}
    words = command("analyze", big[0], "--no-store", "--report", "report.json", "--progress", "bar", "-o", "out.csv")
    with subprocess.Popen(words, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        shown = b""
        # An error is how Linux tells that nobody writes to a terminal any more.
        with suppress(OSError):
            while part := os.read(master, 65_536):
                shown += part
        assert process.wait(LATE_S) == 0
    os.close(master)
    assert b"read" in shown
    assert b"\x1b[" in shown
    assert json.loads((tmp_path / "report.json").read_bytes())["kind"] == "access"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("stage", some(ACCESS_STAGES, "count", "export"))
def test_an_interrupted_analysis_leaves_nothing(stage: str, big: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    mark = tmp_path / "cache" / "reached"
    mark.parent.mkdir()
    words = ("analyze", str(big[0]), "-o", "out.ndjson", "--malformed", "bad.csv", "--report", "report.json")
    with start(halted(stage, mark, *words), tmp_path) as process:
        try:
            wait_until(mark.exists, process)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=LATE_S)
        finally:
            process.kill()
    assert process.returncode == 130
    assert len(err.splitlines()) == 1
    assert err.endswith("interrupted; nothing was kept.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert kept(tmp_path) == []
