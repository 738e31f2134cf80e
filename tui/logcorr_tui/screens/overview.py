"""The overview: headline tiles, latency and status side by side, the timeline below, and the ledger that closes."""

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
from logcorr_tui.widgets.charts.histogram import Histogram
from logcorr_tui.widgets.charts.ledger import Ledger, rows_of
from logcorr_tui.widgets.charts.status_bars import StatusBars
from logcorr_tui.widgets.charts.tiles import Tiles
from logcorr_tui.widgets.charts.timeline import Timeline
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.masthead import Masthead
from logcorr_tui.widgets.tabs import Tabs

_STACKED = 64
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
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._seen: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Masthead(id="masthead")
        yield Tabs("overview", id="tabs")
        with VerticalScroll(id="body", can_focus=False):
            yield Tiles(id="tiles")
            with Container(id="top"):
                yield Histogram(id="histogram")
                yield StatusBars(id="status")
            yield Timeline(id="timeline")
            yield Ledger(id="ledger")
        yield FittingFooter()

    def on_mount(self) -> None:
        self.reload()
        self.set_interval(1 / _LOOKS_A_SECOND, self._look)

    def on_screen_resume(self) -> None:
        self._look()

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

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width, event.size.height)

    def _fit(self, width: int, height: int) -> None:
        """Shares the rows of the screen among the panels. Where there are too few rows, the body scrolls."""
        roomy = height >= 33 and width >= 100
        stacked = width < _STACKED
        tiles = Tiles.rows_for(width - (2 if roomy else 0))
        space = height - 3 - tiles - (2 if roomy else 0)
        least = (12, 16) if roomy else (10, 8)
        spare = space - sum(least)
        ledger_rows = rows_of(session_of(self).report)
        spare -= ledger_rows if spare >= ledger_rows else 0
        top = least[0] + max(spare, 0) * 2 // 5
        flow = least[1] + max(spare, 0) - max(spare, 0) * 2 // 5
        self.set_class(roomy, "-roomy")
        self.set_class(stacked, "-stacked")
        self._rows("#tiles", tiles)
        self._rows("#top", top * 2 if stacked else top)
        self._rows("#timeline", flow)
        self._rows("#ledger", ledger_rows)

    def _rows(self, selector: str, rows: int) -> None:
        self.query_one(selector, Widget).styles.height = rows

    def action_differs(self) -> None:
        """Shows what differs in the selected time."""
        chart = self.query_one(Timeline)
        chart.focus()
        chart.action_differs()

    def action_to(self, selector: str) -> None:
        """Moves the focus to a panel, which scrolls into sight."""
        self.query_one(selector).focus()
