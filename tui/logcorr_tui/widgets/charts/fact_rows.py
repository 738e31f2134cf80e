"""The small tables of the overview: figures of a finished run that have no chart, and the rows behind each.

Both kinds of runs have the percentiles and the worst window. Other tables stand where the run has what they are of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from logcorr.model.access_report import AccessReport, OneRequest, RunReport
from logcorr.model.ledger import ClockCounts, added
from logcorr.model.options import View
from logcorr.model.report import Report
from logcorr.text import instants
from logcorr.text.quantities import duration, percent, short
from logcorr.text.safe import safe
from logcorr_tui.look.time_text import bound, clocks, spaced, stamp
from logcorr_tui.state.overview_figures import Figures

# A text, and the name of its colour.
Cell = tuple[str, str]
# A view, a filter on it, and the text of the filter's chip.
Target = tuple[View, str, str]

_MOST = 8
_LEAST_REQUESTS = 20
_POPULATIONS = ("all", "success", "failure")
_MEASURES = ("min", "mean", "p50", "p90", "p95", "p99", "p999", "max")
_MS_STEP = 0.001


@dataclass(frozen=True)
class Fact:
    """A row: its name, its cells, and the rows that it leads to: those of the target where `equals` holds too.

    `equals` is a name of the filter language and a value.
    """

    name: str
    cells: tuple[Cell, ...]
    target: Target | None = None
    equals: tuple[str, str] | None = None

    def drill(self) -> Target | None:
        """The rows that it leads to, with the whole filter."""
        if self.target is None or self.equals is None:
            return self.target
        # This imports polars, which is not wanted before the first picture.
        from logcorr.query.filter_language import quoted

        view, _, label = self.target
        return view, f"{self.equals[0]}={quoted(self.equals[1])}", label


@dataclass(frozen=True)
class Facts:
    """A table: its title, the note beside the title, the titles of its columns after the name, and its rows.

    A table without columns has one cell in each row, which is a text. `spared` are the columns that are left out first
    where there is no room for all; the last columns follow. `head` is the title of the names.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[Fact]
    spared: tuple[int, ...] = ()
    head: str = ""


def facts(name: str, figures: Figures | None) -> Facts | None:
    """The table of a name in TABLES. None where the run has no rows for it, and for a run that is not finished."""
    report = figures.report if figures is not None and figures.share is None else None
    found = TABLES[name](report) if report is not None else None
    return found if found is not None and found.rows else None


def _percentiles(report: RunReport) -> Facts:
    populations = (report.latency, report.latency_success, report.latency_failure)
    if not report.latency.count:
        return Facts("", "", (), [])
    counts = Fact("count", tuple((short(one.count), "ink") for one in populations))
    rows = [counts]
    for measure in _MEASURES:
        values = [getattr(one, f"{measure}_ms") for one in populations]
        cells = tuple((duration(value), "ink" if value is not None else "dim") for value in values)
        name = "p99.9" if measure == "p999" else measure
        at_least = f"duration>={bound(values[0])}" if values[0] is not None else ""
        target: Target = ("exchanges", at_least, f"at or above {name}")
        rows.append(Fact(name, cells, None if measure in ("min", "mean") else target))
    return Facts("Percentiles", report.latency.accuracy, _POPULATIONS, rows)


def _worst(report: RunReport) -> Facts:
    """The worst window, clocks that differ, and what is of the same weight."""
    rows: list[Fact] = []
    window = report.worst_window
    if window is not None:
        start, end = instants.seconds(window.start), instants.seconds(window.end)
        span, target = clocks(start, end), f"time>={stamp(start)} time<{stamp(end)}"
        rows.append(Fact("worst window", ((span, "ink"),), ("exchanges", target, span)))
        for count, noun, view, term in _of_window(report):
            if count:
                rows.append(
                    Fact(f"  {noun}", ((f"{count:,}", "warn"),), (view, f"{target} {term}".strip(), f"{span}, {noun}"))
                )
        rows.append(Fact("  requests", ((f"{window.total_requests:,}", "ink"),), ("exchanges", target, span)))
    negative = report.latency.negative
    if negative:
        low = report.skew.min_ms if isinstance(report, Report) else None
        said = f"{negative:,} ({percent(negative, negative + report.latency.count)})"
        said += f", up to {spaced(-low)} early" if low is not None else ""
        rows.append(Fact("negative durations", ((said, "warn"),), ("skewed", "", "")))
    if isinstance(report, Report) and report.skew.applied_ms:
        rows.append(Fact("responses shifted by", ((f"{report.skew.applied_ms:+g} ms", "warn"),)))
    return Facts("Worst window" if window else "Clocks", "", (), rows)


def _of_window(report: RunReport) -> list[tuple[int, str, View, str]]:
    window = report.worst_window
    if window is None:
        return []
    found: list[tuple[int, str, View, str]] = [
        (window.errors_5xx, "5xx", "exchanges", "status>=500 status<600"),
        (window.errors_4xx, "4xx", "exchanges", "status>=400 status<500"),
    ]
    if isinstance(report, Report):
        orphans = report.worst_window.orphans if report.worst_window else 0
        found.append((orphans, "orphans", "orphans", ""))
    return found


def _orphans(report: RunReport) -> Facts | None:
    if not isinstance(report, Report):
        return None
    sides = (report.orphans.request, report.orphans.response)
    return Facts("Orphans", "by reason", ("requests", "responses"), _by_side(sides, "orphans"), head="reason")


def _malformed(report: RunReport) -> Facts | None:
    ledgers = report.ledgers()
    if isinstance(report, AccessReport) or "log" in ledgers:
        counts = report.inputs.lines.malformed
        rows = [
            Fact(name.replace("_", " "), ((f"{n:,}", "bad"), (percent(n, report.inputs.lines.lines or 1), "dim")),
                 ("malformed", f"reason={name}", f"malformed: {name.replace('_', ' ')}"))
            for name, n in _most_first(counts) if n
        ]  # fmt: skip
        return Facts("Malformed lines", "by reason", ("lines", "share"), rows, head="reason")
    sides = [ledger.line_counts.malformed for ledger in ledgers.values()]
    return Facts("Malformed lines", "by reason", ("requests", "responses"), _by_side(sides, "malformed"), head="reason")


def _by_side(sides: Sequence[Mapping[str, int]], view: View) -> list[Fact]:
    names = dict.fromkeys(name for side in sides for name in side)
    total = {name: sum(side.get(name, 0) for side in sides) for name in names}
    return [
        Fact(
            name.replace("_", " "),
            tuple(_count(side.get(name, 0)) for side in sides),
            (view, f"reason={name}", f"{view}: {name.replace('_', ' ')}"),
        )
        for name, n in _most_first(total)
        if n
    ]


def _count(number: int, ink: str = "ink") -> Cell:
    return (f"{number:,}", ink) if number else ("–", "dim")


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _extremes(report: RunReport) -> Facts:
    rows: list[Fact | None] = []
    if isinstance(report, AccessReport):
        rows = [
            _request("fastest request", report.fastest_request),
            _request("slowest request", report.slowest_request),
        ]
    medians = (("fastest", report.fastest_endpoint_ms), ("slowest", report.slowest_endpoint_ms))
    for word, median in medians:
        endpoint = getattr(report, f"{word}_endpoint")
        rows.append(_endpoint(f"{word} endpoint", endpoint, f"p50 {duration(median)}" if median is not None else ""))
    times = report.busiest_endpoint_requests
    rows.append(_endpoint("busiest endpoint", report.busiest_endpoint, f"{short(times)} times" if times else ""))
    return Facts("Fastest, slowest, busiest", "endpoints by their median", (), [row for row in rows if row is not None])


def _request(name: str, request: OneRequest | None) -> Fact | None:
    if request is None:
        return None
    words = (duration(request.ms), request.method, request.endpoint, request.ip)
    said = "  ".join(safe(word, 200) for word in words if word)
    terms = [f"duration>={bound(request.ms)} duration<{bound(request.ms + _MS_STEP)}"]
    if request.time is not None:
        at = instants.seconds(request.time)
        terms.append(f"time>={stamp(at)} time<{stamp(at + 1e-6)}")
    return Fact(name, ((said, "ink"),), ("exchanges", " ".join(terms), name))


def _endpoint(name: str, endpoint: str | None, figure: str) -> Fact | None:
    if endpoint is None:
        return None
    said = "  ".join(filter(None, (figure, safe(endpoint, 200))))
    target: Target = ("exchanges", "", f"endpoint {safe(endpoint, 100)}")
    return Fact(name, ((said, "ink"),), target, ("endpoint", endpoint))


def _failing_endpoints(report: RunReport) -> Facts:
    """Endpoints by the share of their requests that failed, of those with enough requests to speak of a share."""
    rows = {row.endpoint: row for row in (*report.failing_endpoints, *report.endpoints)}
    ranked = sorted(rows.values(), key=lambda row: (-row.error_rate, -row.errors))
    kept = [row for row in ranked if row.errors and row.requests >= _LEAST_REQUESTS][:_MOST]
    facts = [
        _group(
            "endpoint", "endpoint", row.endpoint, "errors", (row.requests, row.errors, row.errors_4xx, row.errors_5xx)
        )
        for row in kept
    ]
    note = f"by rate, {_LEAST_REQUESTS} requests at least"
    return Facts("Failing endpoints", note, ("rate", "errors", "requests", "4xx", "5xx"), facts, head="endpoint")


def _failing_ips(report: RunReport) -> Facts:
    rows = [
        _group("ip", "IP", row.ip, "errors", (row.requests, row.errors, row.errors_4xx, row.errors_5xx))
        for row in report.failing_ips[:_MOST]
        if row.errors
    ]
    return Facts("IPs behind the errors", "by errors", ("rate", "errors", "requests", "4xx", "5xx"), rows, head="IP")


def _methods(report: RunReport) -> Facts:
    rows = [_group("method", "method", row.method, "exchanges", (row.requests, row.errors)) for row in report.methods]
    return Facts("Methods", "by requests", ("rate", "errors", "requests"), rows[:_MOST], head="method")


def _agents(report: RunReport) -> Facts:
    rows = report.user_agents
    shown = [
        _group("agent", "user agent", row.user_agent, "exchanges", (row.requests, row.errors)) for row in rows[:_MOST]
    ]
    note = f"first {_MOST} by requests" if len(rows) > _MOST else "by requests"
    return Facts("User agents", note, ("rate", "errors", "requests"), shown, head="user agent")


def _group(term: str, noun: str, value: str | None, view: View, counts: tuple[int, ...]) -> Fact:
    """The exchanges of a value of an attribute: the share that failed, and their numbers (requests, errors, …)."""
    requests, errors, *classes = counts
    name = f"(no {noun})" if value is None else safe(value, 200)
    cells = [
        (percent(errors, requests, 1), "bad" if errors else "dim"),
        _count(errors),
        _count(requests),
        *(_count(n, ink) for n, ink in zip(classes, ("warn", "bad"), strict=False)),
    ]
    label = f"no {noun}" if value is None else f"{noun} {safe(value, 100)}"
    return Fact(name, tuple(cells), (view, "", label), (term, value or ""))


def _missing(report: RunReport) -> Facts:
    total = sum(report.status.values())
    names = {"response_time": "duration", "user_agent": "agent", "status_code": "status", "user_id": "user"}
    rows = []
    for name, count in report.missing.items():
        term = names.get(name, name)
        empty = "none" if term == "status" else '""'
        target: Target = ("exchanges", f"{term}={empty}", f"no {name.replace('_', ' ')}")
        rows.append(Fact(name.replace("_", " "), ((f"{count:,}", "warn"), (percent(count, total), "dim")), target))
    return Facts("Missing fields", "requests without them", ("requests", "share"), rows, head="field")


def _reading(report: RunReport) -> Facts:
    """What the times and the durations are worth, and what was taken off the lines before they were read."""
    rows: list[Fact] = _durations(report) if isinstance(report, Report) else []
    ledgers = list(report.ledgers().values())
    heads = added(*(ledger.heads for ledger in ledgers if isinstance(ledger.heads, dict)))
    rows += [Fact(f"{safe(name, 40)} taken off", ((f"{n:,} lines", "ink"),)) for name, n in heads.items()]
    clocks = [ledger.clock for ledger in ledgers if isinstance(ledger.clock, ClockCounts)]
    for field, name, said in (
        ("previous", "no clock", "lines have the time of the line above: times are approximate"),
        ("doubled", "doubled hour", "times in an hour that occurs twice: the first is taken"),
        ("rolled", "next day", "times that the clock fell back, and the date went on"),
    ):
        count = sum(getattr(clock, field) for clock in clocks)
        if count:
            rows.append(Fact(name, ((f"{count:,} {said}", "warn"),)))
    return Facts("How it was read", "", (), rows)


def _durations(report: Report) -> list[Fact]:
    """How fine the clocks are, and how far the durations that responses tell are from the distance of the events."""
    rows: list[Fact] = []
    given, resolution, p50 = report.given, report.resolution, report.latency.p50_ms
    step = resolution.coarsest_us / 1000 if resolution else 0.0
    if p50 is not None and (given is None or given.used == "events") and p50 < step and step >= 1:
        unit = "seconds" if step >= 1000 else "milliseconds"
        rows.append(Fact("coarse clock", ((f"whole {unit}: a p50 of 0 ms means under {duration(step)}", "warn"),)))
    if given is not None:
        said = f"told by {given.count:,} responses, {'' if given.used == 'given' else 'not '}used"
        if given.difference_p99_ms is not None:
            far = duration(given.difference_p50_ms), duration(given.difference_p99_ms)
            said += f"; p50 {far[0]}, p99 {far[1]} from the events"
        rows.append(Fact("durations", ((said, "ink"),)))
    return rows


TABLES: dict[str, Callable[[RunReport], Facts | None]] = {
    "percentiles": _percentiles,
    "worst": _worst,
    "orphans": _orphans,
    "malformed": _malformed,
    "extremes": _extremes,
    "endpoints": _failing_endpoints,
    "ips": _failing_ips,
    "methods": _methods,
    "agents": _agents,
    "missing": _missing,
    "reading": _reading,
}
