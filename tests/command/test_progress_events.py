"""`--progress json` of a real run: what a program that reads the events may rely on."""

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import SAMPLE, Outcome, big_logs, logcorr, succeed

BUCKETS = 4
EVERY_S = 0.005
STAGES = ["read", "pair", "report", "export"]
Event = dict[str, Any]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair of logs of 80,000 lines, all of them UTF-8."""
    return big_logs(tmp_path_factory)


@pytest.fixture
def every_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many more events than one each tenth of a second."""
    monkeypatch.setattr("logcorr.jobs.progress_meter.EVERY_S", EVERY_S)


def events_of(outcome: Outcome) -> list[Event]:
    """Every line of stderr is one JSON object."""
    events = [json.loads(line) for line in outcome.err.splitlines()]
    assert all(isinstance(event, dict) for event in events)
    return events


def run(logs: Path, cwd: Path, *words: str, **env: str) -> list[Event]:
    pair = ("correlate", logs / "requests.log", logs / "responses.log", "--progress", "json")
    return events_of(succeed(*pair, *words, cwd=cwd, **env))


def of_kind(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["event"] == kind]


def never_back(values: list[Any]) -> bool:
    return all(before <= after for before, after in itertools.pairwise(values))


def line_count(folder: Path) -> int:
    return sum((folder / name).read_bytes().count(b"\n") for name in ("requests.log", "responses.log"))


@pytest.fixture(scope="session")
def spilled(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The events of a run in four buckets that writes a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logcorr.jobs.progress_meter.EVERY_S", EVERY_S)
        return run(
            logs,
            tmp_path_factory.mktemp("spilled"),
            "-o",
            "out.csv",
            LOGCORR_BUCKETS=str(BUCKETS),
            LOGCORR_CHUNK_BYTES="100000",
        )


def test_stages_come_in_order(spilled: list[Event]) -> None:
    stages = [event["stage"] for event in of_kind(spilled, "progress")]
    assert list(dict.fromkeys(stages)) == STAGES
    assert stages == sorted(stages, key=STAGES.index)


def test_bytes_grow_to_their_total(spilled: list[Event], logs: Path) -> None:
    progress = of_kind(spilled, "progress")
    done = [event["bytes_done"] for event in progress]
    total = sum((logs / name).stat().st_size for name in ("requests.log", "responses.log"))
    assert never_back(done)
    assert len(set(done)) > 5
    assert done[-1] == progress[-1]["bytes_total"] == total
    assert all(event["bytes_done"] <= event["bytes_total"] or event["bytes_total"] < total for event in progress)
    assert all(event["bytes_done"] == total for event in progress if event["stage"] != "read")


def test_files_grow_to_their_size(spilled: list[Event], logs: Path) -> None:
    for name in ("requests.log", "responses.log"):
        path = logs / name
        files = [of for event in of_kind(spilled, "progress") for of in event["files"] if of["file"] == str(path)]
        assert never_back([of["bytes_done"] for of in files])
        assert {of["bytes_total"] for of in files} == {path.stat().st_size}
        assert files[-1]["bytes_done"] == path.stat().st_size


def test_lines_grow_to_the_real_count(spilled: list[Event], logs: Path) -> None:
    lines = [event["lines"] for event in of_kind(spilled, "progress")]
    assert never_back(lines)
    assert lines[-1] == line_count(logs)
    last = of_kind(spilled, "progress")[-1]["ledger"]
    assert sum(side["lines"] for side in last.values()) == line_count(logs)


def test_the_ledger_ends_at_the_truth(spilled: list[Event], logs: Path) -> None:
    truth = json.loads((logs / "truth.json").read_bytes())["inputs"]
    ledger = of_kind(spilled, "progress")[-1]["ledger"]
    for side in ("requests", "responses"):
        assert ledger[side]["blank"] == truth[side]["blank"]
        assert ledger[side]["malformed"] == sum(truth[side]["malformed"].values())
        for name in ("lines", "header", "redelivered", "superseded", "matched", "orphans"):
            assert ledger[side][name] == truth[side][name]


def test_the_ledger_fills_with_each_bucket(spilled: list[Event]) -> None:
    ledgers = [event["ledger"]["requests"] for event in of_kind(spilled, "progress") if event["stage"] == "pair"]
    matched = [ledger.get("matched", 0) for ledger in ledgers]
    assert never_back(matched)
    assert len(set(matched)) > 2, "it is seen to fill"


def test_buckets_reach_their_total(spilled: list[Event]) -> None:
    progress = of_kind(spilled, "progress")
    assert never_back([event["buckets_done"] for event in progress])
    assert all(event["buckets_done"] == 0 for event in progress if event["stage"] == "read")
    paired = [event for event in progress if event["stage"] in ("report", "export")]
    assert {(event["buckets_done"], event["buckets_total"]) for event in paired} == {(BUCKETS, BUCKETS)}


def test_an_estimate_after_each_bucket(spilled: list[Event], logs: Path) -> None:
    estimates = of_kind(spilled, "estimate")
    assert [event["share"] for event in estimates] == [0.25, 0.5, 0.75, 1.0]
    for name in ("matched", "orphans", "negative"):
        assert never_back([event[name] for event in estimates])
    truth = json.loads((logs / "truth.json").read_bytes())
    last = estimates[-1]
    assert last["matched"] == truth["pairs"]
    assert last["negative"] == truth["negative"]
    assert last["orphans"] == sum(sum(side.values()) for side in truth["orphans"].values())
    assert last["status"] == truth["status"]
    assert sum(of["count"] for of in last["histogram"]) == truth["latency"]["count"]
    for event in estimates:
        assert abs(event["matched"] / truth["pairs"] - event["share"]) < 0.02, "a bucket is an unbiased sample"
        assert event["p50_ms"] <= event["p90_ms"] <= event["p95_ms"] <= event["p99_ms"]


def test_estimates_have_a_timeline_and_a_heat_map(spilled: list[Event], logs: Path) -> None:
    estimates = of_kind(spilled, "estimate")
    truth = json.loads((logs / "truth.json").read_bytes())
    run_folder = Path(of_kind(spilled, "done")[0]["run"])
    final = json.loads((run_folder / "report.json").read_bytes())
    last = estimates[-1]
    assert last["heatmap"] == final["heatmap"]
    points, exact = last["timeline"]["points"], final["timeline"]["points"]
    assert last["timeline"]["bucket_s"] == final["timeline"]["bucket_s"]
    assert sum(point["requests"] for point in points) == truth["pairs"]
    by_start = {point["start"]: point for point in exact}
    for point in points:
        whole = by_start[point["start"]]
        assert point["requests"] <= whole["requests"] <= point["requests"] + whole["orphans"]
        assert (point["errors_4xx"], point["errors_5xx"]) == (whole["errors_4xx"], whole["errors_5xx"])
        for name in ("p50_ms", "p99_ms"):
            assert point[name] == whole[name] or 0.79 < point[name] / whole[name] < 1.26, "a tenth of a decade"
    for event in estimates:
        assert sum(point["requests"] for point in event["timeline"]["points"]) == event["matched"]
        assert sum(n for _, _, n in event["heatmap"]["cells"]) == event["matched"] - event["negative"]
        assert len(json.dumps(event)) < 100_000, "a line that a program reads at once"


def test_estimates_come_while_pairing(spilled: list[Event]) -> None:
    kinds = [event.get("stage", event["event"]) for event in spilled]
    first, last = kinds.index("estimate"), len(kinds) - 1 - kinds[::-1].index("estimate")
    assert kinds.index("pair") < first
    assert last < kinds.index("report")


def test_the_last_event_is_done(spilled: list[Event]) -> None:
    assert [event["event"] for event in spilled].index("done") == len(spilled) - 1
    done = spilled[-1]
    assert done["reused"] is False
    assert Path(done["run"]).is_dir()
    assert done["seconds"] >= of_kind(spilled, "progress")[-1]["seconds"]


def test_time_and_memory(spilled: list[Event]) -> None:
    progress = of_kind(spilled, "progress")
    assert never_back([event["seconds"] for event in progress])
    assert all(event["rss_bytes"] > 10_000_000 and event["memory_bytes"] > 0 for event in progress)
    assert all(event["eta_s"] is None or event["eta_s"] >= 0 for event in progress)


def test_estimates_come_while_logs_in_order_are_read(logs: Path, tmp_path: Path) -> None:
    events = run(logs, tmp_path, LOGCORR_BUCKETS="", LOGCORR_CHUNK_BYTES="50000")
    estimates = of_kind(events, "estimate")
    shares = [event["share"] for event in estimates]
    assert never_back(shares)
    assert len(set(shares)) > 5
    assert shares[-1] == 1.0
    kinds = [event.get("stage", event["event"]) for event in events]
    assert kinds.index("estimate") < kinds.index("pair")
    truth = json.loads((logs / "truth.json").read_bytes())
    for event in estimates:
        assert 0.8 * event["share"] - 0.2 < event["matched"] / truth["pairs"] <= 1
    assert estimates[-1]["matched"] == truth["pairs"]
    assert estimates[-1]["orphans"] == sum(sum(side.values()) for side in truth["orphans"].values())
    assert of_kind(events, "progress")[-1]["buckets_total"] == 1
    assert events[-1]["event"] == "done"


@pytest.mark.usefixtures("every_event")
def test_counts_never_go_back_where_the_careful_reader_takes_over(logs: Path, tmp_path: Path) -> None:
    """The first byte that is not UTF-8 stands at the very end: all was read once already."""
    for name in ("requests.log", "responses.log"):
        shutil.copyfile(logs / name, tmp_path / name)
    with (tmp_path / "requests.log").open("ab") as log:
        log.write(b"\xff\n")
    progress = of_kind(run(tmp_path, tmp_path), "progress")
    assert progress[-1]["lines"] == line_count(tmp_path)
    assert progress[-1]["bytes_done"] == progress[-1]["bytes_total"]
    assert never_back([event["bytes_done"] for event in progress])
    assert never_back([event["lines"] for event in progress])


@pytest.mark.usefixtures("every_event")
def test_events_of_a_reopened_run(tmp_path: Path) -> None:
    pair = ("correlate", SAMPLE / "requests.log", SAMPLE / "responses.log", "--progress", "json")
    succeed(*pair, cwd=tmp_path)
    for words in ((), ("-o", "out.csv")):
        events = events_of(succeed(*pair, *words, cwd=tmp_path))
        assert events[-1]["event"] == "done"
        assert events[-1]["reused"] is True
        assert {event["stage"] for event in of_kind(events, "progress")} <= {"export"}


def test_a_condition_that_holds_is_told_in_json_or_not_at_all(tmp_path: Path) -> None:
    pair = ("correlate", SAMPLE / "requests.log", SAMPLE / "responses.log", "--progress", "json")
    outcome = logcorr(*pair, "-o", "out.csv", "--fail-if", "p50>0ms", cwd=tmp_path)
    assert outcome.code == 1
    assert any(json.loads(line)["event"] == "done" for line in outcome.err.splitlines() if line.startswith("{"))
