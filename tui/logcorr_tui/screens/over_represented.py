"""The What differs screen: users, other attributes and status codes that are over-represented in a selection."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import polars as pl
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from logcorr.model.errors import Cancelled
from logcorr.model.options import View
from logcorr.query import filter_language, what_differs
from logcorr.query.differing_orphans import differing_orphans
from logcorr.query.over_represented import Contrast, Standout
from logcorr.query.selection_figures import SelectionFigures, selection_figures
from logcorr.query.what_differs import Differs
from logcorr.runs import views
from logcorr.text.quantities import short
from logcorr_tui.look import palette
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.session import Session, WithSession
from logcorr_tui.widgets.charts.over_represented_list import ListContent, OverRepresentedList
from logcorr_tui.widgets.charts.selection_summary import latency_line, time_line
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.work.view_rows import failure_text

Schema = dict[str, pl.DataType]

_NARROW = 100
_SLIM = 60
# From this width on, two lists stand beside each other.
_BESIDE = 150
_LEAST_ROWS = 7
_LOW = 24
_WORDS = {"ip": "IP", "agent": "user agent"}
_LEGEND = (
    "█ share here  │ share of the rest  × how many times as often as in the rest",
    "Only what chance does not explain, the surest first.",
)


class OverRepresentedScreen(Screen[None]):
    """Compares the filtered rows of a view with all other exchanges. `label` names the filtered rows for people."""

    CSS_PATH = "over_represented.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="differs.back", tooltip="Cancel what is under way and go back"),
    ]

    @dataclass
    class _Found(Message):
        told: Differs
        files: list[ListContent]
        left_out: list[str]
        figures: SelectionFigures

    @dataclass
    class _Failed(Message):
        said: str

    def __init__(self, view: View, expression: str, label: str = "") -> None:
        super().__init__()
        # An export from this screen writes the compared rows.
        self.view: View = view
        self.expression = expression.strip()
        self._label = label.strip() or self.expression
        self._cancel = threading.Event()
        self._figures: SelectionFigures | None = None
        self._notes: list[str] = []

    @property
    def _session(self) -> Session:
        return cast("WithSession", self.app).session

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static("What differs", id="name")
            yield Static(plain(self._named()), id="label", markup=False)
            yield Static("", id="counts", markup=False)
        yield Static("", id="said", markup=False)
        yield Static("", id="latency", markup=False)
        yield Static("", id="when", markup=False)
        yield VerticalScroll(id="lists", can_focus=False)
        yield Static("", id="told", markup=False)
        yield Static("", id="legend", markup=False)
        yield FittingFooter()

    def on_mount(self) -> None:
        self._say("counting… esc cancels")
        run, cancel = self._session.run, self._cancel
        if run is None:
            self._say("No run is open yet.")
            return

        def check() -> None:
            if cancel.is_set():
                raise Cancelled("The comparison was cancelled.")

        def count() -> None:
            try:
                schema = views.scan(run, self.view).collect_schema()
                terms = filter_language.parse(
                    self.expression, schema, filter_language.day_of(run.report), run.manifest.files
                )
                if self.view == "orphans":
                    told = differing_orphans(run, terms, cancel)
                else:
                    told = what_differs.differs(run, self.view, terms, cancel)
                given = what_differs.selecting_columns(self.view, terms)
                words = [_word(of, schema) for of in (*told.exchanges, *told.lost) if of.column in given]
                found = selection_figures(run, self.view, terms, run.report.timeline.points, check)
                listings = self._listings(told, dict(schema), given)
                self.post_message(self._Found(told, listings, list(dict.fromkeys(words)), found))
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self.post_message(self._Failed(failure_text(error, "run")))

        self.run_worker(count, thread=True, exit_on_error=False)

    def on_unmount(self) -> None:
        self._cancel.set()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _NARROW, "-narrow")
        self.set_class(event.size.width < _SLIM, "-slim")
        self._fit()

    # The thread posts messages, the handlers show them

    async def on_over_represented_screen__found(self, message: _Found) -> None:
        told, of_orphans = message.told, self.view == "orphans"
        noun = "request without a response" if of_orphans else "exchange"
        whole = f"{short(told.inside + told.outside)} {'requests' if of_orphans else 'exchanges'}"
        what = " without a response, of " if of_orphans else " of "
        self.query_one("#counts", Static).update(Text.assemble((f"{told.inside:,}", "bold"), what, whole))
        self._figures = message.figures
        left_out = _why_left_out(self.view, message.left_out)
        filled = [listing for listing in message.files if listing.contrast.rows]
        empty = [listing.word for listing in message.files if not listing.contrast.rows]
        if not filled:
            self._say(" ".join([_why_nothing(told, noun), *([left_out] if told.inside and told.outside else [])]))
            self._fit()
            return
        self._say("")
        nothing = f"Nothing stands out by {_listed(list(dict.fromkeys(empty)))}." if empty else ""
        self._notes = [note for note in (left_out, nothing) if note]
        filled.sort(key=lambda listing: -listing.contrast.rows[0].score)
        await self.query_one("#lists").mount(*map(OverRepresentedList, filled))
        self._fit()
        # The list whose first value is the surest.
        self.query(OverRepresentedList).first().focus()

    def _fit(self) -> None:
        """Shares the rows of the screen among the lists, and writes what is as wide as the screen."""
        width, colours, figures = self.size.width, palette.of(self.app), self._figures
        report = self._session.report
        lines = {"#latency": Text(""), "#when": Text("")}
        if figures is not None and report is not None:
            points = report.timeline.points
            lines["#latency"] = latency_line(figures.inside, figures.outside, width, colours)
            lines["#when"] = time_line(figures.over_time, points, width, colours)
        for name, line in lines.items():
            self.query_one(name, Static).update(line)
            self.query_one(name).display = bool(line)
        lists = list(self.query(OverRepresentedList))
        if not lists:
            return
        explained = _LEGEND if self.size.height >= _LOW else _LEGEND[:1]
        legend = Text("\n".join(filter(None, [" ".join(self._notes), *explained])))
        self.query_one("#legend", Static).update(legend)
        across = 2 if width >= _BESIDE and len(lists) > 1 else 1
        rows = [max(len(one.rows) for one in lists[k : k + across]) + 3 for k in range(0, len(lists), across)]
        grid = self.query_one("#lists")
        grid.styles.grid_size_columns = across
        grid.styles.grid_rows = " ".join(map(str, _shared(rows, self._room(lines, legend))))

    def _room(self, lines: Mapping[str, Text], legend: Text) -> int:
        """The rows of the screen that the lists can have."""
        told = 2 if self.size.width < _NARROW else 1
        wrapped = sum(-(-max(len(line), 1) // max(self.size.width - 2, 1)) for line in legend.plain.split("\n"))
        return self.size.height - 2 - told - wrapped - sum(bool(line) for line in lines.values())

    def on_over_represented_screen__failed(self, message: _Failed) -> None:
        self._say(message.said)

    def on_over_represented_list_moved(self) -> None:
        shown = self.focused
        if isinstance(shown, OverRepresentedList):
            self.query_one("#told", Static).update(Text(safe(shown.told, 400)))

    def action_back(self) -> None:
        """Cancels the count, and leaves the screen."""
        self._cancel.set()
        self.app.pop_screen()

    # Within

    def _named(self) -> str:
        whole = {"exchanges": "", "slow": "slow", "errors": "errors", "skewed": "skewed"}.get(self.view, "")
        return " · ".join(part for part in (whole, safe(self._label, 100)) if part) or "all exchanges"

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Static)
        said.update(plain(text, limit=1000))
        said.display = bool(text)
        self.query_one("#lists").display = not text
        self.query_one("#legend").display = not text

    def _listings(self, told: Differs, schema: Schema, given: set[str]) -> list[ListContent]:
        kept = [of for of in told.exchanges if of.column not in given]
        lists = [self._listing(of, self.view, self.expression, "", schema) for of in kept]
        kept = [of for of in told.lost if of.column not in given]
        mark = "" if self.view == "orphans" else "no response, "
        lost = [self._listing(of, "orphans", told.lost_filter, mark, schema) for of in kept]
        return [*lists, *lost]

    def _listing(self, contrast: Contrast, view: View, expression: str, mark: str, schema: Schema) -> ListContent:
        word = _word(contrast, schema)

        def drill(row: Standout) -> Drill:
            term = filter_language.equal(contrast.column, row.value, schema)
            return Drill(view, f"{expression} {term}".strip(), f"{mark}{self._label} {term}".strip(), whole=True)

        named = _WORDS.get(word, word)
        title = f"{named[0].upper()}{named[1:]}s without a response" if view == "orphans" else f"By {named}"
        return ListContent(title, word, contrast, drill)


def _shared(wanted: list[int], room: int) -> list[int]:
    """The rows of each list, at most what it wants. The first lists get more where there is no room for all."""
    heights = [min(rows, _LEAST_ROWS) for rows in wanted]
    spare = room - sum(heights)
    for number, rows in enumerate(wanted):
        more = min(max(spare, 0), rows - heights[number])
        heights[number] += more
        spare -= more
    return heights


def _word(contrast: Contrast, schema: Mapping[str, pl.DataType]) -> str:
    """The name of a column in the filter language: `status`, `user`."""
    return filter_language.equal(contrast.column, None, dict(schema)).partition("=")[0]


def _why_left_out(view: View, words: list[str]) -> str:
    """Which lists are left out, and why. Empty where no list is left out."""
    if not words:
        return ""
    by = "these are the failed exchanges" if view == "errors" and words == ["status"] else "the rows were chosen by it"
    return f"No list by {_listed(words)}: {by}."


def _listed(words: list[str]) -> str:
    """Words as a list: `user, method or status`."""
    named = [_WORDS.get(word, word) for word in words]
    return " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _why_nothing(told: Differs, noun: str) -> str:
    if not told.inside:
        return f"Nothing to compare: no {noun} is selected."
    if not told.outside:
        return "Nothing to compare with: every exchange is selected. Narrow the rows first, with / in a table."
    return "Nothing stands out: whatever occurs in the selection is about as frequent in the rest."
