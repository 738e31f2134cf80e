"""A view of the run as a table: filter chips, sorting, go-to, and the way on to one row's detail and to an export."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from logcorr import filters
from logcorr.differs import VIEWS as COMPARED
from logcorr.errors import Cancelled, LogcorrError, UsageError
from logcorr.model import View
from logcorr.paging import Column, Row, ViewPages
from logcorr_tui.messages import Compare, ExportView
from logcorr_tui.screens.detail import DetailScreen, WithSession
from logcorr_tui.session import Session
from logcorr_tui.text import plain, safe
from logcorr_tui.widgets.window_table import WindowTable

_FILTER_HELP = "status>=500 user=user-7 duration>1s time>12:15 · = != < <= > >= ~ · tab completes, enter filters"
_GO_HELP = "A row number, or a share such as 50%"


class FilterInput(Input):
    """The one-line prompt; tab completes where there is something to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", id="filter.complete", tooltip="Complete the word", show=False),
    ]

    class Complete(Message):
        """Tab was pressed."""

    def action_complete(self) -> None:
        self.post_message(self.Complete())


class Chips(Widget, can_focus=True):
    """What the rows are narrowed to: a chip each. The chosen one goes by `x`, backspace or a click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chips--chip", "chips--chosen", "chips--none"}
    DEFAULT_CSS = """
    Chips > .chips--chip { background: $primary 25%; color: $foreground; }
    Chips > .chips--chosen { background: $primary; color: $background; text-style: bold; }
    Chips > .chips--none { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "choose(-1)", "Chip before", id="chips.left", tooltip="The chip before", show=False),
        Binding("right,l", "choose(1)", "Next chip", id="chips.right", tooltip="The next chip", show=False),
        Binding("x,backspace,delete", "remove", "Remove", id="chips.remove", tooltip="Remove this chip", show=False),
    ]

    @dataclass
    class Removed(Message):
        """A chip is to go, by its number."""

        number: int

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[str] = []
        self._chosen = 0

    def show(self, labels: list[str]) -> None:
        self.labels, self._chosen = labels, max(0, min(self._chosen, len(labels) - 1))
        self.refresh()

    def render(self) -> Text:
        if not self.labels:
            return Text("all rows · / filters", style=self.get_component_rich_style("chips--none"))
        text = Text(no_wrap=True, overflow="ellipsis")
        for number, label in enumerate(self.labels):
            name = "chosen" if self.has_focus and number == self._chosen else "chip"
            text.append(f" {safe(label, 48)} × ", style=self.get_component_rich_style(f"chips--{name}"))
            text.append(" ")
        return text

    def on_click(self, event: events.Click) -> None:
        edge = self.styles.padding.left
        for number, label in enumerate(self.labels):
            wide = Text(f" {safe(label, 48)} × ").cell_len
            if edge <= event.x < edge + wide:
                self.post_message(self.Removed(number))
                return
            edge += wide + 1

    def action_choose(self, by: int) -> None:
        self._chosen = max(0, min(self._chosen + by, len(self.labels) - 1))
        self.refresh()

    def action_remove(self) -> None:
        if self.labels:
            self.post_message(self.Removed(self._chosen))


class SortPicker(ModalScreen[str | None]):
    """Which column to sort by; the one that is sorted by already turns round."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="sort.back", tooltip="Leave the order as it is"),
        Binding("j", "down", "Down", id="sort.down", tooltip="The next column", show=False),
        Binding("k", "up", "Up", id="sort.up", tooltip="The column before", show=False),
    ]

    def __init__(self, columns: tuple[Column, ...], present: tuple[str, bool] | None) -> None:
        super().__init__()
        self._columns, self._present = columns, present

    def compose(self) -> ComposeResult:
        options = [Option(Text("as stored"), id=":stored")]
        for column in self._columns:
            mark = ""
            if self._present and self._present[0] == column.name:
                mark = "  ▼ → ▲" if self._present[1] else "  ▲ → ▼"
            options.append(Option(plain(f"{column.title}{mark}"), id=column.name))
        picker = OptionList(*options, markup=False)
        picker.border_title = "Sort by"
        yield picker

    def on_mount(self) -> None:
        names = [column.name for column in self._columns]
        self.query_one(OptionList).highlighted = names.index(self._present[0]) + 1 if self._present else 1

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()


class TableScreen(Screen[None]):
    """One view as a table of any size. `expression` narrows it from the start, `label` is that chip's text."""

    CSS_PATH = "table.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="table.filter", tooltip="Narrow the rows"),
        Binding("s", "sort", "Sort", id="table.sort", tooltip="Sort by a column"),
        Binding("S", "turn", "Turn round", id="table.turn", tooltip="Turn the order round", show=False),
        Binding("colon", "go", "Go to", key_display=":", id="table.go", tooltip="Go to a row by its number"),
        Binding("x,backspace", "remove_last", "Unfilter", id="table.unfilter", tooltip="Remove the last chip"),
        Binding("e", "export", "Export", id="table.export", tooltip="Write these rows to a file"),
        Binding("w", "differs", "Differs", id="table.differs", tooltip="Who and what is over-represented here"),
        Binding("escape", "back", "Back", id="table.back", tooltip="Cancel what is under way, or go back"),
    ]

    @dataclass
    class _Opened(Message):
        pages: ViewPages

    @dataclass
    class _Known(Message):
        total: int

    @dataclass
    class _Preview(Message):
        generation: int
        pages: ViewPages
        rows: list[Row]

    @dataclass
    class _Ready(Message):
        generation: int
        pages: ViewPages
        total: int

    @dataclass
    class _Failed(Message):
        generation: int
        said: str

    def __init__(self, view: View, expression: str = "", label: str = "") -> None:
        super().__init__()
        self.view: View = view
        self._drilled, self._label = expression.strip(), label
        self._typed: list[str] = []
        self._sort: tuple[str, bool] | None = None
        self._shown: tuple[str, list[str], tuple[str, bool] | None] = (self._drilled, [], None)
        self._base: ViewPages | None = None
        self._pages: ViewPages | None = None
        self._view_total: int | None = None
        self._cancel = threading.Event()
        self._generation = 0
        self._working = False
        self._asking = ""
        self._spill: Path | None = None

    @property
    def expression(self) -> str:
        """What the rows are narrowed to, drilled and typed."""
        return " ".join(part for part in (self._drilled, *self._typed) if part)

    @property
    def _session(self) -> Session:
        return cast("WithSession", self.app).session

    def compose(self) -> ComposeResult:
        with Horizontal(id="title"):
            yield Static(plain(self.view.capitalize()), id="view", markup=False)
            yield Static("", id="counts", markup=False)
            yield Static("", id="state", markup=False)
        yield Chips()
        yield WindowTable(id="rows")
        yield Static("", id="nothing", markup=False)
        with Vertical(id="prompt"):
            with Horizontal():
                yield Static("", id="ask", markup=False)
                yield FilterInput(select_on_focus=False)
            yield Static("", id="hint", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        self._table.focus()
        self._titles()
        self._open()

    def on_unmount(self) -> None:
        self._cancel.set()
        if self._spill is not None:
            shutil.rmtree(self._spill, ignore_errors=True)

    @property
    def _table(self) -> WindowTable:
        return self.query_one(WindowTable)

    # The rows: workers tell, handlers own the state

    def _open(self) -> None:
        run = self._session.run
        if run is None:
            self._say("No run is open yet.")
            return
        self._spill = self._spill or Path(tempfile.mkdtemp(prefix="logcorr-view-"))
        spill, view, generation = self._spill, self.view, self._generation

        def opened() -> None:
            try:
                self.post_message(self._Opened(ViewPages(run, view, spill)))
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self.post_message(self._Failed(generation, _said(error)))

        self._work("opening", opened)

    def on_table_screen__opened(self, message: _Opened) -> None:
        base = self._base = message.pages

        def counted() -> None:
            self.post_message(self._Known(base.total))

        self.run_worker(counted, thread=True, exit_on_error=False)
        self._reload()

    def on_table_screen__known(self, message: _Known) -> None:
        self._view_total = message.total
        self._titles()

    def _reload(self) -> None:
        """Makes the rows anew for the present chips and order; what was under way is cancelled."""
        base = self._base
        if base is None:
            return
        self._cancel.set()
        cancel = self._cancel = threading.Event()
        self._generation += 1
        generation, run = self._generation, self._session
        try:
            day = filters.day_of(run.report) if run.report is not None else None
            terms = filters.parse(self.expression, base.schema, day, base.files)
        except UsageError as error:
            self._working = False
            self._say(str(error))
            return
        column, descending = self._sort or (None, False)

        def narrowed() -> None:
            def preview(rows: list[Row]) -> None:
                self.post_message(self._Preview(generation, base, rows))

            try:
                pages = base.narrowed(terms, column, descending, cancel, preview)
                self.post_message(self._Ready(generation, pages, pages.total))
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self.post_message(self._Failed(generation, _said(error)))

        self._work("sorting" if self._sort else "filtering" if terms else "opening", narrowed)

    def _work(self, what: str, work: Callable[[], None]) -> None:
        self._working = True
        self._titles()
        self.query_one("#state", Static).update(Text(f"{what}… esc cancels"))
        self.run_worker(work, thread=True, exit_on_error=False)

    def on_table_screen__preview(self, message: _Preview) -> None:
        if message.generation == self._generation:
            self._table.sorted_by = self._sort
            self._table.cursor = 0
            pages, rows = message.pages, message.rows
            self._table.show(None, pages.columns, len(rows), first=rows, files=pages.files)

    def on_table_screen__ready(self, message: _Ready) -> None:
        pages = message.pages
        if message.generation != self._generation:
            pages.close()
            return
        self._working = False
        before, self._pages = self._pages, pages
        self._shown = (self._drilled, list(self._typed), self._sort)
        self._table.sorted_by = self._sort
        self._table.show(pages, pages.columns, message.total, files=pages.files)
        if before is not None and before is not pages:
            before.close()
        self._say("" if message.total else f"No rows: nothing in {self.view} fits. x removes the last filter.")
        self._titles()

    def on_table_screen__failed(self, message: _Failed) -> None:
        if message.generation == self._generation:
            self._working = False
            self._say(message.said)
            self._titles()

    def on_window_table_broken(self, message: WindowTable.Broken) -> None:
        self.notify(safe(message.said, 400), severity="error", markup=False)

    def _say(self, text: str) -> None:
        nothing = self.query_one("#nothing", Static)
        nothing.update(plain(text, limit=1000))
        nothing.display = bool(text)

    def _titles(self) -> None:
        total = "…" if self._view_total is None else f"{self._view_total:,}"
        counts = Text(no_wrap=True, overflow="ellipsis")
        if self._pages is not None and (self._shown[0] or self._shown[1]):
            counts.append(f"{self._table.total:,}", style="bold")
            counts.append(f" of {total} rows")
        else:
            counts.append(total, style="bold")
            counts.append(" rows")
        if self._pages is not None and self._table.total:
            counts.append(f"  ·  row {self._table.cursor + 1:,}", style="dim")
        self.query_one("#counts", Static).update(counts)
        if not self._working:
            self.query_one("#state", Static).update("")
        drilled = [self._label or self._drilled] if self._drilled else []
        self.query_one(Chips).show([*drilled, *self._typed])

    def on_window_table_moved(self) -> None:
        self._titles()

    # Keys

    def on_window_table_chosen(self, message: WindowTable.Chosen) -> None:
        if self._pages is not None and not self._working:
            self.app.push_screen(DetailScreen(self._pages, message.number, self._table.total), self._returned)

    def _returned(self, number: int | None) -> None:
        if number is not None:
            self._table.move_to(number)

    def on_window_table_header_clicked(self, message: WindowTable.HeaderClicked) -> None:
        self._sort_by(message.name)

    def action_sort(self) -> None:
        if self._base is not None:
            self.app.push_screen(SortPicker(self._base.columns, self._sort), self._sort_by)

    def action_turn(self) -> None:
        if self._sort is not None:
            self._sort_by(self._sort[0])

    def _sort_by(self, name: str | None) -> None:
        if name is None or self._base is None:
            return
        if name == ":stored":
            self._sort = None
        elif self._sort and self._sort[0] == name:
            self._sort = (name, not self._sort[1])
        else:
            # The largest durations and counts first: that is what one looks for.
            kinds = {column.name: column.kind for column in self._base.columns}
            self._sort = (name, kinds[name] in ("duration", "number", "status"))
        self._table.cursor = 0
        self._reload()

    def action_export(self) -> None:
        self.post_message(ExportView(self.view, self.expression))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return super().check_action(action, parameters) if action != "differs" else self.view in COMPARED

    def action_differs(self) -> None:
        label = " ".join(part for part in (self._label or self._drilled, *self._typed) if part)
        self.post_message(Compare(self.view, self.expression, label))

    def action_remove_last(self) -> None:
        count = len(self._typed) + bool(self._drilled)
        if count:
            self._remove(count - 1)

    def on_chips_removed(self, message: Chips.Removed) -> None:
        self._remove(message.number)

    def _remove(self, number: int) -> None:
        if self._drilled and number == 0:
            self._drilled, self._label = "", ""
        else:
            del self._typed[number - bool(self._drilled)]
        self._reload()

    def action_back(self) -> None:
        if self._asking:
            self._close_prompt()
        elif self._working and self._pages is not None:
            # Back to what was there before.
            self._drilled, self._typed, self._sort = self._shown[0], list(self._shown[1]), self._shown[2]
            self._cancel.set()
            self._generation += 1
            self._working = False
            pages = self._pages
            self._table.sorted_by = self._sort
            self._table.show(pages, pages.columns, pages.total, files=pages.files)
            self._titles()
        else:
            self._cancel.set()
            self.app.pop_screen()

    # The prompt

    def action_filter(self) -> None:
        self._ask("filter", "/", " ".join([*self._typed, ""]) if self._typed else "", _FILTER_HELP)

    def action_go(self) -> None:
        self._ask("go", ":", "", _GO_HELP)

    def _ask(self, what: str, mark: str, value: str, hint: str) -> None:
        self._asking = what
        self.query_one("#ask", Static).update(mark)
        self.query_one("#prompt").add_class("-open")
        prompt = self.query_one(FilterInput)
        prompt.value = value
        prompt.cursor_position = len(value)
        prompt.focus()
        self._hint(hint)

    def _close_prompt(self) -> None:
        self._asking = ""
        self.query_one("#prompt").remove_class("-open")
        self._table.focus()

    def _hint(self, text: str, *, error: bool = False) -> None:
        hint = self.query_one("#hint", Static)
        hint.set_class(error, "-error")
        hint.update(plain(("✗ " if error else "") + text, limit=400).copy())

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._asking != "filter" or self._base is None:
            return
        prompt = message.input
        found = filters.complete(prompt.value, prompt.cursor_position, self._base.schema)
        self._hint("  ".join(found[:16]) if found and prompt.value.strip() else _FILTER_HELP)

    def on_filter_input_complete(self) -> None:
        if self._asking != "filter" or self._base is None:
            return
        prompt = self.query_one(FilterInput)
        found = filters.complete(prompt.value, prompt.cursor_position, self._base.schema)
        if found:
            start, end = filters.token(prompt.value, prompt.cursor_position)
            chosen = found[0] if len(found) == 1 else _shared(found, prompt.value[start : prompt.cursor_position])
            prompt.value = prompt.value[:start] + chosen + prompt.value[end:]
            prompt.cursor_position = start + len(chosen)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if self._asking == "go":
            self._go(message.value.strip())
        elif self._asking == "filter" and self._base is not None:
            report = self._session.report
            try:
                day = filters.day_of(report) if report is not None else None
                terms = filters.parse(message.value, self._base.schema, day, self._base.files)
            except UsageError as error:
                self._hint(str(error), error=True)
                return
            self._typed = [term.text for term in terms]
            self._close_prompt()
            self._table.cursor = 0
            self._reload()

    def _go(self, text: str) -> None:
        total = self._table.total
        digits = text.removesuffix("%").replace(",", "")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
            self._hint(f"{safe(text, 40)!r} is no row. Write a number from 1 to {total:,}, or 50%.", error=True)
            return
        number = total * int(digits) // 100 if text.endswith("%") else int(digits) - 1
        if not text.endswith("%") and not 0 <= number < total:
            self._hint(f"There is no row {digits}. Rows go from 1 to {total:,}.", error=True)
            return
        self._close_prompt()
        self._table.move_to(number)


def _shared(words: list[str], typed: str) -> str:
    """What all words start with; the first of them where that is no more than was typed."""
    shortest = min(words, key=len)
    size = next((n for n, char in enumerate(shortest) if any(word[n] != char for word in words)), len(shortest))
    return shortest[:size] if size > len(typed) else words[0]


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, LogcorrError) else f"This view cannot be read: {error}"
