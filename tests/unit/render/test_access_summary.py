"""The summary of an access log: golden text at two widths, every figure that was asked for, and no raw text of a log."""

import itertools
import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from logcorr.model.access_report import AccessReport, AccessWindow
from logcorr.model.group_rows import IpRow
from logcorr.model.report import HistogramBin
from logcorr.render.summary import render_summary
from logcorr.text.quantities import rate
from tests.support import access_reports as reports
from tests.support.access_reports import HOSTILE
from tests.support.kernels_or_numpy import search, some

GOLDEN = Path(__file__).parents[2] / "golden"
FOLDER = "/home/op/.cache/logcorr/runs/4f1c09b2"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
CORNERS = [reports.busy, reports.empty, reports.one_request, reports.without_times]


def render(report: AccessReport, width: int = 80, *, color: bool = False, reused: bool = False) -> str:
    return render_summary(report, width=width, color=color, reused=reused, folder=FOLDER)


def hostile() -> AccessReport:
    """Everything that stems from the log tries to take over the terminal."""
    report = reports.busy()
    assert report.fastest_request is not None
    assert report.worst_window is not None
    one = msgspec.structs.replace(report.fastest_request, endpoint=HOSTILE, method=HOSTILE, ip=HOSTILE)
    suspects = [msgspec.structs.replace(row, ip=HOSTILE + str(n)) for n, row in enumerate(report.suspects)]
    return msgspec.structs.replace(
        report,
        inputs=msgspec.structs.replace(
            report.inputs, access=msgspec.structs.replace(report.inputs.access, files=[f"/logs/{HOSTILE}", "b"])
        ),
        fastest_request=one,
        slowest_request=one,
        fastest_endpoint=HOSTILE,
        slowest_endpoint=HOSTILE,
        busiest_endpoint=HOSTILE,
        worst_window=msgspec.structs.replace(report.worst_window, suspicious_ips=[HOSTILE] * 7),
        suspicious_ips=[HOSTILE],
        suspects=suspects,
        endpoints=[msgspec.structs.replace(row, endpoint=HOSTILE) for row in report.endpoints],
        failing_endpoints=[msgspec.structs.replace(row, endpoint=HOSTILE + "x") for row in report.failing_endpoints],
        failing_ips=[msgspec.structs.replace(row, ip=HOSTILE) for row in report.failing_ips],
        methods=[msgspec.structs.replace(row, method=HOSTILE) for row in report.methods],
        user_agents=[msgspec.structs.replace(row, user_agent=HOSTILE) for row in report.user_agents],
    )


def endless() -> AccessReport:
    """Counts of many digits beside names without end, some of them in letters two cells wide."""
    report = reports.busy()
    much, long = 10**12, "/日本語/" + "a" * 5000
    return msgspec.structs.replace(
        report,
        total_requests=much,
        successful_requests=much,
        failed_requests=much,
        failed_4xx=much,
        failed_5xx=much,
        endpoints=[
            msgspec.structs.replace(row, endpoint=long, requests=much, errors=much, errors_4xx=much, errors_5xx=much)
            for row in report.endpoints
        ],
        failing_ips=[msgspec.structs.replace(row, ip=long, requests=much, errors=much) for row in report.failing_ips],
        user_agents=[msgspec.structs.replace(row, user_agent=long, requests=much) for row in report.user_agents],
        slowest_endpoint=long,
    )


@pytest.fixture(autouse=True)
def fresh_styles() -> None:
    """Rich keeps a style's escape codes as they first were on any console, even on one of fewer colours."""
    Style.parse.cache_clear()
    Style._add.cache_clear()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("make", CORNERS)
def test_golden(make: Callable[[], AccessReport], width: int) -> None:
    path = GOLDEN / f"access_{make.__name__}_{width}.txt"
    text = render(make(), width)
    if os.environ.get("LOGCORR_REGEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", [*CORNERS, hostile, endless])
@pytest.mark.parametrize(
    ("width", "color"),
    some(
        itertools.product((40, 60, 72, 80, 109, 110, 120, 160, 300), (False, True)),
        (40, True),
        (109, False),
        (300, True),
    ),
)
def test_no_line_is_wider_than_the_terminal(make: Callable[[], AccessReport], width: int, *, color: bool) -> None:
    lines = ESCAPE.sub("", render(make(), width, color=color)).splitlines()
    assert [line for line in lines if cell_len(line) > min(max(width, 60), 160)] == []


@pytest.mark.parametrize("width", [72, 80, 120, 160])
def test_everything_that_was_asked_for(width: int) -> None:
    text = render(reports.busy(), width)
    for figure in (
        "11,819,015",  # successful requests
        "624,736",  # failed
        "457,787",  # 4xx
        "166,535",  # 5xx
        "fastest request",
        "41us",
        "slowest request",
        "19.8s",
        "fastest endpoint",
        "p50 975us",
        "slowest endpoint",
        "p50 199ms",
        "busiest endpoint",
        "2.9M times",
        "21 Nov 15:07:00 – 15:08:00",
        "35,405 5xx · 4,225 4xx · 114,210 requests",
        "8 suspicious IPs: 2001:db8:85a3:8d3:1319:8a2e:370:7348",
        "first 10 of 12 with over 25 requests in 1m",
        "3.61 %",  # error rate of the busiest endpoint
        "1,235 requests (<0.01 %) below zero",
    ):
        assert figure in text, figure
    for title in (
        "Endpoints",
        "Failing endpoints",
        "IPs behind the errors",
        "Methods",
        "User agents",
        "Missing fields",
    ):
        assert f"╭─ {title} " in text


def test_the_ledger_shows_whether_it_closes() -> None:
    report = reports.busy()
    assert " ✓ complete" in render(report)
    ledger = msgspec.structs.replace(report.inputs.access, lines=7)
    broken = msgspec.structs.replace(report, inputs=msgspec.structs.replace(report.inputs, access=ledger))
    assert " ✗ ledger" in render(broken)
    assert re.search(r"accounted for +✗", render(broken))


@pytest.mark.parametrize("reason", ["encoding", "json", "status code"])
def test_every_reason_has_its_line(reason: str) -> None:
    assert re.search(rf"^│   {reason} ", render(reports.busy()), re.MULTILINE)


def test_failures_beside_4xx_and_5xx_have_a_line_of_their_own() -> None:
    assert re.search(r"^│   other status +414 ", render(reports.busy()), re.MULTILINE)


def test_a_window_in_which_nothing_failed_is_named_all_the_same() -> None:
    text = render(reports.one_request())
    assert "Worst window  21 Nov 14:00:00 – 14:01:00, of 1 window\n" in text
    assert "0 5xx · 0 4xx · 1 requests" in text


@pytest.mark.parametrize(
    ("end", "shown"),
    [("2025-11-21T15:08:00Z", "21 Nov 15:07:00 – 15:08:00,"), ("2025-11-22T15:07:00Z", "– 22 Nov 15:07:00,")],
)
def test_a_window_of_days_names_the_day_of_its_end(end: str, shown: str) -> None:
    report = reports.busy()
    assert report.worst_window is not None
    window: AccessWindow = msgspec.structs.replace(report.worst_window, end=end)
    assert shown in render(msgspec.structs.replace(report, worst_window=window))


def test_endpoints_that_fail_are_told_apart_only_where_they_are_others() -> None:
    report = reports.busy()
    assert "Failing endpoints" not in render(
        msgspec.structs.replace(report, failing_endpoints=report.endpoints[3:6][::-1])
    )


def test_suspects_the_report_knows_no_more_of_are_named() -> None:
    """So in a run that was kept before reports told their windows."""
    text = render(msgspec.structs.replace(reports.busy(), suspects=[]))
    assert re.search(r"^│ 203\.0\.113\.1 +– +– ", text, re.MULTILINE)


def test_without_suspects_the_busiest_are_shown() -> None:
    text = render(reports.without_times())
    assert "Busiest IPs · none with over 25 requests in 1m" in text
    assert "suspicious" not in text


def test_a_log_without_response_times() -> None:
    text = render(reports.without_times())
    assert "the log tells no response times" in text
    assert "p95  " not in text, "no column of nothing"
    assert "Latency" not in text
    assert re.search(r"response time +12,443,751 +100 %", text)


def test_what_is_missing_is_named_only_where_something_is() -> None:
    assert "Missing" not in render(msgspec.structs.replace(reports.busy(), missing={}))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (60.0, "in 1m"),
        (300.0, "in 5m"),
        (90.0, "in 1m 30s"),
        (3600.0, "in 1h"),
        (86_400.0, "in 24h"),
        (0.25, "in 250ms"),
    ],
)
def test_how_wide_a_window_is(seconds: float, shown: str) -> None:
    windows = msgspec.structs.replace(reports.busy().windows, window_s=seconds)
    assert f"over 25 requests {shown} ─" in render(msgspec.structs.replace(reports.busy(), windows=windows))


def test_an_endpoint_too_long_keeps_both_ends() -> None:
    assert re.search(r"^│ slowest endpoint .* /api/v1/repor\S*….*me/export ", render(reports.busy()), re.MULTILINE)


def test_endpoints_that_would_look_the_same_when_cut_are_not() -> None:
    text = render(reports.busy())
    for day in (10, 11, 12, 13):
        assert f"│ /api/v1/reports/2025/11/{day}/" in text


def test_a_reused_run_says_so() -> None:
    assert "opened the finished run again" in render(reports.busy(), reused=True)
    assert "opened the finished run again" not in render(reports.busy())


def test_colour_only_when_asked() -> None:
    assert "\x1b" not in render(reports.busy())
    coloured = render(reports.busy(), color=True)
    assert "\x1b[38;2;158;206;106m" in coloured
    assert "\x1b[48;5;" not in coloured, "the terminal's own background shows"


def test_colour_and_plain_hold_the_same_words() -> None:
    words = re.compile(r"[\w.%]+")
    plain = set(words.findall(render(reports.busy())))
    coloured = set(words.findall(ESCAPE.sub("", render(reports.busy(), color=True))))
    assert plain - coloured <= {"requests", "failures", "a", "second", "over"}  # the legend of the timeline


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [72, 80, 120, 160])
def test_a_log_cannot_reach_the_terminal(width: int, *, color: bool) -> None:
    text = ESCAPE.sub("", render(hostile(), width, color=color))
    raw = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}
    assert raw == set()
    assert "␛]0;owned" in text
    text.encode("utf-8")


def test_what_took_no_time_stands_beside_the_rest() -> None:
    """A log axis has no zero: without this, a log of whole milliseconds would be mostly empty decades."""
    bins = [(0.0, 0.001, 5), (1.0, 1.26, 40), (10.0, 12.6, 90), (100.0, 126.0, 9)]
    spans = [HistogramBin(from_ms=low, to_ms=high, count=n) for low, high, n in bins]
    lines = render(msgspec.structs.replace(reports.busy(), histogram=spans), 120).splitlines()
    (ticks,) = (line for line in lines if re.search(r" 0 +1ms +10ms +100ms ", line))
    assert "us" not in ticks


@given(
    rows=st.lists(
        st.builds(
            IpRow,
            ip=st.text(max_size=80),
            requests=st.integers(0, 10**13),
            errors=st.integers(0, 10**13),
            errors_4xx=st.integers(0, 10**13),
            errors_5xx=st.integers(0, 10**13),
            busiest_requests=st.integers(0, 10**13),
            busiest_start=st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:00Z"]),
            suspicious=st.booleans(),
        ),
        max_size=12,
    ),
    width=st.integers(60, 160),
)
@search(4)
def test_tables_survive_any_figures(rows: list[IpRow], width: int) -> None:
    report = msgspec.structs.replace(reports.busy(), suspects=rows, failing_ips=rows)
    assert max(cell_len(line) for line in render(report, width).splitlines()) <= width


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(0.0, "0/s"), (5.678, "5.68/s"), (0.1, "0.1/s"), (0.05, "3/min"), (0.0004, "1.44/h"), (1234.0, "1.23k/s")],
)
def test_how_often(per_second: float, text: str) -> None:
    assert rate(per_second) == text
