"""The tables of a comparison, for the command and for the app: figures, latency, statuses, groups.

A sign and a word tell what a change means; colours only repeat it. All text of a log goes through `safe`.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
from rich.table import Table
from rich.text import Text

from logcorr.model.diff import Diff, Figure, GroupChange, Groups, Verdict
from logcorr.model.status import NO_STATUS, code_of, phrase
from logcorr.query.compare.figures import MEASURES, POPULATIONS
from logcorr.render import summary_tables
from logcorr.text.quantities import duration, short
from logcorr.text.safe import safe

_WIDE, _WIDE_LATENCY = 110, 118
_SIGNS = {"worse": "▲", "better": "▼", "more": "▲", "less": "▼", "same": "=", "new": "▲", "gone": "▼"}
_TIMES = 3.0
_LONG = 10**7
_NAMES = {"p999": "p99.9", NO_STATUS: "no status"}
ColumnSpec = tuple[str, Literal["left", "right", "fill"]]
_FIGURE: tuple[ColumnSpec, ...] = (
    *(("", "fill"), ("A", "right"), ("B", "right")),
    *(("change", "right"), ("by", "right"), ("", "left")),
)


class Inks(msgspec.Struct, frozen=True):
    """The colours of worse, better and other changes, of warnings, and of secondary text."""

    bad: str = summary_tables.RED
    good: str = summary_tables.GREEN
    other: str = summary_tables.CYAN
    warn: str = summary_tables.AMBER
    dim: str = summary_tables.DIM

    def of(self, verdict: Verdict) -> str:
        """The colour of a verdict."""
        known = {"worse": self.bad, "better": self.good, "same": self.dim}
        return known.get(verdict, self.other)


def figures(diff: Diff, inks: Inks) -> Table:
    """Requests, lines and rates.

    Rates by reason stand below the whole rate: of orphans where they occur, others only where they changed.
    """
    table = _table(inks, *_FIGURE)
    for figure in diff.figures:
        whole, _, reason = figure.name.partition(".")
        shown = figure.a or figure.b if whole == "orphan_rate" else figure.verdict != "same"
        if figure.unit != "ms" and (not reason or shown):
            _add_figure(table, figure, figure_name(figure.name), inks)
    return table


def latency(diff: Diff, width: int, inks: Inks) -> Table:
    """Percentiles of all, of successful and of failed exchanges: side by side where there is room."""
    by_name = {figure.name: figure for figure in diff.figures}
    named = {p: {m: by_name.get(m if p == "all" else f"{p}.{m}") for m in MEASURES} for p in POPULATIONS}
    if width < _WIDE_LATENCY:
        table = _table(inks, *_FIGURE)
        for population, measures in named.items():
            if any(measures.values()):
                table.add_row(Text(population, "bold"))
            for measure, figure in measures.items():
                if figure is not None:
                    _add_figure(table, figure, "  " + figure_name(measure), inks)
        return table
    columns: list[ColumnSpec] = [("", "fill")]
    for population in POPULATIONS:
        columns += [(f"{population} A", "right"), ("B", "right"), ("by", "right"), ("", "left")]
    table = _table(inks, *columns)
    for measure in MEASURES:
        cells = [Text(figure_name(measure), inks.dim)]
        for population in POPULATIONS:
            figure = named[population][measure]
            if figure is None:
                cells += [Text("–", inks.dim), Text("–", inks.dim), Text(), Text()]
                continue
            ink = inks.of(figure.verdict)
            cells += [Text(duration(figure.a)), Text(duration(figure.b), "bold"), Text(by(figure), ink)]
            cells.append(_verdict(figure.verdict, inks))
        table.add_row(*cells)
    return table


def statuses(diff: Diff, width: int, inks: Inks) -> Table:
    """A row for each status code, with its share of all exchanges."""
    wide = width >= _WIDE
    counts: list[ColumnSpec] = [("count A", "right"), ("count B", "right")] if wide else []
    shares: list[ColumnSpec] = [("share A", "right"), ("share B", "right"), ("change", "right"), ("", "left")]
    table = _table(inks, ("code", "left"), ("", "fill"), *counts, *shares)
    for row in diff.statuses:
        ink = inks.of(row.verdict)
        cells = [Text(row.code, "bold"), Text(phrase(code_of(row.code), short=False), inks.dim)]
        if wide:
            cells += [Text(short(row.a)), Text(short(row.b))]
        cells += [Text(share(row.share_a)), Text(share(row.share_b), "bold")]
        change = "" if row.change_points is None else points(row.change_points / 100)
        table.add_row(*cells, Text(change, ink), _verdict(row.verdict, inks))
    return table


def failing(groups: Groups, width: int, inks: Inks) -> Table:
    """Groups by failures: the share of requests that failed, and how many more failed than at the rate of A."""
    wide = width >= _WIDE
    tails: list[ColumnSpec] = [("p99 A", "right"), ("p99 B", "right")] if wide else []
    names: list[ColumnSpec] = [(group_name(groups), "fill"), ("req A", "right"), ("req B", "right")]
    table = _table(inks, *names, ("fail A", "right"), ("fail B", "right"), ("extra", "right"), *tails, ("", "left"))
    for row in groups.rows:
        cells = [_name(row, inks), Text(short(row.requests_a)), Text(short(row.requests_b))]
        cells += [Text(share(row.failure_rate_a)), Text(share(row.failure_rate_b), "bold")]
        extra = "–" if row.extra_failures is None else signed(row.extra_failures, lambda n: short(round(n)))
        cells.append(Text(extra, inks.of(row.verdict)))
        if wide:
            cells += [Text(duration(row.p99_a_ms)), Text(duration(row.p99_b_ms))]
        table.add_row(*cells, _verdict(row.verdict, inks))
    return table


def slowing(groups: Groups, width: int, inks: Inks) -> Table:
    """Groups by latency: percentiles, and how much more time the requests of B took than at the pace of A."""
    kinds = ("p50", "p95", "p99") if width >= _WIDE else ("p50", "p99")
    columns: list[ColumnSpec] = [(f"{kind} {side}", "right") for kind in kinds for side in "AB"]
    table = _table(inks, (group_name(groups), "fill"), ("req B", "right"), *columns, ("extra", "right"), ("", "left"))
    for row in groups.by_latency:
        verdict = row.latency_verdict or "same"
        cells = [_name(row, inks), Text(short(row.requests_b))]
        for kind in kinds:
            a, b = getattr(row, f"{kind}_a_ms"), getattr(row, f"{kind}_b_ms")
            cells += [Text(duration(a)), Text(duration(b), "bold")]
        extra = "–" if row.extra_ms is None else signed(row.extra_ms, duration)
        table.add_row(*cells, Text(extra, inks.of(verdict)), _verdict(verdict, inks))
    return table


def group_name(groups: Groups) -> str:
    """What a group is: `user`, `endpoint`, or another attribute."""
    return safe(groups.key.removesuffix("_id").replace("_", " "), 40)


def figure_name(name: str) -> str:
    """The name of a figure for people. A figure by reason or population stands below the whole one, so it is short."""
    whole, _, part = name.rpartition(".")
    if part.startswith("error_rate_"):
        return "  " + part.removeprefix("error_rate_")
    plain = _NAMES.get(part) or part.replace("_", " ")
    return f"  {plain}" if whole else plain


def full_name(name: str) -> str:
    """The name of a figure that stands alone: `failure p99`, `orphan rate, lost`, `5xx rate`."""
    whole, _, part = name.rpartition(".")
    if part.startswith("error_rate_"):
        return part.removeprefix("error_rate_") + " rate"
    own = figure_name(part)
    return own if not whole else f"{whole} {own}" if whole in POPULATIONS else f"{figure_name(whole)}, {own}"


def value(figure: Figure, number: float | None) -> str:
    """A figure of A or B as text, in its unit."""
    if number is None:
        return "–"
    show: dict[str, Callable[[float], str]] = {"ms": duration, "share": share, "count": count}
    return show[figure.unit](number)


def by(figure: Figure) -> str:
    """How much a figure grew: `+53 %`, and from three times on `×4.3`."""
    if figure.ratio is None:
        return ""
    if figure.ratio >= _TIMES:
        return f"×{short(figure.ratio)}"
    grown = 100 * (figure.ratio - 1)
    return "0 %" if abs(grown) < 0.05 else f"{grown:+.0f} %" if abs(grown) >= 10 else f"{grown:+.1f} %"


def share(number: float | None) -> str:
    """A share in percent. A share above 0 is never written as 0."""
    if number is None:
        return "–"
    return "0 %" if not number else "<0.01 %" if number < 0.0001 else f"{100 * number:.2f} %"


def points(change: float) -> str:
    """A change of a share, in percentage points."""
    size = abs(100 * change)
    return f"{100 * change:+.2f} pp" if size >= 0.01 else f"{100 * change:+.4f} pp" if size >= 0.0001 else "0 pp"


def count(number: float) -> str:
    """A count, in full where it is not too long."""
    return f"{number:,.0f}" if abs(number) < _LONG else short(number)


def signed(number: float, show: Callable[[float], str]) -> str:
    """A number with its sign, plus included."""
    text = show(abs(number))
    return text if not number or text == "0" else ("+" if number > 0 else "-") + text


def _add_figure(table: Table, figure: Figure, name: str, inks: Inks) -> None:
    ink = inks.of(figure.verdict)
    change = ""
    if figure.change is not None:
        change = points(figure.change) if figure.unit == "share" else signed(figure.change, duration)
        change = signed(figure.change, count) if figure.unit == "count" else change
    cells = [Text(name), Text(value(figure, figure.a)), Text(value(figure, figure.b), "bold")]
    table.add_row(*cells, Text(change, ink), Text(by(figure), ink), _verdict(figure.verdict, inks))


def _name(row: GroupChange, inks: Inks) -> Text:
    return Text(safe(row.name, 80), inks.dim if row.name is None else "")


def _verdict(verdict: Verdict, inks: Inks) -> Text:
    return Text(f"{_SIGNS[verdict]} {verdict}", inks.of(verdict))


def _table(inks: Inks, *columns: ColumnSpec) -> Table:
    """A table without lines, as wide as its panel. A column that fills takes the width that other columns leave."""
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, header_style=inks.dim)
    for name, kind in columns:
        table.add_column(
            Text(name),
            justify="right" if kind == "right" else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if kind == "fill" else None,
        )
    return table
