"""Draws the time cursor of the timeline: the chosen columns through all charts, and the chosen latency band."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.geometry import Region

from logcorr_tui.look.palette import Palette, blend
from logcorr_tui.look.time_text import clocks
from logcorr_tui.widgets.charts.canvas import EIGHTHS, Canvas
from logcorr_tui.widgets.charts.heat_map import GUTTER

_LEFT = GUTTER + 2
# From so many columns on, the label has both ends of the time.
_BOTH_ENDS = 14


@dataclass(frozen=True)
class ChosenCells:
    """The chosen columns of `of` columns, the time that they stand for (s), and the chosen band of the heat map."""

    columns: Sequence[int]
    of: int
    span: tuple[float, float]
    band: int | None


def draw(canvas: Canvas, colours: Palette, chosen: ChosenCells, *, bottom: int, heat_rows: int) -> range:
    """Draws the cursor above row `bottom`, with a label in it. Returns the cells of the label.

    The heat map has the `heat_rows` rows above the label.
    """
    band_row = None if chosen.band is None else bottom - 1 - chosen.band // 2
    for y in range(1, bottom):
        if band_row is not None and bottom - heat_rows <= y:
            # Of the heat map only the band is chosen.
            _band(canvas, colours, chosen, y, inside=y == band_row)
        else:
            _raise(canvas, colours, chosen.columns, y)
    both = clocks(*chosen.span)
    label = f"▲ {both.split(' – ')[0] if len(chosen.columns) < _BOTH_ENDS else both}"
    at = max(min(_LEFT + chosen.columns[0], _LEFT + chosen.of - len(label)), _LEFT)
    canvas.write(at, bottom, label[: chosen.of], colours.ink, bold=True)
    return range(at, at + len(label))


def _raise(canvas: Canvas, colours: Palette, columns: Sequence[int], y: int) -> None:
    """Makes the chosen cells of a row brighter."""
    for column in columns:
        glyph, ink, paper, _ = canvas.cell(_LEFT + column, y)
        if paper == colours.ground and glyph not in EIGHTHS[1:]:
            canvas.paper(Region(_LEFT + column, y, 1, 1), colours.raised)
        else:
            under = colours.raised if paper == colours.ground else blend(paper, colours.ink, 0.3)
            canvas.put(_LEFT + column, y, glyph, blend(ink, colours.ink, 0.45), under)


def _band(canvas: Canvas, colours: Palette, chosen: ChosenCells, y: int, *, inside: bool) -> None:
    """Makes the cells of the chosen band, half a row high, brighter, and the other bands of these columns darker."""
    for column in chosen.columns:
        glyph, ink, paper, _ = canvas.cell(_LEFT + column, y)
        halves = [paper, ink if glyph == "▄" else paper]  # above, below
        mixed = [blend(half, colours.ground, 0.5) for half in halves]
        if inside:
            half = 0 if (chosen.band or 0) % 2 else 1
            mixed[half] = blend(halves[half], colours.ink, 0.35)
        canvas.put(_LEFT + column, y, "▄", mixed[1], mixed[0])
