"""The framed tables of the summary of an access log: extremes, endpoints, addresses, methods, agents, ledger."""

from collections.abc import Sequence

from rich.panel import Panel
from rich.text import Text

from logcorr.formats.malformed_reasons import ACCESS_REASONS
from logcorr.model.access_report import AccessReport, OneRequest, RunReport
from logcorr.model.group_rows import EndpointRow, IpRow
from logcorr.model.status import NO_STATUS, key_of
from logcorr.render import summary_tables
from logcorr.render.framed_table import FramedTable
from logcorr.render.summary_tables import AMBER, CYAN, DIM, GREEN, PURPLE, RED
from logcorr.text import instants
from logcorr.text.fit_columns import TextColumn
from logcorr.text.quantities import duration, percent, short
from logcorr.text.safe import safe

SHOWN = 10
_FAILING = 5
_AGENTS = 5
_METHODS = 8


def extremes(report: AccessReport) -> FramedTable:
    """The fastest and the slowest request; the fastest, the slowest and the busiest endpoint."""
    columns = [
        TextColumn(""),
        TextColumn("", right=True),
        TextColumn("status", right=True),
        TextColumn("method"),
        TextColumn("endpoint", fill=True),
        TextColumn("ip", rank=2),
        TextColumn("asked at", rank=1),
    ]
    times = f"{short(report.busiest_endpoint_requests)} times" if report.busiest_endpoint_requests else ""
    rows = [
        _request("fastest request", report.fastest_request, GREEN),
        _request("slowest request", report.slowest_request, AMBER),
        _endpoint("fastest endpoint", report.fastest_endpoint, _median(report.fastest_endpoint_ms), GREEN),
        _endpoint("slowest endpoint", report.slowest_endpoint, _median(report.slowest_endpoint_ms), AMBER),
        _endpoint("busiest endpoint", report.busiest_endpoint, times, CYAN),
    ]
    note = "endpoints by their median" if report.latency.count else "the log tells no response times"
    return FramedTable("Fastest, slowest, busiest", note, columns, rows)


def endpoints(report: RunReport) -> FramedTable:
    """The endpoints with the most requests."""
    rows = report.endpoints[:SHOWN]
    return _endpoints("Endpoints", summary_tables.first_of(rows, report.endpoints_total, "requests"), rows)


def failing_endpoints(report: RunReport) -> FramedTable | None:
    """The endpoints with the most errors; None where `endpoints` shows all of these endpoints already."""
    worst = report.failing_endpoints[:_FAILING]
    shown = {row.endpoint for row in report.endpoints[:SHOWN]}
    if all(row.endpoint in shown for row in worst):
        return None
    note = summary_tables.first_of(worst, report.failing_endpoints_total, "errors")
    return _endpoints("Failing endpoints", note, worst)


def suspects(report: RunReport, limit: int | None, window: str) -> FramedTable:
    """The suspicious addresses, each with its busiest window; the busiest addresses where none is suspicious.

    An address is suspicious with more than `limit` requests in a window. `window` is the width of a window in words.
    """
    rule = f"over {limit:,} requests in {window}" if limit else f"too many requests in {window}"
    columns = [
        TextColumn("ip", fill=True),
        TextColumn("requests", right=True),
        TextColumn("errors", right=True, rank=2),
        TextColumn(f"peak in {window}", right=True),
        TextColumn("peak from"),
    ]
    count = report.suspicious_ip_count
    if not count:
        rows = [_address(row.ip, row) for row in report.ips[:SHOWN]]
        return FramedTable(
            "Busiest IPs", report.timeline.reason or f"none with {rule}", columns, rows, "the log tells no addresses"
        )
    rows_by_ip = {row.ip: row for row in report.suspects}
    ips = [*rows_by_ip, *(ip for ip in report.suspicious_ips if ip not in rows_by_ip)][:SHOWN]
    note = f"{count:,} with {rule}" if count <= SHOWN else f"first {SHOWN} of {count:,} with {rule}"
    return FramedTable("Suspicious IPs", note, columns, [_address(ip, rows_by_ip.get(ip)) for ip in ips])


def failing_ips(report: RunReport) -> FramedTable:
    """The addresses with the most errors."""
    columns = [
        TextColumn("ip", fill=True),
        TextColumn("requests", right=True),
        TextColumn("errors", right=True),
        TextColumn("rate", right=True, rank=3),
        TextColumn("4xx", right=True, rank=1),
        TextColumn("5xx", right=True, rank=2),
    ]
    rows = [
        [
            Text(safe(row.ip, 64), PURPLE if row.suspicious else ""),
            _count(row.requests),
            _errors(row.errors),
            _rate(row.errors, row.requests),
            _count(row.errors_4xx, AMBER),
            _count(row.errors_5xx, RED),
        ]
        for row in report.failing_ips[:SHOWN]
    ]
    note = summary_tables.first_of(rows, report.failing_ips_total, "errors")
    return FramedTable("IPs behind the errors", note, columns, rows, "no request of a known address failed")


def methods(report: RunReport) -> FramedTable:
    """The methods with the most requests."""
    rows = [(row.method, row.requests, row.errors) for row in report.methods[:_METHODS]]
    return _requests_by("Methods", "method", rows, report.methods_total)


def agents(report: RunReport) -> FramedTable:
    """The user agents with the most requests."""
    rows = [(row.user_agent, row.requests, row.errors) for row in report.user_agents[:_AGENTS]]
    return _requests_by("User agents", "user agent", rows, report.user_agents_total)


def missing(report: RunReport) -> Panel | None:
    """The fields that requests lack; None where no request lacks any."""
    if not report.missing:
        return None
    table = summary_tables.grid(("field", None), ("requests", "right"), ("share", "right"))
    total = sum(report.status.values())
    for name, count in report.missing.items():
        share = percent(count, total)
        table.add_row(Text(name.replace("_", " ")), Text(f"{count:,}", AMBER), Text(share, DIM))
    return summary_tables.panel("Missing fields", "read as null", table)


def ledger(report: AccessReport) -> Panel:
    """How many lines became what. The last sum must be the number of lines."""
    side = report.inputs.access
    table = summary_tables.grid(("", None), ("lines", "right"), ("share", "right"))

    def row(name: str, number: int, style: str, *, always: bool = True) -> None:
        if always or number:
            ink = style if number else DIM
            share = Text(percent(number, side.lines) if number else "", DIM)
            table.add_row(Text(name, DIM if style == DIM else ""), Text(f"{number:,}" if number else "–", ink), share)

    row("successful", report.successful_requests, GREEN)
    row("failed", report.failed_requests, RED)
    row("  4xx", report.failed_4xx, DIM)
    row("  5xx", report.failed_5xx, DIM)
    row("  no status", report.status.get(NO_STATUS, 0), DIM, always=False)
    others = report.failed_requests - report.failed_4xx - report.failed_5xx - report.status.get(NO_STATUS, 0)
    row("  other status", others, DIM, always=False)
    row("left out", side.left_out, "none", always=False)
    row("not read", side.skipped or 0, DIM, always=False)
    row("malformed", sum(side.malformed.values()), RED)
    for reason in summary_tables.occurring_reasons(ACCESS_REASONS, side.malformed):
        row(f"  {reason.replace('_', ' ')}", side.malformed.get(reason, 0), DIM)
    row("other", side.other, "none", always=False)
    row("header", side.header, "none", always=False)
    row("blank", side.blank, "none", always=False)
    table.add_row(Text("= lines", "bold"), Text(f"{side.lines:,}", "bold"), Text())
    mark = Text("✓", GREEN) if side.closes() else Text("✗", RED)
    table.add_row(Text("accounted for", DIM), mark, Text())
    row("repaired", side.repaired, DIM, always=False)
    return summary_tables.panel("Ledger", "every line once", table)


def _request(name: str, request: OneRequest | None, ink: str) -> list[Text]:
    if request is None:
        return [Text(name, DIM), Text("–", DIM), *(Text() for _ in range(5))]
    code = key_of(request.status_code)
    return [
        Text(name, DIM),
        Text(duration(request.ms), f"bold {ink}"),
        Text(code, summary_tables.ink_of(code)),
        _named(request.method, 10),
        _named(request.endpoint),
        Text(safe(request.ip, 64), DIM),
        Text(summary_tables.asked_at(request.time), DIM),
    ]


def _endpoint(name: str, endpoint: str | None, figure: str, ink: str) -> list[Text]:
    shown = Text(figure, f"bold {ink}") if endpoint is not None else Text("–", DIM)
    where = _named(endpoint) if endpoint is not None else Text()
    return [Text(name, DIM), shown, Text(), Text(), where, Text(), Text()]


def _median(ms: float | None) -> str:
    return f"p50 {duration(ms)}" if ms is not None else ""


def _endpoints(title: str, note: str, endpoint_rows: Sequence[EndpointRow]) -> FramedTable:
    columns = [
        TextColumn("endpoint", fill=True),
        TextColumn("requests", right=True),
        TextColumn("errors", right=True, rank=1),
        TextColumn("rate", right=True),
        TextColumn("4xx", right=True, rank=3),
        TextColumn("5xx", right=True, rank=2),
    ]
    timed = any(row.p50_ms is not None for row in endpoint_rows)
    if timed:
        columns += [TextColumn(name, right=True) for name in ("p50", "p95", "p99")]
        columns.append(TextColumn("max", right=True, rank=4))
    rows = []
    for row in endpoint_rows:
        cells = [_named(row.endpoint), _count(row.requests, "bold"), _errors(row.errors)]
        cells += [_rate(row.errors, row.requests), _count(row.errors_4xx, AMBER), _count(row.errors_5xx, RED)]
        if timed:
            cells += [Text(duration(row.p50_ms), CYAN), Text(duration(row.p95_ms)), Text(duration(row.p99_ms), AMBER)]
            cells.append(Text(duration(row.max_ms), DIM))
        rows.append(cells)
    return FramedTable(title, note, columns, rows, "no requests")


def _requests_by(title: str, name: str, counts: Sequence[tuple[str | None, int, int]], total: int) -> FramedTable:
    """A row (value, requests, errors) for each of the `counts`, of a `total` of values that there are."""
    columns = [
        TextColumn(name, fill=True),
        TextColumn("requests", right=True),
        TextColumn("errors", right=True, rank=1),
        TextColumn("rate", right=True),
    ]
    rows = [
        [_named(value), _count(requests, "bold"), _errors(errors), _rate(errors, requests)]
        for value, requests, errors in counts
    ]
    return FramedTable(title, summary_tables.first_of(rows, total, "requests"), columns, rows)


def _address(ip: str, row: IpRow | None) -> list[Text]:
    if row is None:
        return [Text(safe(ip, 64), PURPLE), *(Text("–", DIM) for _ in range(4))]
    ink = PURPLE if row.suspicious else ""
    start = instants.strftime(instants.seconds(row.busiest_start), "%d %b %H:%M:%S") if row.busiest_start else "–"
    most = _count(row.busiest_requests, f"bold {ink}".strip())
    return [Text(safe(ip, 64), ink), _count(row.requests), _errors(row.errors), most, Text(start, DIM)]


def _named(text: str | None, limit: int = 200) -> Text:
    return Text(safe(text, limit), DIM if text is None else "")


def _count(number: int, style: str = "") -> Text:
    return Text(f"{number:,}", style) if number else Text("–", DIM)


def _errors(number: int) -> Text:
    return _count(number, RED)


def _rate(part: int, whole: int) -> Text:
    return Text(percent(part, whole), RED if part else DIM)
