"""The summary of a report as text for a terminal. What people ask first comes first.

All text of a log goes through `safe`, and is given to rich as Text, never as markup.
"""

from rich.console import RenderableType
from rich.text import Text

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.report import Report
from logcorr.model.status import is_failure, server_errors
from logcorr.render import access_summary, summary_blocks, summary_tables
from logcorr.render.summary_blocks import BESIDE, NARROW, WIDE, WIDEST
from logcorr.render.summary_tables import AMBER, BLUE, CYAN, GREEN, PURPLE, RED
from logcorr.render.terminal_text import terminal_text
from logcorr.text.quantities import duration, percent, short

_LONG = 10**9


def render_summary(report: RunReport, *, width: int, color: bool, reused: bool, folder: str | None) -> str:
    """The summary as lines for a terminal `width` cells wide. Without `color` there are no escapes in it."""
    width = min(max(width, NARROW), WIDEST)
    if isinstance(report, AccessReport):
        blocks, total = access_summary.blocks(report, width, color=color), report.inputs.access.bytes
    else:
        blocks, total = (
            _blocks(report, width, color=color),
            report.inputs.requests.bytes + report.inputs.responses.bytes,
        )
    run_line = summary_blocks.run_line(report.run, total, width, reused=reused, folder=folder)
    run_line.overflow = "fold"
    return terminal_text([*blocks, run_line], width, color=color)


def _blocks(report: Report, width: int, *, color: bool) -> list[RenderableType]:
    wide = width >= WIDE
    blocks: list[RenderableType] = [_header(report, width), _tiles(report, width), Text()]
    blocks += summary_blocks.distribution(report, width, unanswered=report.inputs.requests.orphans, color=color)
    blocks += summary_blocks.flow(report.timeline, width, "requests, failures, orphans", color=color)
    blocks += _notices(report)
    left = width * 5 // 9
    beside = [summary_tables.percentiles(report)]
    if report.users and wide:
        beside.append(summary_tables.users(report))
    # Side by side only where neither labels nor figures are cut.
    few_digits = max(report.inputs.requests.lines, report.inputs.responses.lines) < _LONG
    if wide or (few_digits and width >= BESIDE):
        blocks += summary_blocks.row([[summary_tables.ledger(report)], beside], [left, width - left])
    else:
        blocks += [summary_tables.ledger(report), *beside]
    if report.users and not wide:
        blocks.append(summary_tables.users(report))
    if report.slowest:
        blocks.append(summary_tables.slowest(report))
    return blocks


def _header(report: Report, width: int) -> RenderableType:
    sides = report.inputs.requests, report.inputs.responses
    limit = (width - 56) // 2 if width >= WIDE else (width - 40) // 2
    logs = Text.assemble(
        (summary_blocks.files(sides[0].files, limit), "bold"),
        (" ⋈ ", PURPLE),
        (summary_blocks.files(sides[1].files, limit), "bold"),
    )
    return summary_blocks.header(logs, report.timeline, width, closes=all(side.closes() for side in sides))


def _tiles(report: Report, width: int) -> RenderableType:
    asked, answered, latency = report.inputs.requests, report.inputs.responses, report.latency
    requests = asked.matched + asked.orphans + asked.superseded
    errors = {code: n for code, n in report.status.items() if is_failure(int(code))}
    fives = server_errors(report.status)
    orphans = asked.orphans + answered.orphans
    pairs = f"{short(asked.matched)} pair{'' if asked.matched == 1 else 's'}"
    rows = [
        (BLUE, "Requests", short(requests), summary_blocks.peak(report.timeline)),
        (GREEN, "Matched", percent(asked.matched, requests), pairs),
        (RED, "Errors", percent(sum(errors.values()), asked.matched), f"5xx {short(fives)}"),
        (CYAN, "p50", duration(latency.p50_ms), f"p95 {duration(latency.p95_ms)}"),
        (AMBER, "p99", duration(latency.p99_ms), f"max {duration(latency.max_ms)}"),
        (PURPLE, "Orphans", f"{orphans:,}", f"{short(asked.orphans)}+{short(answered.orphans)}"),
    ]
    return summary_blocks.tiles(rows, width)


def _notices(report: Report) -> list[RenderableType]:
    """What an operator should look at first: the worst window, and signs of clocks that differ."""
    lines: list[Text] = []
    window, skew = report.worst_window, report.skew
    if window and (window.errors_4xx or window.errors_5xx or window.orphans):
        what = f"{window.errors_5xx:,} 5xx · {window.errors_4xx:,} 4xx · {window.orphans:,} orphans"
        what += f" · {window.total_requests:,} requests"
        lines.append(summary_blocks.notice(RED, "Worst window", summary_blocks.window(window.start, window.end), what))
    if skew.negative:
        share = percent(skew.negative, report.inputs.requests.matched)
        what = f"{skew.negative:,} exchanges ({share}) answered up to {duration(-(skew.min_ms or 0))} too early"
        lines.append(summary_blocks.notice(AMBER, "Clock skew", what, "kept as logged; --skew MS shifts the responses"))
    if skew.applied_ms:
        lines.append(summary_blocks.notice(AMBER, "Shifted", f"all responses by {skew.applied_ms:+g} ms (--skew)", ""))
    return summary_blocks.notices(lines)
