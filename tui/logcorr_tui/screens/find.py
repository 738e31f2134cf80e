"""The Find screen: what happened to an id or a user, in all views at once. Enter opens the first row."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import Worker

from logcorr.model.errors import Cancelled
from logcorr.query import filter_language
from logcorr.query.table_columns import Row
from logcorr.text.quantities import short
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.screens.detail import COLOURS, DetailScreen
from logcorr_tui.state.found_rows import Link
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.navigation import title_of
from logcorr_tui.state.session import WithSession
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.link_list import LinkList
from logcorr_tui.work.find_rows import Found, find
from logcorr_tui.work.related_rows import found_line
from logcorr_tui.work.view_rows import failure_text

_LOOK_AFTER_S = 0.25
_LONGEST = 300
_HINT = "Type or paste an id, a user or a part of one. It is looked for in every view."
_KIND = {"exchanges": "exchange", "orphans": "orphan", "duplicates": "duplicate"}


class FindScreen(Screen[None]):
    """Looks for a text in exchanges, orphans, duplicates and malformed lines."""

    CSS_PATH = "find.tcss"
    AUTO_FOCUS = "#text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="find.back", tooltip="Back to where you came from"),
        Binding("down", "to_list", "To the rows", id="find.rows", tooltip="To the rows that were found"),
    ]

    @dataclass
    class _Found(Message):
        number: int
        text: str
        found: list[Found]
        complete: bool

    @dataclass
    class _Failed(Message):
        number: int
        said: str

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._given = " ".join(text.split())[:_LONGEST]
        self._number = 0
        self._cancel = threading.Event()
        # Enter was pressed before anything was found.
        self._wanted = False

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static("Find", id="name")
            yield Static("", id="counts", markup=False)
        yield Input(self._given, id="text", select_on_focus=False, max_length=_LONGEST, placeholder="an id or a user")
        yield Static(_HINT, id="said", markup=False)
        yield LinkList(id="found")
        yield FittingFooter()

    def on_mount(self) -> None:
        if self._given:
            self._look(self._given)

    def on_unmount(self) -> None:
        self._cancel.set()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        text = message.value.strip()
        if text != self._given or not self._number:
            self._given, self._wanted = text, False
            self.set_timer(_LOOK_AFTER_S, lambda: self._look(text) if text == self._given else None)

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        links = self.query_one(LinkList)
        first = next((link for link in links.links if link.rows), None)
        if first is not None and links.display:
            self._open(first)
        else:
            self._wanted = True

    def _look(self, text: str) -> None:
        """Looks for a text in a thread. What is looked for already is given up."""
        self._cancel.set()
        cancel = self._cancel = threading.Event()
        self._number += 1
        number, run = self._number, cast("WithSession", self.app).session.run
        self.query_one(LinkList).display = False
        if not text or run is None:
            self._say(_HINT if run is not None else "No run is open yet.")
            return
        self._say("looking…")

        def looking() -> None:
            found: list[Found] = []
            try:
                for one in find(run, text, cancel):
                    found.append(one)
                    self.post_message(self._Found(number, text, [*found], complete=False))
                self.post_message(self._Found(number, text, found, complete=True))
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self.post_message(self._Failed(number, failure_text(error, "run")))

        _: Worker[Any] = self.run_worker(looking, thread=True, exit_on_error=False)

    def on_find_screen__found(self, message: _Found) -> None:
        if message.number != self._number:
            return
        colours = {name: self.app.theme_variables.get(key[1:], "") for name, key in COLOURS.items()}
        links = [link for one in message.found for link in _links(one, message.text, colours)]
        counts = " · ".join(_count(one) for one in message.found)
        self.query_one("#counts", Static).update(plain(counts if message.complete else f"{counts} …"))
        if not links:
            if message.complete:
                self._say(
                    f"Nothing here has {safe(message.text, 60)!r}: no id, no user, and no line that was left out."
                )
            return
        shown = self.query_one(LinkList)
        shown.show("", links)
        shown.display = True
        self._say("⏎ opens the first row · ↓ to the others")
        if self._wanted and message.complete:
            self._wanted = False
            self._open(next(link for link in links if link.rows))

    def on_find_screen__failed(self, message: _Failed) -> None:
        if message.number == self._number:
            self._say(message.said)

    def on_link_list_followed(self, message: LinkList.Followed) -> None:
        self._open(message.link)

    def _open(self, link: Link) -> None:
        if link.drill is not None:
            self.post_message(link.drill)
        elif link.rows is not None:
            self.app.push_screen(DetailScreen(link.rows, link.number, len(link.rows.rows)))

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(plain(text, limit=400))

    def action_to_list(self) -> None:
        links = self.query_one(LinkList)
        if links.display and links.can_focus:
            links.focus()

    def action_back(self) -> None:
        """Gives up what is looked for, and leaves the screen."""
        self._cancel.set()
        self.app.pop_screen()


def _count(found: Found) -> str:
    """How many rows of a view were found: `1 orphan`, `12 exchanges`."""
    noun = title_of(found.rows.view).lower()
    return f"{short(found.total)} {_KIND.get(found.rows.view, noun) if found.total == 1 else noun}"


def _links(found: Found, text: str, colours: dict[str, str]) -> list[Link]:
    """A line for each row of a view, and one that leads to all of them where there are more."""
    rows = found.rows
    kind = _KIND.get(rows.view, rows.view)
    links = []
    for number, row in enumerate(rows.rows):
        values = _by_name(rows.columns, row)
        links.append(
            Link(Text(f"{kind:<11}", style="dim").append(found_line(rows.view, values, colours)), rows, number)
        )
    if found.total > len(rows.rows):
        drill = Drill(rows.view, filter_language.quoted(text), text, whole=True)
        more = f"{kind:<11}all {found.total:,} {title_of(rows.view).lower()} as a table"
        links.append(Link(Text(more), drill=drill))
    return links


def _by_name(columns: Sequence[Any], row: Row) -> dict[str, object]:
    return {column.name: value for column, value in zip(columns, row, strict=True)}
