"""The head of a table: the view, the number of rows, the row of the cursor, the present work; or why it is empty."""

import re
from collections import Counter
from collections.abc import Collection

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from logcorr.model.access_report import RunReport
from logcorr.model.options import View
from logcorr.model.report import Report
from logcorr.query.filter_names import ALIASES
from logcorr.text import instants
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.state.navigation import title_of
from logcorr_tui.state.row_query import Counting
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.table.cells import words

ALIASES_BY_COLUMN = {columns[0]: name for name, columns in ALIASES.items()}

_NONE: dict[str, str] = {
    "exchanges": "No exchanges: nothing in one log has a partner in the other.",
    "slow": "Nothing is slower than the p99: there are too few exchanges, or they all took the same time.",
    "errors": "No errors: every exchange has a status from 100 to 399.",
    "orphans": "No orphans: every entry has its partner.",
    "malformed": "No malformed lines: every line could be read.",
    "duplicates": "No duplicates: no entry came again.",
    "redelivered": "Nothing was redelivered: no entry came again as it was.",
    "superseded": "Nothing is superseded: no id has more entries than were paired.",
    "skewed": "No clock skew: no response is earlier than its request.",
    "users": "No users: no request names one.",
    "other": "No other lines: the format speaks of every line.",
    "endpoints": "No endpoints: nothing is paired.",
    "ips": "No IPs: no exchange names one.",
    "windows": "No windows: no exchange has a time.",
}
_NONE_OF: dict[str, dict[str, str]] = {
    "access": {
        "exchanges": "No exchanges: no line could be read.",
        "slow": "Nothing is slower than the p99: there are too few exchanges, or the log tells no durations.",
        "skewed": "No exchange has a duration below zero.",
        "endpoints": "No endpoints: no line could be read.",
        "ips": "No IPs: no exchange names one.",
        "windows": "No windows: no line could be read.",
    }
}


# Malformed and other lines are beside each other: the key that shows the other view.
_BESIDE: dict[str, tuple[View, str]] = {"malformed": ("other", "0"), "other": ("malformed", "5")}


def beside(view: View, report: RunReport | None, views: Collection[str]) -> str:
    """The view beside a view, with the number of its rows and its key. Empty where there is none."""
    name, key = _BESIDE.get(view, ("", ""))
    if report is None or name not in views:
        return ""
    lines = report.inputs.lines
    return f"{key} {title_of(name)} {lines.other if name == 'other' else lines.all_malformed:,}"


def why_empty(view: View, kind: str, *, narrowed: bool) -> str:
    """Why a table of a run of this kind is empty."""
    if narrowed:
        return f"No rows: nothing in {title_of(view)} fits. x removes the last filter."
    return {**_NONE, **_NONE_OF.get(kind, {})}.get(view, f"No {view} rows.")


def reason_counts(view: View, report: RunReport | None) -> str:
    """The reasons of orphans or malformed lines with their counts, highest first. Empty for other views."""
    found: Counter[str] = Counter()
    if view == "orphans" and isinstance(report, Report):
        found.update(report.orphans.request)
        found.update(report.orphans.response)
    elif view == "malformed" and report is not None:
        found.update(report.inputs.lines.malformed)
    return " · ".join(f"{words(safe(reason))} {n:,}" for reason, n in sorted(found.items(), key=_most_first) if n)


def narrowing(report: RunReport | None) -> list[str]:
    """The names of the options that the run itself was narrowed by."""
    options = report.run.options if report is not None else {}
    return [name for name in ("since", "until", "where") if name in options]


def narrowing_chips(report: RunReport | None) -> list[str]:
    """The texts of what the run itself was narrowed to. To take one off, the logs are run again."""
    return [f"run: {name} {report.run.options[name]}" for name in narrowing(report)] if report is not None else []


def covered(report: RunReport | None) -> tuple[float, float] | None:
    """The time that the log covers, [start, end) in seconds since 1970. None where it tells no times."""
    return instants.span(report.timeline) if report is not None else None


def hint_of(view: View, report: RunReport | None) -> str:
    """What is told beside an empty row of chips: reasons with their counts, or that most endpoints are ids."""
    if view == "endpoints" and report is not None:
        names = [row.endpoint for row in report.endpoints if row.endpoint is not None]
        ids = sum(any(_ID.fullmatch(segment) for segment in name.split("/")) for name in names)
        return f"c joins ids: {ids:,} of {len(names):,} paths hold one" if ids * 2 > len(names) else ""
    return reason_counts(view, report)


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


_ID = re.compile(r"[0-9]+|[0-9a-fA-F-]*[0-9][0-9a-fA-F-]{7,}", re.ASCII)


class _Beside(Static):
    """The tab of the view beside this view. A click shows that view."""

    def __init__(self, text: str, view: View) -> None:
        super().__init__(text, id="beside", markup=False)
        self._to = _BESIDE.get(view, ("", ""))[0]
        self.display = bool(text)

    async def on_click(self) -> None:
        await self.run_action(f"app.show('{self._to}')")


class TableHead(Horizontal):
    """Orphans · 12 of 3,173 rows · row 1 · sorting…"""

    def __init__(self, view: View, counting: Counting | None = None, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._view, self._counting = view, counting

    def compose(self) -> ComposeResult:
        title, counting = title_of(self._view), self._counting
        if counting is not None:
            title += f" by {ALIASES_BY_COLUMN.get(counting.column, counting.column)}"
        yield Static(plain(title), id="view", markup=False)
        session = session_of(self)
        yield _Beside(beside(self._view, session.report, session.views), self._view)
        if counting is not None and (counting.label or counting.expression):
            yield Static(plain(counting.label or counting.expression, limit=60), id="counted", markup=False)
        yield Static("", id="counts", markup=False)
        yield Static("", id="state", markup=False)

    def count(self, shown: int | None, total: int | None, cursor: int, *, narrowed: bool) -> None:
        """Shows the number of shown rows and of all rows (None: not known yet), and the cursor (from 0)."""
        whole = "…" if total is None else f"{total:,}"
        noun = "value" if self._counting is not None else "row"
        rows = noun if total == 1 else f"{noun}s"
        counts = Text(no_wrap=True, overflow="ellipsis")
        if shown is not None and narrowed:
            counts.append(f"{shown:,}", style="bold").append(f" of {whole} {rows}")
        else:
            counts.append(whole, style="bold").append(f" {rows}")
        if shown:
            counts.append(f"  ·  row {cursor + 1:,}", style="dim")
        # This runs at every step of the cursor, so it runs without a layout.
        self.query_one("#counts", Static).update(counts, layout=False)

    def state(self, text: str) -> None:
        """Shows the work in progress. Empty for no work."""
        state = self.query_one("#state", Static)
        if str(state.content) != text:
            state.update(Text(text))
