"""The two lines on top of a screen: what is open and how it stands, and the tabs with their counts."""

from dataclasses import dataclass, replace
from pathlib import PurePath

from rich.cells import cell_len
from textual import events
from textual.geometry import Region

from logcorr import timeline
from logcorr.access_model import AccessReport, RunReport
from logcorr.text import duration, safe, short, size
from logcorr_tui.palette import Palette
from logcorr_tui.places import Place, places_of
from logcorr_tui.session import Session, session_of
from logcorr_tui.sides import ledgers, malformed
from logcorr_tui.widgets.canvas import Canvas, Part
from logcorr_tui.widgets.chart import Painted
from logcorr_tui.widgets.figures import Figures, figures, running


def counts(report: RunReport, found: Figures) -> dict[str, str]:
    """How many rows the views of a run have; of IPs, how many are suspicious."""
    counted = report.latency.count
    numbers = {
        # Nearest rank: so many durations at most lie above p99.
        "slow": counted - -(-counted * 99 // 100),
        "errors": found.failures,
        "malformed": malformed(report),
    }
    if isinstance(report, AccessReport):
        numbers |= {"windows": report.windows.count, "skewed": report.latency.negative}
        return {name: short(count) for name, count in numbers.items()} | {
            "ips": f"{short(report.suspicious_ip_count)}!"
        }
    sides = (report.inputs.requests, report.inputs.responses)
    numbers |= {
        "orphans": found.orphans,
        "duplicates": sum(side.redelivered + side.superseded for side in sides),
        "skewed": report.skew.negative,
    }
    return {name: short(count) for name, count in numbers.items()}


def _file(names: tuple[str, ...] | list[str], limit: int) -> str:
    if not names:
        return "–"
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return safe(PurePath(names[0]).name or names[0], max(limit - len(more), 8)) + more


def span_texts(report: RunReport) -> list[str]:
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
    """◆ logcorr, requests ⋈ responses or the access log, the time covered, the size, and how the run stands."""

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        session = session_of(self)
        report = session.report
        canvas.paper(canvas.region, colours.raised)
        text, ink = self._badge(session, self.figures)
        badge = f" {text} "
        end = canvas.width - cell_len(badge)
        canvas.write(end, 0, badge, colours.on_badge, getattr(colours, ink), bold=True)
        x = canvas.write(0, 0, " ◆ logcorr ", colours.on_badge, colours.accent, bold=True) + 1
        sides = list(session.logs.files.values()) if session.logs else []
        if report is not None and (session.run is not None or not sides):
            sides = [tuple(side.files) for side in ledgers(report).values()]
        limit = max((end - x - 4) // max(len(sides), 1), 8)
        title: list[Part] = []
        for side in sides:
            title += [(" ⋈ ", colours.lost, True)] if title else []
            title.append((_file(side, min(limit, 32)), colours.ink, True))
        x = canvas.parts(x, 0, title, end - 1)
        if report is None or (self.figures and self.figures.share is not None):
            return
        total = sum(side.bytes for side in ledgers(report).values())
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
        if not all(side.closes() for side in ledgers(report).values()):
            return "✗ ledger", "bad"
        return ("! inputs changed", "warn") if session.changed_inputs else ("√ complete", "good")

    def reload(self) -> None:
        """Show the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()


_EDGE = 1
_NARROW = 100
# Counts that can be spared where it is narrow, the first one first.
_SPARED = ("windows", "slow", "ips")


@dataclass(frozen=True)
class _Tab:
    """One tab; its cells are with the number and the blanks around that."""

    place: Place
    title: str
    count: str
    ink: str

    @property
    def cells(self) -> int:
        return 3 + len(self.title) + (len(self.count) + 1 if self.count else 0)


class Tabs(Painted):
    """`1 Overview 2 Slow 124k …`; a click on a tab is as good as its key."""

    def __init__(self, active: str, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.active = active
        self._ends: list[tuple[int, str]] = []

    def _tabs(self, colours: Palette) -> list[_Tab]:
        found = self.figures
        numbers = counts(found.report, found) if found and found.report else {}
        inks = {"slow": colours.warn, "orphans": colours.lost, "ips": colours.lost}
        inks |= dict.fromkeys(("errors", "malformed"), colours.bad)
        return [
            _Tab(place, place.text, numbers.get(place.mode, ""), inks.get(place.mode, colours.ink))
            for place in places_of(session_of(self).kind)
        ]

    def _fitting(self, tabs: list[_Tab], width: int) -> list[_Tab]:
        """The most that can be shown whole: all; the first ones; those with short names; with fewer and no counts."""
        first = [tab for tab in tabs if tab.place.tab]
        offers = [[replace(tab, title=tab.place.brief) for tab in first]]
        for mode in _SPARED:
            offers.append([replace(tab, count="") if tab.place.mode == mode else tab for tab in offers[-1]])
        bare = [replace(tab, count="") for tab in offers[-1]]
        offers = [*([] if width < _NARROW else [tabs, first]), *offers, bare]
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
        """Show the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()
