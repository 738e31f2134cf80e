"""Lines of braille dots: series on one log scale, two dots wide and four dots high in each cell."""

import math
from collections.abc import Sequence

from logcorr_tui.widgets.charts.canvas import Canvas

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def lines(canvas: Canvas, left: int, top: int, rows: int, series: Sequence[tuple[Sequence[float | None], str]]) -> None:
    """Draws series, each with a value or None for each column. A cell that series share has the colour of the last."""
    logs = [math.log10(max(v, 1e-3)) for values, _ in series for v in values if v is not None]
    if not logs:
        return
    low, high = min(logs), max(logs)
    if high - low < 0.01:
        low, high = low - 0.5, high + 0.5
    dots: dict[tuple[int, int], tuple[int, str]] = {}
    deep = rows * 4 - 1
    for values, ink in series:
        before: int | None = None
        for column, value in enumerate(values):
            if value is None:
                before = None
                continue
            level = deep - round((math.log10(max(value, 1e-3)) - low) / (high - low) * deep)
            steps = [(0, level), (1, level)]
            if before is not None and abs(level - before) > 1:
                # A vertical line joins a jump, so that the series reads as one line.
                steps += [(0, y) for y in range(min(before, level) + 1, max(before, level))]
            for side, y in steps:
                place = (column, y // 4)
                dots[place] = (dots.get(place, (0, ink))[0] | _DOTS[y % 4][side], ink)
            before = level
    for (column, row), (mask, ink) in dots.items():
        canvas.put(left + column, top + row, chr(0x2800 + mask), ink)
