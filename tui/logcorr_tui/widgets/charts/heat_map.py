"""The latency heat map: half-block cells, two latency bands in each line, brighter for more exchanges."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from logcorr.model.report import Heatmap
from logcorr.text.quantities import duration
from logcorr_tui.look.palette import Palette, shade
from logcorr_tui.widgets.charts.canvas import Canvas

# Between linear, which shows the mode only, and a logarithm, which shows everything alike.
_GAMMA = 0.45
# The cells left of the plot, for the labels of the bands.
GUTTER = 8


@dataclass(frozen=True)
class HeatGrid:
    """The mean count of a point by (slot, band). `edges` are those of the bands in ms, one more than bands."""

    edges: list[float]
    cells: Mapping[tuple[int, int], float]

    @property
    def bands(self) -> int:
        return max(len(self.edges) - 1, 0)


def heat_grid(found: Heatmap, slots: Sequence[tuple[int, int]], rows: int) -> HeatGrid:
    """The counts over slots of points [from, to), with bands joined to fit into `rows` lines."""
    count = len(found.edges_ms) - 1
    if not found.cells or count < 1 or rows < 1 or not slots:
        return HeatGrid([], {})
    per = -(-count // (rows * 2))
    edges = [*found.edges_ms[:-1:per], found.edges_ms[-1]]
    slot_of = {point: k for k, (start, end) in enumerate(slots) for point in range(start, end)}
    cells: dict[tuple[int, int], float] = defaultdict(float)
    for point, band, n in found.cells:
        slot = slot_of.get(point)
        if slot is not None:
            cells[slot, min(band // per, len(edges) - 2)] += n / (slots[slot][1] - slots[slot][0])
    return HeatGrid(edges, cells)


def fuller_band(found: HeatGrid, slot: int, row: int) -> int | None:
    """Of the two bands of a row (from 0, the lowest), the band with the higher count. None beyond the rows."""
    pair = [band for band in (row * 2, row * 2 + 1) if 0 <= band < found.bands]
    return max(pair, key=lambda band: found.cells.get((slot, band), 0.0), default=None)


def draw(
    canvas: Canvas,
    found: HeatGrid,
    slot_of: Sequence[int],
    colours: Palette,
    *,
    left: int,
    bottom: int,
    band: int | None,
    columns: Sequence[int] = (),
) -> int:
    """Draws upwards from row `bottom`, with a frame around `band` in the chosen `columns`. Returns how many rows."""
    rows = -(-found.bands // 2)
    top = max(found.cells.values(), default=0.0)
    for row in range(rows):
        y = bottom - row
        canvas.right(left - 1, y, duration(found.edges[row * 2]).replace("us", "µs"), colours.dim)
        for column, slot in enumerate(slot_of):
            low, high = (found.cells.get((slot, row * 2 + k), 0.0) for k in (0, 1))
            if low or high:
                inks = [shade(colours.heat, (n / top) ** _GAMMA) if n else colours.ground for n in (low, high)]
                canvas.put(left + column, y, "▄", inks[0], inks[1])
    if band is not None and band < found.bands:
        _frame(canvas, found, colours, left=left, y=bottom - band // 2, band=band, columns=columns)
    return rows


def _frame(
    canvas: Canvas, found: HeatGrid, colours: Palette, *, left: int, y: int, band: int, columns: Sequence[int]
) -> None:
    """Marks both ends of the chosen cells of a band, which is half a row high, and its label at the axis."""
    upper = band % 2
    ends = (columns[0] - 1, columns[-1] + 1) if columns else (-1, -1)
    for x, glyph in zip(ends, ("▝▘" if upper else "▗▖"), strict=True):
        _, _, paper, _ = canvas.cell(left + x, y)
        canvas.put(left + x, y, glyph, colours.ink, paper)
    label = duration(found.edges[band]).replace("us", "µs")
    canvas.write(left - 1 - GUTTER, y, " " * (GUTTER - 1), colours.dim)
    canvas.right(left - 1, y, label, colours.ink, bold=True)
