"""What the page of a finished run shows, from its report and the first rows of its views."""

import math
from collections.abc import Sequence
from pathlib import PurePath

import msgspec

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.group_rows import EndpointRow, IpRow
from logcorr.model.manifest import Manifest
from logcorr.model.report import Report, Timeline, UserRow
from logcorr.model.status import class_of, code_of, in_order, phrase
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS
from logcorr.render import access_summary, access_tables, findings, summary, summary_tables
from logcorr.render.html import first_rows, from_rich, how_it_was_run, page_charts
from logcorr.render.html.drawings import spark
from logcorr.render.html.first_rows import number
from logcorr.render.html.page_model import (
    Cell,
    Chart,
    Column,
    Fragment,
    Page,
    Section,
    Strip,
    Table,
    Tile,
)
from logcorr.render.html.room import Room
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from logcorr.text.quantities import duration, percent, size
from logcorr.text.safe import safe

_TONES = {2: "good", 3: "info", 4: "warn", 5: "bad", 0: "lost"}
_MOST_CODES = 40
_MORE = "…"
_GROUPS_BYTES = 80_000
# The width of texts that the summary cuts to the width of a terminal.
_NOTICE_WIDTH = 160
_COUNT_DIGITS = 7


def page_of(run: RunFolder) -> Page:
    """All that the page of a run shows. Raises InputError where report, manifest or a view is missing or damaged."""
    report, manifest = run.report, run.manifest
    pair = isinstance(report, Report)
    notices = summary.notices(report) if isinstance(report, Report) else access_summary.notices(report, _NOTICE_WIDTH)
    notices = [*findings.warnings(report), *findings.notices(report), *notices]
    # Small tables take their room first.
    room = Room()
    groups, rows = _groups(report, room), _rows(run, report, room)
    parts: list[tuple[str, str, str, Sequence[Table | Chart]]] = [
        ("overview", "Latency and statuses", "", [*_some(page_charts.histogram(report)), *_statuses(report)]),
        ("timeline", "Over time", report.timeline.reason or "all times are UTC", _over_time(run, report)),
        ("groups", "Users" if pair and not report.endpoints else "Endpoints and addresses", "", groups),
        ("rows", "Requests", "times are UTC", rows),
        ("lines", "What became of every line", "", _ledgers(report)),
        ("run", "How it was run", "", how_it_was_run.tables(report, manifest)),
    ]
    return Page(
        title=" ⋈ ".join(_names(manifest)),
        head=_head(manifest),
        under=_under(report, manifest),
        badge=_badge(report),
        tiles=_tiles(report),
        notices=[from_rich.notice(text) for text in notices],
        sections=[
            Section(id=name, title=title, note=note, panels=list(panels))
            for name, title, note, panels in parts
            if panels
        ],
        foot=f"logcorr {safe(report.run.version, 40)} · run {safe(manifest.key, 40)}",
    )


def _badge(report: RunReport) -> Fragment:
    if not report.inputs.closes():
        return Fragment("✗ ledger", "bad")
    return Fragment("! doubtful", "warn") if report.warnings else Fragment("✓ complete", "good")


def _head(manifest: Manifest) -> list[Fragment]:
    pieces: list[Fragment] = []
    for name in _names(manifest):
        pieces += [Fragment(" ⋈ ", "lost"), Fragment(name)] if pieces else [Fragment(name)]
    return pieces


def _names(manifest: Manifest) -> list[str]:
    """The logs of each side: the name of the first file, and how many others there are."""
    sides = [names for names in manifest.files.values() if names]
    return [
        safe(PurePath(names[0]).name or names[0], 80) + (f" +{len(names) - 1:,}" if len(names) > 1 else "")
        for names in sides
    ] or ["–"]


def _under(report: RunReport, manifest: Manifest) -> list[str]:
    covered = instants.span(report.timeline)
    facts = []
    if covered:
        first, last = (instants.strftime(at, "%d %b %Y %H:%M:%S") for at in covered)
        facts.append(f"{first} – {last} UTC")
    facts.append(f"{size(report.inputs.lines.bytes)}, {report.inputs.lines.lines:,} lines")
    facts.append(f"made {safe(manifest.created, 40).replace('T', ' ').removesuffix('Z')} UTC")
    return facts


def _tiles(report: RunReport) -> list[Tile]:
    points = report.timeline.points
    rows = summary.tiles(report) if isinstance(report, Report) else access_summary.tiles(report, _COUNT_DIGITS)
    courses: dict[str, Sequence[float | None]] = {
        "Requests": [point.requests for point in points],
        "Errors": [point.errors_4xx + point.errors_5xx for point in points],
        "p50": [point.p50_ms for point in points],
        "p99": [point.p99_ms for point in points],
        "Orphans": [point.orphans for point in points],
    }
    courses["Failed"] = courses["Errors"]
    return [
        Tile(from_rich.tone(ink), name, figure, [note for note in notes if note], spark(courses.get(name, ())))
        for ink, name, figure, *notes in rows
    ]


def _statuses(report: RunReport) -> list[Table]:
    """Each status code with its share; the rarest codes share a row where there are many."""
    counts = report.status
    total = sum(counts.values())
    unanswered = report.request_orphans if isinstance(report, Report) else 0
    if not total and not unanswered:
        return []
    common = sorted(counts, key=lambda code: -counts[code])
    most = max([*counts.values(), unanswered])
    shares = [(code, phrase(code_of(code), short=False), counts[code]) for code in in_order(common[:_MOST_CODES])]
    if common[_MOST_CODES:]:
        shares.append((_MORE, f"{len(common) - _MOST_CODES} more codes", sum(counts[c] for c in common[_MOST_CODES:])))
    rows = []
    for code, name, count in shares:
        ink = _TONES[class_of(code_of(code)) if code != _MORE else 0]
        bar = Cell(f"{count:,}", ink, count, bar=_log_share(count, most))
        rows.append([Cell(code, f"bold {ink}"), Cell(safe(name, 40), "dim"), bar, Cell(percent(count, total), "dim")])
    if unanswered:
        cells = [Cell("–", "bold lost"), Cell("No response", "dim")]
        rows.append([*cells, Cell(f"{unanswered:,}", "lost", unanswered, bar=_log_share(unanswered, most)), Cell("")])
    sums = {kind: sum(n for code, n in counts.items() if class_of(code_of(code)) == kind) for kind in _TONES}
    parts = [
        (f"{kind}xx" if kind else "other", n / total, percent(n, total), _TONES[kind]) for kind, n in sums.items() if n
    ]
    columns = [Column("code"), Column("meaning", wide=True), Column("count", right=True), Column("share", right=True)]
    note = f"of {total:,}, log bars"
    return [
        Table(
            id="statuses",
            title="Status codes",
            note=note,
            columns=columns,
            rows=rows,
            strip=Strip(parts) if parts else None,
        )
    ]


def _log_share(count: int, most: int) -> float:
    return math.log1p(count) / math.log1p(most)


def _over_time(run: RunFolder, report: RunReport) -> list[Table | Chart]:
    pair = isinstance(report, Report)
    timeline: Timeline = report.timeline
    charts = [
        page_charts.flow(timeline, orphans=pair),
        page_charts.percentiles(timeline),
        page_charts.heat_map(report),
        page_charts.orphans(timeline, first_rows.orphans_by_reason(run, ORPHAN_REASONS)) if pair else None,
    ]
    shown: list[Table | Chart] = [chart for chart in charts if chart]
    windows = first_rows.worst_windows(run)
    return [*shown, windows] if windows.rows else shown


def _groups(report: RunReport, room: Room) -> list[Table | Chart]:
    tables: list[Table] = []
    if isinstance(report, AccessReport) and report.total_requests:
        extremes = from_rich.framed(access_tables.extremes(report), "extremes")
        tables.append(msgspec.structs.replace(extremes, whole=True))
    if report.endpoints:
        tables.append(_endpoints(report.endpoints))
    if report.ips or report.suspects:
        tables.append(_addresses(report))
    if report.methods:
        rows = [(row.method, row.requests, row.errors) for row in report.methods]
        tables.append(_requests_by("methods", "Methods", "method", rows))
    if report.user_agents:
        rows = [(row.user_agent, row.requests, row.errors) for row in report.user_agents]
        tables.append(_requests_by("agents", "User agents", "user agent", rows))
    if isinstance(report, Report) and any(row.user_id is not None for row in report.users):
        tables.append(_users(report.users))
    return [_cut(table, room) for table in tables]


def _cut(table: Table, room: Room) -> Table:
    """A table of as many rows as there is room for."""
    rows = room.within(table.rows, _GROUPS_BYTES)
    note = table.note if len(rows) == len(table.rows) else f"first {len(rows):,} {table.note}"
    return msgspec.structs.replace(table, rows=rows, note=note)


def _endpoints(endpoints: Sequence[EndpointRow]) -> Table:
    names = ("requests", "errors", "rate", "4xx", "5xx", "p50", "p95", "p99", "max")
    rows = [
        [
            _named(row.endpoint),
            number(row.requests),
            number(row.errors, "bad"),
            Cell(percent(row.errors, row.requests), "", row.error_rate),
            number(row.errors_4xx, "warn"),
            number(row.errors_5xx, "bad"),
            *(Cell(duration(ms), "", ms or 0) for ms in (row.p50_ms, row.p95_ms, row.p99_ms, row.max_ms)),
        ]
        for row in endpoints
    ]
    return _long("endpoints", "Endpoints", "endpoint", names, rows, whole=True)


def _addresses(report: RunReport) -> Table:
    """The suspicious addresses first, then the busiest."""
    known: dict[str, IpRow] = {row.ip: row for row in (*report.suspects, *report.ips, *report.failing_ips)}
    rows = [
        [
            Cell(safe(row.ip, 64), "lost" if row.suspicious else ""),
            number(row.requests),
            number(row.errors, "bad"),
            number(row.busiest_requests, "lost" if row.suspicious else ""),
            Cell(_stamp(row.busiest_start), "dim"),
            Cell("suspicious", "lost") if row.suspicious else Cell("", "dim"),
        ]
        for row in known.values()
    ]
    names = ("requests", "errors", "most in a window", "window from", "")
    return _long("addresses", "Addresses", "ip", names, rows, whole=True)


def _users(users: Sequence[UserRow]) -> Table:
    rows = [
        [
            _named(row.user_id),
            number(row.requests),
            number(row.errors, "bad"),
            number(row.orphans, "lost"),
            Cell(duration(row.p99_ms), "", row.p99_ms or 0),
        ]
        for row in users
    ]
    return _long("users", "Busiest users", "user", ("requests", "errors", "orphans", "p99"), rows)


def _requests_by(name: str, title: str, what: str, counts: Sequence[tuple[str | None, int, int]]) -> Table:
    rows = [
        [
            _named(value),
            number(requests),
            number(errors, "bad"),
            Cell(percent(errors, requests), "", errors / max(requests, 1)),
        ]
        for value, requests, errors in counts
    ]
    return _long(name, title, what, ("requests", "errors", "rate"), rows)


def _long(
    name: str, title: str, first: str, others: Sequence[str], rows: list[list[Cell]], *, whole: bool = False
) -> Table:
    """A table that can be sorted. Its first column names its rows."""
    columns = [Column(first, wide=True), *(Column(other, right=other != "window from") for other in others)]
    note = "by requests"
    return Table(id=name, title=title, note=note, columns=columns, rows=rows, long=True, whole=whole)


def _rows(run: RunFolder, report: RunReport, room: Room) -> list[Table | Chart]:
    malformed = first_rows.malformed(run, room)
    orphans = [first_rows.orphans(run, room)] if isinstance(report, Report) else []
    slowest = [first_rows.slowest(run, room)] if report.latency.count else []
    tables = [*slowest, first_rows.failed(run, room), *orphans, malformed]
    return [table for table in tables if table.rows]


def _ledgers(report: RunReport) -> list[Table | Chart]:
    """The ledgers, the percentiles and the missing fields, as the summary in a terminal has them."""
    if isinstance(report, Report):
        whole = summary_tables.log_ledger(report)
        panels = [*([("log-ledger", whole)] if whole else []), ("ledger", summary_tables.ledger(report))]
    else:
        panels = [("ledger", access_tables.ledger(report))]
    panels.append(("figures", summary_tables.percentiles(report)))
    missing = access_tables.missing(report)
    panels += [("missing", missing)] if missing else []
    return [from_rich.panel_table(panel, name) for name, panel in panels]


def _named(name: str | None) -> Cell:
    return Cell(safe(name), "" if name is not None else "dim")


def _stamp(time: str | None) -> str:
    return safe(time, 40).replace("T", " ").removesuffix("Z")


def _some(chart: Chart | None) -> list[Chart]:
    return [chart] if chart else []
