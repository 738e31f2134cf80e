"""The widgets that hand-drawn panels build on: one that paints itself on a canvas, and one with a selection.

A panel paints its whole grid once for a size, a focus, a theme and a revision; `render_line` only hands out lines.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from logcorr.model import View
from logcorr_tui.look import palette
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts.canvas import Canvas


class Painted(Widget):
    """A widget that paints itself on a canvas from the figures it was given."""

    ALLOW_SELECT = False
    figures: reactive[Figures | None] = reactive(None)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._painted: tuple[object, Canvas] | None = None
        self.revision = 0

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        """Draw everything; subclasses do."""

    @property
    def canvas(self) -> Canvas:
        """What is to be seen now."""
        colours = palette.of(self.app)
        key = (self.size, self.has_focus, id(colours), self.revision)
        if self._painted is None or self._painted[0] != key:
            canvas = Canvas(self.size.width, self.size.height, colours.ink, colours.ground)
            if self.size.width and self.size.height:
                self.paint(canvas, colours)
            self._painted = (key, canvas)
        return self._painted[1]

    def repaint(self) -> None:
        """Something that is drawn has changed."""
        self.revision += 1
        self.refresh()

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
    """A framed panel with something to select: arrows or a click choose it, Enter or a second click drills.

    `OFFERS` names what the foot of the frame offers, and the action of each; where it stands there, a click does it.
    """

    OFFERS: ClassVar[dict[str, str]] = {}
    foot: Sequence[tuple[range, str]] = ()

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "drill", "Drill", id="overview.drill", tooltip="Show exactly the rows behind the selection"),
    ]

    def target(self) -> Drill | None:
        """Where Enter leads now; subclasses say."""
        return None

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        """Select what stands at a cell; whether it was selected already. Subclasses do."""
        del x, y, extend
        return False

    def drill(self, view: View, expression: str, label: str) -> Drill:
        return Drill(view, expression, label)

    def action_drill(self) -> None:
        """Ask for the rows behind the selection."""
        target = self.target()
        if target is not None and self.complete:
            self.post_message(target)

    @property
    def complete(self) -> bool:
        """Whether there are rows behind what is shown; says so where there are not yet."""
        if self.figures is None or self.figures.share is None:
            return True
        self.notify("The rows can be opened as soon as the run is complete.", title="Still running", markup=False)
        return False

    def on_click(self, event: events.Click) -> None:
        """The first click selects, a click on what is selected drills."""
        event.stop()
        if event.y == self.size.height - 1 and self.foot:
            offer = next((text.removeprefix(" · ") for span, text in self.foot if event.x in span), "")
            if offer in self.OFFERS:
                getattr(self, f"action_{self.OFFERS[offer]}")()
        elif self.hit(event.x, event.y, extend=event.shift):
            self.action_drill()

    def edge(self, colours: Palette) -> str:
        """The frame's colour tells the focus; the note at its foot tells it in words."""
        return colours.accent if self.has_focus else colours.frame
