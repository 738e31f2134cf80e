"""Puts the cursor of the terminal where the user is, in plain mode: a screen reader reads the line of the cursor."""

from textual.app import App
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input, OptionList

from logcorr_tui.widgets.table.cursor_keys import RowKeys

SHOW = "\x1b[?25h"
LOOK_EVERY_S = 0.1


def place_of(widget: Widget | None) -> Offset | None:
    """The cell of the chosen line or row of a widget. None where the widget places the cursor itself."""
    if widget is None or isinstance(widget, Input):
        return None
    region = widget.content_region
    down = 0
    if isinstance(widget, OptionList) and widget.highlighted is not None:
        down = widget._index_to_line.get(widget.highlighted, 0) - widget.scroll_offset.y  # noqa: SLF001
    elif isinstance(widget, RowKeys):
        # The first line is the header.
        down = 1 + widget.cursor - widget.scroll_offset.y
    return Offset(region.x, region.y + min(max(down, 0), max(region.height - 1, 0)))


def follow(app: App[None]) -> None:
    """Moves the cursor to where the user is, if it is not there."""
    place = place_of(app.focused)
    if place is not None and place != app.cursor_position:
        app.cursor_position = place
        # The cursor moves with the next lines that are drawn.
        if app.focused is not None:
            app.focused.refresh(layout=False)
