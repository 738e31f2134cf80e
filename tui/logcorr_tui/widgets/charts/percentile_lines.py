"""The p50 and the p99 of the timeline as lines over the time axis."""

from collections.abc import Sequence

from logcorr.model.report import TimelinePoint
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
    canvas.right(left - 1, top, "p99", colours.warn)
    if rows > 1:
        canvas.right(left - 1, top + rows - 1, "p50", colours.info)
