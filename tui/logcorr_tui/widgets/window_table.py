"""A table over any number of rows: only what is visible is drawn, and only the pages around it are held.

Rows come from a source a page at a time, off the UI thread. All text passes `safe`, and is drawn as segments.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from logcorr.errors import LogcorrError
from logcorr.paging import Column, Row
from logcorr_tui.text import duration_text, instant_text, safe, status_class

_PAGE_ROWS = 200
_PAGES_HELD = 24
_SAMPLED_ROWS = 400
_WIDEST = 44
_WIDEST_RAW = 400
_GAP = 2
_RIGHT = ("number", "line", "duration", "status")
_WAITING = "·"


class Source(Protocol):
    """Where rows come from: `page` is called in a thread."""

    columns: tuple[Column, ...]

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from `offset`."""


class WindowTable(ScrollView, can_focus=True):
    """Rows of a source under a header, with a row cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "window-table--header",
        "window-table--cursor",
        "window-table--cursor-blurred",
        "window-table--odd",
        "window-table--dim",
        "window-table--good",
        "window-table--moved",
        "window-table--client",
        "window-table--server",
        "window-table--odd-status",
        "window-table--accent",
    }
    DEFAULT_CSS = """
    WindowTable {
        background: $background;
        color: $foreground;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
    }
    WindowTable > .window-table--header { background: $panel; color: $primary; text-style: bold; }
    WindowTable > .window-table--cursor { background: $primary 15%; text-style: bold; }
    WindowTable > .window-table--cursor-blurred { background: $primary 8%; }
    WindowTable > .window-table--odd { background: $surface; }
    WindowTable > .window-table--dim { color: $text-muted; }
    WindowTable > .window-table--good { color: $success; }
    WindowTable > .window-table--moved { color: $accent; }
    WindowTable > .window-table--client { color: $warning; }
    WindowTable > .window-table--server { color: $error; text-style: bold; }
    WindowTable > .window-table--odd-status { color: $secondary; }
    WindowTable > .window-table--accent { color: $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="table.down", tooltip="The next row", show=False),
        Binding("up,k", "move(-1)", "Up", id="table.up", tooltip="The row before", show=False),
        Binding("pagedown", "page(1)", "Page down", id="table.page_down", tooltip="A page on", show=False),
        Binding("pageup", "page(-1)", "Page up", id="table.page_up", tooltip="A page back", show=False),
        Binding("ctrl+d", "page(0.5)", "Half down", id="table.half_down", tooltip="Half a page on", show=False),
        Binding("ctrl+u", "page(-0.5)", "Half up", id="table.half_up", tooltip="Half a page back", show=False),
        Binding("home,g", "first", "First", id="table.first", tooltip="The first row", show=False),
        Binding("end,G", "last", "Last", id="table.last", tooltip="The last row", show=False),
        Binding("right,l", "sideways(12)", "Right", id="table.right", tooltip="Columns to the right", show=False),
        Binding("left,h", "sideways(-12)", "Left", id="table.left", tooltip="Columns to the left", show=False),
        Binding("enter", "choose", "Detail", id="table.choose", tooltip="All about this row", show=True),
    ]

    @dataclass
    class Chosen(Message):
        """A row was chosen, by its number from 0."""

        number: int

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        number: int

    @dataclass
    class HeaderClicked(Message):
        """A column's title was clicked."""

        name: str

    @dataclass
    class _Loaded(Message):
        generation: int
        page: int
        rows: list[Row]

    @dataclass
    class Broken(Message):
        """A page could not be read."""

        said: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.cursor = 0
        self.total = 0
        self.sorted_by: tuple[str, bool] | None = None
        self._files: dict[str, list[str]] = {}
        self._source: Source | None = None
        self._columns: tuple[Column, ...] = ()
        self._widths: list[int] = []
        self._sampled = 0
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._asked: set[int] = set()
        self._generation = 0
        self._clicked_at = -1

    def show(
        self,
        source: Source | None,
        columns: Sequence[Column],
        total: int,
        *,
        first: Sequence[Row] = (),
        files: dict[str, list[str]] | None = None,
    ) -> None:
        """Shows other rows; `first` are those known already. The cursor stays where it was, where there is a row."""
        self._generation += 1
        self._source, self._columns, self.total = source, tuple(columns), total
        self._files = files or {}
        self._pages.clear()
        self._asked.clear()
        self._widths, self._sampled = [cell_len(self._title(column)) for column in self._columns], 0
        for start in range(0, len(first), _PAGE_ROWS):
            rows = list(first[start : start + _PAGE_ROWS])
            if len(rows) == _PAGE_ROWS or start + len(rows) == total:
                self._pages[start // _PAGE_ROWS] = rows
            self._fit(rows)
        self._resized()
        self.move_to(min(self.cursor, max(0, total - 1)))
        self.refresh()

    def move_to(self, number: int) -> None:
        """Puts the cursor on a row, and that into view."""
        self.cursor = max(0, min(number, self.total - 1))
        height = self._body_height()
        if height > 0:
            top = self.scroll_offset.y
            if self.cursor < top:
                self.scroll_to(y=self.cursor, animate=False, force=True)
            elif self.cursor >= top + height:
                self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(self.cursor))

    def row(self, number: int) -> Row | None:
        """A row that is held already."""
        rows = self._pages.get(number // _PAGE_ROWS)
        at = number % _PAGE_ROWS
        return rows[at] if rows is not None and at < len(rows) else None

    # Drawing

    def render_line(self, y: int) -> Strip:
        """The header on top, then the rows that are scrolled to."""
        width = self.scrollable_content_region.width
        left = self.scroll_offset.x
        if y == 0:
            return self._header().crop_extend(left, left + width, self._style("header"))
        number = self.scroll_offset.y + y - 1
        if number >= self.total:
            return Strip.blank(width, self.rich_style)
        base = self.rich_style if number % 2 == 0 else self._style("odd")
        if number == self.cursor:
            base = self._style("cursor" if self.has_focus else "cursor-blurred")
        return self._row_strip(number, base).crop_extend(left, left + width, base)

    def _header(self) -> Strip:
        style = self._style("header")
        segments = [Segment(" ", style)]
        for column, wide in zip(self._columns, self._widths, strict=True):
            segments.append(Segment(_fitted(self._title(column), wide, column.kind in _RIGHT), style))
            segments.append(Segment(" " * _GAP, style))
        return Strip(segments)

    def _title(self, column: Column) -> str:
        mark = ""
        if self.sorted_by and self.sorted_by[0] == column.name:
            mark = " ▼" if self.sorted_by[1] else " ▲"
        return safe(column.title, 30) + mark

    def _row_strip(self, number: int, base: Style) -> Strip:
        row = self.row(number)
        mark = "▌" if number == self.cursor else " "
        segments = [Segment(mark, base + self._style("accent", base=False))]
        if row is None:
            self._ask(number // _PAGE_ROWS)
            segments.append(Segment(_WAITING, base))
            return Strip(segments)
        side = self._side(row)
        for column, value, wide in zip(self._columns, row, self._widths, strict=True):
            text = self._text(column, value, side)
            style = base + self._cell_style(column, value)
            segments.append(Segment(_fitted(text, wide, column.kind in _RIGHT), style))
            segments.append(Segment(" " * _GAP, base))
        return Strip(segments)

    def _side(self, row: Row) -> str | None:
        return next(
            (str(value) for column, value in zip(self._columns, row, strict=True) if column.name == "side"), None
        )

    def _text(self, column: Column, value: object, side: str | None) -> str:
        return cell_text(column, value, self._files, side)

    def _cell_style(self, column: Column, value: object) -> Style:
        name = "dim"
        if column.kind == "status" and isinstance(value, int):
            found = status_class(value)
            name = "odd-status" if found == "odd" else found
        elif column.kind == "duration" and isinstance(value, int):
            name = "server" if value < 0 else ""
        elif column.name in ("reason", "kind"):
            name = "client"
        elif column.kind in ("text", "raw", "number") and value is not None:
            name = ""
        return self._style(name, base=False) if name else Style.null()

    def _style(self, name: str, *, base: bool = True) -> Style:
        return self.get_component_rich_style(f"window-table--{name}", partial=not base)

    # Pages

    def _ask(self, page: int) -> None:
        if self._source is None or page in self._asked:
            return
        self._asked.add(page)
        source, generation = self._source, self._generation

        def load() -> None:
            try:
                rows = source.page(page * _PAGE_ROWS, _PAGE_ROWS)
            except (LogcorrError, OSError) as error:
                self.post_message(self.Broken(str(error)))
                return
            except Exception as error:  # noqa: BLE001 - polars raises many kinds where a file has gone
                self.post_message(self.Broken(f"this page cannot be read: {error}"))
                return
            self.post_message(self._Loaded(generation, page, rows))

        self.run_worker(load, thread=True, group="pages", exit_on_error=False)

    def on_window_table__loaded(self, message: _Loaded) -> None:
        message.stop()
        if message.generation != self._generation:
            return
        self._asked.discard(message.page)
        self._pages[message.page] = message.rows
        self._pages.move_to_end(message.page)
        while len(self._pages) > _PAGES_HELD:
            self._pages.popitem(last=False)
        if not message.rows:
            self._asked.add(message.page)
        if self._fit(message.rows):
            self._resized()
        self.refresh()

    def _fit(self, rows: Sequence[Row]) -> bool:
        """Widens the columns for rows that are seen early; later ones are cut, so that the table does not jump."""
        before = list(self._widths)
        for row in rows[: max(0, _SAMPLED_ROWS - self._sampled)]:
            side = self._side(row)
            for number, (column, value) in enumerate(zip(self._columns, row, strict=True)):
                most = _WIDEST_RAW if column.kind == "raw" else _WIDEST
                self._widths[number] = max(self._widths[number], min(most, cell_len(self._text(column, value, side))))
            self._sampled += 1
        return before != self._widths

    def _resized(self) -> None:
        self.virtual_size = Size(1 + sum(wide + _GAP for wide in self._widths), self.total + 1)

    def _body_height(self) -> int:
        return self.scrollable_content_region.height - 1

    # Keys and mouse

    def on_resize(self) -> None:
        self.move_to(self.cursor)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_page(self, pages: float) -> None:
        self.move_to(self.cursor + int(pages * max(1, self._body_height())))

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self.total - 1)

    def action_sideways(self, by: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + by, animate=False, force=True)

    def action_choose(self) -> None:
        if self.total:
            self.post_message(self.Chosen(self.cursor))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            if name := self._column_at(event.x + self.scroll_offset.x):
                self.post_message(self.HeaderClicked(name))
            return
        number = self.scroll_offset.y + event.y - 1
        if number < self.total:
            chosen = event.chain > 1 and number == self.cursor
            self.move_to(number)
            if chosen:
                self.action_choose()

    def _column_at(self, x: int) -> str | None:
        edge = 1
        for column, wide in zip(self._columns, self._widths, strict=True):
            edge += wide + _GAP
            if x < edge:
                return column.name
        return None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.refresh(Region(0, 0, self.size.width, self.size.height))


def cell_text(column: Column, value: object, files: dict[str, list[str]], side: str | None) -> str:
    """A stored value as people read it, and harmless."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        if column.kind == "instant":
            return instant_text(value)
        if column.kind == "duration":
            return duration_text(value)
        if column.kind == "number":
            return f"{value:,}"
        if column.kind == "file":
            names = files.get(column.name.removesuffix("_file") if column.name != "file" else side or "", [])
            return safe(names[value]) if value < len(names) else str(value)
        return str(value)
    return safe(str(value), 500)


def _fitted(text: str, width: int, right: bool) -> str:
    """Text in exactly so many cells; an ellipsis tells that it was cut."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(set_cell_size(text, max(0, width - 1)) + "…", width)
    return " " * (width - size) + text if right else text + " " * (width - size)
