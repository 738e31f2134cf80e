"""The two lines on top of a screen: what is open and how it stands, and the tabs with their counts."""

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal

from rich.cells import cell_len
from textual import events
from textual.geometry import Region

from logcorr import timeline
from logcorr.model import Report
from logcorr.text import duration, safe, short, size
from logcorr_tui.palette import Palette
from logcorr_tui.session import Session
from logcorr_tui.widgets.canvas import Canvas, Painted, Part, session_of
from logcorr_tui.widgets.figures import Figures, figures, running

Tab = Literal["overview", "slow", "errors", "orphans", "malformed", "run", "duplicates", "skewed", "users"]


def _file(names: tuple[str, ...] | list[str], limit: int) -> str:
    if not names:
        return "–"
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return safe(PurePath(names[0]).name or names[0], max(limit - len(more), 8)) + more


def span_texts(report: Report) -> list[str]:
    """The time that the logs cover, the longest form first."""
    covered = timeline.span(report.timeline)
    if covered is None:
        return []
    form = "%H:%M" if not any(at % 60 for at in covered) else "%H:%M:%S"
    days = [timeline.clock(at, "%d %b %Y") for at in covered]
    hours = [timeline.clock(at, form) for at in covered]
    if days[0] == days[1]:
        return [f"{days[0]} {hours[0]}–{hours[1]} UTC", f"{hours[0]}–{hours[1]} UTC"]
    return [f"{days[0]} {hours[0]} – {days[1]} {hours[1]} UTC", f"{days[0]} – {days[1]}"]


class Masthead(Painted):
    """◆ logcorr, requests ⋈ responses, the time they cover, their size, and how the run stands."""

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        session = session_of(self)
        report = session.report
        canvas.paper(canvas.region, colours.raised)
        text, ink = self._badge(session, self.figures)
        badge = f" {text} "
        end = canvas.width - cell_len(badge)
        canvas.write(end, 0, badge, colours.on_badge, getattr(colours, ink), bold=True)
        x = canvas.write(0, 0, " ◆ logcorr ", colours.on_badge, colours.accent, bold=True) + 1
        sides = [session.requests, session.responses]
        if report is not None and (session.run is not None or not any(sides)):
            sides = [tuple(report.inputs.requests.files), tuple(report.inputs.responses.files)]
        limit = max((end - x - 4) // 2, 8)
        names = [_file(side, min(limit, 32)) for side in sides]
        x = canvas.parts(
            x, 0, [(names[0], colours.ink, True), (" ⋈ ", colours.lost, True), (names[1], colours.ink, True)], end - 1
        )
        if report is None or (self.figures and self.figures.share is not None):
            return
        total = report.inputs.requests.bytes + report.inputs.responses.bytes
        volume = f"{size(total)} in {duration(sum(report.run.seconds.values()) * 1000)}"
        spans = span_texts(report)
        if spans:
            best = next((t for t in spans if x + 4 + len(t) <= end - len(volume) - 4), None)
            best = best or next((t for t in spans if x + 2 + len(t) <= end - 1), None)
            if best:
                x = canvas.write(x + (4 if x + len(best) + 5 < end else 2), 0, best, colours.dim)
        if x + len(volume) + 4 <= end:
            canvas.right(end - 2, 0, volume, colours.dim)

    @staticmethod
    def _badge(session: Session, found: Figures | None) -> tuple[str, str]:
        report = session.report
        if running(session):
            progress = session.progress
            if progress is None or not progress.bytes_total:
                return f"◌ {found.note()}" if found and found.share is not None else "◌ running", "warn"
            if progress.stage == "pair" and progress.buckets_total:
                return f"◌ pairing {progress.buckets_done}/{progress.buckets_total}", "warn"
            return f"◌ running {100 * progress.bytes_done // progress.bytes_total} %", "warn"
        if report is None:
            return "no run", "dim"
        if not (report.inputs.requests.closes() and report.inputs.responses.closes()):
            return "✗ ledger", "bad"
        return ("! inputs changed", "warn") if session.changed_inputs else ("√ complete", "good")

    def reload(self) -> None:
        """Show the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()


_NAMES: dict[Tab, str] = {
    "overview": "Overview", "slow": "Slow", "errors": "Errors", "orphans": "Orphans", "malformed": "Malformed",
    "run": "Run", "duplicates": "Duplicates", "skewed": "Skewed", "users": "Users",
}  # fmt: skip
_FIRST = 6
_SHORT: dict[str, str] = {"malformed": "Bad"}
_EDGE = 1
_NARROW = 100


@dataclass(frozen=True)
class _Tab:
    """One tab; its cells are with the number and the blanks around that."""

    name: Tab
    title: str
    count: str
    ink: str

    @property
    def cells(self) -> int:
        return 3 + len(self.title) + (len(self.count) + 1 if self.count else 0)


class Tabs(Painted):
    """`1 Overview 2 Slow 124k …`; a click on a tab is as good as its key."""

    def __init__(self, active: Tab, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.active = active
        self._ends: list[int] = []

    def _tabs(self, colours: Palette) -> list[_Tab]:
        found = self.figures
        report = found.report if found else None
        if found is None or report is None:
            counts = dict.fromkeys(_NAMES, "")
        else:
            sides = (report.inputs.requests, report.inputs.responses)
            counted = report.latency.count
            numbers = {
                # Nearest rank: so many durations at most lie above p99.
                "slow": counted - -(-counted * 99 // 100),
                "errors": found.failures,
                "orphans": found.orphans,
                "malformed": sum(sum(side.malformed.values()) for side in sides),
                "duplicates": sum(side.redelivered + side.superseded for side in sides),
                "skewed": report.skew.negative,
            }
            counts = {name: short(numbers[name]) if name in numbers else "" for name in _NAMES}
        inks = {"slow": colours.warn, "errors": colours.bad, "orphans": colours.lost, "malformed": colours.bad}
        return [_Tab(name, title, counts[name], inks.get(name, colours.ink)) for name, title in _NAMES.items()]

    def _fitting(self, tabs: list[_Tab], width: int) -> list[_Tab]:
        """The most that can be shown whole: all nine; the first six; those with a short name; without counts."""
        short_ones = [replace(tab, title=_SHORT.get(tab.name, tab.title)) for tab in tabs[:_FIRST]]
        bare = [replace(tab, count="") for tab in short_ones]
        offers = (short_ones, bare) if width < _NARROW else (tabs, tabs[:_FIRST], short_ones, bare)
        return next((offer for offer in offers if sum(tab.cells for tab in offer) + _EDGE <= width), bare)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        tabs = self._fitting(self._tabs(colours), canvas.width)
        gap = min(max((canvas.width - sum(tab.cells for tab in tabs) - _EDGE) // len(tabs) + 1, 1), 3)
        x = 0
        self._ends = []
        for number, tab in enumerate(tabs, 1):
            chosen = tab.name == self.active
            start = x
            parts: list[Part] = [(f" {number} ", colours.accent, True)]
            parts.append((tab.title, colours.ink if chosen else colours.dim, chosen))
            if tab.count:
                parts.append((f" {tab.count}", tab.ink if tab.count != "0" else colours.dim, False))
            if chosen:
                parts.append((" ", colours.ink, False))
            x = canvas.parts(x, 0, parts, canvas.width)
            if chosen:
                canvas.paper(Region(start, 0, x - start, 1), colours.raised)
            x += gap - 1
            self._ends.append(x)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        number = next((k for k, end in enumerate(self._ends, 1) if event.x < end), None)
        if number is not None:
            self.app.simulate_key(str(number))

    def reload(self) -> None:
        """Show the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()
