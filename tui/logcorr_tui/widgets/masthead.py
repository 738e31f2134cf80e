"""The masthead on top of the overview: the logs of the run, their time and size, and the state of the run."""

from pathlib import PurePath

from rich.cells import cell_len

from logcorr.model.access_report import RunReport
from logcorr.text import instants
from logcorr.text.quantities import duration, size
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.format_read import OWN, formats_of
from logcorr_tui.state.overview_figures import Figures, figures, running
from logcorr_tui.state.session import Session, session_of
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Painted


def _file(names: tuple[str, ...] | list[str], limit: int) -> str:
    if not names:
        return "–"
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return safe(PurePath(names[0]).name or names[0], max(limit - len(more), 8)) + more


def span_texts(report: RunReport) -> list[str]:
    """The span of time that the logs cover, as texts from the longest to the shortest."""
    covered = instants.span(report.timeline)
    if covered is None:
        return []
    form = "%H:%M" if not any(at % 60 for at in covered) else "%H:%M:%S"
    days = [instants.strftime(at, "%d %b %Y") for at in covered]
    hours = [instants.strftime(at, form) for at in covered]
    if days[0] == days[1]:
        return [f"{days[0]} {hours[0]}–{hours[1]} UTC", f"{hours[0]}–{hours[1]} UTC"]
    return [f"{days[0]} {hours[0]} – {days[1]} {hours[1]} UTC", f"{days[0]} – {days[1]}"]


def _logs(report: RunReport) -> list[list[str]]:
    """The files of each log."""
    found = [side.line_counts.files for side in report.ledgers().values()]
    # Where one log holds both sides, the sides have no files.
    return [files for files in found if files] or found


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
            sides = [tuple(files) for files in _logs(report)]
        limit = max((end - x - 4) // max(len(sides), 1), 8)
        title: list[Part] = []
        for side in sides:
            title += [(" ⋈ ", colours.lost, True)] if title else []
            title.append((_file(side, min(limit, 32)), colours.ink, True))
        x = canvas.parts(x, 0, title, end - 1)
        if report is None or (self.figures and self.figures.share is not None):
            return
        formats = ", ".join(found.brief for found in formats_of(report) if found.name != OWN)
        if formats and x + 24 < end:
            x = canvas.write(x, 0, f" · {safe(formats, 40)}", colours.dim)
        total = report.inputs.lines.bytes
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
        if not report.inputs.closes():
            return "✗ ledger", "bad"
        if report.warnings:
            return "! doubtful", "warn"
        return ("! inputs changed", "warn") if session.changed_inputs else ("√ complete", "good")

    def reload(self) -> None:
        """Shows the session as it is now."""
        self.figures = figures(session_of(self))
        self.repaint()
