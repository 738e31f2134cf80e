"""The keys of the row cursor of a table: arrows, pages, ends, sideways, and the keys of vi and less.

Also reads the number of a row to go to.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.scroll_view import ScrollView

from logcorr_tui.look.safe_text import safe


class RowKeys(ScrollView):
    """A scroll view whose rows stand under a header line, with a cursor on one of `total` rows.

    Where rows are `grouped`, Enter shows the rows that a row stands for, and `i` shows the detail. Keys that are typed
    before the first rows are there wait for them.
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
        Binding("right,l", "sideways(1)", "Right", id="table.right", tooltip="The next column", show=False),
        Binding("left,h", "sideways(-1)", "Left", id="table.left", tooltip="The column before", show=False),
        Binding("enter", "enter", "Rows", id="table.enter", tooltip="Exactly the rows behind this row"),
        Binding("enter", "choose", "Detail", id="table.choose", tooltip="All about this row"),
        Binding("i", "inspect", "Detail", id="table.inspect", tooltip="All about this row"),
    ]

    def __init__(self, *, id: str | None = None, grouped: bool = False) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.grouped = grouped
        self.cursor = 0
        self.total = 0
        # What keys asked for while the first rows are on their way. None once rows are there.
        self._ahead: list[Callable[[], None]] | None = None

    def wait_for_rows(self) -> None:
        """Keeps what keys ask for until `rows_are_there`."""
        self._ahead = []

    def rows_are_there(self, *, all_of_them: bool = True) -> None:
        """Does what keys asked for meanwhile. What goes to the last row waits for all rows."""
        if not all_of_them and self.action_last in (self._ahead or []):
            return
        ahead, self._ahead = self._ahead or [], None
        for act in ahead:
            act()

    def _later(self, act: Callable[[], None]) -> bool:
        if self._ahead is None:
            return False
        self._ahead.append(act)
        return True

    def move_to(self, number: int) -> None:
        """Puts the cursor on a row, and scrolls the row into view."""
        raise NotImplementedError

    def action_choose(self) -> None:
        """Tells that the row under the cursor was chosen."""
        raise NotImplementedError

    def action_enter(self) -> None:
        """Tells that the exchanges behind the row under the cursor are wanted."""
        raise NotImplementedError

    def action_inspect(self) -> None:
        self.action_choose()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter shows the rows behind a row in a grouped table, and the detail in any other. Both need a row."""
        if action in ("enter", "inspect", "choose"):
            return (self.total > 0 or self._ahead is not None) and self.grouped == (action != "choose")
        return super().check_action(action, parameters)

    def body_height(self) -> int:
        """How many rows there is room for."""
        return self.scrollable_content_region.height - 1

    def action_move(self, by: int) -> None:
        if not self._later(partial(self.action_move, by)):
            self.move_to(self.cursor + by)

    def action_page(self, pages: float) -> None:
        if not self._later(partial(self.action_page, pages)):
            self.move_to(self.cursor + int(pages * max(1, self.body_height())))

    def action_first(self) -> None:
        if not self._later(self.action_first):
            self.move_to(0)

    def action_last(self) -> None:
        if not self._later(self.action_last):
            self.move_to(self.total - 1)

    def action_sideways(self, by: int) -> None:
        raise NotImplementedError


def row_number(text: str, total: int) -> int:
    """The row (from 0) for a number from 1 or a share like 50%. Raises ValueError with what to write."""
    digits = text.removesuffix("%").replace(",", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise ValueError(
            f"{safe(text, 40)!r} is no row. Write a number from 1 to {total:,}, 50%, a time, or a part of an id."
        )
    if text.endswith("%"):
        return total * int(digits) // 100
    if not 1 <= int(digits) <= total:
        raise ValueError(f"There is no row {digits}. Rows go from 1 to {total:,}.")
    return int(digits) - 1
