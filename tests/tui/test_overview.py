"""The overview by keyboard and mouse: figures are the report's, selections drill into exactly their rows, any size works."""

import asyncio
import html
import math
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

import msgspec
import pytest
from textual.app import App
from textual.pilot import Pilot

from logcorr.model import ledger
from logcorr.model.events import EstimateEvent
from logcorr.model.report import Heatmap, Report
from logcorr.text.quantities import duration_us
from logcorr_tui.look.palette import THEMES
from logcorr_tui.screens.overview import OverviewScreen
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.session import Logs, Session
from logcorr_tui.widgets.charts.chart import Chart, Painted
from logcorr_tui.widgets.charts.histogram import Histogram, scale
from logcorr_tui.widgets.charts.ledger import Ledger
from logcorr_tui.widgets.charts.percentile_marks import place_marks
from logcorr_tui.widgets.charts.status_bars import StatusBars
from logcorr_tui.widgets.charts.timeline import Timeline
from tests.support import pair_reports
from tests.tui.headless import Shared

SIZES = [(120, 36), (80, 24), (101, 45), (200, 60), (63, 19), (40, 12), (9, 4)]


def busy() -> Report:
    """The busy report with a heat map."""
    report, rnd = pair_reports.busy(), random.Random(1)
    edges = [0.316, 1, 3.162, 10, 31.623, 100, 316.228, 1000, 3162.278, 10000, 31622.777]
    cells = []
    for k, point in enumerate(report.timeline.points):
        for band, (low, high) in enumerate(pairwise(edges)):
            middle = math.log10(low * high) / 2 - (0.5 if k in pair_reports.CRASH else 0)
            count = int(point.requests * math.exp(-((middle - 1.15) ** 2) / 0.09) * rnd.uniform(0.7, 1.3))
            if count > 20:
                cells.append((k, band, count))
    return msgspec.structs.replace(report, heatmap=Heatmap(edges_ms=edges, cells=cells))


def estimate() -> EstimateEvent:
    report = busy()
    return EstimateEvent(
        share=0.12, matched=1_493_250, orphans=6_383, negative=1, p50_ms=14.1, p90_ms=130.0, p95_ms=339.0, p99_ms=802.0,
        status={code: n // 8 for code, n in report.status.items()}, histogram=report.histogram, timeline=report.timeline, heatmap=report.heatmap,
    )  # fmt: skip


class Demo(App[None]):
    """An app with nothing but the overview, that remembers what it was asked for."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.drills: list[Drill] = []

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "logcorr-dark"
        self.push_screen(OverviewScreen())

    def on_drill(self, message: Drill) -> None:
        self.drills.append(message)

    def text(self) -> str:
        """What is on the screen, as the SVG says it."""
        svg = self.export_screenshot()
        return html.unescape(re.sub(r"<[^>]+>", " ", svg)).replace("\xa0", " ")


def show(session: Session, use: Callable[[Demo, Pilot[None]], Awaitable[None]], size: tuple[int, int]) -> None:
    async def run() -> None:
        app = Demo(session)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await use(app, pilot)

    asyncio.run(run())


def lines(app: Demo) -> list[str]:
    """All glyphs of all hand-drawn widgets."""
    return [line for widget in app.screen.query(Painted) for line in widget.canvas.text()]


REPORTS = [
    *(busy, pair_reports.busy, pair_reports.empty, pair_reports.one_exchange, pair_reports.only_orphans),
    *(pair_reports.one_log, pair_reports.without_clock),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared[Demo]]:
    """An overview that takes one report and size after the other."""
    app = Shared(lambda: Demo(Session()), SIZES[0])
    yield app
    app.close()


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return [make() for make in REPORTS]


@pytest.mark.parametrize("size", SIZES)
def test_every_report_at_every_size(size: tuple[int, int], shared: Shared[Demo], reports: list[Report]) -> None:
    keys = ["right", "up", "shift+right", "z", "enter", "end"]

    async def use(pilot: Pilot[None], app: Demo) -> None:
        for make, report in zip(REPORTS, reports, strict=True):
            app.session.report = report
            app.screen.query_one(Histogram).focus()
            assert isinstance(app.screen, OverviewScreen)
            app.screen.reload()
            await pilot.pause()
            for chart in app.screen.query(Chart):
                chart.focus()
                await pilot.press(*(keys if make is busy else keys[:1]))
                if make is not busy:
                    break
            assert lines(app)
            for widget in app.screen.query(Painted):
                for y in range(widget.size.height):
                    assert widget.render_line(y).cell_length == widget.size.width

    shared.play(use, size)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (97, 31)])
def test_figures_are_those_of_the_report(size: tuple[int, int]) -> None:
    async def use(app: Demo, _: Pilot[None]) -> None:
        text = app.text()
        for figure in (
            "12.5M",
            "99.62 %",
            "1.34 %",
            "14.2 ms",
            "812 ms",
            "53,191",
            "✓ complete",
            "625k",
            "1.23k",
        ):
            assert figure in text, figure
        for figure in (
            "requests.log.zst",
            "p50",
            "p95",
            "p99",
            "341 ms",
            "14:00",
            "No response" if size[0] > 110 else "–",
        ):
            assert figure in text, figure
        assert ("124k" in text) == (size[0] > 90), "rare counts go before the blanks between the tabs do"
        assert ("Malformed" if size[0] > 90 else "Bad") in text
        assert ("9,912,345" if size[0] > 110 else "9.91M") in text

    show(Session(report=busy()), use, size)


def test_histogram_drills_into_exactly_its_bar() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        assert not app.drills
        await pilot.press("right", "right", "enter")
        chart = app.screen.query_one(Histogram)
        bar = chart.chosen()
        assert bar is not None
        (drill,) = app.drills
        match = re.fullmatch(r"duration>=(\S+) duration<(\S+)", drill.expression)
        assert match
        assert drill.view == "exchanges"
        assert duration_us(match[1]) == round(bar.from_ms * 1000)
        assert duration_us(match[2]) == round(bar.to_ms * 1000)
        assert drill.label.startswith("latency ")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        after = chart.chosen()
        assert after is not None
        assert after.from_ms <= bar.from_ms
        assert after.to_ms >= bar.to_ms

    show(Session(report=busy()), use, (120, 36))


def test_status_drills_into_a_code_and_into_no_response() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        app.screen.query_one(StatusBars).focus()
        await pilot.press("down", "down", "down", "enter", "end", "enter")
        assert [(d.view, d.expression) for d in app.drills] == [
            ("exchanges", "status=304"),
            ("orphans", "side=request"),
        ]

    show(Session(report=busy()), use, (80, 24))


def test_timeline_selects_stretches_zooms_and_drills() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        chart = app.screen.query_one(Timeline)
        chart.focus()
        await pilot.press("home", "enter", "shift+right", "enter", "up", "enter")
        end = chart.cursor[1] if chart.cursor else 0
        assert app.drills[0].expression == "time>=2025-11-21T14:00:00Z time<2025-11-21T14:01:00Z"
        until = f"time>=2025-11-21T14:00:00Z time<2025-11-21T14:{end:02d}:00Z"
        assert app.drills[1].expression == until
        assert app.drills[2].expression == until + " duration>=0.316ms duration<1ms"
        await pilot.press("z")
        assert chart.shown[1] - chart.shown[0] < 12
        assert "zoomed" in app.text()
        await pilot.press("escape")
        assert chart.shown == (0, 120)
        await pilot.press("escape")
        assert chart.cursor is None

    show(Session(report=busy()), use, (120, 36))


def test_the_first_cursor_stands_where_it_went_wrong() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        chart = app.screen.query_one(Timeline)
        chart.focus()
        await pilot.press("right")
        assert chart.cursor
        assert chart.cursor[0] in pair_reports.CRASH

    show(Session(report=busy()), use, (120, 36))


def test_mouse_selects_and_drills() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        await pilot.click("#histogram", offset=(28, 8))
        assert app.screen.query_one(Histogram).chosen()
        assert not app.drills
        await pilot.click("#histogram", offset=(28, 8))
        assert len(app.drills) == 1
        await pilot.click("#status", offset=(5, 3))
        await pilot.click("#status", offset=(5, 3))
        assert app.drills[1].expression == "status=200"
        await pilot.click("#timeline", offset=(40, 12))
        await pilot.click("#timeline", offset=(40, 12))
        assert "duration>=" in app.drills[2].expression

    show(Session(report=busy()), use, (120, 36))


def test_ledger_closes_and_is_reachable() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        await pilot.press("b")
        await pilot.pause()
        assert app.focused is app.screen.query_one(Ledger)
        text = app.text()
        assert "every line accounted for" in text
        assert "12,499,871" in text
        await pilot.press("right", "right", "enter")
        assert (app.drills[0].view, app.drills[0].expression) == ("orphans", "side=request")

    show(Session(report=busy()), use, (120, 36))


def test_one_log_has_a_ledger_of_entries() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        text = "\n".join(lines(app))
        assert re.search("lines +requests +responses +malformed +other +blank", text)
        assert re.search("log +1,066 = +10 +12 +3 +1,040 +1 ", text)
        assert re.search("entries +matched +orphans +redelivered +superseded +surplus", text)
        assert "app.log" in text
        assert "every line accounted for" in text
        app.screen.query_one(Ledger).focus()
        await pilot.press("right", "right", "enter")
        assert app.drills == []  # requests and responses of the log go on below
        await pilot.press("right", "enter", "right", "enter", "down", "left", "left", "enter")
        drills = [(drill.view, drill.expression) for drill in app.drills]
        assert drills[-3:] == [("malformed", ""), ("other", ""), ("orphans", "side=request")]

    show(Session(report=pair_reports.one_log()), use, (160, 40))


def test_other_lines_have_a_count_where_there_are_any() -> None:
    report = pair_reports.one_exchange()
    side = msgspec.structs.replace(report.inputs.requests, lines=1_235, other=1_234)
    report = msgspec.structs.replace(report, inputs=msgspec.structs.replace(report.inputs, requests=side))

    async def use(app: Demo, _: Pilot[None]) -> None:
        text = "\n".join(lines(app))
        assert "1,234" in text
        assert "every line accounted for" in text

    show(Session(report=report), use, (120, 36))


def test_no_status_is_a_row_that_drills() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        assert "none No status" in "\n".join(lines(app))
        app.screen.query_one(StatusBars).focus()
        await pilot.press("down", "down", "down", "enter")
        assert (app.drills[0].view, app.drills[0].expression) == ("exchanges", "status=none")

    show(Session(report=pair_reports.one_log()), use, (120, 36))


def test_without_a_clock_the_timeline_says_so() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        assert "the log has no clock" in "\n".join(lines(app))
        app.screen.query_one(Timeline).focus()
        await pilot.press("right", "shift+right", "z", "enter")
        assert app.drills == []

    show(Session(report=pair_reports.without_clock()), use, (120, 36))


def test_estimates_are_marked_and_do_not_drill() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        text = app.text()
        assert text.count("estimate · 12 % of ids") >= 3
        assert "≈12.4M" in text
        assert "≈14.1 ms" in text
        assert "✓ complete" not in text
        await pilot.press("right", "enter")
        assert not app.drills
        app.session.estimate, app.session.report = None, busy()
        await pilot.pause(0.8)
        assert "✓ complete" in app.text()
        await pilot.press("enter")
        assert len(app.drills) == 1

    show(Session(logs=Logs.pair(("a/requests.log",), ("b.log",)), estimate=estimate()), use, (120, 36))


def test_the_timeline_grows_with_the_estimates() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        chart = app.screen.query_one(Timeline)
        chart.focus()
        await pilot.press("right", "up", "shift+right")
        assert "heat = latency density" in chart.canvas.text()[0]
        assert "orphans" not in chart.canvas.text()[-1], "those are not known by time yet"
        drawn = [line[10:-2] for line in chart.canvas.text()[1:-2]]
        assert any("█" in line for line in drawn)
        assert any("▄" in line for line in drawn)
        assert sum(point.requests for point in chart.points) == pytest.approx(
            sum(point.requests for point in busy().timeline.points) / 0.12, rel=1e-4
        )
        selected, band = chart.target(), chart.band
        await pilot.press("enter", "w")
        assert not app.drills
        assert len(app._notifications) == 2
        # The next estimate begins two points earlier, and then comes the report.
        first = estimate()
        points = first.timeline.points
        early = [msgspec.structs.replace(points[0], start=f"2025-11-21T13:{minute}:00Z") for minute in (58, 59)]
        wider = msgspec.structs.replace(first.timeline, points=[*early, *points])
        for session in (Session(estimate=msgspec.structs.replace(first, timeline=wider)), Session(report=busy())):
            app.session.estimate, app.session.report = session.estimate, session.report
            await pilot.pause(0.8)
            now = chart.target()
            assert selected is not None
            assert now is not None
            assert (now.expression, chart.band) == (selected.expression, band)

    show(Session(estimate=estimate()), use, (160, 40))


def test_file_names_are_harmless() -> None:
    report = busy()
    side = msgspec.structs.replace(report.inputs.requests, files=["/x/[red]\x1b[31mlog\u202e界.log"])
    report = msgspec.structs.replace(report, inputs=ledger.Inputs(requests=side, responses=report.inputs.responses))

    async def use(app: Demo, _: Pilot[None]) -> None:
        text = "\n".join(lines(app))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[red]␛[31mlog" in text

    show(Session(report=report), use, (120, 36))


def test_both_themes_and_resizing() -> None:
    async def use(app: Demo, pilot: Pilot[None]) -> None:
        for width, height in SIZES:
            app.theme = "logcorr-light" if app.theme == "logcorr-dark" else "logcorr-dark"
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert lines(app)

    show(Session(report=busy()), use, (120, 36))


def test_marks_never_collide() -> None:
    rnd = random.Random(7)
    for _ in range(300):
        columns = rnd.randint(1, 60)
        places = sorted(rnd.randrange(columns) for _ in range(3))
        marks = place_marks(
            list(zip(("p50", "p95", "p99"), ("14.2 ms", "341 ms", "812 ms"), places, strict=True)), columns, 3
        )
        cells = [(m.row, m.start + k) for m in marks if m.start is not None for k in range(m.width)]
        poles = {(row, m.column) for m in marks for row in range(m.row, 3)}
        assert len(cells) == len(set(cells))
        assert not set(cells) & poles
        assert all(0 <= x < columns for _, x in cells)
        if columns > 40:
            assert all(m.start is not None for m in marks)


def test_every_count_has_a_bar_at_any_width() -> None:
    bins = busy().histogram
    for columns in range(1, 120):
        axis = scale(bins, columns)
        assert axis is not None
        assert sum(bar.count for bar in axis.bars) == sum(b.count for b in bins)
        assert {k for k, bar in enumerate(axis.bars) if bar.count} <= set(axis.of_column)
