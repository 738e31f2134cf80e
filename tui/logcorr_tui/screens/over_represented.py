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
from logcorr.query.over_represented import Contrast, Standout
from logcorr.query.what_differs import Differs
from logcorr.runs import views
from logcorr.text.quantities import short
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.session import Session, WithSession
from logcorr_tui.widgets.charts.over_represented_list import ListContent, OverRepresentedList
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.work.view_rows import failure_text

Schema = dict[str, pl.DataType]

_STACKED = 60
_NARROW = 100
_LEGEND = "█ share here  │ share of the rest  × how many times as much · surest first"


class OverRepresentedScreen(Screen[None]):
    """Compares the filtered rows of a view with all other exchanges. `label` names the filtered rows for people."""

    CSS_PATH = "over_represented.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,w", "back", "Back", id="differs.back", tooltip="Cancel what is under way and go back"),
    ]

    @dataclass
    class _Found(Message):
        told: Differs
        files: list[ListContent]
        left_out: list[str]

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

    @property
    def _session(self) -> Session:
        return cast("WithSession", self.app).session

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static("What differs", id="name")
            yield Static(plain(self._named()), id="label", markup=False)
            yield Static("", id="counts", markup=False)
        yield Static("", id="said", markup=False)
        with Horizontal(id="lists"):
            yield VerticalScroll(id="left", can_focus=False)
            yield VerticalScroll(id="right", can_focus=False)
        yield Static("", id="told", markup=False)
        yield Static("", id="legend", markup=False)
        yield FittingFooter()

    def on_mount(self) -> None:
        self._say("counting… esc cancels")
        run, cancel = self._session.run, self._cancel
        if run is None:
            self._say("No run is open yet.")
            return

        def count() -> None:
            try:
                schema = views.scan(run, self.view).collect_schema()
                terms = filter_language.parse(
                    self.expression, schema, filter_language.day_of(run.report), run.manifest.files
                )
                told = what_differs.differs(run, self.view, terms, cancel)
                given = what_differs.selecting_columns(self.view, terms)
                words = [_word(of, schema) for of in told.exchanges if of.column in given]
                self.post_message(self._Found(told, self._listings(told, dict(schema), given), words))
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self.post_message(self._Failed(failure_text(error, "run")))

        self.run_worker(count, thread=True, exit_on_error=False)

    def on_unmount(self) -> None:
        self._cancel.set()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _STACKED, "-stacked")
        self.set_class(event.size.width < _NARROW, "-narrow")

    # The thread posts messages, the handlers show them

    async def on_over_represented_screen__found(self, message: _Found) -> None:
        told = message.told
        counts = Text.assemble((f"{told.inside:,}", "bold"), f" of {short(told.inside + told.outside)} exchanges")
        self.query_one("#counts", Static).update(counts)
        left_out = _why_left_out(self.view, message.left_out)
        if not any(listing.contrast.rows for listing in message.files):
            self._say(" ".join([_why_nothing(told), *([left_out] if told.inside and told.outside else [])]))
            return
        self._say("")
        self.query_one("#legend", Static).update(
            Text(" · ".join(filter(None, [left_out, _LEGEND])), no_wrap=True, overflow="ellipsis")
        )
        left, right = self.query_one("#left"), self.query_one("#right")
        if left_out:
            place = right if "status" in message.left_out else left
            await place.mount(Static(plain(left_out), classes="left-out", markup=False))
        for listing in message.files:
            shown = OverRepresentedList(listing)
            shown.styles.max_height = len(listing.contrast.rows) + 3
            shown.set_class(not listing.contrast.rows, "-empty")
            beside = listing.contrast.column == "status_code" or listing.contrast in told.lost
            await (right if beside else left).mount(shown)
        next(shown for shown in self.query(OverRepresentedList) if shown.rows).focus()

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

    def _listings(self, told: Differs, schema: Schema, given: set[str]) -> list[ListContent]:
        kept = [of for of in told.exchanges if of.column not in given]
        lists = [self._listing(of, self.view, self.expression, "", schema) for of in kept]
        kept = [of for of in told.lost if of.column not in given]
        lost = [self._listing(of, "orphans", told.lost_filter, "no response, ", schema) for of in kept]
        return [*lists, *lost]

    def _listing(self, contrast: Contrast, view: View, expression: str, mark: str, schema: Schema) -> ListContent:
        word = _word(contrast, schema)

        def drill(row: Standout) -> Drill:
            term = filter_language.equal(contrast.column, row.value, schema)
            return Drill(view, f"{expression} {term}".strip(), f"{mark}{self._label} {term}".strip())

        title = f"{word.capitalize()}s without a response" if mark else f"By {word}"
        return ListContent(title, word, contrast, drill)


def _word(contrast: Contrast, schema: Mapping[str, pl.DataType]) -> str:
    """The name of a column in the filter language: `status`, `user`."""
    return filter_language.equal(contrast.column, None, dict(schema)).partition("=")[0]


def _why_left_out(view: View, words: list[str]) -> str:
    """Which lists are left out, and why. Empty where no list is left out."""
    if not words:
        return ""
    by = "these are the failed exchanges" if view == "errors" and words == ["status"] else "the rows were chosen by it"
    return f"No list by {' or '.join(words)}: {by}."


def _why_nothing(told: Differs) -> str:
    if not told.inside:
        return "Nothing to compare: no exchange is selected."
    if not told.outside:
        return "Nothing to compare with: every exchange is selected. Narrow the rows first, with / in a table."
    return "Nothing stands out: whatever occurs in the selection is about as frequent in the rest."
