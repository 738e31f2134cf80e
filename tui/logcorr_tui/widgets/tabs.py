"""The tabs on top of a screen, with the number of rows of each view, and the keys of views that have no room."""

from collections.abc import Iterator, Sequence
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

# The blanks between tabs: at least, and where there is room.
_LEAST_GAP, _GAP = 2, 3
# The counts that are left out where there is no room, in this order. Counts of the other tabs follow.
_SPARED = ("windows", "slow", "ips", "endpoints", "malformed", "orphans", "errors")


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
    # A mark tells that these are suspicious addresses, not all of them.
    suspicious = {"ips": f"{short(report.suspicious_ip_count)}!"} if report.suspicious_ip_count else {}
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
    """One tab: its key, its name and its count. `key` is empty for the tab that stands for the tabs without room."""

    key: str
    mode: str
    title: str
    count: str = ""
    ink: str = ""

    @property
    def cells(self) -> int:
        return len(" ".join(filter(None, (self.key, self.title, self.count))))


def key_range(keys: Sequence[str]) -> str:
    """Keys as one text: `7–9 0`."""
    runs: list[list[str]] = []
    for key in keys:
        follows = runs and key.isdigit() and runs[-1][-1].isdigit() and int(key) == int(runs[-1][-1]) + 1
        if follows:
            runs[-1].append(key)
        else:
            runs.append([key])
    return " ".join(run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


class Tabs(Painted):
    """`1 Overview  2 Slow 124k …`; a click on a tab does what the key does. The last tab names keys without a tab."""

    def __init__(self, active: str, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.active = active
        self._ends: list[tuple[int, str]] = []

    def _tabs(self, colours: Palette) -> list[tuple[Place, _Tab]]:
        found = self.figures
        numbers = row_counts(found.report, found) if found and found.report else {}
        inks = {"slow": colours.warn, "orphans": colours.lost, "ips": colours.lost}
        inks |= dict.fromkeys(("errors", "malformed"), colours.bad)
        tabs = [
            (place, _Tab(place.key, place.mode, place.text, numbers.get(place.mode, ""), inks.get(place.mode, "")))
            for place in session_of(self).places
        ]
        return [(place, tab) for place, tab in tabs if place.mode != "other" or tab.count != "0"]

    def _offers(self, tabs: list[tuple[Place, _Tab]]) -> Iterator[list[_Tab]]:
        """The tabs in fewer and fewer cells: rare counts go first, then rare tabs, then counts, then other tabs."""
        yield [tab for _, tab in tabs]
        yield [tab if place.tab else replace(tab, count="") for place, tab in tabs]
        brief = [(place, replace(tab, title=place.brief)) for place, tab in tabs]
        filled = [(place, tab) for place, tab in brief if place.tab or tab.count != "0" or place.mode == self.active]
        yield self._with_rest([tab for _, tab in filled], tabs)
        yield self._with_rest([tab if tab.count != "0" else replace(tab, count="") for _, tab in filled], tabs)
        kept = [(place, tab) for place, tab in tabs if place.tab or place.mode == self.active]
        yield self._with_rest([tab for _, tab in kept], tabs)
        shown = [tab for place, tab in brief if place.tab or place.mode == self.active]
        yield self._with_rest(shown, tabs)
        for mode in _SPARED:
            shown = [replace(tab, count="") if tab.mode == mode else tab for tab in shown]
            yield self._with_rest(shown, tabs)
        shown = [replace(tab, count="") for tab in shown]
        while len(shown) > 1:
            yield self._with_rest(shown, tabs)
            last = next(number for number in reversed(range(len(shown))) if shown[number].mode != self.active)
            del shown[last]
        yield shown

    def _with_rest(self, shown: list[_Tab], tabs: list[tuple[Place, _Tab]]) -> list[_Tab]:
        known = {tab.mode for tab in shown}
        rest = [tab.key for _, tab in tabs if tab.mode not in known]
        return [*shown, _Tab("", "", f"{key_range(rest)} …")] if rest else shown

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        room = canvas.width - 2
        tabs: list[_Tab] = []
        for offer in self._offers(self._tabs(colours)):
            tabs = offer
            if sum(tab.cells for tab in tabs) + _LEAST_GAP * (len(tabs) - 1) <= room:
                break
        spare = room - sum(tab.cells for tab in tabs)
        gap = min(max(spare // max(len(tabs) - 1, 1), _LEAST_GAP), _GAP)
        x = 1
        self._ends = []
        for tab in tabs:
            start, chosen = x, bool(tab.mode) and tab.mode == self.active
            parts: list[Part] = [(f"{tab.key} ", colours.accent, True)] if tab.key else []
            parts.append((tab.title, colours.ink if chosen else colours.dim, chosen))
            if tab.count:
                parts.append((f" {tab.count}", (tab.ink or colours.ink) if tab.count != "0" else colours.dim, False))
            x = canvas.parts(x, 0, parts, canvas.width)
            if chosen:
                canvas.paper(Region(start - 1, 0, x - start + 2, 1), colours.raised)
            x += gap
            self._ends.append((x - gap // 2 - 1, tab.key))

    def on_click(self, event: events.Click) -> None:
        """Does what the key of the tab does. The tab of the other keys opens the palette, which names them all."""
        event.stop()
        key = next((key for end, key in self._ends if event.x < end), None)
        if key is not None:
            self.app.simulate_key(key or self.app.COMMAND_PALETTE_BINDING)

    def reload(self) -> None:
        """Shows the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()
