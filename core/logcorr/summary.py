"""The readable summary of a report, as a terminal shows it: what was asked first comes first.

All text that stems from a log is made harmless by `safe` and handed to rich as Text, never as markup.
"""

import io
from pathlib import PurePath

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logcorr import charts, panels, timeline
from logcorr.access_model import AccessReport, RunReport
from logcorr.model import Report, SideLedger
from logcorr.panels import AMBER, BLUE, CYAN, DIM, GREEN, PURPLE, RED, failed
from logcorr.text import duration, percent, safe, short, size

NARROW, WIDE, WIDEST = 72, 110, 160
_LONG = 10**9
_BESIDE = 80


def render_summary(report: RunReport, *, width: int, color: bool, reused: bool, folder: str | None) -> str:
    """The whole summary as lines for a terminal `width` cells wide; without `color` there is no escape in it."""
    if isinstance(report, AccessReport):
        return f"{report.total_requests:,} requests, {report.failed_requests:,} failed\n"
    width = min(max(width, NARROW), WIDEST)
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="truecolor" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    for part in _parts(report, width, color=color):
        console.print(part)
    console.print(_run_line(report, width, reused=reused, folder=folder), overflow="fold")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _parts(report: Report, width: int, *, color: bool) -> list[RenderableType]:
    wide = width >= WIDE
    parts: list[RenderableType] = [_header(report, width), _tiles(report, width), Text()]
    left = width * 7 // 12 if wide else width
    status = panels.status(report, (width - left if wide else width) - 4, color=color)
    rows = max(len(status) - 2, 8)
    latency = _latency_chart(report, left - 4, rows, color=color)
    if latency:
        codes = panels.panel("Status codes", "log bars", status)
        parts += _row([[latency], [codes]], [left, width - left]) if wide else [latency, codes]
    flow = timeline.draw(report.timeline, width - 4, color=color)
    if flow:
        parts.append(panels.panel("Timeline", _legend(color=color), [Text.from_ansi(line) for line in flow]))
    parts += _notices(report)
    left = width * 5 // 9
    beside = [panels.percentiles(report)]
    if report.users and wide:
        beside.append(panels.users(report))
    # Side by side only where neither labels nor figures are cut.
    few_digits = max(report.inputs.requests.lines, report.inputs.responses.lines) < _LONG
    if wide or (few_digits and width >= _BESIDE):
        parts += _row([[panels.ledger(report)], beside], [left, width - left])
    else:
        parts += [panels.ledger(report), *beside]
    if report.users and not wide:
        parts.append(panels.users(report))
    if report.slowest:
        parts.append(panels.slowest(report))
    return parts


def _row(stacks: list[list[Panel]], widths: list[int]) -> list[RenderableType]:
    """Stacks of panels side by side; the last panel of each stack grows so that all end on one line."""
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


def _header(report: Report, width: int) -> RenderableType:
    sides = report.inputs.requests, report.inputs.responses
    limit = (width - 56) // 2 if width >= WIDE else (width - 40) // 2
    line = Text.assemble((" ◆ logcorr ", f"bold #1a1b26 on {BLUE}"), " ", (_files(sides[0], limit), "bold"))
    line.append(" ⋈ ", PURPLE).append(_files(sides[1], limit), "bold")
    covered = timeline.span(report.timeline)
    if covered:
        form = "%H:%M" if not any(at % 60 for at in covered) else "%H:%M:%S"
        days = [timeline.clock(at, "%d %b %Y") for at in covered]
        clocks = [timeline.clock(at, form) for at in covered]
        if days[0] == days[1]:
            hours = f"{clocks[0]} – {clocks[1]} UTC"
            texts = [f"  {days[0]}  {hours}", f"  {hours}"]
        else:
            texts = [f"  {days[0]} {clocks[0]} – {days[1]} {clocks[1]} UTC", f"  {days[0]} – {days[1]}"]
        line.append(next((t for t in texts if line.cell_len + len(t) <= width - 12), ""), DIM)
    line.truncate(width - 12)
    closes = all(side.closes() for side in sides)
    badge = Text(" √ complete " if closes else " ✗ ledger ", f"bold #1a1b26 on {GREEN if closes else RED}")
    return Text.assemble(line, " " * max(width - line.cell_len - badge.cell_len, 1), badge)


def _files(side: SideLedger, limit: int) -> str:
    if not side.files:
        return "–"
    more = f" +{len(side.files) - 1}" if len(side.files) > 1 else ""
    return safe(PurePath(side.files[0]).name or side.files[0], max(limit - len(more), 8)) + more


def _tiles(report: Report, width: int) -> RenderableType:
    asked, answered, latency = report.inputs.requests, report.inputs.responses, report.latency
    requests = asked.matched + asked.orphans + asked.superseded
    errors = {code: n for code, n in report.status.items() if failed(code)}
    fives = sum(n for code, n in errors.items() if int(code) // 100 == 5)
    peak = max((p.requests for p in report.timeline.points), default=0) / (report.timeline.bucket_s or 1)
    orphans = asked.orphans + answered.orphans
    pairs = f"{short(asked.matched)} pair{'' if asked.matched == 1 else 's'}"
    tiles = [
        (BLUE, "Requests", short(requests), f"{short(peak)}/s peak"),
        (GREEN, "Matched", percent(asked.matched, requests), pairs),
        (RED, "Errors", percent(sum(errors.values()), asked.matched), f"5xx {short(fives)}"),
        (CYAN, "p50", duration(latency.p50_ms), f"p95 {duration(latency.p95_ms)}"),
        (AMBER, "p99", duration(latency.p99_ms), f"max {duration(latency.max_ms)}"),
        (PURPLE, "Orphans", f"{orphans:,}", f"{short(asked.orphans)}+{short(answered.orphans)}"),
    ]
    grid = Table.grid(padding=0)
    for k in range(6):
        grid.add_column(width=width // 6 + (k < width % 6), no_wrap=True)
    grid.add_row(*(Text.assemble(("▌", ink), (name, DIM)) for ink, name, _, _ in tiles))
    grid.add_row(*(Text.assemble(("▌", ink), (value, "bold")) for ink, _, value, _ in tiles))
    grid.add_row(*(Text.assemble(("▌", ink), (note, DIM)) for ink, _, _, note in tiles))
    return grid


def _latency_chart(report: Report, width: int, rows: int, *, color: bool) -> Panel | None:
    latency = report.latency
    marks = {"p50": latency.p50_ms, "p95": latency.p95_ms, "p99": latency.p99_ms}
    lines = charts.histogram(report.histogram, marks, width, rows, color=color)
    return panels.panel("Latency distribution", "log x", [Text.from_ansi(line) for line in lines]) if lines else None


def _legend(*, color: bool) -> Text:
    if not color:
        return Text("requests, failures, orphans a second · latency p99 over p50")
    return Text.assemble(
        ("requests/s ", DIM), ("■", BLUE), (" ok ", DIM), ("■", RED), (" failed · latency ", DIM),
        ("⠒", CYAN), (" p50 ", DIM), ("⠒", AMBER), (" p99", DIM),
    )  # fmt: skip


def _notices(report: Report) -> list[RenderableType]:
    """What an operator should look at first, and what may be wrong with the clocks."""
    lines: list[RenderableType] = []
    window, skew = report.worst_window, report.skew
    if window and (window.errors_4xx or window.errors_5xx or window.orphans):
        start, end = timeline.seconds(window.start), timeline.seconds(window.end)
        when = f"{timeline.clock(start, '%d %b %H:%M:%S')} – {timeline.clock(end, '%H:%M:%S')}"
        what = f"{window.errors_5xx:,} 5xx · {window.errors_4xx:,} 4xx · {window.orphans:,} orphans"
        what += f" · {window.total_requests:,} requests"
        lines.append(_notice(RED, "Worst window", when, what))
    if skew.negative:
        share = percent(skew.negative, report.inputs.requests.matched)
        what = f"{skew.negative:,} exchanges ({share}) answered up to {duration(-(skew.min_ms or 0))} too early"
        lines.append(_notice(AMBER, "Clock skew", what, "kept as logged; --skew MS shifts the responses"))
    if skew.applied_ms:
        lines.append(_notice(AMBER, "Shifted", f"all responses by {skew.applied_ms:+g} ms (--skew)", ""))
    return [Text(), *lines, Text()] if lines else []


def _notice(ink: str, name: str, what: str, more: str) -> Text:
    return Text.assemble((" ▌ ", ink), (f"{name}  ", "bold"), what, ("\n ▌ " if more else "", ink), (more, DIM))


def _run_line(report: Report, width: int, *, reused: bool, folder: str | None) -> Text:
    run, sides = report.run, (report.inputs.requests, report.inputs.responses)
    total, seconds = sum(side.bytes for side in sides), sum(run.seconds.values())
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
        line.append("\n ").append("√ opened the finished run again", GREEN).append(", nothing was read anew", DIM)
    if folder is not None:
        line.append("\n run ", DIM).append(safe(folder, 400))
    return line
