"""The keys that move a row cursor through a table: arrows, pages, ends, and sideways; also those of vi and less."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.scroll_view import ScrollView


class RowKeys(ScrollView):
    """A scroll view whose rows stand under a header line, with a cursor on one of `total` rows."""

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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.cursor = 0
        self.total = 0

    def move_to(self, number: int) -> None:
        """Puts the cursor on a row, and that into view."""
        raise NotImplementedError

    def action_choose(self) -> None:
        """Tells that the row under the cursor was chosen."""
        raise NotImplementedError

    def body_height(self) -> int:
        """How many rows there is room for."""
        return self.scrollable_content_region.height - 1

    def action_move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_page(self, pages: float) -> None:
        self.move_to(self.cursor + int(pages * max(1, self.body_height())))

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(self.total - 1)

    def action_sideways(self, by: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + by, animate=False, force=True)
