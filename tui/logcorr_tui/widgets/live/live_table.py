"""A table of the live screen: requests that are open, or exchanges of the window. The cursor stays on its request."""

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from logcorr.text.instants import clock_and_day
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.status_codes import colour_of
from logcorr_tui.look.time_text import spaced
from logcorr_tui.state.live_record import LiveTab, Record, attributes_of
from logcorr_tui.widgets.charts.canvas import Canvas
from logcorr_tui.widgets.charts.chart import Painted

_EMPTY = {
    "in_flight": "Nothing is in flight: every request has its answer.",
    "overdue": "Nothing is overdue.",
    "slowest": "No exchange in the window.",
    "failed": "No failure in the window.",
    "late": "No answer came late.",
}
_LEAST_ID, _MOST_ID = 10, 36


class LiveTable(Painted, can_focus=True):
    """Shows rows; arrows move the cursor, Enter or a second click opens a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="live.up", tooltip="The row above"),
        Binding("down,j", "move(1)", "Down", show=False, id="live.down", tooltip="The row below"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="live.page_up", tooltip="Ten rows up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="live.page_down", tooltip="Ten rows down"),
        Binding("home,g", "move(-1000)", "First", show=False, id="live.first", tooltip="The first row"),
        Binding("end,G", "move(1000)", "Last", show=False, id="live.last", tooltip="The last row"),
        Binding("enter", "open", "Detail", id="live.detail", tooltip="Everything that is known of the row"),
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

    def show(self, tab: LiveTab, rows: list[Record], count: int) -> None:
        """Shows the rows of a table, of which there are `count` in all. The cursor goes with its request."""
        before = self._rows[self.cursor] if self.cursor < len(self._rows) and tab == self._tab else None
        self._tab, self._rows, self._count = tab, rows, count
        same = [
            number for number, row in enumerate(rows)
            if before is not None and (row["request_id"], row["time"]) == (before["request_id"], before["time"])
        ]  # fmt: skip
        self.cursor = same[0] if same else min(self.cursor if before is not None else 0, max(len(rows) - 1, 0))
        self.repaint()

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        if self._tab is None:
            return
        shown, more = len(self._rows), self._count - len(self._rows)
        note = f"{shown} of {self._count:,}" if more > 0 else f"{shown:,}"
        title = [(self._tab.title, colours.ink, True), (f" · {self._tab.tip}", colours.dim, False)]
        canvas.frame(title, [(note, colours.dim, False)], colours.accent if self.has_focus else colours.frame)
        if not self._rows:
            text = _EMPTY[self._tab.name]
            canvas.write(max((canvas.width - len(text)) // 2, 1), canvas.height // 2, text, colours.dim)
            return
        first = self._first(canvas.height - 2)
        for y, row in enumerate(self._rows[first : first + canvas.height - 2], 1):
            if first + y - 1 == self.cursor:
                canvas.paper(Region(1, y, canvas.width - 2, 1), colours.raised)
                canvas.put(1, y, "▸", colours.ink, bold=True)
            self._line(canvas, y, row, colours)

    def _first(self, room: int) -> int:
        """The first row in sight."""
        return max(0, min(self.cursor - room // 2, len(self._rows) - room))

    def _line(self, canvas: Canvas, y: int, row: Record, colours: Palette) -> None:
        end = canvas.width - 2
        if "age_ms" in row:
            ink = colours.lost if row["overdue"] else colours.good
            x = canvas.write(3, y, f"{spaced(row['age_ms']):>9}", ink, bold=True)
        else:
            x = canvas.write(3, y, f"{spaced(row['duration_ms']):>9}", colours.warn if row["late"] else colours.info)
            status = row["status_code"]
            x = canvas.write(
                x + 2, y, f"{'none' if status is None else status:>4}", colour_of(status, colours), bold=True
            )
        x += 2
        room = max(_LEAST_ID, min(_MOST_ID, (end - x) // 3))
        if row["request_id"]:
            x = canvas.write(x, y, set_cell_size(safe(row["request_id"], room), room), colours.ink) + 2
        clock = clock_and_day(row["time"]).partition(" ")[2].removesuffix("000")
        attributes = "  ".join(f"{name} {safe(value, 60)}" for name, value in attributes_of(row))
        room = end - x - len(clock) - 2
        if room > 4:
            fits = cell_len(attributes) <= room
            canvas.write(x, y, attributes if fits else set_cell_size(attributes, room - 1) + "…", colours.dim)
        canvas.right(end, y, clock, colours.dim)

    def action_move(self, by: int) -> None:
        """Moves the cursor."""
        self.cursor = max(0, min(self.cursor + by, len(self._rows) - 1))
        self.repaint()

    def action_open(self) -> None:
        """Opens the row of the cursor."""
        if self.cursor < len(self._rows):
            self.post_message(self.Opened(self._rows[self.cursor]))

    def on_click(self, event: events.Click) -> None:
        row = self._first(self.size.height - 2) + event.y - 1
        if 0 <= row < len(self._rows):
            if row == self.cursor:
                self.action_open()
            self.cursor = row
            self.repaint()
