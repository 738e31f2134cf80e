"""The blocks that both kinds of summaries share: header, tiles, charts, rows of panels, notices, run line."""

import io
from collections.abc import Sequence
from pathlib import PurePath

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logcorr.model.access_report import RunReport
from logcorr.model.report import RunInfo, Timeline
from logcorr.render import charts, summary_tables, timeline
from logcorr.render.summary_tables import AMBER, BLUE, CYAN, DIM, GREEN, RED
from logcorr.text import instants
from logcorr.text.fit_columns import head
from logcorr.text.instants import span
from logcorr.text.quantities import duration, rate, size
from logcorr.text.safe import safe

NARROW, BESIDE, WIDE, WIDEST = 60, 80, 110, 160


def header(logs: Text, flow: Timeline, width: int, *, closes: bool, doubtful: bool = False) -> RenderableType:
    """A line: the logs, the time they cover where there is room, and whether every line is accounted for.

    Where warnings make the figures `doubtful`, it says so instead.
    """
    line = Text.assemble((" ◆ logcorr ", f"bold #1a1b26 on {BLUE}"), " ", logs)
    covered = span(flow)
    if covered:
        form = "%H:%M" if not any(at % 60 for at in covered) else "%H:%M:%S"
        days = [instants.strftime(at, "%d %b %Y") for at in covered]
        clocks = [instants.strftime(at, form) for at in covered]
        zone = instants.zone_label(covered[0])
        if days[0] == days[1]:
            hours = f"{clocks[0]} – {clocks[1]} {zone}"
            texts = [f"  {days[0]}  {hours}", f"  {hours}"]
        else:
            texts = [f"  {days[0]} {clocks[0]} – {days[1]} {clocks[1]} {zone}", f"  {days[0]} – {days[1]}"]
        line.append(next((t for t in texts if line.cell_len + len(t) <= width - 12), ""), DIM)
    line.truncate(width - 12)
    sign, ink = (" ✓ complete ", GREEN) if closes else (" ✗ ledger ", RED)
    sign, ink = (" ! doubtful ", AMBER) if closes and doubtful else (sign, ink)
    badge = Text(sign, f"bold #1a1b26 on {ink}")
    return Text.assemble(line, " " * max(width - line.cell_len - badge.cell_len, 1), badge)


def files(names: Sequence[str], limit: int) -> str:
    """The name of the first file without folders, and the number of other files, in at most `limit` cells."""
    if not names:
        return "–"
    others = f" +{len(names) - 1}" if len(names) > 1 else ""
    room = max(limit - len(others), 8)
    return head(safe(PurePath(names[0]).name or names[0], room), room) + others


def tiles(rows: Sequence[tuple[str, ...]], width: int) -> RenderableType:
    """Tiles side by side. A tile is a row of colour, name, figure and notes."""
    grid = Table.grid(padding=0)
    for k in range(len(rows)):
        grid.add_column(width=width // len(rows) + (k < width % len(rows)), no_wrap=True)
    styles = (DIM, "bold", *(DIM for _ in rows[0][3:]))
    for line, style in enumerate(styles, start=1):
        grid.add_row(*(Text.assemble(("▌", tile[0]), (tile[line], style)) for tile in rows))
    return grid


def peak(flow: Timeline) -> str:
    """The highest rate of requests among all points; a dash without points."""
    if not flow.points:
        return "–" if flow.reason else f"{rate(0)} peak"
    most = max((p.requests for p in flow.points), default=0) / (flow.bucket_s or 1)
    return f"{rate(most)} peak"


def distribution(report: RunReport, width: int, *, unanswered: int, color: bool) -> list[RenderableType]:
    """The histogram of latency and the status codes, side by side where there is room."""
    wide = width >= WIDE and bool(report.histogram)
    left = width * 7 // 12 if wide else width
    status = summary_tables.status(report.status, unanswered, (width - left if wide else width) - 4, color=color)
    latency = _latency_chart(report, left - 4, max(len(status) - 2, 8), color=color)
    codes = summary_tables.panel("Status codes", "log bars", status)
    if latency is None:
        return [codes] if report.status else []
    return row([[latency], [codes]], [left, width - left]) if wide else [latency, codes]


def flow(points: Timeline, width: int, counted: str, *, color: bool) -> list[RenderableType]:
    """The timeline. `counted` names what its bars count, for the legend. Without points, the reason why."""
    if points.reason is not None:
        return [summary_tables.panel("Timeline", "", Text(f"There is no timeline: {points.reason}.", DIM))]
    if points.points and not charts.CAN_DRAW:
        return [summary_tables.panel("Timeline", "", Text("There are no charts: plotext 6 is not installed.", DIM))]
    lines = timeline.draw(points, width - 4, color=color)
    if not lines:
        return []
    timed = any(point.p99_ms is not None for point in points.points)
    legend = _legend(counted, timed=timed, color=color)
    return [summary_tables.panel("Timeline", legend, [Text.from_ansi(line) for line in lines])]


def row(stacks: list[list[Panel]], widths: list[int]) -> list[RenderableType]:
    """Stacks of panels side by side. The last panel of each stack grows, so that all stacks end on one line."""
    probe = Console(file=io.StringIO(), color_system=None, legacy_windows=False, _environ={})
    heights = [
        [len(probe.render_lines(panel, probe.options.update(width=cells), pad=False)) for panel in stack]
        for stack, cells in zip(stacks, widths, strict=True)
    ]
    tallest = max(sum(column) for column in heights)
    grid = Table.grid(padding=0)
    for stack, column, cells in zip(stacks, heights, widths, strict=True):
        stack[-1].height = tallest - sum(column[:-1])
        grid.add_column(width=cells)
    grid.add_row(*(Group(*stack) for stack in stacks))
    return [grid]


def notices(lines: Sequence[Text]) -> list[RenderableType]:
    """The notices between blank lines; nothing where there are no notices."""
    return [Text(), *lines, Text()] if lines else []


def notice(ink: str, name: str, what: str, more: str) -> Text:
    """A notice on a line, with `more` on a second line."""
    return Text.assemble((" ▌ ", ink), (f"{name}  ", "bold"), what, ("\n ▌ " if more else "", ink), (more, DIM))


def window(start: str, end: str) -> str:
    """The start and the end of a window. The end has a day only where it is another day."""
    first, last = instants.seconds(start), instants.seconds(end)
    day = instants.strftime(first, "%d %b")
    form = "%H:%M:%S" if instants.strftime(last, "%d %b") == day else "%d %b %H:%M:%S"
    return f"{instants.strftime(first, '%d %b %H:%M:%S')} – {instants.strftime(last, form)}"


def run_line(run: RunInfo, total: int, width: int, *, reused: bool, folder: str | None) -> Text:
    """Duration, rate and memory of a run over `total` bytes of logs, and its folder."""
    seconds = sum(run.seconds.values())
    facts = [f"logcorr {run.version}", f"{size(total)} in {duration(seconds * 1000)}"]
    if seconds > 0:
        facts.append(f"{size(total / seconds)}/s")
    budget = run.options.get("memory_bytes")
    facts.append(f"peak memory {size(run.peak_rss_bytes)}" + (f" of {size(budget)}" if budget else ""))
    if run.spilled_bytes:
        facts.append(f"{run.buckets} buckets, {size(run.spilled_bytes)} spilled")
    line = Text(" ")
    for k, fact in enumerate(facts):
        fits = len(line.plain.rpartition("\n")[2]) + len(fact) + 3 <= width
        line.append(" · " if k and fits else "\n " if k else "", DIM).append(fact, DIM)
    if reused:
        line.append("\n ").append("✓ opened the finished run again", GREEN).append(", nothing was read anew", DIM)
    if folder is not None:
        line.append("\n run ", DIM).append(safe(folder, 400))
    return line


def _latency_chart(report: RunReport, width: int, rows: int, *, color: bool) -> Panel | None:
    latency = report.latency
    marks = {"p50": latency.p50_ms, "p95": latency.p95_ms, "p99": latency.p99_ms}
    lines = charts.histogram(report.histogram, marks, width, rows, color=color)
    return (
        summary_tables.panel("Latency distribution", "log x", [Text.from_ansi(line) for line in lines])
        if lines
        else None
    )


def _legend(counted: str, *, timed: bool, color: bool) -> Text:
    if not color:
        return Text(f"{counted} a second" + (" · latency p99 over p50" if timed else ""))
    legend = Text.assemble(("requests/s ", DIM), ("■", BLUE), (" ok ", DIM), ("■", RED), (" failed", DIM))
    if timed:
        legend.append(" · latency ", DIM).append("⠒", CYAN).append(" p50 ", DIM)
        legend.append("⠒", summary_tables.AMBER).append(" p99", DIM)
    return legend
