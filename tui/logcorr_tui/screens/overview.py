"""The overview: headline tiles, what stands out, latency and status side by side, the timeline, the ledger, figures."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.screen import Screen
from textual.widget import Widget

from logcorr_tui.state.overview_figures import figures
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.fact_rows import TABLES
from logcorr_tui.widgets.charts.fact_table import RunFacts
from logcorr_tui.widgets.charts.findings_strip import FindingsStrip
from logcorr_tui.widgets.charts.histogram import Histogram
from logcorr_tui.widgets.charts.ledger import Ledger, rows_of
from logcorr_tui.widgets.charts.status_bars import StatusBars
from logcorr_tui.widgets.charts.tiles import Tiles
from logcorr_tui.widgets.charts.timeline import Timeline
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.masthead import Masthead
from logcorr_tui.widgets.tabs import Tabs

_STACKED = 64
# The rows of the frame of findings with a sentence, and those that histogram and timeline need at least.
_LEAST_TOLD, _LEAST_BELOW = 4, 24
_FACTS_WIDTH = 58
_LOOKS_A_SECOND = 2


class OverviewScreen(Screen[None]):
    """Shows `app.session`. Checks twice a second whether the session has changed."""

    CSS_PATH = "overview.tcss"
    AUTO_FOCUS = "#histogram"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next panel", show=False, id="overview.next", tooltip="To the next panel"),
        Binding(
            "shift+tab", "app.focus_previous", "Previous panel", show=False, id="overview.previous",
            tooltip="To the previous panel",
        ),
        Binding("d", "to('#histogram')", "Latency", show=False, id="overview.latency", tooltip="To the histogram"),
        Binding("s", "to('#status')", "Status", show=False, id="overview.status", tooltip="To the status codes"),
        Binding("w", "to('#timeline')", "Timeline", show=False, id="overview.timeline", tooltip="To the timeline"),
        Binding("b", "to('#ledger')", "Ledger", show=False, id="overview.ledger", tooltip="To the ledger of all lines"),
        Binding("f", "findings", "Findings", id="overview.findings", tooltip="To what stands out in this run"),
        Binding("m", "more", "More figures", show=False, id="overview.more",
                tooltip="To percentiles, reasons, endpoints, addresses, and what else has no chart"),
        Binding("c", "app.compare", "Compare", show=False, id="overview.compare",
                tooltip="Compare this run with another run"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._seen: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Masthead(id="masthead")
        yield Tabs("overview", id="tabs")
        with VerticalScroll(id="body", can_focus=False):
            yield Tiles(id="tiles")
            yield FindingsStrip(id="findings")
            with Container(id="top"):
                yield Histogram(id="histogram")
                yield StatusBars(id="status")
            yield Timeline(id="timeline")
            yield Ledger(id="ledger")
            with Container(id="facts"):
                for name in TABLES:
                    yield RunFacts(name)
        yield FittingFooter()

    def on_mount(self) -> None:
        self.reload()
        self.set_interval(1 / _LOOKS_A_SECOND, self._look)

    def on_screen_resume(self) -> None:
        self._look()
        self.query_one(Timeline).follow_kept()

    def _look(self) -> None:
        session = session_of(self)
        if self._seen != (session.run, session.report, session.estimate, session.progress, *session.changed_inputs):
            self.reload()

    def reload(self) -> None:
        """Shows the session as it is now. A chart whose figures have not changed keeps its selection."""
        session = session_of(self)
        before = self._seen[:3]
        self._seen = (session.run, session.report, session.estimate, session.progress, *session.changed_inputs)
        self.query_one(Masthead).reload()
        if before == self._seen[:3] and before:
            return
        found = figures(session)
        self.query_one(Tabs).reload()
        for chart in self.query(Chart):
            chart.figures = found
        self._fit(self.size.width, self.size.height)

    def on_findings_strip_fitted(self) -> None:
        self._fit(self.size.width, self.size.height)

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width, event.size.height)

    def _fit(self, width: int, height: int) -> None:
        """Shares the rows of the screen among the panels. Where there are too few rows, the body scrolls."""
        report = session_of(self).report
        roomy = height >= 33 and width >= 100
        stacked = width < _STACKED
        tiles = Tiles.rows_for(width - (2 if roomy else 0))
        told = self.query_one(FindingsStrip).rows_for(width, height)
        if roomy and told:
            # The foot of the timeline stays in sight: the rest of the sentences is a few keys down.
            told = min(told, max(_LEAST_TOLD, height - 3 - tiles - _LEAST_BELOW))
        # With something to say, the empty rows around the tiles go first.
        margin = 2 if roomy and (not told or height >= 40) else 0
        space = height - 3 - tiles - told - margin
        least = (12, 16) if roomy and not told else (11, 13) if roomy else (8, 7) if told else (10, 8)
        spare = space - sum(least)
        ledger_rows = rows_of(report, width)
        spare -= ledger_rows if spare >= ledger_rows else 0
        facts, all_facts = self._fit_facts(width)
        below = ["b ledger"] if spare < 0 or space - sum(least) < ledger_rows else []
        below += ["m more figures"] if spare < all_facts else []
        spare -= facts if spare >= facts else 0
        top = least[0] + max(spare, 0) * 2 // 5
        flow = least[1] + max(spare, 0) - max(spare, 0) * 2 // 5
        self.set_class(roomy, "-roomy")
        self.set_class(bool(margin), "-airy")
        self.set_class(stacked, "-stacked")
        self._rows("#tiles", tiles)
        self._rows("#findings", told)
        self.query_one(FindingsStrip).display = bool(told)
        self._rows("#top", top * 2 if stacked else top)
        self._rows("#timeline", flow)
        self._rows("#ledger", ledger_rows)
        chart = self.query_one(Timeline)
        keys = " · ".join(below) if report is not None else ""
        if chart.below != keys:
            chart.below = keys
            chart.repaint()

    def _fit_facts(self, width: int) -> tuple[int, int]:
        """Shares the width among the small tables. Returns the rows that the first of them take, and those of all."""
        tables = [table for table in self.query(RunFacts) if table.facts is not None]
        across = min(max(width // _FACTS_WIDTH, 1), 3)
        grid = self.query_one("#facts")
        grid.display = bool(tables)
        if not tables:
            return 0, 0
        heights = [max(table.height for table in tables[k : k + across]) for k in range(0, len(tables), across)]
        grid.styles.grid_size_columns = across
        grid.styles.grid_rows = " ".join(map(str, heights))
        grid.styles.height = sum(heights)
        return heights[0], sum(heights)

    def _rows(self, selector: str, rows: int) -> None:
        self.query_one(selector, Widget).styles.height = rows

    def action_differs(self) -> None:
        """Shows what differs in the selected time."""
        chart = self.query_one(Timeline)
        self.set_focus(chart)
        chart.action_differs()

    def action_findings(self) -> None:
        """Moves the focus to what stands out, or says that nothing does."""
        strip = self.query_one(FindingsStrip)
        if strip.can_focus and strip.display:
            # At once: a key that follows is for the strip.
            self.set_focus(strip)
        elif session_of(self).report is None:
            self.notify("Findings come when the run is complete.")
        else:
            self.notify("Nothing in this run stands out beyond what chance explains.")

    def action_more(self) -> None:
        """Moves the focus to the small tables, which scroll into sight."""
        tables = [table for table in self.query(RunFacts) if table.facts is not None]
        if tables:
            self.set_focus(tables[0])

    def action_to(self, selector: str) -> None:
        """Moves the focus to a panel, which scrolls into sight."""
        self.set_focus(self.query_one(selector, Widget))
