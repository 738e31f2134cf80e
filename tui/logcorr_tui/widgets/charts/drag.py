"""A chart whose parts beside each other are selected by dragging the mouse over them."""

from textual import events

from logcorr_tui.widgets.charts.chart import Chart


class DragChart(Chart):
    """A drag selects from where it began to where it is. A click without a drag selects as in any chart."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        # The slot where the mouse was pressed, and whether the mouse has left it since then.
        self._pressed: int | None = None
        self._dragged = False

    def slot_at(self, x: int) -> int | None:
        """The slot at a cell, or the nearest one for a cell beyond the ends. A subclass knows."""
        raise NotImplementedError

    def drag(self, first: int, last: int) -> None:
        """Selects the slots between two slots, both included. A subclass does."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._dragged = False
        inside = 0 < event.y < self.size.height - 1 and 0 < event.x < self.size.width - 1
        self._pressed = self.slot_at(event.x) if inside else None
        if self._pressed is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        slot = self.slot_at(event.x) if self._pressed is not None and event.button else None
        if slot is None or self._pressed is None:
            return
        self._dragged = self._dragged or slot != self._pressed
        if self._dragged:
            self.drag(self._pressed, slot)

    def on_mouse_up(self) -> None:
        if self._pressed is not None:
            self.release_mouse()
        self._pressed = None

    def on_click(self, event: events.Click) -> None:
        """The click that ends a drag selects nothing more."""
        if self._dragged:
            self._dragged = False
            event.stop()
            event.prevent_default()
