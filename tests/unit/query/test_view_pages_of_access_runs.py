"""The views of an access log as rows: their order and columns, filters on them, and what the progress tells of them."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from logcorr.jobs.analyze import analyze
from logcorr.model.events import Event, ProgressEvent
from logcorr.model.options import AnalyzeOptions, View
from logcorr.query import filter_language
from logcorr.query.view_pages import TemporaryFolder, ViewPages
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

# (second, status, endpoint, ip, ms): minutes 0 to 3 have 1, 2, 2 and 0 failures of 4xx and 5xx; minute 3 has three
# aborted exchanges, which are errors but of neither kind.
ROWS: list[tuple[int, int, str | None, str | None, float | None]] = [
    (0, 200, "/a", "10.0.0.1", 5),
    (1, 404, "/a", "10.0.0.2", 7.5),
    (60, 500, "/b c", "10.0.0.1", 9),
    (61, 404, "/b c", None, None),
    (62, 200, None, "10.0.0.2", 1),
    (120, 503, "/a", "10.0.0.1", 2000),
    (121, 400, "/a", "10.0.0.1", 3),
    (180, 0, "/a", "10.0.0.3", 1),
    (181, 0, "/a", "10.0.0.3", 1),
    (182, 0, "/a", "10.0.0.3", 1),
]
MALFORMED = ['{"timestamp":"never","status_code":"200"}', '{"broken', '{"broken too']


def line(row: tuple[int, int, str | None, str | None, float | None]) -> str:
    second, status, endpoint, ip, ms = row
    at = f"2025-11-21T14:{second // 60:02}:{second % 60:02}Z"
    told: dict[str, Any] = {"timestamp": at, "method": "GET", "endpoint": endpoint, "status_code": str(status)}
    return json.dumps({**told, "ip": ip, "response_time": ms, "user_agent": "curl/8"})


@pytest.fixture(scope="module")
def told() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, told: list[Event]) -> RunFolder:
    """A run of two files; the second has two of the rows and the malformed lines."""
    folder = tmp_path_factory.mktemp("rows")
    one, other = folder / "one.log", folder / "other.log"
    one.write_text("".join(line(row) + "\n" for row in ROWS[:-2]), encoding="utf8")
    other.write_text("\n".join([*map(line, ROWS[-2:]), *MALFORMED, ""]), encoding="utf8")
    options = AnalyzeOptions(
        files=(str(one), str(other)), memory_bytes=1 << 30, store=str(folder / "runs"), suspicious=2
    )
    found = analyze(options, on_event=told.append).folder
    assert found is not None
    return RunFolder(found)


def narrowed(run: RunFolder, view: View, text: str) -> pl.DataFrame:
    rows = views.scan(run, view)
    terms = filter_language.parse(text, rows.collect_schema(), filter_language.day_of(run.report), run.manifest.files)
    return rows.filter(filter_language.expression(terms)).collect()


def test_windows_are_stored_worst_first(run: RunFolder) -> None:
    rows = views.scan(run, "windows").collect()
    minutes = [start.minute for start in rows["window_start"]]
    assert minutes == [1, 2, 0, 3]
    assert rows["errors"].to_list() == [2, 2, 1, 3]
    worst = run.report.worst_window
    assert worst is not None
    assert worst.start == "2025-11-21T14:01:00.000000Z"


@pytest.mark.parametrize(
    ("view", "titles"),
    [
        ("exchanges", "time status duration method endpoint ip agent line file"),
        ("endpoints", "endpoint requests errors p50 p95 p99 4xx 5xx max min"),
        ("ips", "ip suspicious requests errors peak peak-from 4xx 5xx"),
        ("windows", "window requests errors 4xx 5xx suspicious"),
        ("malformed", "side line reason text cut file"),
    ],
)
def test_what_one_looks_for_comes_first(run: RunFolder, tmp_path: Path, view: View, titles: str) -> None:
    spill = TemporaryFolder(tmp_path)
    pages = ViewPages(run, view, spill)
    assert " ".join(column.title.replace(" ", "-") for column in pages.columns) == titles
    assert pages.total == len(pages.page(0, 100))
    spill.close()


@pytest.mark.parametrize(
    ("view", "text", "rows"),
    [
        ("exchanges", 'endpoint="/b c"', 2),
        ("exchanges", 'endpoint=""', 1),
        ("exchanges", 'ip=""', 1),
        ("exchanges", "agent~curl method=GET", 10),
        ("exchanges", "file=other.log", 2),
        ("exchanges", "file!=other.log", 8),
        ("exchanges", "file~one line<3", 2),
        ("exchanges", "time>=14:02 duration>1s", 1),
        ("endpoints", "p99>=2s requests>5", 1),
        ("endpoints", "max<10ms", 2),
        ("ips", "suspicious=true", 1),
        ("windows", "time>14:00 errors_5xx>0", 2),
        ("malformed", "reason=json file=other.log", 2),
    ],
)
def test_filters_find(run: RunFolder, view: View, text: str, rows: int) -> None:
    assert narrowed(run, view, text).height == rows


def test_a_filter_is_completed_with_values_that_occur(run: RunFolder) -> None:
    schema = views.scan(run, "exchanges").collect_schema()
    seen = {"endpoint": ["/a", "/b c"], "status_code": ["200", "404"]}
    assert filter_language.complete("endpoint=/", 10, schema, seen) == ["endpoint=/a"]
    assert filter_language.complete("endpoint=", 9, schema, seen) == ["endpoint=/a", 'endpoint="/b c"']
    assert filter_language.complete("status>=4", 9, schema, seen) == ["status>=404"]
    assert filter_language.complete("method=", 7, schema, seen) == []
    assert {"agent", "endpoint", "ip", "method", "status", "duration", "time"} <= set(filter_language.names(schema))


def test_progress_knows_where_every_line_went_before_the_end(run: RunFolder, told: list[Event]) -> None:
    assert run.report.kind == "access"
    progress = [event for event in told if isinstance(event, ProgressEvent)]
    last = progress[-1].ledger["access"]
    expected = {"lines": 13, "blank": 0, "malformed": 3, "exchanges": 10, "json": 2, "timestamp": 1}
    assert {name: last[name] for name in expected} == expected
    # After reading nobody knows how long it takes.
    assert {event.eta_s for event in progress if event.stage != "read"} == {None}


def test_a_bom_does_not_hide_the_form(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_bytes(b"\xef\xbb\xbf" + line(ROWS[0]).encode())
    report = analyze(AnalyzeOptions(files=(str(log),), memory_bytes=1 << 30, keep=False, store=str(tmp_path))).report
    assert (report.format, report.total_requests) == ("ndjson", 1)
