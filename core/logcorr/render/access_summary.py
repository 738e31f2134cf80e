"""The summary of an access log, from the header to the ledger: requests, failures, latency, suspicious addresses."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.status import class_of, code_of
from logcorr.render import access_tables, findings, reading_notices, summary_blocks, summary_tables
from logcorr.render.framed_table import beside
from logcorr.render.summary_tables import AMBER, BLUE, CYAN, DIM, GREEN, PURPLE, RED
from logcorr.text import instants
from logcorr.text.fit_columns import middle
from logcorr.text.quantities import duration, percent, rate, round_duration, short
from logcorr.text.safe import safe

# The attributes that every access log has, in the order of their tables.
_ATTRIBUTES = ("method", "endpoint", "ip", "user_agent")


def blocks(report: AccessReport, width: int, *, color: bool) -> list[RenderableType]:
    """The blocks of the summary from top to bottom, for a terminal `width` cells wide."""
    headline = summary_blocks.tiles(tiles(report, width // 6 - 3), width)
    shown: list[RenderableType] = [_header(report, width), *summary_blocks.notices(findings.warnings(report))]
    shown += [headline, Text()]
    found = findings.panel(report)
    shown += [found] if found else []
    if report.total_requests:
        shown += summary_blocks.distribution(report, width, unanswered=0, color=color)
        shown += summary_blocks.flow(report.timeline, width, "requests, failures", color=color)
        shown += [*summary_blocks.notices(notices(report, width)), access_tables.extremes(report).panel(width)]
        shown += group_tables(report, width, _ATTRIBUTES)
    return shown + _accounts(report, width)


def group_tables(report: RunReport, width: int, attributes: Sequence[str]) -> list[RenderableType]:
    """The tables of endpoints, addresses, methods and agents: those of the attributes that exchanges have."""
    shown: list[RenderableType] = []
    if "endpoint" in attributes:
        shown.append(access_tables.endpoints(report).panel(width))
        failing = access_tables.failing_endpoints(report)
        shown += [failing.panel(width)] if failing else []
    if "ip" in attributes:
        suspects = access_tables.suspects(report, report.run.options.get("suspicious"), _window(report))
        shown += beside(suspects, access_tables.failing_ips(report), width)
    if "method" in attributes and "user_agent" in attributes:
        shown += beside(access_tables.methods(report), access_tables.agents(report), width)
    elif "method" in attributes:
        shown.append(access_tables.methods(report).panel(width))
    elif "user_agent" in attributes:
        shown.append(access_tables.agents(report).panel(width))
    return shown


def _header(report: AccessReport, width: int) -> RenderableType:
    limit = width - 60 if width >= summary_blocks.WIDE else width - 44
    logs = Text.assemble(
        (summary_blocks.files(report.inputs.access.files, limit), "bold"), (f" · {safe(report.format)}", DIM)
    )
    closes = report.inputs.access.closes()
    return summary_blocks.header(logs, report.timeline, width, closes=closes, doubtful=bool(report.warnings))


def tiles(report: AccessReport, room: int) -> list[tuple[str, ...]]:
    """The headline figures: a row of colour, name, figure and notes for each tile. Counts take at most `room` cells."""
    total, latency, suspects = report.total_requests, report.latency, report.suspicious_ip_count
    limit = report.run.options.get("suspicious")

    def count(number: int) -> str:
        return f"{number:,}" if len(f"{number:,}") <= room else short(number)

    redirects = sum(n for code, n in report.status.items() if class_of(code_of(code)) == 3)
    return [
        (BLUE, "Requests", count(total), summary_blocks.peak(report.timeline), _mean(report)),
        (
            GREEN,
            "Successful",
            percent(report.successful_requests, total),
            count(report.successful_requests),
            f"3xx {short(redirects)}",
        ),
        (
            RED,
            "Failed",
            percent(report.failed_requests, total),
            f"4xx {short(report.failed_4xx)}",
            f"5xx {short(report.failed_5xx)}",
        ),
        (CYAN, "p50", duration(latency.p50_ms), f"p90 {duration(latency.p90_ms)}", f"p95 {duration(latency.p95_ms)}"),
        (AMBER, "p99", duration(latency.p99_ms), f"max {duration(latency.max_ms)}", f"min {duration(latency.min_ms)}"),
        (
            PURPLE,
            "Suspicious",
            f"{suspects:,} IP{'' if suspects == 1 else 's'}",
            f"over {limit:,}" if limit else "",
            f"in {_window(report)}",
        ),
    ]


def _mean(report: AccessReport) -> str:
    """The mean rate of requests; a dash for a log without a clock."""
    if report.timeline.reason:
        return "–"
    start, end = instants.span(report.timeline) or (0.0, 1.0)
    return f"{rate(report.total_requests / (end - start))} mean"


def notices(report: AccessReport, width: int) -> list[Text]:
    """The worst window with its suspicious addresses, and a notice of negative durations."""
    lines: list[Text] = []
    window, negative = report.worst_window, report.latency.negative
    if window:
        ink = RED if window.errors_4xx + window.errors_5xx else GREEN
        what = f"{window.errors_5xx:,} 5xx · {window.errors_4xx:,} 4xx · {window.total_requests:,} requests"
        count = report.windows.count
        when = f"{summary_blocks.window(window.start, window.end)}, of {count:,} window{'' if count == 1 else 's'}"
        lines.append(summary_blocks.notice(ink, "Worst window", when, what))
        if window.suspicious_ips:
            lines[-1].append("\n ▌ ", ink).append(_suspicious_ips(window.suspicious_ips, width - 4), PURPLE)
    if negative:
        share = percent(negative, negative + report.latency.count)
        what = f"{negative:,} requests ({share}) took less than nothing"
        lines.append(
            summary_blocks.notice(AMBER, "Negative times", what, "kept as logged, and left out of all percentiles")
        )
    ledger = report.inputs.access
    narrowed = reading_notices.narrowed(report.run.options, ledger.left_out, ledger.exchanges)
    return [*narrowed, *lines, *reading_notices.notices([ledger])]


def _suspicious_ips(ips: list[str], width: int) -> str:
    """The number of suspicious addresses, and as many addresses as fit the width."""
    text = f"{len(ips):,} suspicious IP{'' if len(ips) == 1 else 's'}: "
    for k, ip in enumerate(ips):
        more = f" and {len(ips) - k - 1:,} more" if k < len(ips) - 1 else ""
        name = ("" if not k else ", ") + safe(ip, 64)
        if cell_len(text + name + more) > width:
            return text + (f" and {len(ips) - k:,} more" if k else middle(name, width - cell_len(text)))
        text += name
    return text


def _accounts(report: AccessReport, width: int) -> list[RenderableType]:
    """The ledger, with latency and missing fields beside it where there are any."""
    ledger, missing = access_tables.ledger(report), access_tables.missing(report)
    right = [summary_tables.percentiles(report)] if report.latency.count or not report.total_requests else []
    right += [missing] if missing else []
    if width < summary_blocks.BESIDE or not right:
        return [ledger, *right]
    left = width * 5 // 9
    return summary_blocks.row([[ledger], right], [left, width - left])


def _window(report: RunReport) -> str:
    """The width of a window in words: 1m rather than 1m 00s."""
    return round_duration(report.windows.window_s * 1000 if report.windows else None)
