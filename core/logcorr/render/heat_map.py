"""The heat map of the summary: how many exchanges took how long, over time. It needs a wide terminal.

Each row is a band of durations, half a decade high. Counts are shaded on a log scale, so that few slow exchanges show.
"""

import math

from logcorr.model.report import Heatmap, Timeline
from logcorr.render import timeline as time_axis
from logcorr.text import instants
from logcorr.text.quantities import duration

_SHADES = " ░▒▓█"
# Every other row has a label.
_LABEL_EACH = 2


def draw(heatmap: Heatmap, timeline: Timeline, width: int, *, color: bool) -> list[str]:
    """The heat map as lines `width` cells wide; none without a clock or without durations."""
    from logcorr.render import charts  # noqa: PLC0415 - plotext is loaded only to draw

    covered = instants.span(timeline)
    if covered is None or not heatmap.cells:
        return []
    start, end = covered
    columns, rows = width - charts.GUTTER, len(heatmap.edges_ms)
    counts = _counts(heatmap, timeline, covered, columns)
    most = math.log1p(max(counts.values()))
    canvas = charts.Canvas(width, rows, color=color)
    for (column, row), count in counts.items():
        canvas.put(column, row, *_shade(math.log1p(count) / most, color=color))
    labels = {
        row: duration(edge) if edge else "0" for row, edge in enumerate(heatmap.edges_ms) if not row % _LABEL_EACH
    }
    return canvas.render(labels, time_axis.ticks(start, end, columns))


def _counts(
    heatmap: Heatmap, timeline: Timeline, covered: tuple[float, float], columns: int
) -> dict[tuple[int, int], float]:
    """Exchanges by column and row. All columns of a point that is wider than a column have its count."""
    start, end = covered
    cell, bucket = (end - start) / columns, timeline.bucket_s
    starts = [instants.seconds(point.start) for point in timeline.points]
    counts: dict[tuple[int, int], float] = {}
    for point, row, count in heatmap.cells:
        first = int((starts[point] - start) / cell + 1e-6)
        last = max(first, math.ceil((starts[point] + bucket - start) / cell - 1e-6) - 1) if bucket > cell else first
        for column in range(first, min(last + 1, columns)):
            counts[column, row] = counts.get((column, row), 0.0) + count
    return counts


def _shade(share: float, *, color: bool) -> tuple[str, tuple[int, int, int]]:
    """The sign and the colour of a share from 0 to 1 of the most exchanges. The more there are, the lighter it is."""
    from logcorr.render import charts  # noqa: PLC0415 - as above

    if not color:
        return _SHADES[max(1, math.ceil(share * (len(_SHADES) - 1)))], charts.GREY
    low, high, part = (
        (charts.NIGHT, charts.BLUE, share * 2) if share < 0.5 else (charts.BLUE, charts.AMBER, share * 2 - 1)
    )
    return "█", charts.blend(low, high, part)
