"""The latency histogram: log x, one bar a bin, graded from green over amber to red, with marks at p50, p95 and p99."""

import math
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from logcorr.model.report import HistogramBin
from logcorr.text.latency_axis import round_durations, slowness
from logcorr.text.quantities import percent, short
from logcorr_tui.look.palette import Palette, blend
from logcorr_tui.look.time_text import bound, spaced
from logcorr_tui.state.messages import Drill
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.percentile_marks import Mark, place_marks

GUTTER = 7
_FINE_MS = 10.0
_FEW = 0.05


@dataclass(frozen=True)
class Scale:
    """A log axis over columns, and its bars. A bar joins bins so that each bar has a column at least."""

    start: float
    end: float
    columns: int
    bars: list[HistogramBin]
    of_column: list[int]

    def column(self, ms: float) -> int:
        """The column of a duration, within the axis."""
        share = (math.log10(max(ms, 1e-6)) - self.start) / (self.end - self.start)
        return min(max(int(share * self.columns), 0), self.columns - 1)


def scale(bins: list[HistogramBin], columns: int) -> Scale | None:
    """The bars that fit into these columns, from the first to the last bin with a count."""
    filled = [k for k, span in enumerate(bins) if span.count > 0]
    if not filled or columns < 1:
        return None
    bins = bins[max(filled[0] - 1, 0) : filled[-1] + 2]
    joined = _axis(whole_milliseconds(bins), columns)
    # Bars of uneven width may be thinner than a column, and a bar with a count must be seen.
    seen = all(k in joined.of_column for k, bar in enumerate(joined.bars) if bar.count)
    return joined if seen else _axis(bins, columns)


def _axis(bins: list[HistogramBin], columns: int) -> Scale:
    """The axis of these bins, each of which has a part of it."""
    per = -(-len(bins) // columns)
    groups = [bins[k : k + per] for k in range(0, len(bins), per)]
    bars = [HistogramBin(from_ms=g[0].from_ms, to_ms=g[-1].to_ms, count=sum(b.count for b in g)) for g in groups]
    start, end = math.log10(bars[0].log_from_ms), math.log10(bars[-1].to_ms)
    end = max(end, start + 1e-6)
    if len(bars) * 2 < columns:
        # Few bins keep the width that they would have on an axis of a decade.
        middle, half = (start + end) / 2, max(end - start, 1.0) / 2
        start, end = middle - half, middle + half
    edges = [(math.log10(b.to_ms) - start) / (end - start) * columns for b in bars]
    first = (math.log10(bars[0].log_from_ms) - start) / (end - start) * columns
    of_column, at = [], 0
    for column in range(columns):
        middle = column + 0.5
        while at < len(bars) - 1 and middle > edges[at] + 1e-9:
            at += 1
        inside = first - 0.5 <= middle <= edges[-1] + 0.5
        of_column.append(at if inside else -1)
    for bar in set(range(len(bars))) - set(of_column):
        # Uneven bins at the ends may be thinner than a column. A bin with a count must be seen.
        column = min(max(round(edges[bar] - 0.5), 0), columns - 1)
        of_column[column] = max(of_column[column], bar, key=lambda b: bars[b].count if b >= 0 else -1)
    return Scale(start, end, columns, bars, of_column)


def whole_milliseconds(bins: list[HistogramBin]) -> list[HistogramBin]:
    """Bins without gaps where a log has whole milliseconds: a bin without any of these joins the bin before.

    Below 10 ms many bins lie between two milliseconds. Bins are as they are where these have more than a few counts.
    """
    between = {k for k, span in enumerate(bins) if span.to_ms <= _FINE_MS and math.ceil(span.from_ms) >= span.to_ms}
    fine = sum(span.count for span in bins if span.to_ms <= _FINE_MS)
    if not between or sum(bins[k].count for k in between) > _FEW * fine:
        return bins
    joined: list[HistogramBin] = []
    for k, span in enumerate(bins):
        if k in between and joined:
            joined[-1] = HistogramBin(from_ms=joined[-1].from_ms, to_ms=span.to_ms, count=joined[-1].count + span.count)
        else:
            joined.append(span)
    return joined


def ticks(axis: Scale) -> list[tuple[int, str]]:
    """Columns and labels of round durations."""
    out: list[tuple[int, str]] = []
    after = -1
    for ms, place in round_durations(axis.start, axis.end, axis.columns):
        label = spaced(ms).replace(" ", "")
        start = int(place) - len(label) // 2
        if start > after and start >= 0 and start + len(label) <= axis.columns:
            out.append((start, label))
            after = start + len(label)
    return out


class Histogram(Chart):
    """Arrows select a bar. Enter shows the exchanges of the bar."""

    COMPARES = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Previous bar", show=False, id="histogram.previous", tooltip="Faster exchanges"),
        Binding("right,l", "move(1)", "Next bar", show=False, id="histogram.next", tooltip="Slower exchanges"),
        Binding("home", "end(-1)", "First bar", show=False, id="histogram.first", tooltip="The fastest exchanges"),
        Binding("end", "end(1)", "Last bar", show=False, id="histogram.last", tooltip="The slowest exchanges"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        # A duration, not the number of a bar: the selection outlives new estimates, and another width with other bars.
        self._at: float | None = None

    def axis(self) -> Scale | None:
        """The axis at the present size."""
        return scale(self.figures.histogram if self.figures else [], self.size.width - GUTTER - 4)

    @property
    def cursor(self) -> int | None:
        """The number of the selected bar on the present axis."""
        axis, at = self.axis(), self._at
        if axis is None or at is None:
            return None
        return next((k for k, bar in enumerate(axis.bars) if bar.from_ms <= at < bar.to_ms), None)

    def chosen(self) -> HistogramBin | None:
        """The selected bar."""
        axis, cursor = self.axis(), self.cursor
        return axis.bars[cursor] if axis and cursor is not None else None

    def _select(self, axis: Scale, number: int) -> None:
        bar = axis.bars[number]
        self._at = (bar.from_ms + bar.to_ms) / 2
        self.repaint()

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        title: list[Part] = [("Latency distribution", colours.ink, True), (" · log x", colours.dim, False)]
        if self.figures and self.figures.share is not None:
            title = [title[0], (f" · {self.figures.note()}", colours.warn, False)]
        canvas.frame(title, self._note(colours), self.edge(colours))
        axis = self.axis()
        bottom = canvas.height - 3
        if axis is None or bottom < 3:
            text = "waiting for the first estimates" if self.figures is None else self.figures.why_no_latency()
            canvas.write(max((canvas.width - len(text)) // 2, 1), canvas.height // 2, text, colours.dim)
            return
        left = GUTTER + 2
        places = self._marks(axis)
        high = max(bottom - max((mark.row + 1 for mark in places), default=0), 2)
        top = max(b.count for b in axis.bars)
        self._grid(canvas, colours, top, bottom, high)
        marks = {mark.name: mark.column for mark in places}
        ends = self._bars(canvas, colours, axis, marks, (bottom, high))
        self._labels(canvas, colours, places, axis, [bottom + 1 - end for end in ends])
        for start, label in ticks(axis):
            canvas.write(left + start, bottom + 1, label, colours.dim)
        cursor = self.cursor
        for column in (c for c, bar in enumerate(axis.of_column) if bar == cursor):
            canvas.put(left + column, bottom + 1, "▲", colours.ink, bold=True)

    def _bars(
        self, canvas: Canvas, colours: Palette, axis: Scale, marks: dict[str, int], rows: tuple[int, int]
    ) -> list[int]:
        """Draws bars up from row `rows[0]`, at most `rows[1]` rows high. Returns the height of each column."""
        (bottom, high), top, ends = rows, max(b.count for b in axis.bars), [0] * axis.columns
        cursor = self.cursor
        for column, bar in enumerate(axis.of_column):
            count = axis.bars[bar].count if bar >= 0 else 0
            ink = _grade(column, marks, axis.columns, colours)
            if cursor is not None:
                chosen = bar == cursor
                ink = blend(ink, colours.ink, 0.6) if chosen else blend(ink, colours.ground, 0.45)
            eighths = max(round(count / top * high * 8), 1) if count else 0
            canvas.bar(GUTTER + 2 + column, bottom, eighths, [ink])
            ends[column] = -(-eighths // 8)
        return ends

    @staticmethod
    def _labels(canvas: Canvas, colours: Palette, places: list[Mark], axis: Scale, heads: list[int]) -> None:
        left = GUTTER + 2
        for mark in places:
            for y in range(mark.row + 1, heads[mark.column]):
                canvas.put(left + mark.column, y, "│", colours.dim)
        for mark in places:
            if mark.start is not None:
                for x in (mark.start - 1, mark.start + mark.width):
                    if 0 <= x < axis.columns and canvas.cell(left + x, mark.row + 1)[0] == "┈":
                        canvas.put(left + x, mark.row + 1, " ", colours.dim)
                end = canvas.write(left + mark.start, mark.row + 1, mark.name + " ", colours.dim)
                canvas.write(end, mark.row + 1, mark.value, colours.ink, bold=True)

    def _marks(self, axis: Scale) -> list[Mark]:
        assert self.figures is not None  # noqa: S101 - there is an axis
        named = (("p50", self.figures.p50), ("p95", self.figures.p95), ("p99", self.figures.p99))
        about = "≈" if self.figures.share is not None else ""
        marks = [(name, about + spaced(ms), axis.column(ms)) for name, ms in named if ms and ms > 0]
        return place_marks(marks, axis.columns, 3 if self.size.height >= 9 else 2)

    def _grid(self, canvas: Canvas, colours: Palette, top: int, bottom: int, high: int) -> None:
        step = 10 ** math.floor(math.log10(max(top, 1)))
        step = next((s for s in (step * 5, step * 2, step, step // 2, step // 5) if s and top / s >= 2), 0) or step
        used = bottom + 2
        for value in range(0, top + 1, max(int(step), 1)):
            row = bottom - min(int(value / top * high), high - 1)
            if row <= used - 2:
                used = row
                canvas.right(GUTTER + 1, row, short(value), colours.dim)
                canvas.write(GUTTER + 2, row, "┈" * (canvas.width - GUTTER - 4), colours.frame)

    def _note(self, colours: Palette) -> list[Part]:
        bar = self.chosen()
        if bar is None or self.figures is None:
            return [("↔ select a bar · ⏎ drill", colours.dim, False)]
        share = percent(bar.count, sum(b.count for b in self.figures.histogram))
        shown = short(bar.count) if self.size.width < 60 else f"{bar.count:,}"
        return [
            (f"{spaced(bar.from_ms)} – {spaced(bar.to_ms)}", colours.ink, True),
            (f" · {shown}", colours.ink, False),
            (f" · {share}", colours.dim, False),
            (" · ⏎ drill", colours.dim, False),
            (" · w what differs", colours.dim, False),
        ]

    def target(self) -> Drill | None:
        bar = self.chosen()
        if bar is None:
            return None
        # The lowest bar starts at nothing or below its first edge: rounding must lose no row.
        expression = f"duration>={bound(bar.from_ms)} duration<{bound(bar.to_ms)}"
        return self.drill("exchanges", expression, f"latency {spaced(bar.from_ms)} to {spaced(bar.to_ms)}")

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del y, extend
        axis, column = self.axis(), x - GUTTER - 2
        if axis is None or not 0 <= column < axis.columns or axis.of_column[column] < 0:
            return False
        again = axis.of_column[column] == self.cursor
        self._select(axis, axis.of_column[column])
        return again

    def action_move(self, by: int) -> None:
        """Selects the next bar with a count. The first time, selects the highest bar."""
        axis, cursor = self.axis(), self.cursor
        if axis is None:
            return
        if cursor is None:
            self._select(axis, max(range(len(axis.bars)), key=lambda k: axis.bars[k].count))
            return
        at = cursor + by
        while 0 <= at < len(axis.bars) and not axis.bars[at].count:
            at += by
        if 0 <= at < len(axis.bars):
            self._select(axis, at)

    def action_end(self, side: int) -> None:
        """Selects the first or the last bar with a count."""
        axis = self.axis()
        if axis is not None:
            self._select(axis, [k for k, bar in enumerate(axis.bars) if bar.count][0 if side < 0 else -1])


def _grade(column: int, marks: dict[str, int], columns: int, colours: Palette) -> str:
    """The colour of a column: green up to p50, amber at p95, red from p99 on."""
    step, share = slowness(column, *(marks.get(name, columns) for name in ("p50", "p95", "p99")))
    steps = (colours.good, colours.warn, colours.bad)
    return blend(steps[step], steps[step + 1], share)
