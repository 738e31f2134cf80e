"""The headline figures: six tiles, each with what it means below and how it went over time beside it."""

from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.access_model import AccessReport
from logcorr.text import percent, short
from logcorr_tui import palette
from logcorr_tui.messages import Drill
from logcorr_tui.palette import Palette
from logcorr_tui.session import session_of
from logcorr_tui.time_text import bound, spaced
from logcorr_tui.widgets import headline_figures
from logcorr_tui.widgets.canvas import Canvas
from logcorr_tui.widgets.chart import Chart
from logcorr_tui.widgets.figures import Figures
from logcorr_tui.widgets.sparkline import sparkline
from logcorr_tui.widgets.tile import Tile

TILES = 6
_NAMES = ("Requests", "Matched", "Errors 5xx", "p50", "p99", "Orphans")
_NARROW = 72


def tiles(found: Figures, colours: Palette) -> list[Tile]:
    """The six tiles, by what was counted."""
    if isinstance(found.report, AccessReport):
        return headline_figures.tiles(found, found.report, colours)
    return _pair(found, colours)


def _pair(found: Figures, colours: Palette) -> list[Tile]:
    """Of a pair of logs; figures that are estimates say so with ≈."""
    about = "≈" if found.share is not None else ""
    points, matched, fives = found.points, found.matched, found.server_errors
    peak = max((p.requests for p in points), default=0) / (found.bucket_s or 1)
    pace = f"{about}{short(peak)}/s peak" if points else "at the end" if about else "none"
    requests = "–" if found.requests is None else short(found.requests)
    lost = found.request_orphans
    sides = "both sides" if lost is None else f"{short(lost)}+{short(found.orphans - lost)}"
    high = None if found.p50 is None else Drill("exchanges", f"duration>={bound(found.p50)}", "at or above p50")
    failing = [p.errors_5xx / p.requests if p.requests else 0.0 for p in points]
    pairs = "pair" if matched == 1 else "pairs"
    return [
        Tile(
            "Requests", requests, pace, colours.accent,
            [p.requests for p in points], Drill("exchanges", "", "all exchanges"),
        ),
        Tile(
            "Matched", "≈" + short(matched) if about else percent(matched, found.requests or 0),
            pairs if about else f"{short(matched)} {pairs}", colours.good, [],
            Drill("exchanges", "", "all exchanges"),
        ),
        Tile(
            "Errors 5xx", about + percent(fives, matched), f"{fives:,} rows" if not about else f"{short(fives)} rows",
            colours.bad, failing, Drill("exchanges", "status>=500 status<600", "status 5xx"),
        ),
        Tile(
            "p50", about + spaced(found.p50), f"p95 {spaced(found.p95)}", colours.info, [p.p50_ms for p in points], high
        ),
        Tile(
            "p99", about + spaced(found.p99), f"max {spaced(found.slowest)}", colours.warn,
            [p.p99_ms for p in points], Drill("slow", "", "above p99"),
        ),
        Tile(
            "Orphans", about + (short(found.orphans) if about else f"{found.orphans:,}"), sides, colours.lost,
            [] if about else [p.orphans for p in points], Drill("orphans", "", "all orphans"),
        ),
    ]  # fmt: skip


class Tiles(Chart):
    """Six tiles in a row, or three and three where it is narrow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Previous tile", show=False, id="tiles.previous", tooltip="Previous figure"),
        Binding("right,l", "move(1)", "Next tile", show=False, id="tiles.next", tooltip="Next figure"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.cursor = 0

    @staticmethod
    def rows_for(width: int) -> int:
        """How many rows the tiles take at a width."""
        return 6 if width < _NARROW else 3

    def _places(self) -> list[Region]:
        per = TILES // 2 if self.size.width < _NARROW else TILES
        gap = 1 if self.size.width >= 100 else 0
        width = self.size.width + gap
        return [
            Region(k % per * width // per, k // per * 3, (k % per + 1) * width // per - k % per * width // per - gap, 3)
            for k in range(TILES)
        ]

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        if self.figures is None:
            names = headline_figures.NAMES if session_of(self).kind == "access" else _NAMES
            for name, place in zip(names, self._places(), strict=True):
                canvas.paper(place, colours.panel)
                canvas.write(place.x + 2, place.y, name, colours.dim)
                canvas.write(place.x + 2, place.y + 1, "–", colours.ink, bold=True)
            return
        for k, (tile, place) in enumerate(zip(tiles(self.figures, colours), self._places(), strict=True)):
            chosen = self.has_focus and k == self.cursor
            canvas.paper(place, colours.raised if chosen else colours.panel)
            for row in range(3):
                canvas.put(place.x, place.y + row, "█" if chosen else "▌", tile.ink)
            x = place.x + (2 if place.width >= 16 else 1)
            room = place.right - x
            canvas.write(x, place.y, f"{tile.name[: room - 2]}{' ⏎' if chosen else ''}", colours.dim)
            end = canvas.write(x, place.y + 1, tile.value[:room], colours.ink, bold=True)
            note = tile.note
            if cell_len(note) >= room:
                note = note.replace(" peak", " pk").replace(" rows", "")[:room]
            canvas.write(x, place.y + 2, note, colours.dim)
            columns = min(place.right - end - 3, 9)
            if columns >= 4:
                line = sparkline(tile.trend, columns)
                canvas.right(place.right - 1, place.y + 1, line, tile.ink)

    def target(self) -> Drill | None:
        if self.figures is None:
            return None
        return tiles(self.figures, palette.of(self.app))[self.cursor].target

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        del extend
        for k, place in enumerate(self._places()):
            if place.contains(x, y):
                again, self.cursor = k == self.cursor, k
                self.repaint()
                return again
        return False

    def action_move(self, by: int) -> None:
        """To the next or the previous tile."""
        self.cursor = (self.cursor + by) % TILES
        self.repaint()
