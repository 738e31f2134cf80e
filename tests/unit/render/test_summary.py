"""The summary: golden text at two widths, its corner cases, and no way for a log to reach the terminal raw."""

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

from logcorr.model.report import HistogramBin, Report, TimelinePoint
from logcorr.render import charts
from logcorr.render.summary import render_summary
from logcorr.text.quantities import duration, percent, short, size
from logcorr.text.safe import safe
from tests.support import pair_reports as reports
from tests.support.kernels_or_numpy import search, some

GOLDEN = Path(__file__).parents[2] / "golden"
FOLDER = "/home/op/.cache/logcorr/runs/4f1c09b2"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
CORNERS = [reports.busy, reports.empty, reports.only_orphans, reports.one_exchange]
HOSTILE = "\x1b]0;owned\x07\x1b[2J[/oops]\x9b31m\u202egnp.exe\u200b\x00\n\r\t\x7f\u2028\ud800:smile:"


def render(report: Report, width: int = 80, *, color: bool = False, reused: bool = False) -> str:
    return render_summary(report, width=width, color=color, reused=reused, folder=FOLDER)


def with_hostile_text() -> Report:
    report = reports.busy()
    side = msgspec.structs.replace(report.inputs.requests, files=[f"/logs/{HOSTILE}", "b"])
    return msgspec.structs.replace(
        report,
        inputs=msgspec.structs.replace(report.inputs, requests=side),
        slowest=[msgspec.structs.replace(s, request_id=HOSTILE, user_id=HOSTILE) for s in report.slowest],
        users=[msgspec.structs.replace(u, user_id=HOSTILE) for u in report.users],
    )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("make", CORNERS)
def test_golden(make: Callable[[], Report], width: int) -> None:
    path = GOLDEN / f"summary_{make.__name__}_{width}.txt"
    text = render(make(), width)
    if os.environ.get("LOGCORR_REGEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", [*CORNERS, with_hostile_text])
@pytest.mark.parametrize(
    ("width", "color"),
    some(itertools.product((60, 72, 80, 109, 110, 120, 160), (False, True)), (72, True), (109, False), (160, True)),
)
def test_no_line_is_wider_than_the_terminal(make: Callable[[], Report], width: int, *, color: bool) -> None:
    lines = ESCAPE.sub("", render(make(), width, color=color)).splitlines()
    assert [line for line in lines if cell_len(line) > width] == []


def test_tells_what_was_asked_first() -> None:
    text = render(reports.busy(), 120)
    for figure in ("12.5M", "99.62 %", "5.02 %", "14.2ms", "812ms", "53,191", "12,499,871", "12,452,001"):
        assert figure in text
    assert "35,405 5xx · 4,225 4xx · 4,400 orphans · 114,210 requests" in text
    assert "1,235 exchanges (<0.01 %) answered up to 3.2ms too early" in text
    assert f"run {FOLDER}" in text


def test_the_ledger_shows_whether_it_closes() -> None:
    report = reports.busy()
    assert " ✓ complete" in render(report)
    side = msgspec.structs.replace(report.inputs.responses, matched=1)
    broken = msgspec.structs.replace(report, inputs=msgspec.structs.replace(report.inputs, responses=side))
    assert " ✗ ledger" in render(broken)
    assert "✗ │" in render(broken)


def test_every_reason_has_its_line() -> None:
    text = render(reports.busy())
    orphans = ("repeated id", "in flight", "before start", "lost")
    for reason in (*orphans, "encoding", "fields", "timestamp", "request id", "status code"):
        assert re.search(rf"^│   {reason} ", text, re.MULTILINE), reason


def test_a_reused_run_says_so() -> None:
    assert "opened the finished run again" in render(reports.busy(), reused=True)
    assert "opened the finished run again" not in render(reports.busy())


def test_an_asked_for_skew_is_shown() -> None:
    skew = msgspec.structs.replace(reports.busy().skew, applied_ms=-4.0)
    assert "all responses by -4 ms (--skew)" in render(msgspec.structs.replace(reports.busy(), skew=skew))


@pytest.fixture(autouse=True)
def fresh_styles() -> None:
    """Rich keeps a style's escape codes as they first were on any console, even on one of fewer colours."""
    Style.parse.cache_clear()
    Style._add.cache_clear()


def test_colour_only_when_asked() -> None:
    assert "\x1b" not in render(reports.busy())
    coloured = render(reports.busy(), color=True)
    assert "\x1b[38;2;158;206;106m" in coloured
    assert "\x1b[48;5;" not in coloured, "the terminal's own background shows"


def test_colour_and_plain_hold_the_same_words() -> None:
    words = re.compile(r"[\w.%]+")
    plain = set(words.findall(render(reports.busy())))
    coloured = set(words.findall(ESCAPE.sub("", render(reports.busy(), color=True))))
    assert plain - coloured <= {"requests", "failures", "orphans", "a", "second", "over"}  # the legend of the timeline


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [80, 120])
def test_a_log_cannot_reach_the_terminal(width: int, *, color: bool) -> None:
    text = ESCAPE.sub("", render(with_hostile_text(), width, color=color))
    raw = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}
    assert raw == set()
    assert "␛]0;owned" in text
    text.encode("utf-8")


def test_markup_and_emoji_codes_stay_text() -> None:
    report = reports.busy()
    users = [msgspec.structs.replace(report.users[0], user_id="[/x][b]:smile:")]
    assert "[/x][b]:smile:" in render(msgspec.structs.replace(report, users=users))


def test_a_timeline_over_all_of_time() -> None:
    first = reports.busy().timeline.points[0]
    points = [msgspec.structs.replace(first, start=f"{year}T00:00:00Z") for year in ("0001-01-01", "9999-12-31")]
    flow = msgspec.structs.replace(reports.busy().timeline, points=points, bucket_s=86_400.0)
    text = render(msgspec.structs.replace(reports.busy(), timeline=flow), 120)
    assert "01 Jan 0001 00:00 – 31 Dec 9999 23:59 UTC" in text


def _point(second: int, requests: int, p99: float | None) -> TimelinePoint:
    return TimelinePoint(
        start=f"2025-01-01T00:{second // 60 % 60:02d}:{second % 60:02d}Z",
        requests=requests,
        responses=0,
        errors_4xx=requests // 2,
        errors_5xx=requests // 3,
        orphans=requests // 4,
        p50_ms=p99 and p99 / 2,
        p99_ms=p99,
    )


@search(12)
@given(
    points=st.lists(
        st.builds(
            _point, st.integers(0, 3599), st.integers(0, 10**9), st.none() | st.floats(0, 1e9, allow_subnormal=False)
        ),
        max_size=20,
        unique_by=lambda p: p.start,
    ),
    bins=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 10**10)), max_size=12, unique_by=lambda b: b[0]),
    width=st.integers(60, 130),
)
def test_charts_survive_any_figures(points: list[TimelinePoint], bins: list[tuple[int, int]], width: int) -> None:
    report = reports.busy()
    points.sort(key=lambda p: p.start)
    flow = msgspec.structs.replace(report.timeline, points=points, bucket_s=1.0)
    spans = [HistogramBin(from_ms=1.3**k if k else 0.0, to_ms=1.3 ** (k + 1), count=n) for k, n in sorted(bins)]
    text = render(msgspec.structs.replace(report, timeline=flow, histogram=spans), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width


@given(st.text(st.characters(), max_size=50), st.integers(1, 60))
def test_safe_text_is_one_harmless_line(text: str, limit: int) -> None:
    shown = safe(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert safe(shown, limit) == shown
    assert shown.encode("utf-8").decode("utf-8") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("req-1", "req-1"),
        ("日本 é", "日本 é"),
        (None, "–"),
        ("\x1b[31m\x7f\x00", "␛[31m␡␀"),
        ("\x85\u202e\u200b\u2029\ufeff\ud800", "\ufffd" * 6),
        ("x" * 201, "x" * 199 + "…"),
    ],
)
def test_safe(text: str | None, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "–"), (0.0, "0us"), (0.25, "250us"), (0.9999, "1ms"), (14.2, "14.2ms"), (999.4, "999ms"), (999.6, "1s"),
        (59_949, "59.9s"), (60_000, "1m 00s"), (372_200, "6m 12s"), (7_500_000, "2h 05m"), (273_600_000, "3d 04h"),
        (-3.2, "-3.2ms"),
    ],
)  # fmt: skip
def test_duration(ms: float | None, text: str) -> None:
    assert duration(ms) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (950, "950"),
        (1000, "1k"),
        (999, "999"),
        (47_113, "47.1k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (12_480_000, "12.5M"),
        (2.5, "2.5"),
    ],
)
def test_short(number: float, text: str) -> None:
    assert short(number) == text


def test_size_and_percent() -> None:
    assert [size(n) for n in (0, 512, 41_800_000_000)] == ["0 B", "512 B", "41.8 GB"]
    assert [percent(*n) for n in ((0, 0), (0, 5), (5, 5), (1, 10**6), (10**6 - 1, 10**6), (1, 3))] == [
        "–",
        "0 %",
        "100 %",
        "<0.01 %",
        "99.99 %",
        "33.33 %",
    ]


@pytest.mark.parametrize("width", [60, 100, 160])
def test_without_plotext_6_the_summary_says_that_there_are_no_charts(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = render(reports.busy(), width)
    monkeypatch.setattr(charts, "CAN_DRAW", False)
    text = render(reports.busy(), width)
    assert "There are no charts: plotext 6 is not installed." in text
    assert "Latency distribution" in drawn
    assert "Latency distribution" not in text
    for figures in ("p99", "Status codes", "complete"):
        assert figures in text
