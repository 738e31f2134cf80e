"""The framed tables of an access log's summary: extremes, endpoints, addresses, methods, agents, missing, ledger."""

from collections.abc import Sequence

from rich.panel import Panel
from rich.text import Text

from logcorr.formats.malformed_reasons import ACCESS_REASONS
from logcorr.model.access_report import MOST_ENDPOINTS, AccessReport, EndpointRow, IpRow, OneRequest
from logcorr.render import pair_panels
from logcorr.render.framed_table import Sheet
from logcorr.render.pair_panels import AMBER, CYAN, DIM, GREEN, PURPLE, RED
from logcorr.text import instants
from logcorr.text.fit_columns import Column
from logcorr.text.quantities import duration, percent, short
from logcorr.text.safe import safe

SHOWN = 10
_FAILING = 5
_AGENTS = 5
_METHODS = 8


def extremes(report: AccessReport) -> Sheet:
    """Fastest and slowest request; fastest, slowest and busiest endpoint."""
    columns = [
        Column(""),
        Column("", right=True),
        Column("status", right=True),
        Column("method"),
        Column("endpoint", fill=True),
        Column("ip", rank=2),
        Column("asked at", rank=1),
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
    return Sheet("Fastest, slowest, busiest", note, columns, rows)


def endpoints(report: AccessReport) -> Sheet:
    """The endpoints that are asked most."""
    found = report.endpoints
    some = f"{len(found):,}" + (" or more" if len(found) >= MOST_ENDPOINTS else "")
    note = f"first {SHOWN} of {some} by requests" if len(found) > SHOWN else "by requests"
    return _endpoints("Endpoints", note, found[:SHOWN])


def failing_endpoints(report: AccessReport) -> Sheet | None:
    """The endpoints that fail most, unless the busiest ones are just those."""
    worst = report.failing_endpoints[:_FAILING]
    shown = {row.endpoint for row in report.endpoints[:SHOWN]}
    if all(row.endpoint in shown for row in worst):
        return None
    return _endpoints("Failing endpoints", "by errors", worst)


def suspects(report: AccessReport, limit: int | None, window: str) -> Sheet:
    """The addresses that ask too much, with the window in which each asked most; the busiest where none does."""
    rule = f"over {limit:,} requests in {window}" if limit else f"too many requests in {window}"
    columns = [
        Column("ip", fill=True),
        Column("requests", right=True),
        Column("errors", right=True, rank=2),
        Column("most", right=True),
        Column("in the window from"),
    ]
    count = report.suspicious_ip_count
    if not count:
        rows = [_address(row.ip, row) for row in report.ips[:SHOWN]]
        return Sheet("Busiest IPs", f"none with {rule}", columns, rows, "the log tells no addresses")
    known = {row.ip: row for row in report.suspects}
    names = [*known, *(ip for ip in report.suspicious_ips if ip not in known)][:SHOWN]
    note = f"{count:,} with {rule}" if count <= SHOWN else f"first {SHOWN} of {count:,} with {rule}"
    return Sheet("Suspicious IPs", note, columns, [_address(ip, known.get(ip)) for ip in names])


def failing_ips(report: AccessReport) -> Sheet:
    """The addresses behind most failures."""
    columns = [
        Column("ip", fill=True),
        Column("requests", right=True),
        Column("errors", right=True),
        Column("rate", right=True, rank=3),
        Column("4xx", right=True, rank=1),
        Column("5xx", right=True, rank=2),
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
    return Sheet("IPs behind the errors", "by errors", columns, rows, "no request of a known address failed")


def methods(report: AccessReport) -> Sheet:
    rows = [(row.method, row.requests, row.errors) for row in report.methods[:_METHODS]]
    return _tally("Methods", "method", rows, len(report.methods))


def agents(report: AccessReport) -> Sheet:
    rows = [(row.user_agent, row.requests, row.errors) for row in report.user_agents[:_AGENTS]]
    return _tally("User agents", "user agent", rows, len(report.user_agents))


def missing(report: AccessReport) -> Panel | None:
    """The fields that requests lack."""
    if not report.missing:
        return None
    table = pair_panels.grid(("field", None), ("requests", "right"), ("share", "right"))
    for name, count in report.missing.items():
        share = percent(count, report.total_requests)
        table.add_row(Text(name.replace("_", " ")), Text(f"{count:,}", AMBER), Text(share, DIM))
    return pair_panels.panel("Missing fields", "read as null", table)


def ledger(report: AccessReport) -> Panel:
    """Every line, down to the sum that must be the number of lines."""
    side = report.inputs.access
    table = pair_panels.grid(("", None), ("lines", "right"), ("share", "right"))

    def row(name: str, number: int, style: str, *, always: bool = True) -> None:
        if always or number:
            ink = style if number else DIM
            share = Text(percent(number, side.lines) if number else "", DIM)
            table.add_row(Text(name, DIM if style == DIM else ""), Text(f"{number:,}" if number else "–", ink), share)

    row("successful", report.successful_requests, GREEN)
    row("failed", report.failed_requests, RED)
    row("  4xx", report.failed_4xx, DIM)
    row("  5xx", report.failed_5xx, DIM)
    row("  other", report.failed_requests - report.failed_4xx - report.failed_5xx, DIM, always=False)
    row("malformed", sum(side.malformed.values()), RED)
    for reason in pair_panels.order(ACCESS_REASONS, side.malformed):
        row(f"  {reason.replace('_', ' ')}", side.malformed.get(reason, 0), DIM)
    row("blank", side.blank, "none", always=False)
    table.add_row(Text("= lines", "bold"), Text(f"{side.lines:,}", "bold"), Text())
    mark = Text("√", GREEN) if side.closes() else Text("✗", RED)
    table.add_row(Text("accounted for", DIM), mark, Text())
    return pair_panels.panel("Ledger", "every line once", table)


def _request(name: str, one: OneRequest | None, ink: str) -> list[Text]:
    if one is None:
        return [Text(name, DIM), Text("–", DIM), *(Text() for _ in range(5))]
    code = str(one.status_code)
    return [
        Text(name, DIM),
        Text(duration(one.ms), f"bold {ink}"),
        Text(code, pair_panels.ink_of(code)),
        _named(one.method, 10),
        _named(one.endpoint),
        Text(safe(one.ip, 64), DIM),
        Text(safe(one.time[:23].replace("T", " ").rstrip("Z")), DIM),
    ]


def _endpoint(name: str, endpoint: str | None, figure: str, ink: str) -> list[Text]:
    shown = Text(figure, f"bold {ink}") if endpoint is not None else Text("–", DIM)
    where = _named(endpoint) if endpoint is not None else Text()
    return [Text(name, DIM), shown, Text(), Text(), where, Text(), Text()]


def _median(ms: float | None) -> str:
    return f"p50 {duration(ms)}" if ms is not None else ""


def _endpoints(title: str, note: str, found: Sequence[EndpointRow]) -> Sheet:
    columns = [
        Column("endpoint", fill=True),
        Column("requests", right=True),
        Column("errors", right=True, rank=1),
        Column("rate", right=True),
        Column("4xx", right=True, rank=3),
        Column("5xx", right=True, rank=2),
    ]
    timed = any(row.p50_ms is not None for row in found)
    if timed:
        columns += [Column(name, right=True) for name in ("p50", "p95", "p99")]
        columns.append(Column("max", right=True, rank=4))
    rows = []
    for row in found:
        cells = [_named(row.endpoint), _count(row.requests, "bold"), _errors(row.errors)]
        cells += [_rate(row.errors, row.requests), _count(row.errors_4xx, AMBER), _count(row.errors_5xx, RED)]
        if timed:
            cells += [Text(duration(row.p50_ms), CYAN), Text(duration(row.p95_ms)), Text(duration(row.p99_ms), AMBER)]
            cells.append(Text(duration(row.max_ms), DIM))
        rows.append(cells)
    return Sheet(title, note, columns, rows, "no requests")


def _tally(title: str, name: str, found: Sequence[tuple[str | None, int, int]], count: int) -> Sheet:
    columns = [
        Column(name, fill=True),
        Column("requests", right=True),
        Column("errors", right=True, rank=1),
        Column("rate", right=True),
    ]
    rows = [
        [_named(value), _count(requests, "bold"), _errors(errors), _rate(errors, requests)]
        for value, requests, errors in found
    ]
    return Sheet(title, f"first {len(found)} by requests" if count > len(found) else "by requests", columns, rows)


def _address(ip: str, row: IpRow | None) -> list[Text]:
    if row is None:
        return [Text(safe(ip, 64), PURPLE), *(Text("–", DIM) for _ in range(4))]
    ink = PURPLE if row.suspicious else ""
    start = instants.clock(instants.seconds(row.busiest_start), "%d %b %H:%M:%S")
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
