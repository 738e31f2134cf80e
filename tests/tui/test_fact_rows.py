"""The small tables of the overview: each row leads to as many rows as it counts, and tables without rows are not there."""

import re
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.ledger import ClockCounts, Inputs
from logcorr.model.report import Given, HistogramBin, Resolution
from logcorr.query import filter_language
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.state.overview_figures import figures
from logcorr_tui.state.session import Session
from logcorr_tui.widgets.charts.fact_rows import TABLES, Fact, Facts, facts
from logcorr_tui.widgets.charts.histogram import scale, whole_milliseconds
from tests.support import access_reports, pair_reports
from tests.tui import test_access

folder, run = test_access.folder, test_access.run


def tables_of(report: RunReport) -> dict[str, Facts]:
    found = figures(Session(report=report))
    shown = {name: facts(name, found) for name in TABLES}
    return {name: table for name, table in shown.items() if table is not None}


def rows_behind(run: RunFolder, row: Fact) -> int:
    """How many rows of the run its filter leaves, counted here."""
    view, expression, label = row.drill() or ("exchanges", "", "")
    assert label or view == "skewed"
    schema = views.scan(run, view).collect_schema()
    terms = filter_language.parse(expression, schema, filter_language.day_of(run.report), run.manifest.files)
    return views.scan(run, view).filter(filter_language.expression(terms)).collect().height


def number(text: str) -> int:
    return int(re.sub(r"\D.*", "", text.replace(",", "")) or 0)


def test_every_row_of_an_access_log_leads_to_what_it_counts(run: RunFolder) -> None:
    tables = tables_of(run.report)
    assert list(tables) == [
        *("percentiles", "worst", "malformed", "extremes", "endpoints", "ips", "methods", "agents", "missing"),
    ]
    for name, column in (("malformed", 0), ("methods", 2), ("agents", 2), ("missing", 0), ("endpoints", 1), ("ips", 1)):
        for row in tables[name].rows:
            assert rows_behind(run, row) == number(row.cells[column][0]) > 0, (name, row)
    for row in tables["worst"].rows:
        if row.name.strip() in ("5xx", "4xx", "requests"):
            assert rows_behind(run, row) == number(row.cells[0][0])
    fastest, slowest, *endpoints = tables["extremes"].rows
    assert (fastest.name, slowest.name) == ("fastest request", "slowest request")
    assert rows_behind(run, fastest) >= 1
    assert rows_behind(run, slowest) >= 1
    busiest = endpoints[-1]
    assert isinstance(run.report, AccessReport)
    assert rows_behind(run, busiest) == run.report.busiest_endpoint_requests
    count = views.scan(run, "exchanges").collect()["duration_us"].drop_nulls().len()
    for row, share in zip(tables["percentiles"].rows[3:8], (0.5, 0.9, 0.95, 0.99, 0.999), strict=True):
        assert rows_behind(run, row) >= count - -(-round(share * 1000) * count // 1000) + 1


def test_failing_endpoints_are_by_the_share_that_failed(run: RunFolder) -> None:
    shares = [float(row.cells[0][0].rstrip(" %").lstrip("<")) for row in tables_of(run.report)["endpoints"].rows]
    assert shares == sorted(shares, reverse=True)
    assert all(number(row.cells[2][0]) >= 20 for row in tables_of(run.report)["endpoints"].rows)


@pytest.mark.parametrize("make", [pair_reports.empty, access_reports.empty, access_reports.without_times])
def test_tables_without_rows_are_not_there(make: Callable[[], RunReport]) -> None:
    report = make()
    tables = tables_of(report)
    assert all(table.rows for table in tables.values())
    if not report.latency.count:
        assert "percentiles" not in tables
    if report.latency.count == 0 and not sum(report.status.values()):
        assert not set(tables) & {"methods", "agents", "ips", "endpoints"}


def test_estimates_have_no_tables() -> None:
    assert all(facts(name, None) is None for name in TABLES)


def test_whole_milliseconds_make_no_gaps_in_the_histogram() -> None:
    edges = [round(10 ** (step / 10), 3) for step in range(-3, 15)]
    counts = [sum(5 for ms in range(1, 20) if low <= ms < high) for low, high in pairwise(edges)]
    bins = [
        HistogramBin(from_ms=low, to_ms=high, count=n) for (low, high), n in zip(pairwise(edges), counts, strict=True)
    ]
    filled = [k for k, one in enumerate(bins) if one.count]
    assert any(bins[k].count == 0 for k in range(filled[0], filled[-1])), "as they are, the bins have gaps"
    axis = scale(bins, 60)
    assert axis is not None
    inner = [bar.count for bar in axis.bars]
    while not inner[0]:
        inner.pop(0)
    while not inner[-1]:
        inner.pop()
    assert all(inner)
    assert sum(inner) == sum(counts)
    # A few durations between two milliseconds are counted with the bin before; many keep their bins.
    for more, joined in ((1, True), (20, False)):
        finer = [*bins[:4], HistogramBin(from_ms=bins[4].from_ms, to_ms=bins[4].to_ms, count=more), *bins[5:]]
        found = whole_milliseconds(finer)
        assert (len(found) < len(finer)) == joined
        assert sum(bar.count for bar in found) == sum(counts) + more


def test_how_a_run_was_read_stands_there_where_it_matters() -> None:
    assert "reading" not in tables_of(pair_reports.busy())
    report = pair_reports.busy()
    side = msgspec.structs.replace(
        report.inputs.requests, heads={"docker": 12_000}, clock=ClockCounts(doubled=3, previous=41)
    )
    report = msgspec.structs.replace(
        report,
        inputs=Inputs(requests=side, responses=report.inputs.responses),
        latency=msgspec.structs.replace(report.latency, p50_ms=0.0),
        resolution=Resolution(requests_us=1_000_000, responses_us=1000),
        given=Given(count=900, difference_p50_ms=1.5, difference_p99_ms=20.0, used="events"),
    )
    rows = {row.name: row.cells[0][0] for row in tables_of(report)["reading"].rows}
    assert rows["coarse clock"] == "whole seconds: a p50 of 0 ms means under 1s"
    assert rows["durations"] == "told by 900 responses, not used; p50 1.5ms, p99 20ms from the events"
    assert rows["docker taken off"] == "12,000 lines"
    assert rows["no clock"].startswith("41 lines")
    assert rows["doubled hour"].startswith("3 times")
    assert "next day" not in rows
