"""The report of an access log whose exchanges lack a time, a status or a duration."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from logcorr.figures import access_report, latency
from logcorr.figures.access_sums import AccessCounter, AccessSums
from logcorr.figures.grid import grid
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_groups import GroupLimits, GroupWriter, group_views
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.access_report import AccessReport
from logcorr.model.ledger import AccessInputs, AccessLedger
from logcorr.model.report import NO_CLOCK
from logcorr.model.status import failures
from tests.support import pair_reports


class Line(NamedTuple):
    """An exchange of an access log: its time and duration in µs."""

    at: int | None
    took: int | None
    status_code: int | None
    endpoint: str | None = "/"
    ip: str | None = "10.0.0.1"


TEXTS = ("method", "endpoint", "ip", "user_agent")


def report_of(folder: Path, lines: Sequence[Line]) -> AccessReport:
    schema = {"at": pl.Int64, "took": pl.Int64, "status_code": pl.Int16, "endpoint": pl.String, "ip": pl.String}
    rows = pl.DataFrame(lines, schema=schema, orient="row")
    entries = rows.rename({"at": "time", "took": "given_us"}).with_row_index("row")
    run = folder / "run"
    run.mkdir()
    views = ViewWriter(run, group_views(TEXTS))
    counter = AccessCounter(TEXTS, 60_000_000, 1 << 30, folder / "groups")
    exchanges = counter("exchange", entries)
    sums = AccessSums(grid(rows["at"].min(), rows["at"].max(), 60_000_000), counter)  # type: ignore[arg-type]
    sums.add(exchanges)
    limits = GroupLimits(window_us=60_000_000, suspicious=2)
    meter = ProgressMeter(None, None, 1 << 30)
    data = access_report.AccessReportData(
        sums=sums,
        figures=latency.figures(sums, exchanges.lazy),
        rows=rows.height,
        groups=GroupWriter(views, folder, meter, limits).write(TEXTS, sums, counter.groups),
    )
    ledger = AccessLedger(files=[], bytes=0, lines=rows.height, blank=0, malformed={}, exchanges=rows.height)
    return access_report.report(data, AccessInputs(access=ledger), "made", pair_reports.busy().run)


def test_every_request_succeeded_or_failed(tmp_path: Path) -> None:
    codes = [200, 302, 404, 500, 999, 0, None, None]
    report = report_of(tmp_path, [Line(at, 5, code) for at, code in enumerate(codes)])
    assert (report.total_requests, report.successful_requests, report.failed_requests) == (8, 2, 6)
    assert (report.failed_4xx, report.failed_5xx) == (1, 1)
    assert report.status["none"] == 2
    assert failures(report.status) == report.failed_requests == report.endpoints[0].errors
    assert report.worst_window is not None
    assert (report.worst_window.errors_4xx, report.worst_window.errors_5xx) == (1, 1)
    assert report.methods[0].errors == 6


def test_a_log_without_a_clock(tmp_path: Path) -> None:
    report = report_of(tmp_path, [Line(None, took, 200) for took in (3_000, 9_000, 1_000)])
    assert (report.timeline.points, report.timeline.reason) == ([], NO_CLOCK)
    assert (report.worst_window, report.windows.count, report.suspicious_ips) == (None, 0, [])
    assert report.fastest_request is not None
    assert (report.fastest_request.ms, report.fastest_request.time) == (1.0, None)
    assert (report.latency.p50_ms, report.endpoints[0].p99_ms) == (3.0, 9.0)
    assert (report.ips[0].requests, report.ips[0].busiest_start) == (3, None)


def test_an_exchange_without_a_time_counts_where_time_does_not_matter(tmp_path: Path) -> None:
    report = report_of(tmp_path, [Line(5, 7_000, 200), Line(None, 1_000, None), Line(6, None, 503)])
    assert report.timeline.reason is None
    assert sum(point.requests for point in report.timeline.points) == 2
    assert (report.total_requests, report.failed_requests, report.latency.count) == (3, 2, 2)
    assert (report.ips[0].requests, report.ips[0].busiest_requests) == (3, 2)
    assert report.missing["response_time"] == 1
