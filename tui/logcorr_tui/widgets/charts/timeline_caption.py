"""The texts on the frame of the timeline: the legend above, and the figures of the selection below."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.geometry import Size

from logcorr.model.report import TimelinePoint
from logcorr.text.quantities import percent, short
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.time_text import clocks, spaced
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts.canvas import Canvas, Part

_ROOMY = 90


@dataclass(frozen=True)
class Chosen:
    """The selection: its span in seconds, its points, and its latency band in ms (None: all bands)."""

    span: tuple[float, float]
    points: Sequence[TimelinePoint]
    band: tuple[float, float] | None


def title(figures: Figures | None, size: Size, colours: Palette, *, zoomed: str) -> list[Part]:
    """The title and the legend; and whether the figures are estimates, or what is said of a zoom."""
    dim = colours.dim
    parts: list[Part] = [("Timeline", colours.ink, True)]
    if figures and figures.share is not None:
        parts.append((f" · {figures.note()}", colours.warn, False))
    if zoomed:
        parts.append((f" · {zoomed}, Esc undoes", colours.warn, False))
    parts += [(" · req/s ", dim, False), ("■", colours.accent, False), (" ok ", dim, False)]
    parts += [("■", colours.bad, False), (" 5xx", dim, False)]
    if size.height >= 12 and size.width >= _ROOMY:
        parts += [(" · latency ", dim, False), ("⠒", colours.info, False), (" p50 ", dim, False)]
        parts += [("⠒", colours.warn, False), (" p99", dim, False)]
    return [*parts, (" · heat = latency density", dim, False)]


def note(chosen: Chosen | None, size: Size, colours: Palette, keys: Sequence[str], *, exact: bool = True) -> list[Part]:
    """The figures of the selection, and the actions for it. Without `exact`, orphans are left out.

    Where there is no room for all, figures go first, and then the actions that other keys do as well.
    """
    if chosen is None:
        return [("↔ time cursor", colours.dim, False), *_offers([key for key in keys if key[0] not in "234"], colours)]
    figures = _figures(chosen, size, colours, exact=exact)
    room = size.width - 6
    without, few = ([key for key in keys if key[0] not in left_out] for left_out in ("23", "234"))
    for kept, shown in (
        *((figures, keys), (figures[:4], keys), (figures[:3], keys), (figures[:2], keys)),
        *((figures, without), (figures[:3], without), (figures, few), (figures[:2], few)),
    ):
        parts = [*kept, *_offers(shown, colours)]
        if sum(len(text) for text, _, _ in parts) <= room:
            return parts
    return parts


def draw_below(canvas: Canvas, colours: Palette, foot: Sequence[tuple[range, str]], keys: str) -> None:
    """Writes left on the foot which keys lead to what lies below, out of sight, if there is room."""
    if keys and (not foot or foot[0][0].start > len(keys) + 10):
        canvas.write(2, canvas.height - 1, f" ▼ {keys} ", colours.dim)


def _figures(chosen: Chosen, size: Size, colours: Palette, *, exact: bool) -> list[Part]:
    """The figures of the selection, the most telling first."""
    (start, end), points = chosen.span, chosen.points
    requests = sum(p.requests for p in points)
    label = clocks(start, end)
    if chosen.band is not None:
        low, high = chosen.band
        label += f" · {spaced(low)} – {spaced(high)}"
    parts: list[Part] = [(label, colours.ink, True)]
    parts.append((f" · {short(requests / max(end - start, 1e-6))}/s", colours.ink, False))
    if size.width >= _ROOMY:
        failed = percent(sum(p.errors_5xx for p in points), requests, 1)
        parts.append((f" · 5xx {failed}", colours.ink, False))
        if exact:
            parts.append((f" · {short(sum(p.orphans for p in points))} orphans", colours.ink, False))
        if chosen.band is None:
            worst = max((p.p99_ms for p in points if p.p99_ms is not None), default=None)
            parts.append((f" · p99 {spaced(worst)}", colours.ink, False))
    return parts


def _offers(keys: Iterable[str], colours: Palette) -> list[Part]:
    return [(f" · {text}", colours.dim, False) for text in keys]
