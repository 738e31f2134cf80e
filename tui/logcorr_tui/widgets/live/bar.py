"""A line of the live screen that stands out: alerts, and that the screen is held still."""

from logcorr_tui.look.palette import Palette
from logcorr_tui.look.safe_text import safe
from logcorr_tui.widgets.charts.canvas import Canvas
from logcorr_tui.widgets.charts.chart import Painted
from logcorr_tui.widgets.live.live_columns import fitted


class LiveBar(Painted):
    """Shows the first of some texts that has room, or the last one cut. Without a text it is not there."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._texts: tuple[str, ...] = ()
        self._ink: str | None = None

    def show(self, texts: tuple[str, ...], ink: str | None) -> None:
        """Shows a text on a ground of a colour, by its name in the palette; None is calm text."""
        self._texts, self._ink = texts, ink
        if self.display != bool(texts):
            self.display = bool(texts)
        self.repaint()

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        texts = [safe(text, 400) for text in self._texts]
        if not texts:
            return
        text = next((text for text in texts if len(text) <= canvas.width), texts[-1])
        paper = getattr(colours, self._ink) if self._ink else colours.ground
        canvas.paper(canvas.region, paper)
        ink = colours.on_badge if self._ink else colours.dim
        canvas.write(0, 0, fitted(text, canvas.width), ink, bold=bool(self._ink))
