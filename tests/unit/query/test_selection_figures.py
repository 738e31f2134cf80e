"""How slow a selection is, and when its rows happened, equal a plain count of rows."""

import pytest

from logcorr.model.errors import Cancelled
from logcorr.model.options import View
from logcorr.model.report import Report
from logcorr.query import filter_language
from logcorr.query.selection_figures import selection_figures
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from tests.unit.query.test_finer_timeline import nothing, run

__all__ = ["run"]


def terms_of(run: RunFolder, view: View, text: str) -> list[filter_language.Term]:
    schema = views.scan(run, view).collect_schema()
    return filter_language.parse(text, schema, filter_language.day_of(run.report), run.manifest.files)


@pytest.mark.parametrize(("view", "text"), [("exchanges", "status>=500"), ("errors", "time>=15:00"), ("slow", "")])
def test_percentiles_and_times_equal_a_plain_count(run: RunFolder, view: View, text: str) -> None:
    points = run.report.timeline.points
    terms = terms_of(run, view, text)
    found = selection_figures(run, view, terms, points, nothing)
    chosen = views.scan(run, view).filter(filter_language.expression(terms)).collect()
    whole = views.scan(run, "exchanges").collect()
    lines = set(chosen["request_line"])
    durations = {True: list[int](), False: list[int]()}
    for row in whole.iter_rows(named=True):
        if row["duration_us"] >= 0:
            durations[row["request_line"] in lines].append(row["duration_us"])
    for told, values in ((found.inside, durations[True]), (found.outside, durations[False])):
        ordered = sorted(values)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            exact = ordered[-(-round(share * 1000) * len(ordered) // 1000) - 1] / 1000
            assert told[name] == pytest.approx(exact, rel=0.01)
    counts = [0] * len(points)
    first, width = instants.seconds(points[0].start), run.report.timeline.bucket_s
    for at in chosen["request_time"].dt.epoch("us"):
        counts[int((at / 1e6 - first) // width)] += 1
    assert found.over_time == counts
    assert sum(counts) == chosen.height > 0


def test_orphans_have_times_and_no_latency(run: RunFolder) -> None:
    points = run.report.timeline.points
    found = selection_figures(run, "orphans", terms_of(run, "orphans", "side=request"), points, nothing)
    assert (found.inside, found.outside) == ({}, {})
    assert isinstance(run.report, Report)
    assert sum(found.over_time) == run.report.request_orphans > 0


def test_it_can_be_cancelled(run: RunFolder) -> None:
    def cancelled() -> None:
        raise Cancelled("no more")

    with pytest.raises(Cancelled):
        selection_figures(run, "exchanges", [], run.report.timeline.points, cancelled)
