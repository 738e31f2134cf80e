"""All about one row: its fields, the lines of both logs as they stand there, all of its id, its user's others."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, cast

import polars as pl
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from logcorr import views
from logcorr.errors import Cancelled, LogcorrError
from logcorr.model import SIDES, Manifest, Side, View
from logcorr.paging import Row, ViewPages
from logcorr.store import RunFolder
from logcorr_tui.excerpt import Excerpt, Reader
from logcorr_tui.session import Session
from logcorr_tui.text import duration_text, instant_text, plain, safe, status_class
from logcorr_tui.widgets.window_table import cell_text

_MOST_ENTRIES = 40
_MOST_OTHERS = 12
_AROUND_US = 60_000_000
_LINE_LIMIT = 1000
_COLOURS = {"good": "$success", "moved": "$accent", "client": "$warning", "server": "$error", "odd": "$secondary"}
_SECTIONS = ("fields", "request", "response", "same", "user")
Value = Mapping[str, object]


class WithSession(Protocol):
    """What these screens need of their app."""

    session: Session


class DetailScreen(Screen[int | None]):
    """Row `number` (from 0) of pages; ends with the number of the row that was looked at last."""

    CSS_PATH = "detail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", id="detail.next", tooltip="The next row"),
        Binding("p", "step(-1)", "Previous", id="detail.previous", tooltip="The row before"),
        Binding("y", "copy", "Copy", id="detail.copy", tooltip="Copy all of this as text"),
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

    @dataclass
    class _Section(Message):
        generation: int
        name: str
        lines: list[Text]
        title: str

    def __init__(self, pages: ViewPages, number: int, total: int) -> None:
        super().__init__()
        self._pages, self._number, self._total = pages, number, total
        self._manifest: Manifest | None = None
        self._reader = Reader()
        self._reading = threading.Lock()
        self._cancel = threading.Event()
        self._generation = 0
        self._copied: dict[str, tuple[str, list[Text]]] = {}

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static("", id="where", markup=False)
            yield Static("", id="id", markup=False)
        with VerticalScroll(id="body"):
            for name in _SECTIONS:
                yield Static("", id=name, classes="section", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self._load()

    def on_unmount(self) -> None:
        self._cancel.set()

    # Loading: one thread a row, a message for each section

    def _load(self) -> None:
        self._cancel.set()
        cancel = self._cancel = threading.Event()
        self._generation += 1
        generation, number, pages = self._generation, self._number, self._pages
        where = f"{self._pages.view.capitalize()} · row {number + 1:,} of {self._total:,}"
        self.query_one("#where", Static).update(plain(where))
        colours = {name: self.app.theme_variables.get(key[1:], "") for name, key in _COLOURS.items()}

        def tell(name: str, title: str, lines: list[Text]) -> None:
            if not cancel.is_set():
                self.post_message(self._Section(generation, name, lines, title))

        def load() -> None:
            with self._reading:
                if cancel.is_set():
                    return
                try:
                    rows = pages.page(number, 1)
                    row = _named(pages, rows[0]) if rows else None
                    self.post_message(self._Found(generation, row))
                    if row is not None:
                        self._tell_all(row, tell, colours, cancel)
                except Cancelled:
                    return
                except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                    said = str(error) if isinstance(error, LogcorrError) else f"This row cannot be read: {error}"
                    tell("fields", "Fields", [plain(said, limit=1000)])

        self.run_worker(load, thread=True, exit_on_error=False)

    def _tell_all(
        self,
        row: Value,
        tell: Callable[[str, str, list[Text]], None],
        colours: Mapping[str, str],
        cancel: threading.Event,
    ) -> None:
        """Called in a thread: tells each section as soon as it is known."""
        run = self._pages.run
        manifest = self._manifest = self._manifest or run.manifest
        tell("fields", "Fields", _fields(self._pages, row, colours))
        places = _places(row)
        for side in SIDES:
            if side in places:
                index, line = places[side]
                excerpt = self._reader.read(side, manifest.inputs[side][index], line, cancel)
                name = safe(manifest.files[side][index], 60)
                tell(side, f"{side.capitalize()} log · {name}:{line:,}", _excerpt_lines(excerpt, line))
            else:
                tell(side, f"{side.capitalize()} log", [])
        identity = row.get("request_id")
        entries = _same_id(run, identity, colours) if isinstance(identity, str) else []
        tell("same", f"All entries of {safe(str(identity), 60)}", entries)
        user, instant = row.get("user_id"), row.get("request_time", row.get("time"))
        if cancel.is_set():
            return
        if isinstance(user, str):
            others = _same_user(run, user, instant if isinstance(instant, int) else None, identity, colours)
            tell("user", f"Exchanges of {safe(user, 40)} around then", others)
        else:
            tell("user", "User", [])

    def on_detail_screen__found(self, message: _Found) -> None:
        if message.generation != self._generation:
            return
        self._copied = {}
        row = message.row or {}
        head = row.get("request_id") or row.get("user_id") or row.get("text")
        self.query_one("#id", Static).update(plain(head if isinstance(head, str) else None, limit=120))
        for name in _SECTIONS:
            self.query_one(f"#{name}").display = False

    def on_detail_screen__section(self, message: _Section) -> None:
        if message.generation != self._generation:
            return
        section = self.query_one(f"#{message.name}", Static)
        section.display = bool(message.lines)
        section.border_title = Text(message.title)
        section.update(Text("\n").join(message.lines))
        if message.lines:
            self._copied[message.name] = (message.title, message.lines)

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
        self.app.copy_to_clipboard("\n\n".join(parts) + "\n")
        self.notify("Copied.", timeout=2)

    def action_back(self) -> None:
        self._cancel.set()
        self.dismiss(self._number)


def _named(pages: ViewPages, row: Row) -> dict[str, object]:
    return {column.name: value for column, value in zip(pages.columns, row, strict=True)}


def _fields(pages: ViewPages, row: Value, colours: Mapping[str, str]) -> list[Text]:
    side = row.get("side")
    wide = max(len(column.title) for column in pages.columns)
    lines = []
    for column in pages.columns:
        value = row[column.name]
        line = Text(f"{safe(column.title, 30):<{wide}}  ", style="dim")
        shown = cell_text(column, value, pages.files, side if isinstance(side, str) else None)
        if isinstance(value, str):
            shown = safe(value, _LINE_LIMIT)
        if column.kind == "duration" and isinstance(value, int):
            shown += f"  ({value:,} us)"
        style = "not dim bold"
        if column.kind == "status" and isinstance(value, int):
            style += f" {colours[status_class(value)]}"
        line.append(shown, style=style)
        lines.append(line)
    return lines


def _places(row: Value) -> dict[Side, tuple[int, int]]:
    """Where the row's entries stand: file number and line, by side."""
    found: dict[Side, tuple[int, int]] = {}
    for side in SIDES:
        file, line = row.get(f"{side}_file"), row.get(f"{side}_line")
        if row.get("side") == side:
            file, line = row.get("file"), row.get("line")
        if isinstance(file, int) and isinstance(line, int):
            found[side] = (file, line)
    return found


def _excerpt_lines(excerpt: Excerpt, line: int) -> list[Text]:
    lines = [plain(f"! {excerpt.note}", "bold italic", limit=300)] if excerpt.note else []
    for number, text in excerpt.lines:
        here = number == line
        shown = Text(f"{'▶' if here else ' '} {number:>9,} ", style="bold" if here else "dim")
        shown.append(safe(text, _LINE_LIMIT), style="bold" if here else "dim")
        lines.append(shown)
    return lines


def _same_id(run: RunFolder, identity: str, colours: Mapping[str, str]) -> list[Text]:
    """Every exchange, orphan and repeated entry of an id, in the order of time."""
    found: list[tuple[int, Text]] = []
    kinds: tuple[View, ...] = ("exchanges", "orphans", "duplicates")
    for view in kinds:
        rows = _micros(views.scan(run, view).filter(pl.col("request_id") == identity).head(_MOST_ENTRIES))
        for row in rows:
            instant = row.get("request_time", row.get("time"))
            text = _exchange(row, colours) if view == "exchanges" else _entry(row)
            found.append((instant if isinstance(instant, int) else 0, text))
    found.sort(key=lambda pair: pair[0])
    return [text for _, text in found[:_MOST_ENTRIES]]


def _same_user(
    run: RunFolder, user: str, instant: int | None, identity: object, colours: Mapping[str, str]
) -> list[Text]:
    """Other exchanges of a user, the nearest in time to an instant; all of the time where there is none."""
    rows = views.scan(run, "exchanges").filter(pl.col("user_id") == user)
    if isinstance(identity, str):
        rows = rows.filter(pl.col("request_id") != identity)
    if instant is not None:
        distance = (pl.col("request_time").cast(pl.Int64) - instant).abs()
        rows = rows.filter(distance <= _AROUND_US).bottom_k(_MOST_OTHERS, by=distance)
    else:
        rows = rows.head(_MOST_OTHERS)
    return [_exchange(row, colours) for row in _micros(rows.sort("request_time"))]


def _micros(rows: pl.LazyFrame) -> list[dict[str, object]]:
    instants = [name for name, dtype in rows.collect_schema().items() if isinstance(dtype, pl.Datetime)]
    frame = rows.with_columns(pl.col(instants).cast(pl.Int64)).collect(engine="streaming")
    return frame.to_dicts()


def _exchange(row: Value, colours: Mapping[str, str]) -> Text:
    status = cast("int", row["status_code"])
    text = Text(instant_text(cast("int", row["request_time"])), style="")
    text.append("  exchange    ", style="dim")
    text.append(f"{status:>3}", style=f"bold {colours[status_class(status)]}")
    text.append(f"  {duration_text(cast('int', row['duration_us'])):>8}  ")
    text.append(f"{safe(cast('str', row['request_id']), 60)}  ")
    text.append(safe(cast("str | None", row["user_id"]), 40), style="dim")
    return text


def _entry(row: Value) -> Text:
    what = row.get("reason") or row.get("kind")
    text = Text(instant_text(cast("int", row["time"])), style="")
    text.append(f"  {safe(str(row['side'])):<10}  ", style="dim")
    text.append(safe(str(what)), style="bold")
    value = row["user_id"] if row["side"] == "request" else row["status_code"]
    text.append(f"  {safe(None if value is None else str(value), 40)}  line {row['line']:,}", style="dim")
    return text
