"""A table over any number of rows: only what is visible is drawn, and only the pages around the visible rows are held.

Rows come from a source a page at a time, off the UI thread. All text passes `safe`, and is drawn as segments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from logcorr.model.errors import LogcorrError
from logcorr.query.table_columns import Column, Row
from logcorr_tui.look.palette import look_of
from logcorr_tui.widgets.table.cells import Cells, cell_style, cell_text, message_line
from logcorr_tui.widgets.table.cursor_keys import RowKeys
from logcorr_tui.widgets.table.page_cache import PAGE_ROWS, PageCache, Source

__all__ = ["Source", "WindowTable", "cell_text"]

_SAMPLED_ROWS = 400
_STRIPS_HELD = 512
_GAP = 2
_WAITING = "·"
# The cursor starts on the column that names a row.
_CHOSEN_FIRST = ("request_id", "user_id", "endpoint", "ip", "text", "window_start")


class WindowTable(RowKeys, can_focus=True):
    """Rows of a source under a header, with a row cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "window-table--header",
        "window-table--cursor",
        "window-table--cell",
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
    WindowTable > .window-table--cell { background: $primary; color: $background; text-style: bold underline; }
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

    @dataclass
    class Chosen(Message):
        """The detail of a row is wanted, by the number of the row from 0."""

        number: int

    @dataclass
    class Entered(Message):
        """The exchanges that a row stands for are wanted."""

        row: Row

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        number: int

    @dataclass
    class HeaderClicked(Message):
        """The title of a column was clicked."""

        name: str

    @dataclass
    class _Loaded(Message):
        of: PageCache
        page: int
        rows: list[Row]

    @dataclass
    class _Unread(Message):
        of: PageCache
        said: str

    @dataclass
    class Broken(Message):
        """A page could not be read."""

        said: str

    def __init__(self, *, id: str | None = None, grouped: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, grouped=grouped)
        self.sorted_by: tuple[str, bool] | None = None
        self._cells = Cells((), {}, None)
        self._cache = PageCache(None)
        self._entering = False
        self._sampled = 0
        # The column of the cell under the cursor, and what an empty table says.
        self.column = 0
        self.nothing = ""
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(_STRIPS_HELD)

    def show(
        self,
        source: Source | None,
        columns: Sequence[Column],
        total: int,
        *,
        first: Sequence[Row] = (),
        files: dict[str, list[str]] | None = None,
        day: date | None = None,
    ) -> None:
        """Shows other rows, of which `first` are known already. The cursor keeps its number, where there is a row.

        Instants of `day` have no date.
        """
        titles = [column.name for column in columns]
        if titles != [column.name for column in self._cells.columns]:
            self.column = next((titles.index(name) for name in _CHOSEN_FIRST if name in titles), 0)
        self.total = total
        self._cache = PageCache(source)
        self._cache.put_first(first, total)
        self._cells, self._sampled = Cells(columns, files or {}, self.sorted_by, day), 0
        self._fit(first)
        self._resized()
        self._strips.clear()
        self.move_to(min(self.cursor, max(0, total - 1)))
        self.refresh()

    def move_to(self, number: int) -> None:
        """Puts the cursor on a row, and scrolls the row into view."""
        before, self.cursor = self.cursor, max(0, min(number, self.total - 1))
        self._entering = self._entering and before == self.cursor
        height, top = self.body_height(), self.scroll_offset.y
        if height > 0 and self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif height > 0 and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)
        # Rows that scroll are drawn anew anyway.
        for row in {before, self.cursor}:
            self.refresh(Region(0, 1 + row - self.scroll_offset.y, self.size.width, 1))
        self.post_message(self.Moved(self.cursor))

    def row(self, number: int) -> Row | None:
        """A row whose page is held."""
        return self._cache.row(number)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """The header on top, then the rows that are scrolled to."""
        width = self.scrollable_content_region.width
        left = self.scroll_offset.x
        if y == 0:
            return self._cells.in_view(self._header(), left, width, self._style("header"), more="›")
        number = self.scroll_offset.y + y - 1
        if number >= self.total:
            style = self.rich_style + self._style("dim", base=False)
            said = "" if self.total else self.nothing
            return message_line(said, y, Size(width, self.size.height), style) or Strip.blank(width, self.rich_style)
        look = "even" if number % 2 == 0 else "odd"
        if number == self.cursor:
            look = "cursor" if self.has_focus else "cursor-blurred"
        key = (number, look, left, width, self.column if number == self.cursor else None)
        strip = self._strips.get(key)
        if strip is None:
            base = self.rich_style if look == "even" else self._style(look)
            strip = self._cells.in_view(self._row_strip(number, base), left, width, base)
            if self.row(number) is not None:
                self._strips[key] = strip
        return strip

    def notify_style_update(self) -> None:
        """Drops the drawn strips, because another theme has other colours."""
        self._strips.clear()
        super().notify_style_update()

    def _header(self) -> Strip:
        style = self._style("header")
        segments = [Segment(" ", style)]
        for number, title in enumerate(self._cells.titles()):
            if self._cells.widths[number]:
                ink = style + Style(underline=True) if number == self.column else style
                segments += [Segment(title, ink), Segment(" " * _GAP, style)]
        return Strip(segments)

    def _row_strip(self, number: int, base: Style) -> Strip:
        row = self.row(number)
        mark = (">" if look_of(self.app).plain else "▌") if number == self.cursor else " "
        segments = [Segment(mark, base + self._style("accent", base=False))]
        if row is None:
            self._read(number)
            segments.append(Segment(_WAITING, base))
            return Strip(segments)
        here = self.column if number == self.cursor and self.has_focus else None
        for place, (value, text) in enumerate(zip(row, self._cells.texts(row), strict=True)):
            if not self._cells.widths[place]:
                continue
            name = cell_style(self._cells.columns[place], value)
            style = base + self._style(name, base=False) if name else base
            if place == here:
                cell = self._style("cell")
                style += Style(color=cell.color, bgcolor=cell.bgcolor, bold=True, underline=True)
            segments += [Segment(text, style), Segment(" " * _GAP, base)]
        return Strip(segments)

    def _style(self, name: str, *, base: bool = True) -> Style:
        return self.get_component_rich_style(f"window-table--{name}", partial=not base)

    # Pages

    def _read(self, number: int) -> None:
        """Reads the page of a row in a thread, unless the page is being read."""
        cache = self._cache
        page, source = cache.to_read(number), cache.source
        if page is None or source is None:
            return

        def load() -> None:
            try:
                rows = source.page(page * PAGE_ROWS, PAGE_ROWS)
            except (LogcorrError, OSError) as error:
                self.post_message(self._Unread(cache, str(error)))
                return
            except Exception as error:  # noqa: BLE001 - polars raises many kinds where a file has gone
                self.post_message(self._Unread(cache, f"this page cannot be read: {error}"))
                return
            self.post_message(self._Loaded(cache, page, rows))

        self.run_worker(load, thread=True, group="pages", exit_on_error=False)

    def on_window_table__loaded(self, message: _Loaded) -> None:
        message.stop()
        if message.of is not self._cache:
            return
        self._cache.put(message.page, message.rows)
        self.action_enter(wanted=self._entering)
        if self._fit(message.rows):
            self._resized()
            self._strips.clear()
        self.refresh()

    def on_window_table__unread(self, message: _Unread) -> None:
        message.stop()
        if message.of is self._cache:  # files of rows that are no longer shown may be gone
            self.post_message(self.Broken(message.said))

    def _fit(self, rows: Sequence[Row]) -> bool:
        """Widens the columns for the first rows. Later values are cut, so that the table does not jump."""
        some = rows[: max(0, _SAMPLED_ROWS - self._sampled)]
        self._sampled += len(some)
        return self._cells.widen(some)

    def _resized(self) -> None:
        self.virtual_size = Size(self._cells.total_width, self.total + 1)

    # Keys and mouse

    def on_resize(self) -> None:
        self.move_to(self.cursor)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_choose(self) -> None:
        if not self._later(self.action_choose) and self.total:
            self.post_message(self.Chosen(self.cursor))

    def action_enter(self, *, wanted: bool = True) -> None:
        """Posts the row under the cursor, now or as soon as the row is read."""
        if wanted and self._later(self.action_enter):
            return
        self._entering = wanted and self.total > 0
        row = self.row(self.cursor)
        if self._entering and row is not None:
            self._entering = False
            self.post_message(self.Entered(row))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            if (place := self._cells.column_at(event.x + self.scroll_offset.x)) is not None:
                self.post_message(self.HeaderClicked(self._cells.columns[place].name))
            return
        place = self._cells.column_at(event.x + self.scroll_offset.x)
        number = self.scroll_offset.y + event.y - 1
        if number < self.total:
            chosen = event.chain > 1 and number == self.cursor
            self.column = self.column if place is None else place
            self.move_to(number)
            if chosen:
                self.action_enter() if self.grouped else self.action_choose()

    # The cell under the cursor

    @property
    def chosen_column(self) -> Column | None:
        """The column of the cell under the cursor. None where there are no columns."""
        columns = self._cells.columns
        return columns[self.column] if self.column < len(columns) else None

    def move_column(self, by: int) -> None:
        """Puts the cursor on another column that is shown, and scrolls the column into view."""
        shown = [number for number, wide in enumerate(self._cells.widths) if wide]
        if not shown:
            return
        at = shown.index(self.column) if self.column in shown else 0
        self._to_column(shown[max(0, min(at + by, len(shown) - 1))])

    def _to_column(self, number: int) -> None:
        self.column = number
        start, end = self._cells.span(number)
        left, width = self.scroll_offset.x, self.scrollable_content_region.width
        first = 0 if start <= 1 else start - _GAP
        if start < left or end - start > width:
            self.scroll_to(x=first, animate=False, force=True)
        elif end > left + width:
            self.scroll_to(x=end - width + 1, animate=False, force=True)
        self.refresh()

    def action_sideways(self, by: int) -> None:
        self.move_column(by)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.refresh(Region(0, 0, self.size.width, self.size.height))
