"""The summary of a correlation tells what its log lacks: a status, a clock, a fine clock; and its attributes."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from logcorr.model.report import Given, Report, Resolution
from logcorr.render.summary import render_summary
from tests.support import pair_reports
from tests.support.attribute_runs import Lost, Pair, report_of


def render(report: Report, width: int = 120) -> str:
    return render_summary(report, width=width, color=False, reused=False, folder=None)


def changed(**fields: Any) -> str:
    return render(msgspec.structs.replace(pair_reports.busy(), **fields))


@pytest.mark.parametrize("width", [72, 100, 160])
def test_a_pair_with_attributes(width: int, tmp_path: Path) -> None:
    agents: dict[str, Any] = {"method": "GET", "user_agent": "curl"}
    rows = [Pair(at, 5_000, 200, endpoint="/orders", ip="10.0.0.9", **agents) for at in range(9)]
    rows += [Pair(at, 5_000, None, endpoint="/search", ip="::1", **agents) for at in range(2)]
    text = render(report_of(tmp_path, rows, [Lost("request", 3)]), width)
    for title in ("Endpoints", "/orders", "/search", "Suspicious IPs", "10.0.0.9", "Methods", "User agents", "curl"):
        assert title in text
    assert "none" in text
    assert "No status" in text
    assert "Busiest users" not in text


def test_a_pair_without_attributes_has_no_tables_of_them() -> None:
    text = render(pair_reports.busy())
    assert "Endpoints" not in text
    assert "Methods" not in text


def test_without_a_clock_there_is_a_sentence_for_the_timeline(tmp_path: Path) -> None:
    rows = [Pair(None, None, 200, given_us=4_000, endpoint="/") for _ in range(5)]
    text = render(report_of(tmp_path, rows, durations="given"))
    assert "There is no timeline: the log has no clock." in text
    assert "5 responses tell one" in text
    assert "all figures are of the given durations" in text
    assert "peak" not in text.split("Status codes")[0]


def test_what_a_median_of_nothing_means() -> None:
    latency = msgspec.structs.replace(pair_reports.busy().latency, p50_ms=0.0)
    whole = Resolution(requests_us=1_000_000, responses_us=1_000_000)
    assert "whole seconds: a p50 of 0 ms means under 1s" in changed(latency=latency, resolution=whole)
    fine = Resolution(requests_us=1_000, responses_us=1)
    assert "whole milliseconds: a p50 of 0 ms means under 1ms" in changed(latency=latency, resolution=fine)
    assert "Coarse clock" not in changed(resolution=fine)
    assert "Coarse clock" not in changed(latency=latency, resolution=Resolution(requests_us=1, responses_us=1))


def test_given_durations_are_told_in_a_line() -> None:
    given = Given(count=7_000, difference_p50_ms=0.25, difference_p99_ms=1_240.0, used="events")
    text = changed(given=given)
    assert "Given durations  7,000 responses tell one; it differs from the events by 250us (p50), 1.24s (p99)" in text
    assert "all figures are of the events" in text


@pytest.mark.parametrize("width", [60, 72, 120])
def test_one_log_with_both_events(width: int) -> None:
    text = render(pair_reports.one_log(), width)
    assert "app.log · fastify" in text
    assert "✓ complete" in text
    for row in ("other", "timestamp", "repaired", "surplus", "= entries", "= lines"):
        assert row in text
    assert "4.1 KB" in text


def test_rows_of_a_ledger_that_are_zero_are_not_shown() -> None:
    text = render(pair_reports.busy())
    assert not any(row in text for row in ("surplus", "other ", "repaired", "left out"))
    report = pair_reports.one_exchange()
    side = msgspec.structs.replace(report.inputs.requests, lines=8, other=7, repaired=2, left_out=1)
    text = render(msgspec.structs.replace(report, inputs=msgspec.structs.replace(report.inputs, requests=side)))
    assert all(row in text for row in ("other", "repaired", "left out"))
