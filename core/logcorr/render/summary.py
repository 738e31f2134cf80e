"""The summary of a report as text for a terminal. What people ask first comes first.

All text of a log goes through `safe`, and is given to rich as Text, never as markup.
"""

from msgspec import UnsetType
from rich.console import RenderableType
from rich.text import Text

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.report import Report
from logcorr.model.status import failures, server_errors
from logcorr.render import access_summary, access_tables, findings, reading_notices, summary_blocks, summary_tables
from logcorr.render.summary_blocks import BESIDE, NARROW, WIDE, WIDEST
from logcorr.render.summary_tables import AMBER, BLUE, CYAN, DIM, GREEN, PURPLE, RED
from logcorr.render.terminal_text import terminal_text
from logcorr.text.quantities import duration, percent, short
from logcorr.text.safe import safe

_LONG = 10**9


def render_summary(report: RunReport, *, width: int, color: bool, reused: bool, folder: str | None) -> str:
    """The summary as lines for a terminal `width` cells wide. Without `color` there are no escapes in it."""
    width = min(max(width, NARROW), WIDEST)
    if isinstance(report, AccessReport):
        blocks = access_summary.blocks(report, width, color=color)
    else:
        blocks = _blocks(report, width, color=color)
    run_line = summary_blocks.run_line(report.run, report.inputs.lines.bytes, width, reused=reused, folder=folder)
    run_line.overflow = "fold"
    return terminal_text([*blocks, run_line], width, color=color)


def _blocks(report: Report, width: int, *, color: bool) -> list[RenderableType]:
    wide = width >= WIDE
    blocks: list[RenderableType] = [_header(report, width), *summary_blocks.notices(findings.warnings(report))]
    blocks += [summary_blocks.tiles(tiles(report), width), Text()]
    found = findings.panel(report)
    blocks += [found] if found else []
    blocks += summary_blocks.distribution(report, width, unanswered=report.request_orphans, color=color)
    blocks += summary_blocks.flow(report.timeline, width, "requests, failures, orphans", color=color)
    blocks += summary_blocks.notices(notices(report))
    blocks += access_summary.group_tables(report, width, report.attributes)
    left = width * 5 // 9
    whole = summary_tables.log_ledger(report)
    ledgers = [*([whole] if whole else []), summary_tables.ledger(report)]
    beside = [summary_tables.percentiles(report)]
    # A log may tell no users at all.
    users = [summary_tables.users(report)] if any(row.user_id is not None for row in report.users) else []
    if wide:
        beside += users
    # Side by side only where neither labels nor figures are cut.
    few_digits = max(report.inputs.requests.total, report.inputs.responses.total) < _LONG
    if wide or (few_digits and width >= BESIDE):
        blocks += summary_blocks.row([ledgers, beside], [left, width - left])
    else:
        blocks += [*ledgers, *beside]
    if not wide:
        blocks += users
    if report.slowest:
        blocks.append(summary_tables.slowest(report))
    missing = access_tables.missing(report)
    return [*blocks, missing] if missing else blocks


def _header(report: Report, width: int) -> RenderableType:
    inputs = report.inputs
    room = width - 56 if width >= WIDE else width - 40
    if isinstance(inputs.log, UnsetType):
        logs = Text.assemble(
            (summary_blocks.files(inputs.requests.line_counts.files, room // 2), "bold"),
            (" ⋈ ", PURPLE),
            (summary_blocks.files(inputs.responses.line_counts.files, room // 2), "bold"),
        )
    else:
        form = f" · {safe(inputs.log.format.name)}" if inputs.log.format else ""
        logs = Text.assemble((summary_blocks.files(inputs.log.files, room), "bold"), (form, DIM))
    return summary_blocks.header(logs, report.timeline, width, closes=inputs.closes(), doubtful=bool(report.warnings))


def tiles(report: Report) -> list[tuple[str, ...]]:
    """The headline figures: a row of colour, name, figure and notes for each tile."""
    latency, matched, lost = report.latency, report.matched, report.request_orphans
    errors = failures(report.status)
    fives = server_errors(report.status)
    orphans = report.all_orphans
    pairs = f"{short(matched)} pair{'' if matched == 1 else 's'}"
    return [
        (BLUE, "Requests", short(report.requests), summary_blocks.peak(report.timeline)),
        (GREEN, "Matched", percent(matched, report.requests), pairs),
        (RED, "Errors", percent(errors, matched), f"5xx {short(fives)}"),
        (CYAN, "p50", duration(latency.p50_ms), f"p95 {duration(latency.p95_ms)}"),
        (AMBER, "p99", duration(latency.p99_ms), f"max {duration(latency.max_ms)}"),
        (PURPLE, "Orphans", f"{orphans:,}", f"{short(lost)}+{short(orphans - lost)}"),
    ]


def notices(report: Report) -> list[Text]:
    """What an operator should look at first: the worst window, and signs of clocks that differ."""
    lines: list[Text] = []
    window, skew = report.worst_window, report.skew
    if window and (window.errors_4xx or window.errors_5xx or window.orphans):
        what = f"{window.errors_5xx:,} 5xx · {window.errors_4xx:,} 4xx · {window.orphans:,} orphans"
        what += f" · {window.total_requests:,} requests"
        lines.append(summary_blocks.notice(RED, "Worst window", summary_blocks.window(window.start, window.end), what))
    if skew.negative and not (report.given and report.given.used == "given"):
        share = percent(skew.negative, report.matched)
        what = f"{skew.negative:,} exchanges ({share}) answered up to {duration(-(skew.min_ms or 0))} too early"
        lines.append(summary_blocks.notice(AMBER, "Clock skew", what, "kept as logged; --skew MS shifts the responses"))
    if skew.applied_ms:
        lines.append(summary_blocks.notice(AMBER, "Shifted", f"all responses by {skew.applied_ms:+g} ms (--skew)", ""))
    sides = report.inputs.requests, report.inputs.responses
    left_out, entries = sum(side.left_out for side in sides), sum(side.entries or 0 for side in sides)
    narrowed = reading_notices.narrowed(report.run.options, left_out, entries)
    return [*narrowed, *lines, *_clock_notices(report), *reading_notices.of_pair(report.inputs)]


def _clock_notices(report: Report) -> list[Text]:
    """What the durations are worth: how fine the clocks are, and how far the given durations are from the events."""
    lines: list[Text] = []
    resolution, given, p50 = report.resolution, report.given, report.latency.p50_ms
    step = resolution.coarsest_us / 1000 if resolution else 0.0
    by_events = given is None or given.used == "events"
    if p50 is not None and by_events and p50 < step and step >= 1:
        unit = "seconds" if step >= 1000 else "milliseconds"
        what = f"the log has whole {unit}: a p50 of 0 ms means under {duration(step)}"
        lines.append(summary_blocks.notice(AMBER, "Coarse clock", what, ""))
    if given is not None:
        what = f"{given.count:,} response{'' if given.count == 1 else 's'} tell one; "
        if given.difference_p50_ms is None:
            what += "there is no distance of events to compare it with"
        else:
            p50_far, p99_far = duration(given.difference_p50_ms), duration(given.difference_p99_ms)
            what += f"it differs from the events by {p50_far} (p50), {p99_far} (p99)"
        used = "the events" if by_events else "the given durations"
        lines.append(summary_blocks.notice(CYAN, "Given durations", what, f"all figures are of {used}"))
    return lines
