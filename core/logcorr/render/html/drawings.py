"""Still pictures of charts as paths of SVG: bars, stacks, lines and heat, with their axes.

The picture stands in the page before any script runs, where no script runs, and on paper.
"""

import math
from collections.abc import Callable, Sequence
from itertools import groupby

from logcorr.render.html.page_model import Drawing, Label
from logcorr.text import instants
from logcorr.text.latency_axis import round_durations
from logcorr.text.quantities import duration

WIDTH = 960
_LEFT, _RIGHT, _TOP, _BELOW = 62, 22, 12, 24
_GAP = 90
_HEAT_STEPS = 9

# (start, end, value) of a bar; (x, value) of a point of a line. x is in seconds, or the logarithm of milliseconds.
Bar = tuple[float, float, float]
Point = tuple[float, float | None]


class Frame:
    """The plot of a picture: turns x and shares of the height into coordinates, and collects what is drawn."""

    def __init__(self, start: float, end: float, height: int) -> None:
        self.start, self.end, self.height = start, end if end > start else start + 1, height
        self.labels: list[Label] = []
        self.areas: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []

    @property
    def width(self) -> int:
        """The width of the plot."""
        return WIDTH - _LEFT - _RIGHT

    def x(self, at: float) -> float:
        """Where `at` lies, from the left edge of the picture."""
        return _LEFT + (at - self.start) / (self.end - self.start) * self.width

    def y(self, share: float) -> float:
        """Where a share of the height lies, from the top edge of the picture."""
        room = self.height - _TOP - _BELOW
        return _TOP + (1 - share) * room

    def box(self, start: float, end: float, low: float, high: float) -> str:
        """A rectangle from x to x and from share to share, as a path. It is never too narrow to be seen."""
        left, top = self.x(start), self.y(high)
        wide = max(self.x(end) - left, 0.5)
        return f"M{left:.1f} {top:.1f}h{wide:.1f}v{self.y(low) - top:.1f}h-{wide:.1f}z"

    def rule(self, share: float, label: str) -> None:
        """A faint line across the plot, and its label at the left."""
        y = self.y(share)
        self.lines.append(("grid", f"M{_LEFT} {y:.1f}h{self.width}"))
        self.labels.append(Label(_LEFT - 8, round(y + 4, 1), label, "end"))

    def below(self, at: float, label: str) -> None:
        """A label on the lower axis."""
        half = 3.2 * len(label)
        x = min(max(self.x(at), _LEFT + half - 6), WIDTH - half)
        self.labels.append(Label(round(x, 1), self.height - 6, label))

    def times(self) -> None:
        """Labels of round times on the lower axis; of the start where no round time is shown."""
        span = self.end - self.start
        step, form = instants.axis_labels(span / (self.width / _GAP))
        first = math.ceil(self.start / step)
        ats: list[float] = [k * step for k in range(first, int(self.end // step) + 1)] or [self.start]
        for at in ats:
            self.below(at, instants.strftime(at, form if len(ats) > 1 else "%H:%M:%S"))

    def durations(self) -> None:
        """Labels of round durations on the lower axis, whose x is the logarithm of milliseconds."""
        last = -math.inf
        for ms, place in round_durations(self.start, self.end, self.width):
            at = math.log10(ms)
            if 0 <= place <= self.width and place - last > 60:
                self.below(at, duration(ms))
                last = place

    def drawing(self) -> Drawing:
        """The picture."""
        return Drawing(width=WIDTH, height=self.height, areas=self.areas, lines=self.lines, labels=self.labels)


def round_top(value: float) -> float:
    """The least round number that is not below a value: 1, 2, 2.5 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))


def stacked(frame: Frame, series: Sequence[tuple[str, Sequence[Bar]]], show: Callable[[float], str]) -> None:
    """Bars on top of each other, from below in the order of the series (tone, bars); all have bars at the same x."""
    sums: list[float] = [0.0] * max((len(bars) for _, bars in series), default=0)
    for _, bars in series:
        sums = [total + value for total, (_, _, value) in zip(sums, bars, strict=True)]
    top = round_top(max(sums, default=0))
    for share in (0, 0.5, 1):
        frame.rule(share, show(top * share))
    base = [0.0] * len(sums)
    for tone, bars in series:
        boxes = []
        for k, (start, end, value) in enumerate(bars):
            if value > 0:
                boxes.append(frame.box(start, end, base[k] / top, (base[k] + value) / top))
                base[k] += value
        if boxes:
            frame.areas.append((tone, "".join(boxes)))


def lines(frame: Frame, series: Sequence[tuple[str, Sequence[Point]]]) -> None:
    """Lines of durations (ms) on a log axis; None interrupts a line. Nothing is drawn where there is no value."""
    values = [math.log10(max(value, 1e-3)) for _, points in series for _, value in points if value is not None]
    if not values:
        return
    low, high = math.floor(min(values) * 2) / 2, math.ceil(max(values) * 2) / 2
    high = max(high, low + 0.5)
    for ms, place in round_durations(low, high, 1000):
        if 0 <= place <= 1000:
            frame.rule(place / 1000, duration(ms))
    for tone, points in series:
        paths = []
        for drawn, run in groupby(points, key=lambda point: point[1] is not None):
            if drawn:
                places = [
                    (frame.x(at), frame.y((math.log10(max(value or 0, 1e-3)) - low) / (high - low)))
                    for at, value in run
                ]
                # A point alone is a short line.
                places += [(places[0][0] + 3, places[0][1])] if len(places) == 1 else []
                paths.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places))
        frame.lines.append((tone, "".join(paths)))


def heat(frame: Frame, cells: Sequence[tuple[float, float, int, int]], bands: int) -> None:
    """Cells (start, end, band, count) of a heat map with so many bands; the darker the more, on a log scale."""
    most = math.log1p(max((count for *_, count in cells), default=1))
    boxes: dict[int, list[str]] = {}
    for start, end, band, count in cells:
        step = min(int(math.log1p(count) / most * _HEAT_STEPS), _HEAT_STEPS - 1)
        boxes.setdefault(step, []).append(frame.box(start, end, band / bands, (band + 1) / bands))
    frame.areas += [(f"heat{step}", "".join(boxes[step])) for step in sorted(boxes)]


def spark(values: Sequence[float | None]) -> str:
    """The course of values as an area 100 wide and 24 high; empty with fewer than three values."""
    known = [value or 0.0 for value in values]
    top = max(known, default=0)
    if len(known) < 3 or top <= 0:
        return ""
    # More points than pixels would only make the page larger.
    size = max(len(known) // 50, 1)
    groups = [max(known[k : k + size]) for k in range(0, len(known), size)]
    step = 100 / len(groups)
    path = "".join(f"V{24 - 23 * value / top:.1f}h{step:.2f}" for value in groups)
    return f"M0 24{path}V24z"
