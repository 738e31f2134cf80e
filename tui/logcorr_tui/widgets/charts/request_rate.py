"""The requests a second of the timeline as bars, with the failed ones stacked on top."""

from collections.abc import Sequence

from logcorr.model.report import TimelinePoint
from logcorr.text.quantities import short
from logcorr_tui.look.palette import Palette, blend
from logcorr_tui.widgets.charts.canvas import EIGHTHS, Canvas
from logcorr_tui.widgets.charts.time_axis import Axis


def draw(
    canvas: Canvas,
    colours: Palette,
    points: Sequence[TimelinePoint],
    found: Axis,
    *,
    bucket_s: float,
    left: int,
    rows: int,
) -> None:
    """Draws bars in the first `rows` rows inside the frame."""
    if rows < 1:
        return
    values = []
    for first, end in found.slots:
        wide = (bucket_s or 1.0) * (end - first)
        within = points[first:end]
        values.append((sum(p.requests for p in within) / wide, sum(p.errors_5xx for p in within) / wide))
    top = max((total for total, _ in values), default=0.0) or 1.0
    for column, slot in enumerate(found.of_column):
        total, failed = values[slot]
        full = max(round(total / top * rows * 8), 1) if total else 0
        fine = full - min(round(failed / top * rows * 8), full)
        for row in range(-(-full // 8)):
            blue = blend(colours.deep, colours.accent, row / max(rows - 1, 1))
            low, high = min(max(fine - row * 8, 0), 8), min(full - row * 8, 8)
            _stack(canvas, (left + column, rows - row), low, high, (blue, colours.bad))
    canvas.right(left - 1, 1, short(top), colours.dim)
    if rows > 1:
        canvas.right(left - 1, 2 if rows < 5 else (rows + 1) // 2, "req/s", colours.dim)
    if rows >= 4:
        canvas.right(left - 1, rows, "0", colours.dim)


def _stack(canvas: Canvas, place: tuple[int, int], low: int, high: int, inks: tuple[str, str]) -> None:
    """Draws one cell: `inks[0]` up to `low` eighths, `inks[1]` up to `high`. A cell holds two colours, not three."""
    if high == 8 and 0 < low < 8:
        canvas.put(*place, EIGHTHS[low], inks[0], inks[1])
    else:
        canvas.put(*place, EIGHTHS[high], inks[1] if high - low > low else inks[0])
