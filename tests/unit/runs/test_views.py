"""The views of runs whose exchanges have attributes, given durations or no status, as records and as files."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.jobs.correlate import correlate
from logcorr.model.errors import UsageError
from logcorr.model.options import CorrelateOptions, Output
from logcorr.runs import export_view, views
from logcorr.runs.run_folder import RunFolder
from tests.support import app_logs
from tests.support.attribute_runs import Lost, Pair, made

PAIRS = [
    Pair(0, 1_500, 200, "ann", 1_400, endpoint="/a", method="GET", ip="10.0.0.1", tenant="blue"),
    Pair(1_000_000, -2_500, None, None, None, endpoint="/b", method="GET", ip="10.0.0.1"),
    Pair(61_000_000, None, 999, "bob", 7_999, endpoint="/a", ip="::1", tenant="green"),
    Pair(62_000_000, 20, 503, "bob", -3_999, endpoint=None),
]
LOST = [Lost("request", 5, "ann", "/a"), Lost("response", 61_500_000)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return made(tmp_path_factory.mktemp("run"), PAIRS, LOST, parts=1)


def exported(run: RunFolder, here: Path, view: Any, *columns: str, ending: str = "ndjson") -> list[dict[str, Any]]:
    """The records of a view as an export writes them, read again."""
    target = here / f"out.{ending}"
    output = Output(view=view, path=str(target), columns=columns, sort_time=True)
    export_view.export_view(run, output, here, force=True)
    if ending == "csv":
        with target.open(newline="") as file:
            return list(csv.DictReader(file))
    text = target.read_text()
    rows: list[dict[str, Any]] = json.loads(text) if ending == "json" else [json.loads(x) for x in text.splitlines()]
    return rows


@pytest.mark.parametrize("ending", ["ndjson", "json", "csv"])
def test_no_status_and_no_duration_are_null_or_empty(run: RunFolder, ending: str, tmp_path: Path) -> None:
    rows = exported(run, tmp_path, "exchanges", "given_ms", "given_us", "request_time", ending=ending)
    none: Any = "" if ending == "csv" else None
    shown = str if ending == "csv" else int
    assert [row["status_code"] for row in rows] == [shown(200), none, shown(999), shown(503)]
    assert [row["duration_ms"] for row in rows] == [shown(1), shown(-2), none, shown(0)]
    assert [row["given_ms"] for row in rows] == [shown(1), none, shown(7), shown(-3)]
    assert [row["given_us"] for row in rows] == [shown(1_400), none, shown(7_999), shown(-3_999)]
    assert [row["tenant"] for row in rows] == ["blue", none, "green", none]
    assert {len(row["request_time"]) for row in rows} == {len("2025-11-21T12:00:00.000000Z")}


def test_the_errors_of_a_run_have_exchanges_without_a_status(run: RunFolder, tmp_path: Path) -> None:
    assert [row["status_code"] for row in exported(run, tmp_path, "errors")] == [None, 999, 503]


def test_endpoints_addresses_and_windows(run: RunFolder, tmp_path: Path) -> None:
    endpoints = {row["endpoint"]: row for row in exported(run, tmp_path, "endpoints")}
    assert {name: (row["requests"], row["errors"]) for name, row in endpoints.items()} == {
        "/a": (2, 1),
        "/b": (1, 1),
        None: (1, 1),
    }
    assert {row["ip"]: row["busiest_start"] for row in exported(run, tmp_path, "ips")} == {
        "10.0.0.1": "2025-11-21T12:00:00.000000Z",
        "::1": "2025-11-21T12:01:00.000000Z",
    }
    windows = exported(run, tmp_path, "windows")
    counts = ("requests", "errors", "errors_4xx", "errors_5xx", "orphans", "suspicious_ips")
    assert {row["window_start"][11:16]: tuple(row[name] for name in counts) for row in windows} == {
        "12:00": (3, 1, 0, 0, 1, 0),
        "12:01": (2, 2, 0, 1, 1, 0),
    }


def test_orphans_have_the_attributes_that_are_stored(run: RunFolder, tmp_path: Path) -> None:
    rows = exported(run, tmp_path, "orphans")
    assert list(rows[0])[:6] == ["side", "request_id", "time", "user_id", "endpoint", "status_code"]
    assert [(row["time"], row["endpoint"]) for row in rows] == [
        ("2025-11-21T12:00:00.000005Z", "/a"),
        ("2025-11-21T12:01:01.500000Z", None),
    ]


def test_a_run_without_attributes_has_no_such_views(tmp_path: Path) -> None:
    plain = made(tmp_path, [pair._replace(given_us=None) for pair in PAIRS], attributes=())
    assert "endpoints" not in views.views_of(plain.manifest)
    with pytest.raises(UsageError, match=r"no view 'endpoints' in this run\. There are: exchanges, .*users\.$"):
        views.records(plain, "endpoints")


@pytest.mark.parametrize("ending", ["ndjson", "csv"])
def test_without_a_clock_times_are_null_or_empty(ending: str, tmp_path: Path) -> None:
    rows = [pair._replace(at=None, took=None) for pair in PAIRS]
    clockless = made(tmp_path / "run", rows, [Lost("request", None)], durations="given")
    none: Any = "" if ending == "csv" else None
    found = exported(clockless, tmp_path, "exchanges", "request_time", "response_time", ending=ending)
    assert {row[name] for row in found for name in ("request_time", "response_time")} == {none}
    assert len(found) == len(PAIRS)
    assert [row["time"] for row in exported(clockless, tmp_path, "orphans", ending=ending)] == [none]
    assert [row["busiest_start"] for row in exported(clockless, tmp_path, "ips", ending=ending)] == [none] * 2
    assert exported(clockless, tmp_path, "windows", ending=ending) == []


def test_columns_of_given_durations_need_given_durations() -> None:
    views.check_columns("correlation", "exchanges", ["given_ms"])
    with pytest.raises(UsageError, match="no column 'given_ms' in this run"):
        views.exchange_columns("correlation", ["user_id"], {}, ["given_ms"])
    with pytest.raises(UsageError, match="no column 'given_ms' for view 'exchanges'"):
        views.check_columns("access", "exchanges", ["given_ms"])


def test_one_log_with_both_events_names_its_files() -> None:
    files = {"log": ["a.log", "b.log"]}
    columns = views.exchange_columns("correlation", [], files, ["request_file", "response_file"])
    stored = {"request_id": ["x"], "status_code": [1], "duration_us": [1], "request_file": [1], "response_file": [0]}
    row = pl.DataFrame(stored).select(**columns).row(0, named=True)
    assert (row["request_file"], row["response_file"]) == ("b.log", "a.log")


def test_other_lines_are_a_view_of_runs_that_profiles_read(tmp_path: Path) -> None:
    def run_of(folder: Path, **logs: list[str]) -> RunFolder:
        folder.mkdir()
        names = {name: (app_logs.write(folder / f"{name}.log", lines),) for name, lines in logs.items()}
        found = correlate(CorrelateOptions(**names, memory_bytes=1 << 30, store=str(folder / "runs")))  # type: ignore[arg-type]
        assert found.folder is not None
        return RunFolder(found.folder)

    one = run_of(tmp_path / "one", log=[*app_logs.fastify(10), '{"level"'])
    assert "other" in views.views_of(one.manifest)
    rows = exported(one, tmp_path, "other")
    assert [list(row) for row in rows] == [["side", "file", "line", "text", "truncated"]] * 3
    assert {(row["side"], row["line"]) for row in rows} == {("log", 1), ("log", 3), ("log", 14)}
    assert "> shop@1.0.0 start" in {row["text"] for row in rows}
    asked, done = app_logs.morgan(5)
    two = run_of(tmp_path / "two", requests=[*asked, "hello"], responses=done)
    assert [(row["side"], row["text"]) for row in exported(two, tmp_path / "two", "other")] == [("request", "hello")]
    own = run_of(tmp_path / "own", requests=["2026-03-04T09:00:00Z,r1,u1"], responses=["2026-03-04T09:00:01Z,r1,200"])
    with pytest.raises(UsageError, match="no view 'other' in this run"):
        views.scan(own, "other")
