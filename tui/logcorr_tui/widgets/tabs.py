"""The tabs on top of a screen, with the number of rows of each view."""

from dataclasses import dataclass, replace

from textual import events
from textual.geometry import Region

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.text.quantities import short
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.navigation import Place
from logcorr_tui.state.overview_figures import Figures, figures
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Painted

_EDGE = 1
_NARROW = 100
# The counts that are left out on a narrow screen, in this order.
_SPARED = ("windows", "slow", "ips")


def row_counts(report: RunReport, found: Figures) -> dict[str, str]:
    """The number of rows of each view of a run. For IPs, the number of suspicious addresses."""
    counted = report.latency.count
    numbers = {
        # The p99 is a nearest rank: at most so many durations lie above it.
        "slow": counted - -(-counted * 99 // 100),
        "errors": found.failures,
        "malformed": report.inputs.lines.all_malformed,
        "other": report.inputs.lines.other,
    }
    suspicious = {"ips": f"{short(report.suspicious_ip_count)}!"}
    if isinstance(report, AccessReport):
        numbers |= {"windows": report.windows.count, "skewed": report.latency.negative}
        return {name: short(count) for name, count in numbers.items()} | suspicious
    if report.windows is not None:
        numbers["windows"] = report.windows.count
    sides = (report.inputs.requests, report.inputs.responses)
    numbers |= {
        "orphans": found.orphans,
        "duplicates": sum(side.redelivered + side.superseded for side in sides),
        "skewed": report.skew.negative,
    }
    return {name: short(count) for name, count in numbers.items()} | (suspicious if report.windows is not None else {})


@dataclass(frozen=True)
class _Tab:
    """One tab. Its cells include the number key and the blanks around the key."""

    place: Place
    title: str
    count: str
    ink: str

    @property
    def cells(self) -> int:
        return 3 + len(self.title) + (len(self.count) + 1 if self.count else 0)


class Tabs(Painted):
    """`1 Overview 2 Slow 124k …`; a click on a tab does what the key does."""

    def __init__(self, active: str, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.active = active
        self._ends: list[tuple[int, str]] = []

    def _tabs(self, colours: Palette) -> list[_Tab]:
        found = self.figures
        numbers = row_counts(found.report, found) if found and found.report else {}
        inks = {"slow": colours.warn, "orphans": colours.lost, "ips": colours.lost}
        inks |= dict.fromkeys(("errors", "malformed"), colours.bad)
        tabs = [
            _Tab(place, place.text, numbers.get(place.mode, ""), inks.get(place.mode, colours.ink))
            for place in session_of(self).places
        ]
        return [tab for tab in tabs if tab.place.mode != "other" or tab.count != "0"]

    def _fitting(self, tabs: list[_Tab], width: int) -> list[_Tab]:
        """The tabs that fit whole: all, those with rows, or the first; with short names, then with fewer counts."""
        first = [tab for tab in tabs if tab.place.tab]
        filled = [tab for tab in tabs if tab.place.tab or tab.count != "0"]
        brief = [replace(tab, title=tab.place.brief, count=tab.count if tab.place.tab else "") for tab in filled]
        offers = [[replace(tab, title=tab.place.brief) for tab in first]]
        for mode in _SPARED:
            offers.append([replace(tab, count="") if tab.place.mode == mode else tab for tab in offers[-1]])
        bare = [replace(tab, count="") for tab in offers[-1]]
        offers = [*([] if width < _NARROW else [tabs, filled, brief, first]), *offers, bare]
        return next((offer for offer in offers if sum(tab.cells for tab in offer) + _EDGE <= width), bare)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        tabs = self._fitting(self._tabs(colours), canvas.width)
        gap = min(max((canvas.width - sum(tab.cells for tab in tabs) - _EDGE) // len(tabs) + 1, 1), 3)
        x = 0
        self._ends = []
        for tab in tabs:
            chosen = tab.place.mode == self.active
            start = x
            parts: list[Part] = [(f" {tab.place.key} ", colours.accent, True)]
            parts.append((tab.title, colours.ink if chosen else colours.dim, chosen))
            if tab.count:
                parts.append((f" {tab.count}", tab.ink if tab.count.strip("!") != "0" else colours.dim, False))
            if chosen:
                parts.append((" ", colours.ink, False))
            x = canvas.parts(x, 0, parts, canvas.width)
            if chosen:
                canvas.paper(Region(start, 0, x - start, 1), colours.raised)
            x += gap - 1
            self._ends.append((x, tab.place.key))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        key = next((key for end, key in self._ends if event.x < end), None)
        if key is not None:
            self.app.simulate_key(key)

    def reload(self) -> None:
        """Shows the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()
