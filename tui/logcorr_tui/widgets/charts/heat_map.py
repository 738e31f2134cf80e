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


def draw(
    canvas: Canvas,
    found: HeatGrid,
    slot_of: Sequence[int],
    colours: Palette,
    *,
    left: int,
    bottom: int,
    band: int | None,
) -> int:
    """Draws upwards from row `bottom`, with a mark left of a selected band. Returns the number of rows."""
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
        canvas.put(left - 1, bottom - band // 2, "▀" if band % 2 else "▄", colours.ink)
    return rows
