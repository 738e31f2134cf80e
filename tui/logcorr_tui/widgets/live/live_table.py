"""A table of the live screen: requests that are open, or exchanges of the window. The cursor stays on its request."""

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from logcorr_tui.look.palette import Palette
from logcorr_tui.look.safe_text import safe
from logcorr_tui.state.live_record import LiveTab, Record, index_of
from logcorr_tui.widgets.charts.canvas import Canvas
from logcorr_tui.widgets.charts.chart import Painted
from logcorr_tui.widgets.live.live_columns import GAP, Cell, Column, LiveColumns, fitted

_EMPTY = {
    "in_flight": "Nothing is in flight: every request has its answer.",
    "overdue": "Nothing is overdue.",
    "slowest": "No exchange in the window.",
    "failed": "No failure in the window.",
    "late": "No answer came late.",
}
_LEAST_ROWS_WITH_HEADS = 7


class LiveTable(Painted, can_focus=True):
    """Shows rows; arrows move the cursor, Enter, `i` or a second click opens a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="live.up", tooltip="The row above"),
        Binding("down,j", "move(1)", "Down", show=False, id="live.down", tooltip="The row below"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="live.page_up", tooltip="Ten rows up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="live.page_down", tooltip="Ten rows down"),
        Binding("home,g", "move(-1000)", "First", show=False, id="live.first", tooltip="The first row"),
        Binding("end,G", "move(1000)", "Last", show=False, id="live.last", tooltip="The last row"),
        Binding("enter,i", "open", "Detail", id="live.detail", tooltip="Everything that is known of the row"),
    ]

    class Opened(Message):
        """A row was opened."""

        def __init__(self, row: Record) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._tab: LiveTab | None = None
        self._rows: list[Record] = []
        self._count = 0
        self.cursor = 0
        # Whether the cursor goes with its request. It does once it was moved; before, it stays on the first row.
        self._stays = False
        self._columns = LiveColumns()
        self._told = ""

    @property
    def rows(self) -> list[Record]:
        """The rows of the table now."""
        return self._rows

    def show(self, tab: LiveTab, rows: list[Record], count: int) -> None:
        """Shows the rows of a table, of which there are `count` in all.

        A cursor that was moved goes with its request, and stays where it is when the request is gone.
        """
        if tab != self._tab:
            self.cursor, self._stays = 0, False
            self._columns.forget()
        before = self._rows[self.cursor] if self._stays and self.cursor < len(self._rows) else None
        self._tab, self._rows, self._count = tab, rows, count
        same = index_of(rows, before) if before is not None else None
        self.cursor = same if same is not None else min(self.cursor, max(len(rows) - 1, 0))
        self.repaint()

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        if self._tab is None:
            return
        shown, more = len(self._rows), self._count - len(self._rows)
        note = f"{shown} of {self._count:,}" if more > 0 else f"{shown:,}"
        title = [(self._tab.title, colours.ink, True), (f" · {self._tab.tip}", colours.dim, False)]
        canvas.frame(title, [(note, colours.dim, False)], colours.accent if self.has_focus else colours.frame)
        if self._told and not self._rows:
            for y, line in enumerate(wrap(safe(self._told, 1000), max(canvas.width - 6, 8)), 1):
                if y < canvas.height - 1:
                    canvas.write(3, y, line, colours.bad)
            return
        if not self._rows:
            text = _EMPTY[self._tab.name][: max(canvas.width - 4, 0)]
            canvas.write(max((canvas.width - len(text)) // 2, 2), canvas.height // 2, text, colours.dim)
            return
        columns = self._columns.laid_out(self._rows, canvas.width - 5)
        heads = self._heads
        if heads:
            self._line(canvas, 1, columns, [Cell(column.title, colours.dim) for column in columns])
        room = canvas.height - 2 - heads
        first = self._first(room)
        for y, row in enumerate(self._rows[first : first + room], 1 + heads):
            if first + y - 1 - heads == self.cursor:
                canvas.paper(Region(1, y, canvas.width - 2, 1), colours.raised)
                canvas.put(1, y, "▸", colours.ink, bold=True)
            self._line(canvas, y, columns, [column.value(row, colours) for column in columns])

    @property
    def _heads(self) -> int:
        """How many rows the titles of columns take: none where there is hardly room for rows."""
        return int(self.size.height >= _LEAST_ROWS_WITH_HEADS)

    def _first(self, room: int) -> int:
        """The first row in sight."""
        return max(0, min(self.cursor - room // 2, len(self._rows) - room))

    @staticmethod
    def _line(canvas: Canvas, y: int, columns: Sequence[Column], cells: Sequence[Cell]) -> None:
        x = 3
        for column, cell in zip(columns, cells, strict=True):
            text = fitted(cell.text, column.cells)
            if column.right:
                text = " " * (cell_len(text) - cell_len(text.rstrip())) + text.rstrip()
            canvas.write(x, y, text, cell.ink, bold=cell.bold)
            x += column.cells + GAP

    def action_move(self, by: int) -> None:
        """Moves the cursor."""
        self.move_to(self.cursor + by)

    def move_to(self, number: int) -> None:
        """Moves the cursor to a row. On the first row it stays there, whatever comes."""
        self.cursor = max(0, min(number, len(self._rows) - 1))
        self._stays = self.cursor > 0
        self.repaint()

    def tell(self, text: str) -> None:
        """Shows a text where there are no rows, such as why nothing can be followed."""
        self._told = text
        self.repaint()

    def select(self, row: Record) -> None:
        """Moves the cursor to a row, if it is there; it stays on the row then."""
        number = index_of(self._rows, row)
        if number is not None:
            self.cursor, self._stays = number, True
            self.repaint()

    def action_open(self) -> None:
        """Opens the row of the cursor."""
        if self.cursor < len(self._rows):
            self._stays = True
            self.post_message(self.Opened(self._rows[self.cursor]))

    def on_click(self, event: events.Click) -> None:
        row = self._first(self.size.height - 2 - self._heads) + event.y - 1 - self._heads
        if event.y > self._heads and 0 <= row < len(self._rows):
            if row == self.cursor:
                self.action_open()
            else:
                self.move_to(row)

    def on_resize(self) -> None:
        self._columns.forget()
