"""`logcorr analyze --engine`: the same outputs, exit codes and events as on this machine."""

import json
import shutil
from pathlib import Path

import pytest

from tests.oracle.golden_formats import GOLDEN
from tests.support.cluster_runs import left_over
from tests.support.helpers import assert_short_error, logcorr, succeed

ENGINE = ("--engine", "inline", "--store", "runs")
OUTPUTS = (
    *("-o", "all.parquet", "--columns", "file,line,duration_us", "--malformed", "bad.json", "--sort", "time"),
    *("--report", "report.json"),
)
NARROWED = ("--where", "status>=400", "--until", "2026-12-31")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOGCORR_CLUSTER_SPLIT_BYTES", "400")
    for name in ("combined.log", "nginx.log"):
        shutil.copy(GOLDEN / name, tmp_path)
    return tmp_path


def outputs(here: Path) -> dict[str, object]:
    """The bytes of all outputs; of a report, all but how it was made."""
    found: dict[str, object] = {name: (here / name).read_bytes() for name in ("all.parquet", "bad.json")}
    found["report"] = {
        name: value for name, value in json.loads((here / "report.json").read_text()).items() if name != "run"
    }
    return found


@pytest.mark.parametrize("more", [(), NARROWED, ("--collapse-ids", "--suspicious", "1")])
def test_outputs_are_those_of_this_machine(more: tuple[str, ...], here: Path) -> None:
    local = succeed("analyze", "combined.log", "nginx.log", *OUTPUTS, "--no-store", *more, cwd=here)
    expected = outputs(here)
    words = ("analyze", "combined.log", "nginx.log", *OUTPUTS, "--force", *ENGINE, *more)
    outcome = succeed(*words, cwd=here)
    assert (outcome.out, outcome.err) == (local.out, local.err)
    assert outputs(here) == expected
    assert left_over(here / "runs") == []
    assert "opened the finished run" in succeed(*words, cwd=here).err
    # A run on this machine in the same store is the same run.
    here_again = ("analyze", "combined.log", "nginx.log", *OUTPUTS, "--force", *ENGINE[2:], *more)
    assert "opened the finished run" in succeed(*here_again, cwd=here).err


def test_views_are_exported_from_the_store(here: Path) -> None:
    succeed("analyze", "combined.log", *ENGINE, cwd=here)
    succeed("analyze", "combined.log", "--store", "local", cwd=here)
    for view in ("endpoints", "ips", "windows", "other", "errors"):
        for store in ("runs", "local"):
            name = next(path.name for path in (here / store).iterdir() if len(path.name) == 16)
            words = (
                "export",
                name,
                "--store",
                store,
                "--view",
                view,
                "-o",
                f"{store}.csv",
                "--sort",
                "time",
                "--force",
            )
            succeed(*words, cwd=here)
        assert (here / "runs.csv").read_bytes() == (here / "local.csv").read_bytes()


def test_conditions_and_no_store(here: Path) -> None:
    outcome = logcorr("analyze", "combined.log", "--no-store", *ENGINE, "--fail-if", "error_rate>0%", cwd=here)
    assert outcome.code == 1
    assert "failed: error_rate>0%" in outcome.err
    assert [path for path in (here / "runs").rglob("*") if path.is_file()] == []


def test_progress_events(here: Path) -> None:
    outcome = succeed("analyze", "combined.log", *ENGINE, "--progress", "json", cwd=here)
    events = [json.loads(line) for line in outcome.err.splitlines() if line.startswith("{")]
    stages = [event["stage"] for event in events if event["event"] == "progress"]
    assert list(dict.fromkeys(stages)) == ["read", "count", "report", "export"]
    last = [event for event in events if event["event"] == "progress"][-1]
    assert last["bytes_done"] == last["bytes_total"]
    assert last["lines"] == (here / "combined.log").read_bytes().count(b"\n")
    assert events[-1]["event"] == "done"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("garbage.log",), "no line is of a known format"),
        (("garbage.log", "--format", "combined"), "garbage.log"),
        (("combined.log", "--where", "nothing>1"), "--where"),
        (("days.log", "--since", "12:00"), "--since 12:00: the logs are of several days"),
        (("combined.log", "--engine", "dask:tcp://127.0.0.1:9"), "needs --store"),
    ],
)
def test_errors_are_those_of_this_machine(words: tuple[str, ...], message: str, here: Path) -> None:
    (here / "garbage.log").write_text("garbage\n" * 100)
    text = (here / "combined.log").read_text()
    (here / "days.log").write_text(text + text.replace("03/Feb", "04/Feb"))
    stored = () if "--engine" in words else ENGINE
    outcome = logcorr("analyze", *words, *stored, cwd=here)
    assert outcome.code == 2
    assert_short_error(outcome, message)
    assert [path for path in (here / "runs").rglob("*") if path.is_file()] == []
