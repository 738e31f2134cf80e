"""The p50 and the p99 of the timeline as lines over the time axis."""

from collections.abc import Sequence

from logcorr.model.report import TimelinePoint
from logcorr.text.quantities import duration
from logcorr_tui.look.palette import Palette
from logcorr_tui.widgets.charts import braille
from logcorr_tui.widgets.charts.canvas import Canvas
from logcorr_tui.widgets.charts.time_axis import Axis


def draw(
    canvas: Canvas, colours: Palette, points: Sequence[TimelinePoint], found: Axis, *, left: int, top: int, rows: int
) -> None:
    """Draws the mean p50 by requests and the worst p99 of each slot, on one log scale."""
    p50: list[float | None] = []
    p99: list[float | None] = []
    for first, end in found.slots:
        within = [p for p in points[first:end] if p.p50_ms is not None]
        weight = sum(max(p.requests, 1) for p in within)
        p50.append(sum((p.p50_ms or 0) * max(p.requests, 1) for p in within) / weight if within else None)
        p99.append(max((p.p99_ms or 0.0 for p in within), default=None))
    both = ((p50, colours.info), (p99, colours.warn))
    braille.lines(canvas, left, top, rows, [([values[s] for s in found.of_column], ink) for values, ink in both])
    _scale(canvas, colours, [value for value in (*p50, *p99) if value is not None], left=left, top=top, rows=rows)


def _scale(canvas: Canvas, colours: Palette, values: Sequence[float], *, left: int, top: int, rows: int) -> None:
    """Writes the highest and the lowest value beside the first and the last row, where there are two rows."""
    if not values:
        return
    labels = {top: duration(max(values))} if rows > 1 else {}
    labels[top + rows - 1] = duration(min(values)) if rows > 1 else duration(max(values))
    for y, label in labels.items():
        canvas.right(left - 1, y, label.replace("us", "µs"), colours.warn if y == top else colours.info)
    if rows > 2:
        canvas.right(left - 1, top + 1, "p99", colours.warn)
    if rows > 3:
        canvas.right(left - 1, top + rows - 2, "p50", colours.info)
