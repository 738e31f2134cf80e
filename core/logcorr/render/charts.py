"""The charts of the summary, drawn with plotext. No other module imports plotext.

Each chart is a list of lines of exactly `width` cells, with ANSI colours if `color`. The figure of plotext is global,
so no two threads may draw at once. Bars are drawn cell by cell, to end on an eighth of a cell: x is a column, y a row
from below.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from logcorr.model.report import HistogramBin
from logcorr.text.latency_axis import round_durations, slowness
from logcorr.text.quantities import duration, rate, short

try:
    import plotext
except ImportError:
    plotext = None

plt: Any = plotext
# Where plotext 6 has no wheel, it may be missing, or of another version: then there are no charts.
CAN_DRAW = hasattr(plt, "pixel") and hasattr(plt, "terminal")
RGB = tuple[int, int, int]

GREEN, AMBER, RED = (158, 206, 106), (224, 175, 104), (247, 118, 142)
BLUE, NIGHT, CYAN, PURPLE, GREY = (122, 162, 247), (74, 96, 150), (125, 207, 255), (187, 154, 247), (120, 124, 153)

GUTTER = 9
_SHORTEST_MS = 0.001
_THEME = "logcorr"
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Canvas:
    """A grid of cells with a gutter for labels at the left and, if asked, a line of ticks below."""

    def __init__(self, width: int, height: int, *, color: bool) -> None:
        self.columns, self.height, self.color = width - GUTTER, height, color
        self.cells: dict[tuple[int, int], tuple[str, RGB, RGB | None]] = {}
        self.lines: list[tuple[list[float], list[float], RGB]] = []

    def put(self, column: int, row: int, glyph: str, ink: RGB, paper: RGB | None = None) -> None:
        if 0 <= column < self.columns and 0 <= row < self.height:
            self.cells[column, row] = glyph, ink, paper if self.color else None

    def bar(self, column: int, share: float, ink: Callable[[int], RGB], rows: int | None = None) -> int:
        """Draws a bar over `share` of the rows, at least an eighth where it is above 0. Returns its eighths."""
        eighths = _eighths(share, rows or self.height)
        for row in range(-(-eighths // 8)):
            self.put(column, row, _EIGHTHS[min(eighths - row * 8, 8)], ink(row))
        return eighths

    def write(self, column: int, row: int, text: str, ink: RGB) -> None:
        for offset, glyph in enumerate(text):
            self.put(column + offset, row, glyph, ink)

    def render(self, left: Mapping[int, str], below: Mapping[int, str] | None = None) -> list[str]:
        """The lines of the chart, none without plotext. `left` labels rows, `below` columns (None: no axis)."""
        if not CAN_DRAW:
            return []
        below = below and {column: text for column, text in below.items() if text}
        plt.add_theme(_THEME, text=GREY)
        plt.terminal.limit(False, False)
        figure = plt.figure
        figure.clear()
        figure.plot_size(self.columns + GUTTER, self.height + (2 if below else 0))
        figure.theme(_THEME)
        figure.axes(active=False)
        groups: dict[tuple[str, RGB, RGB | None], list[tuple[int, int]]] = defaultdict(list)
        for position, style in self.cells.items():
            groups[style].append(position)
        for (glyph, ink, paper), positions in groups.items():
            marker = plt.marker(glyph, plt.pixel(ink, paper or "default"))
            figure.draw(figure.signal([c + 0.5 for c, _ in positions], [r + 0.5 for _, r in positions], marker=marker))
        for xs, ys, ink in self.lines:
            marker = plt.marker("braille", plt.pixel(ink, "default"))
            figure.draw(figure.signal(xs, ys, marker=marker).lines(len(xs) > 1))
        # plotext refuses a label of spaces only, and without labels there would be no gutter.
        labels = {row: text for row, text in left.items() if text} or {0: "–"}
        rows = [row + 0.5 for row in labels]
        names = [f"{text:>{GUTTER - 1}} " for text in labels.values()]
        figure.ruler("y", 0).lim(0, self.height).alignment(lim="edge").ticks(rows, names)
        figure.ruler("x", 0).lim(0, self.columns).alignment(lim="edge")
        if not below:
            figure.ruler("x", 0).ticks([])
        else:
            figure.axes(True, axis="x", side=0)
            figure.ruler("x", 0).ticks([c + 0.5 for c in below], list(below.values()))
        text = figure.build().string(colorless=not self.color)
        figure.clear()
        return str(text).rstrip("\n").split("\n")


def histogram(
    bins: Sequence[HistogramBin], marks: Mapping[str, float | None], width: int, height: int, *, color: bool
) -> list[str]:
    """Latencies on a log axis. `marks` are percentiles in ms by name, drawn as lines.

    Bars are green up to p50, amber at p95, and red above p99.
    """
    spans = [(b.log_from_ms, b.to_ms, b.count) for b in bins if b.count > 0]
    if not spans:
        return []
    zero = _move_zero(spans)
    canvas = Canvas(width, height, color=color)
    start, end = math.log10(spans[0][0]), math.log10(max(spans[-1][1], spans[0][0] * 1.01))
    counts = spread([(math.log10(a), math.log10(b), n) for a, b, n in spans], start, end, canvas.columns)
    top = max(counts)
    mark_columns = {name: _column(ms, start, end, canvas.columns) for name, ms in marks.items() if ms and ms > 0}
    roof = height - min(len(mark_columns), 2)
    ends = []
    for column, count in enumerate(counts):
        ends.append(-(-canvas.bar(column, count / top, partial(_grade, column, mark_columns), roof) // 8))
    _mark(canvas, {name: (mark_columns[name], f"{name} {duration(marks[name])}") for name in mark_columns}, ends)
    ticks = _log_ticks(start, end, canvas.columns)
    if zero:
        zero_column = _column(zero, start, end, canvas.columns)
        ticks = {zero_column: "0", **{at: text for at, text in ticks.items() if at - len(text) / 2 > zero_column + 1}}
    return canvas.render({roof - 1: short(_peak(bins)), 0: "0"}, ticks)


def rates(good: Sequence[float], bad: Sequence[float], width: int, height: int, *, color: bool) -> list[str]:
    """Requests a second, a bar for each column: successful requests in blue, failed requests on top in red."""
    canvas = Canvas(width, height, color=color)
    top = max((g + b for g, b in zip(good, bad, strict=True)), default=0.0) or 1.0
    for column, (successful, failed) in enumerate(zip(good, bad, strict=True)):
        total = canvas.bar(column, (successful + failed) / top, lambda row: _shade(row, height))
        red = round(failed / top * height * 8)
        if red >= 4:
            _overlay(canvas, column, total - red, total)
    return canvas.render({height - 1: rate(top), 0: "0"})


def strip(
    values: Sequence[float],
    name: str,
    ink: RGB,
    width: int,
    height: int,
    *,
    color: bool,
    below: Mapping[int, str] | None = None,
) -> list[str]:
    """A low bar chart on its own scale, named in the gutter."""
    canvas = Canvas(width, height, color=color)
    top = max(values, default=0.0) or 1.0
    for column, value in enumerate(values):
        canvas.bar(column, value / top, lambda _row: ink)
    return canvas.render({height - 1: rate(top), 0: name} if height > 1 else {0: name}, below)


def percentiles(
    series: Sequence[tuple[Sequence[float | None], RGB]],
    below: Mapping[int, str],
    width: int,
    height: int,
    *,
    color: bool,
) -> list[str]:
    """Lines of latency (ms) on a log scale. All lines have the same time axis."""
    canvas = Canvas(width, height, color=color)
    logs = [math.log10(max(v, 1e-3)) for values, _ in series for v in values if v is not None]
    low, high = (min(logs), max(logs)) if logs else (0.0, 1.0)
    if high - low < 0.01:
        low, high = low - 0.5, high + 0.5
    span = high - low
    for values, ink in series:
        run: list[tuple[float, float]] = []
        for column, value in enumerate([*values, None]):
            if value is not None:
                share = (math.log10(max(value, 1e-3)) - low) / span
                run.append((column + 0.5, 0.15 + share * (height - 0.3)))
            elif run:
                canvas.lines.append(([x for x, _ in run], [y for _, y in run], ink))
                run = []
    shown = (0, height - 1) if logs and max(logs) - min(logs) >= 0.01 else (height // 2,) if logs else ()
    labels = {row: duration(10 ** (low + row / max(height - 1, 1) * span)) for row in shown}
    return canvas.render(labels, below)


def _eighths(share: float, rows: int) -> int:
    return max(round(share * rows * 8), 1) if share > 0 else 0


def _overlay(canvas: Canvas, column: int, start: int, end: int) -> None:
    """Paints a drawn bar red from eighth `start` to eighth `end`. A cell has two colours, not three."""
    for row in range(start // 8, -(-end // 8)):
        low, high = max(start - row * 8, 0), min(end - row * 8, 8)
        if low == 0 or (high < 8 and high - low >= low):
            canvas.put(column, row, _EIGHTHS[high], RED)
        elif high == 8 and canvas.color:
            canvas.put(column, row, _EIGHTHS[low], _shade(row, canvas.height), RED)


def _shade(row: int, height: int) -> RGB:
    return blend(NIGHT, BLUE, row / max(height - 1, 1))


def _mark(canvas: Canvas, marks: Mapping[str, tuple[int, str]], ends: Sequence[int]) -> None:
    """Draws a line from the top down to the bar for each mark, and its label in the first row that has room.

    `marks` are (column, label) by name, `ends` the rows at which bars end.
    """
    free = [0, 0]
    for column, text in marks.values():
        row = 0 if column + len(text) + 2 <= canvas.columns and free[0] <= column else 1
        start = min(column + 1, canvas.columns - len(text))
        if start <= column:
            start = column - len(text)
        if start < free[row]:
            continue
        free[row] = start + len(text) + 1
        level = canvas.height - 1 - row
        for below in range(ends[column], level + 1):
            canvas.put(column, below, "│", GREY)
        canvas.write(start, level, text, GREY)


def spread(spans: Sequence[tuple[float, float, float]], start: float, end: float, columns: int) -> list[float]:
    """The counts of the spans (from, to, count), distributed over the columns of [start, end).

    A column gets the share of a count that its width has of the width of the span.
    """
    cell = (end - start) / columns
    out = [0.0] * columns
    for low, high, count in spans:
        first = (low - start) / cell
        last = max((high - start) / cell, first + 1e-9)
        for column in range(max(int(first + 1e-6), 0), min(math.ceil(last - 1e-6), columns)):
            out[column] += count * (min(last, column + 1) - max(first, column)) / (last - first)
    return out


def _move_zero(spans: list[tuple[float, float, int]]) -> float | None:
    """Moves the bin of zero durations beside the other bins, where a log axis would leave an empty stretch between.

    A log of whole milliseconds has this bin, and no log axis reaches down to zero. Returns the middle of the moved bin
    in ms; None where it was not moved.
    """
    if len(spans) < 2 or spans[0][1] > _SHORTEST_MS or spans[1][0] < 10 * spans[0][1]:
        return None
    next_start = spans[1][0]
    spans[0] = (next_start / 2, next_start / 1.5, spans[0][2])
    return next_start / math.sqrt(3)


def _peak(bins: Sequence[HistogramBin]) -> int:
    return max(b.count for b in bins)


def _column(ms: float, start: float, end: float, columns: int) -> int:
    return min(max(int((math.log10(ms) - start) / (end - start) * columns), 0), columns - 1)


def _grade(column: int, marks: Mapping[str, int], _row: int) -> RGB:
    step, share = slowness(column, marks.get("p50", 0), marks.get("p95", 0), marks.get("p99", 0))
    colours = (GREEN, AMBER, RED)
    return blend(colours[step], colours[step + 1], share)


def blend(low: RGB, high: RGB, share: float) -> RGB:
    """A colour between two, by a share from 0 to 1."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _log_ticks(start: float, end: float, columns: int) -> dict[int, str]:
    """Labels of columns."""
    ticks: dict[int, str] = {}
    last_end = -1
    for ms, position in round_durations(start, end, columns):
        label, column = duration(ms), int(position)
        if 0 <= position < columns and column - len(label) / 2 > last_end:
            ticks[column] = label
            last_end = column + len(label) // 2 + 1
    return ticks or {0: duration(10**start), columns - 1: duration(10**end)}
