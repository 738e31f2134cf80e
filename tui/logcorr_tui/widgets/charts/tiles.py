"""The tiles of the overview: a headline figure each, with a note below and a sparkline beside it."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.text.fit_columns import head
from logcorr_tui.look import palette
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.session import session_of
from logcorr_tui.widgets.charts.canvas import Canvas
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.headline_figures import tile_names, tiles
from logcorr_tui.widgets.charts.sparkline import sparkline

TILES = 6
_NARROW = 72


class ShownTile(NamedTuple):
    """A figure as a tile shows it. Of the notes, the first that has room is shown, else the last one is cut."""

    name: str
    value: str
    notes: Sequence[str]
    ink: str
    trend: Sequence[float | None] = ()


def draw_tile(canvas: Canvas, place: Region, tile: ShownTile, colours: Palette, *, chosen: bool = False) -> None:
    """Draws a tile of three rows: its name, its value with the trend beside it, and a note."""
    canvas.paper(place, colours.raised if chosen else colours.panel)
    for row in range(3):
        canvas.put(place.x, place.y + row, "█" if chosen else "▌", tile.ink)
    x = place.x + (2 if place.width >= 16 else 1)
    room = place.right - x
    canvas.write(x, place.y, f"{tile.name[: room - 2]} ⏎" if chosen else tile.name[:room], colours.dim)
    end = canvas.write(x, place.y + 1, head(tile.value, room), colours.ink, bold=True)
    note = next((note for note in tile.notes if cell_len(note) < room), tile.notes[-1])
    canvas.write(x, place.y + 2, head(note, room), colours.dim)
    columns = min(place.right - end - 3, 9)
    if columns >= 4:
        canvas.right(place.right - 1, place.y + 1, sparkline(tile.trend, columns), tile.ink)


class Tiles(Chart):
    """Six tiles in a row, or three and three on a narrow screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Previous tile", show=False, id="tiles.previous", tooltip="Previous figure"),
        Binding("right,l", "move(1)", "Next tile", show=False, id="tiles.next", tooltip="Next figure"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.cursor = 0

    @staticmethod
    def rows_for(width: int) -> int:
        """How many rows the tiles take at a width."""
        return 6 if width < _NARROW else 3

    def _places(self) -> list[Region]:
        per = TILES // 2 if self.size.width < _NARROW else TILES
        gap = 1 if self.size.width >= 100 else 0
        width = self.size.width + gap
        return [
            Region(k % per * width // per, k // per * 3, (k % per + 1) * width // per - k % per * width // per - gap, 3)
            for k in range(TILES)
        ]

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        if self.figures is None:
            for name, place in zip(tile_names(session_of(self).kind), self._places(), strict=True):
                canvas.paper(place, colours.panel)
                canvas.write(place.x + 2, place.y, name, colours.dim)
                canvas.write(place.x + 2, place.y + 1, "–", colours.ink, bold=True)
            return
        for k, (tile, place) in enumerate(zip(tiles(self.figures, colours), self._places(), strict=True)):
            chosen = self.has_focus and k == self.cursor
            notes = (*tile.longer, tile.note, tile.note.replace(" peak", " pk"))
            shown = ShownTile(tile.name, tile.value, notes, tile.ink, tile.trend)
            draw_tile(canvas, place, shown, colours, chosen=chosen)

    def target(self) -> Drill | None:
        if self.figures is None:
            return None
        return tiles(self.figures, palette.of(self.app))[self.cursor].target

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del extend
        for k, place in enumerate(self._places()):
            if place.contains(x, y):
                again, self.cursor = k == self.cursor, k
                self.repaint()
                return again
        return False

    def action_move(self, by: int) -> None:
        """Selects the next or the previous tile."""
        self.cursor = (self.cursor + by) % TILES
        self.repaint()
