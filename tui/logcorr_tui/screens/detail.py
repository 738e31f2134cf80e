"""The detail of one row: its fields, its raw lines, all entries of its id, other exchanges of its user. `y` copies."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from logcorr.model.errors import Cancelled
from logcorr.model.ledger import ONE_LOG
from logcorr.model.manifest import Manifest
from logcorr.query.table_columns import Row
from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.look.time_text import clocks
from logcorr_tui.screens import detail_sections
from logcorr_tui.screens.copy import CopyingScreen
from logcorr_tui.state.found_rows import Link, RowSource, plain_links
from logcorr_tui.state.navigation import title_of
from logcorr_tui.state.row_query import COUNTED_VIEWS
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.link_list import LinkList
from logcorr_tui.work import group_breakdown, related_rows
from logcorr_tui.work.copied_rows import row_record
from logcorr_tui.work.line_positions import line_positions
from logcorr_tui.work.raw_lines import RawLineReader
from logcorr_tui.work.related_rows import Value
from logcorr_tui.work.view_rows import failure_text, values_by_column

# The colours of classes of statuses, as variables of the theme.
COLOURS = {"good": "$success", "moved": "$accent", "client": "$warning", "server": "$error", "odd": "$secondary"}
# The title of a row is the first of these values that the row has.
_HEADS = ("request_id", "user_id", "endpoint", "ip", "text")
_LOGS = ("request", "response", "access", "log")
_LISTS = ("group", "same", "user")
_SECTIONS = ("fields", *_LOGS, *_LISTS)


class DetailScreen(CopyingScreen):
    """The row `number` (from 0) of pages. The result is the number of the row that was shown last."""

    CSS_PATH = "detail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", id="detail.next", tooltip="The next row"),
        Binding("p", "step(-1)", "Previous", id="detail.previous", tooltip="The row before"),
        Binding("tab", "app.focus_next", "Lists", id="detail.lists", tooltip="To the lists below, whose lines open"),
        Binding("y", "copy", "Copy", id="detail.copy", tooltip="Copy all of this as text"),
        Binding("Y", "copy_row", "Copy row", id="detail.copy_row", tooltip="Copy the row as JSON", show=False),
        Binding("ctrl+y", "copy_lines", "Copy lines", id="detail.copy_lines", tooltip="Copy the raw lines", show=False),
        Binding("j,down", "scroll(1)", "Down", id="detail.down", tooltip="Scroll down", show=False),
        Binding("k,up", "scroll(-1)", "Up", id="detail.up", tooltip="Scroll up", show=False),
        Binding("ctrl+d,pagedown", "scroll(15)", "Page down", id="detail.page_down", tooltip="Scroll on", show=False),
        Binding("ctrl+u,pageup", "scroll(-15)", "Page up", id="detail.page_up", tooltip="Scroll back", show=False),
        Binding("escape", "back", "Back", id="detail.back", tooltip="Back to the table"),
    ]

    @dataclass
    class _Found(Message):
        generation: int
        row: dict[str, object] | None
        values: Row | None

    @dataclass
    class _Section(Message):
        generation: int
        name: str
        lines: list[Link]
        title: str

    def __init__(self, pages: RowSource, number: int, total: int) -> None:
        super().__init__()
        self._pages, self._number, self._total = pages, number, total
        self._manifest: Manifest = pages.run.manifest
        self._reader = RawLineReader()
        self._reading = threading.Lock()
        self._cancel = threading.Event()
        self._generation = 0
        self._copied: dict[str, tuple[str, list[Text]]] = {}
        self._row: Value | None = None
        self._values: Row | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static("", id="where", markup=False)
            yield Static("", id="id", markup=False)
        with VerticalScroll(id="body"):
            for name in _SECTIONS:
                if name in _LISTS:
                    yield LinkList(id=name, classes="section")
                else:
                    yield Static("", id=name, classes="section", markup=False)
        yield FittingFooter()

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self._load()
        # Texts have the colours of the theme that they were made in.
        self.app.theme_changed_signal.subscribe(self, lambda _: self._load())

    def on_unmount(self) -> None:
        # Textual would keep this screen for good as a listener.
        self.app.theme_changed_signal.unsubscribe(self)
        self._cancel.set()

    # Loading: a thread for each row, which posts a message for each section

    def _load(self) -> None:
        self._cancel.set()
        cancel = self._cancel = threading.Event()
        self._generation += 1
        generation, number, pages = self._generation, self._number, self._pages
        where = f"{self._title()} · row {number + 1:,} of {self._total:,}"
        self.query_one("#where", Static).update(plain(where))
        colours = {name: self.app.theme_variables.get(key[1:], "") for name, key in COLOURS.items()}

        def tell(name: str, title: str, lines: list[Link]) -> None:
            if not cancel.is_set():
                self.post_message(self._Section(generation, name, lines, title))

        def load() -> None:
            with self._reading:
                if cancel.is_set():
                    return
                try:
                    rows = pages.page(number, 1)
                    row = values_by_column(pages, rows[0]) if rows else None
                    self.post_message(self._Found(generation, row, rows[0] if rows else None))
                    if row is not None:
                        self._tell_all(row, tell, colours, cancel)
                except Cancelled:
                    return
                except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                    said = failure_text(error, "row")
                    tell("fields", "Fields", plain_links([plain(said, limit=1000)]))

        self.run_worker(load, thread=True, exit_on_error=False)

    def _title(self) -> str:
        """The title of the view, or of what the rows were counted by."""
        by = getattr(self._pages, "counted_by", None)
        counted = next((view for view, column in COUNTED_VIEWS.items() if column == by), None)
        return title_of(counted or self._pages.view)

    def _tell_all(
        self,
        row: Value,
        tell: Callable[[str, str, list[Link]], None],
        colours: Mapping[str, str],
        cancel: threading.Event,
    ) -> None:
        """Tells each section as soon as it is known. Called in a thread."""
        run = self._pages.run
        manifest = self._manifest
        tell("fields", "Fields", plain_links(detail_sections.fields(self._pages, row, colours)))
        for side, (log, index, line) in line_positions(row, manifest.files).items():
            excerpt = self._reader.read(log, manifest.inputs[log][index], line, cancel)
            what = "Log" if side == ONE_LOG else side.capitalize() if log == ONE_LOG else f"{side.capitalize()} log"
            title = f"{what} · {safe(manifest.files[log][index], 60)}:{line:,}"
            tell(side, title, plain_links(detail_sections.raw_line_texts(excerpt, line)))
        group = group_breakdown.breakdown(run, self._pages.view, row, colours)
        if group is not None:
            tell("group", *group)
            return
        identity = row.get("request_id")
        if isinstance(identity, str):
            tell("same", f"All entries of {safe(identity, 60)}", related_rows.entries_of_id(run, identity, colours))
        owner = related_rows.owner(row)
        if owner is not None and not cancel.is_set():
            tell(
                "user",
                f"Exchanges of {safe(owner[1], 40)}{' around then' if _has_instant(row) else ''}",
                related_rows.exchanges_of_owner(run, row, *owner, colours),
            )

    def on_detail_screen__found(self, message: _Found) -> None:
        if message.generation != self._generation:
            return
        self._copied = {}
        row = message.row or {}
        head = next((row[name] for name in _HEADS if row.get(name)), None)
        if "window_start" in row:
            head = clocks(*group_breakdown.window_span(self._manifest, row))
        self.query_one("#id", Static).update(plain(head if isinstance(head, str) else None, limit=120))
        if message.row != self._row:
            for name in _SECTIONS:
                self.query_one(f"#{name}").display = False
        self._row, self._values = message.row, message.values

    def on_detail_screen__section(self, message: _Section) -> None:
        if message.generation != self._generation:
            return
        lines = [link.text for link in message.lines]
        if message.name in _LISTS:
            links = self.query_one(f"#{message.name}", LinkList)
            links.show(message.title, message.lines)
            links.display = bool(lines)
        else:
            section = self.query_one(f"#{message.name}", Static)
            section.display = bool(lines)
            section.border_title = Text(message.title)
            raw = message.name in _LOGS
            section.update(detail_sections.raw_line_table(lines) if raw else Text("\n").join(lines))
        if lines:
            self._copied[message.name] = (message.title, lines)

    def on_link_list_followed(self, message: LinkList.Followed) -> None:
        """Opens the row that a line leads to, or shows its rows."""
        link = message.link
        if link.drill is not None:
            self.post_message(link.drill)
        elif link.rows is not None:
            self.app.push_screen(DetailScreen(link.rows, link.number, len(link.rows.rows)))

    # Keys

    def action_step(self, by: int) -> None:
        number = max(0, min(self._number + by, self._total - 1))
        if number == self._number:
            self.notify("This is the last row." if by > 0 else "This is the first row.", timeout=2)
            return
        self._number = number
        self._load()

    def action_scroll(self, by: int) -> None:
        self.query_one("#body").scroll_relative(y=by, animate=False)

    def action_copy(self) -> None:
        parts = []
        for name in _SECTIONS:
            if name in self._copied:
                title, lines = self._copied[name]
                parts.append("\n".join([f"# {title}", *(line.plain for line in lines)]))
        self.copy_text("\n\n".join(parts) + "\n", "all of this")

    def action_copy_row(self) -> None:
        if self._values is not None:
            record = row_record(self._pages, self._values)
            self.copy_text(json.dumps(record, ensure_ascii=False), "the row")

    def action_copy_lines(self) -> None:
        """Copies the raw lines of the row, without their neighbours."""
        marked = [line.plain for name in _LOGS for line in self._copied.get(name, ("", []))[1]]
        lines = [line[detail_sections.NUMBER_CELLS :] for line in marked if line.startswith("▶")]
        if lines:
            self.copy_text("\n".join(lines), "the raw line" if len(lines) == 1 else f"{len(lines)} raw lines")

    def action_back(self) -> None:
        self._cancel.set()
        self.dismiss(self._number)


def _has_instant(row: Value) -> bool:
    return isinstance(row.get("request_time", row.get("time")), int)
