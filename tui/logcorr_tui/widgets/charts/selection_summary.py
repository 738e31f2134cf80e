"""Two lines on a selection: how slow its exchanges are compared with all others, and when its rows happened."""

from collections.abc import Sequence

from rich.text import Text

from logcorr.model.report import TimelinePoint
from logcorr.text import instants
from logcorr.text.quantities import short
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.time_text import spaced
from logcorr_tui.widgets.charts.canvas import EIGHTHS
from logcorr_tui.widgets.charts.sparkline import squeeze

_NAME = 9
# From so many times the latency of the rest on, the figure has a colour.
_SLOWER = 1.5


def latency_line(inside: dict[str, float], outside: dict[str, float], width: int, colours: Palette) -> Text:
    """The percentiles here and elsewhere, as many as have room. Empty where there are none of both."""
    both = [name for name in ("p50", "p95", "p99") if name in inside and name in outside]
    if not both:
        return Text("")
    for shown in (both, [both[0], both[-1]], both[-1:]):
        line = _compared(shown, inside, outside, colours)
        if line.cell_len <= width:
            return line
    return line


def _compared(names: Sequence[str], inside: dict[str, float], outside: dict[str, float], colours: Palette) -> Text:
    line = Text(f" {'latency':<{_NAME}}", colours.dim)
    for number, name in enumerate(names):
        here, rest = inside[name], outside[name]
        times = f"×{short(here / rest)}" if rest else ""
        line.append(" · " if number else "", colours.dim).append(f"{name} ", colours.dim)
        line.append(spaced(here), f"bold {colours.ink}").append(f", elsewhere {spaced(rest)} ", colours.dim)
        line.append(times, f"bold {colours.warn}" if rest and here / rest >= _SLOWER else colours.dim)
    return line


def time_line(counts: Sequence[int], points: Sequence[TimelinePoint], width: int, colours: Palette) -> Text:
    """A small bar for each part of the time that the logs cover, as high as it has rows; and the time with the most."""
    if not points or not any(counts):
        return Text("")
    first, last = instants.seconds(points[0].start), instants.seconds(points[-1].start)
    form = "%H:%M" if last - first < 86_400 else "%d %b %H:%M"
    ends = [instants.strftime(at, form) for at in (first, last)]
    most = max(range(len(counts)), key=lambda number: counts[number])
    at = instants.strftime(instants.seconds(points[most].start), form)
    said = f"  most at {at} ({short(counts[most])})"
    columns = width - _NAME - sum(map(len, ends)) - len(said) - 4
    line = Text(f" {'when':<{_NAME}}", colours.dim)
    if colours.plain:
        line.append(f"{ends[0]} to {ends[1]},", colours.dim)
    elif columns >= 8:
        cells = squeeze([float(count) for count in counts], columns)
        top = max(cells)
        bars = "".join(EIGHTHS[max(round(value / top * 8), 1)] if value else "·" for value in cells)
        line.append(f"{ends[0]} ", colours.dim).append(bars, colours.accent).append(f" {ends[1]}", colours.dim)
    return line.append(said, colours.ink)
