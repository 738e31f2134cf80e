"""The tables of a comparison of two runs, as rows that lead to the exchanges or orphans behind them in A or B."""

from collections.abc import Iterator

from logcorr.model.diff import Diff, Figure, GroupChange, Groups, Verdict
from logcorr.model.status import NO_STATUS, code_of, phrase
from logcorr.query.compare.figures import MEASURES, POPULATIONS
from logcorr.render import diff_summary, diff_tables
from logcorr.text.quantities import duration, short
from logcorr.text.safe import safe
from logcorr_tui.look.time_text import bound
from logcorr_tui.widgets.charts.fact_rows import Cell, Fact, Facts, Target

_SIGNS = {"worse": "▲", "better": "▼", "more": "▲", "less": "▼", "same": "=", "new": "▲", "gone": "▼"}
_INKS = {"worse": "bad", "better": "good", "same": "dim"}
_POPULATION_FILTERS = {"all": "", "success": "status>=100 status<400", "failure": "status>=400"}
_SIDE_BY_SIDE = 110
# The names of attributes in the filter language, where they are not those of the columns.
_TERMS = {"user_id": "user", "user_agent": "agent"}


def tables(diff: Diff, width: int) -> list[tuple[str, Facts]]:
    """The tables that have rows, each with the name of its kind, for frames `width` cells wide."""
    found = [("figures", _figures(diff)), ("latency", _latency(diff, width)), ("statuses", _statuses(diff))]
    found += _groups(diff.groups, width, changed_only=False)
    for groups in diff.more:
        # Of further attributes only what changed is shown.
        found += _groups(groups, width, changed_only=True)
    return [(name, facts) for name, facts in found if facts.rows]


def _figures(diff: Diff) -> Facts:
    rows = []
    for figure in diff.figures:
        whole, _, reason = figure.name.partition(".")
        shown = figure.a or figure.b if whole == "orphan_rate" else figure.verdict != "same"
        if figure.unit != "ms" and (not reason or shown):
            rows.append(_figure(figure, diff_tables.figure_name(figure.name), _target(figure)))
    return Facts("Figures", "B against A", ("A", "B", "change", "by", ""), rows, (2, 3))


def _latency(diff: Diff, width: int) -> Facts:
    """Percentiles of all, of successful and of failed exchanges: side by side where there is room."""
    by_name = {figure.name: figure for figure in diff.figures}
    if width >= _SIDE_BY_SIDE:
        rows = [_measure(by_name, measure) for measure in MEASURES if measure in by_name]
        columns = tuple(name for population in POPULATIONS for name in (f"{population} A", "B", "by", ""))
        return Facts("Latency", "B against A", columns, rows)
    rows = []
    for population in POPULATIONS:
        for measure in MEASURES:
            figure = by_name.get(measure if population == "all" else f"{population}.{measure}")
            if figure is not None:
                name = diff_tables.figure_name(measure)
                rows.append(_figure(figure, f"{population} {name}", _slow(figure, population)))
    return Facts("Latency", "B against A", ("A", "B", "change", "by", ""), rows, (2, 3))


def _measure(by_name: dict[str, Figure], measure: str) -> Fact:
    """A percentile of each population, which leads to the exchanges of all that take at least as long."""
    cells: list[Cell] = []
    for population in POPULATIONS:
        figure = by_name.get(measure if population == "all" else f"{population}.{measure}")
        if figure is None:
            cells += [("–", "dim"), ("–", "dim"), ("", "dim"), ("", "dim")]
            continue
        a, b = diff_tables.value(figure, figure.a), diff_tables.value(figure, figure.b)
        cells += [(a, "ink"), (b, "ink"), (diff_tables.by(figure), _INKS.get(figure.verdict, "info"))]
        cells.append(_verdict(figure.verdict))
    return Fact(diff_tables.figure_name(measure), tuple(cells), _slow(by_name[measure], "all"))


def _figure(figure: Figure, name: str, target: Target | None) -> Fact:
    change = ""
    if figure.change is not None:
        show = {"share": diff_tables.points, "count": _signed_count, "ms": _signed_ms}
        change = show[figure.unit](figure.change)
    ink = _INKS.get(figure.verdict, "info")
    a, b = diff_tables.value(figure, figure.a), diff_tables.value(figure, figure.b)
    cells: tuple[Cell, ...] = ((a, "ink"), (b, "ink"), (change, ink), (diff_tables.by(figure), ink))
    return Fact(name, (*cells, _verdict(figure.verdict)), target)


def _target(figure: Figure) -> Target | None:
    """The rows that a count or a rate is of."""
    whole, _, reason = figure.name.partition(".")
    known: dict[str, Target] = {
        "requests": ("exchanges", "", "all exchanges"),
        "responses": ("exchanges", "", "all exchanges"),
        "pairs": ("exchanges", "", "all exchanges"),
        "suspicious_ips": ("ips", "suspicious=true", "suspicious"),
        "error_rate": ("errors", "", "all errors"),
        "error_rate_4xx": ("exchanges", "status>=400 status<500", "status 4xx"),
        "error_rate_5xx": ("exchanges", "status>=500 status<600", "status 5xx"),
        "orphan_rate": ("orphans", "", "all orphans"),
        "malformed_rate": ("malformed", "", "malformed"),
        "negative_rate": ("skewed", "", "skewed"),
    }
    if reason == NO_STATUS:
        return "exchanges", f"status={NO_STATUS}", "no status"
    found = known.get(whole)
    return (found[0], f"reason={reason}", f"{found[0]}: {reason.replace('_', ' ')}") if found and reason else found


def _slow(figure: Figure, population: str) -> Target | None:
    """The exchanges that take at least as long as the figure of B says."""
    if figure.b is None:
        return None
    label = f"{population}, at or above {duration(figure.b)}"
    return "exchanges", f"{_POPULATION_FILTERS[population]} duration>={bound(figure.b)}".strip(), label


def _statuses(diff: Diff) -> Facts:
    rows = []
    for row in diff.statuses:
        ink = _INKS.get(row.verdict, "info")
        change = "" if row.change_points is None else diff_tables.points(row.change_points / 100)
        cells: tuple[Cell, ...] = (
            *((short(row.a), "ink"), (short(row.b), "ink")),
            *((diff_tables.share(row.share_a), "ink"), (diff_tables.share(row.share_b), "ink")),
            *((change, ink), _verdict(row.verdict)),
        )
        name = f"{row.code} {phrase(code_of(row.code), short=False)}".strip()
        rows.append(Fact(name, cells, ("exchanges", f"status={row.code}", f"status {row.code}")))
    columns = ("count A", "count B", "share A", "share B", "change", "")
    return Facts("Status codes", "shares of all", columns, rows, (0, 1), "code")


def _groups(groups: Groups, width: int, *, changed_only: bool) -> Iterator[tuple[str, Facts]]:
    """The groups of one attribute by failures, and by latency."""
    name = f"{diff_tables.group_name(groups)}s".capitalize()
    kept = [row for row in groups.rows if row.verdict != "same" or not changed_only]
    title = f"{name} by failures"
    columns = ("req A", "req B", "fail A", "fail B", "more failed", "p99 A", "p99 B", "")
    note = diff_summary.note(groups, "failing", width - len(title) - 9)
    rows = [_group(groups, row, _failing(row)) for row in kept]
    yield "failing", Facts(title, note, columns, rows, (5, 6, 0, 1), diff_tables.group_name(groups))
    kept = [row for row in groups.by_latency if row.latency_verdict != "same" or not changed_only]
    title = f"{name} by latency"
    slow_columns = ("req B", "p50 A", "p50 B", "p95 A", "p95 B", "p99 A", "p99 B", "more time", "")
    note = diff_summary.note(groups, "slowing", width - len(title) - 9)
    rows = [_group(groups, row, _slowing(row)) for row in kept]
    yield "slowing", Facts(title, note, slow_columns, rows, (3, 4, 0, 5, 6), diff_tables.group_name(groups))


def _group(groups: Groups, row: GroupChange, cells: tuple[Cell, ...]) -> Fact:
    noun = diff_tables.group_name(groups)
    name = f"(no {noun})" if row.name is None else safe(row.name, 200)
    label = f"no {noun}" if row.name is None else f"{noun} {safe(row.name, 100)}"
    return Fact(name, cells, ("exchanges", "", label), (_TERMS.get(groups.key, groups.key), row.name or ""))


def _failing(row: GroupChange) -> tuple[Cell, ...]:
    extra = "–" if row.extra_failures is None else diff_tables.signed(row.extra_failures, lambda n: short(round(n)))
    return (
        *((short(row.requests_a), "ink"), (short(row.requests_b), "ink")),
        *((diff_tables.share(row.failure_rate_a), "ink"), (diff_tables.share(row.failure_rate_b), "ink")),
        (extra, _INKS.get(row.verdict, "info")),
        *((duration(row.p99_a_ms), "ink"), (duration(row.p99_b_ms), "ink")),
        _verdict(row.verdict),
    )


def _slowing(row: GroupChange) -> tuple[Cell, ...]:
    verdict = row.latency_verdict or "same"
    times = [(duration(getattr(row, f"{kind}_{side}_ms")), "ink") for kind in ("p50", "p95", "p99") for side in "ab"]
    extra = "–" if row.extra_ms is None else _signed_ms(row.extra_ms)
    return (short(row.requests_b), "ink"), *times, (extra, _INKS.get(verdict, "info")), _verdict(verdict)


def _signed_count(number: float) -> str:
    return diff_tables.signed(number, diff_tables.count)


def _signed_ms(number: float) -> str:
    return diff_tables.signed(number, duration)


def _verdict(verdict: Verdict) -> Cell:
    return f"{_SIGNS[verdict]} {verdict}", _INKS.get(verdict, "info")
