"""The base classes of all charts: a widget that paints itself on a canvas, and a chart with a selection.

A chart paints its whole canvas once for a size, a focus, a theme and a revision. `render_line` only returns its lines.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from logcorr.model.options import View
from logcorr_tui.look import palette
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill, FindOverRepresented
from logcorr_tui.state.navigation import COMPARED_VIEWS
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts.canvas import Canvas


class Painted(Widget):
    """A widget that paints itself on a canvas from its figures."""

    ALLOW_SELECT = False
    figures: reactive[Figures | None] = reactive(None)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._painted: tuple[object, Canvas] | None = None
        self.revision = 0

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        """Draws the widget. A subclass does."""

    @property
    def canvas(self) -> Canvas:
        """The canvas as painted for the present size, focus, theme and revision."""
        colours = palette.of(self.app)
        key = (self.size, self.has_focus, id(colours), self.revision)
        if self._painted is None or self._painted[0] != key:
            canvas = Canvas(self.size.width, self.size.height, colours.ink, colours.ground)
            if self.size.width and self.size.height:
                self.paint(canvas, colours)
            self._painted = (key, canvas)
        return self._painted[1]

    def repaint(self) -> None:
        """Paints anew, because something that is drawn has changed."""
        self.revision += 1
        self.refresh()

    def show_times_anew(self) -> None:
        """Shows times in the zone of the app, after that has changed."""
        self.repaint()

    def watch_figures(self) -> None:
        self.repaint()

    def render_line(self, y: int) -> Strip:
        """A line of the canvas."""
        return self.canvas.strip(y)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()


class Chart(Painted, can_focus=True):
    """A framed chart with a selection. Arrows or a click select, Enter or a second click drills into the rows.

    `OFFERS` has the actions that the foot of the frame offers, by their texts. A click on a text does its action.
    """

    OFFERS: ClassVar[dict[str, str]] = {}
    # Whether `w` shows what differs in the rows behind the selection.
    COMPARES: ClassVar[bool] = False
    foot: Sequence[tuple[range, str]] = ()

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "drill", "Drill", id="overview.drill", tooltip="Show exactly the rows behind the selection"),
        Binding("w", "differs", "Differs", show=False, id="overview.differs",
                tooltip="Who and what is over-represented in the rows behind the selection"),
    ]  # fmt: skip

    def target(self) -> Drill | None:
        """The rows that Enter shows now. A subclass knows."""
        return None

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        """Selects the value at a cell. Whether the value was selected already. A subclass does."""
        del x, y, extend
        return False

    def drill(self, view: View, expression: str, label: str) -> Drill:
        return Drill(view, expression, label)

    def action_drill(self) -> None:
        """Asks for the rows behind the selection."""
        target = self.target()
        if target is not None and self.complete:
            self.post_message(target)

    def action_differs(self) -> None:
        """Asks what differs in the rows behind the selection. Without a selection, the screen handles the key."""
        target = self.target() if self.COMPARES else None
        if target is None or not (target.expression or target.view in ("slow", "errors", "skewed")):
            raise SkipAction
        if self.complete:
            view = target.view if target.view in COMPARED_VIEWS else "exchanges"
            self.post_message(FindOverRepresented(view, target.expression, target.label))

    @property
    def complete(self) -> bool:
        """Whether the rows behind the figures can be shown. Tells the user where the run is still in progress."""
        if self.figures is None or self.figures.share is None:
            return True
        self.notify("The rows can be opened as soon as the run is complete.", title="Still running", markup=False)
        return False

    def on_click(self, event: events.Click) -> None:
        """The first click selects, a click on the selected value drills."""
        event.stop()
        if event.y == self.size.height - 1 and self.foot:
            offer = next((text.removeprefix(" · ") for span, text in self.foot if event.x in span), "")
            if offer in self.OFFERS:
                self.call_later(self.run_action, self.OFFERS[offer])
        elif self.hit(event.x, event.y, extend=event.shift):
            self.action_drill()

    def edge(self, colours: Palette) -> str:
        """The colour of the frame, which tells the focus."""
        return colours.accent if self.has_focus else colours.frame
