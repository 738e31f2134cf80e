"""The timeline: requests a second, p50 and p99, and the latency heat map on one time axis.

Left and right move a time cursor, and stretch it with shift. Up and down select a latency band of the heat map.
"""

from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region

from logcorr.model.report import Heatmap, TimelinePoint
from logcorr_tui.look.palette import Palette, blend
from logcorr_tui.look.time_text import bound, clocks, spaced, stamp
from logcorr_tui.state.messages import Drill, FindOverRepresented
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts import heat_map, percentile_lines, request_rate, time_axis, timeline_caption
from logcorr_tui.widgets.charts.canvas import EIGHTHS, Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.heat_map import HeatGrid
from logcorr_tui.widgets.charts.time_axis import Axis

GUTTER = 8


class Timeline(Chart):
    """A time cursor over all three charts. Enter shows the exchanges of the selected time and latency band."""

    OFFERS: ClassVar[dict[str, str]] = {"⏎ drill": "drill", "w what differs": "differs", "z zoom": "zoom"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Earlier", show=False, id="timeline.earlier", tooltip="Time cursor to the left"),
        Binding("right,l", "move(1)", "Later", show=False, id="timeline.later", tooltip="Time cursor to the right"),
        Binding("shift+left,H", "move(-1, True)", "Stretch left", show=False, id="timeline.stretch_left",
                tooltip="Stretch the selection to the left"),
        Binding("shift+right,L", "move(1, True)", "Stretch right", show=False, id="timeline.stretch_right",
                tooltip="Stretch the selection to the right"),
        Binding("up,k", "band(1)", "Slower band", show=False, id="timeline.slower", tooltip="Latency band above"),
        Binding("down,j", "band(-1)", "Faster band", show=False, id="timeline.faster", tooltip="Latency band below"),
        Binding("home", "end(-1)", "First", show=False, id="timeline.first", tooltip="Time cursor to the start"),
        Binding("end", "end(1)", "Last", show=False, id="timeline.last", tooltip="Time cursor to the end"),
        Binding("w", "differs", "Differs", id="timeline.differs",
                tooltip="Who and what is over-represented in the selected time or latency"),
        Binding("z", "zoom", "Zoom", id="timeline.zoom", tooltip="Zoom to the selected time; Esc goes back"),
        Binding("escape", "undo", "Undo zoom", show=False, id="timeline.undo", tooltip="Undo selection, then zoom"),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        # Points, not slots: a selection stays where it is in time when the width changes.
        self.cursor: tuple[int, int] | None = None
        self._anchor: int | None = None
        self._head = 0
        self.band: int | None = None
        self._zooms: list[tuple[int, int]] = []
        self._before: Figures | None = None

    @property
    def points(self) -> list[TimelinePoint]:
        return self.figures.points if self.figures else []

    @property
    def shown(self) -> tuple[int, int]:
        """The points in sight, [from, to)."""
        return self._zooms[-1] if self._zooms else (0, len(self.points))

    def watch_figures(self) -> None:
        """Keeps the selection with new estimates or the report, as far as its time is still there."""
        before, self._before = self._before, self.figures
        shift = None
        if before and self.figures and before.bucket_s == self.figures.bucket_s:
            shift = time_axis.shift(before.points, self.points, before.bucket_s)
        if shift is None:
            self.cursor, self._zooms = None, []
        else:
            count = len(self.points)
            self._zooms = [time_axis.moved(span, shift, count) for span in self._zooms]
            self.cursor = time_axis.moved(self.cursor, shift, count) if self.cursor else None
        # The slots belong to the old axis, and the heat map may have other bands.
        self._anchor = None
        edges = [found.heatmap.edges_ms if found and found.heatmap else [] for found in (before, self.figures)]
        self.band = self.band if self.cursor and edges[0] == edges[1] else None
        super().watch_figures()

    def on_resize(self) -> None:
        # Another height may join latency bands in another way.
        self.band = None

    def axis(self) -> Axis | None:
        """The time axis at the present width and zoom."""
        bucket = self.figures.bucket_s if self.figures else 1.0
        return time_axis.axis(self.points, *self.shown, bucket, self.size.width - GUTTER - 4)

    def heat(self, slots: list[tuple[int, int]]) -> HeatGrid:
        """The heat map in its rows: a third of all rows, or more."""
        rows = self.size.height - 3
        found = (self.figures and self.figures.heatmap) or Heatmap(edges_ms=[], cells=[])
        return heat_map.heat_grid(found, slots, rows // 3 + 1)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        found = self.axis()
        title = timeline_caption.title(self.figures, self.size, colours, zoomed=bool(self._zooms))
        self.foot = canvas.frame(title, self._note(colours, found), self.edge(colours))
        if found is None or canvas.height < 5:
            waiting = self.figures is None
            report = self.figures.report if self.figures else None
            reason = report.timeline.reason if report else None
            why = f"there is no timeline: {reason}" if reason else "no request and no response carries a time"
            text = "waiting for the first estimates" if waiting else why
            canvas.write(max((canvas.width - len(text)) // 2, 1), canvas.height // 2, text, colours.dim)
            return
        bottom, left = canvas.height - 2, GUTTER + 2
        density = self.heat(found.slots)
        heat_rows = heat_map.draw(
            canvas, density, found.of_column, colours, left=left, bottom=bottom - 1, band=self.band
        )
        rest = bottom - 1 - heat_rows
        line_rows = (rest - 3 if rest < 9 else rest // 3 + 1) if rest >= 6 else 0
        line_rows = min(line_rows, rest // 2)
        points, bucket_s = self.points, self.figures.bucket_s if self.figures else 1.0
        request_rate.draw(canvas, colours, points, found, bucket_s=bucket_s, left=left, rows=rest - line_rows)
        if line_rows:
            percentile_lines.draw(canvas, colours, points, found, left=left, top=rest - line_rows + 1, rows=line_rows)
        taken = self._cursor(canvas, colours, found, bottom)
        for column, label in time_axis.ticks(found):
            if not set(range(left + column - 1, left + column + len(label) + 1)) & set(taken):
                canvas.write(left + column, bottom, label, colours.dim)

    def _cursor(self, canvas: Canvas, colours: Palette, found: Axis, bottom: int) -> range:
        """Draws the selection through all charts, with a label below. Returns the cells of the label."""
        columns = self._columns(found)
        if not columns or self.cursor is None:
            return range(0)
        left = GUTTER + 2
        x, wide = left + columns[0], len(columns)
        for y in range(1, bottom):
            for column in columns:
                glyph, ink, paper, _ = canvas.cell(left + column, y)
                if paper == colours.ground and glyph not in EIGHTHS[1:]:
                    canvas.paper(Region(left + column, y, 1, 1), colours.raised)
                else:
                    canvas.put(
                        left + column, y, glyph, blend(ink, colours.ink, 0.45),
                        colours.raised if paper == colours.ground else blend(paper, colours.ink, 0.3),
                    )  # fmt: skip
        start, end = self._span(found)
        label = f"▲ {clocks(start, end).split(' – ')[0]}" if wide < 14 else f"▲ {clocks(start, end)}"
        at = max(min(x, left + len(found.of_column) - len(label)), left)
        canvas.write(at, bottom, label[: len(found.of_column)], colours.ink, bold=True)
        return range(at, at + len(label))

    def _columns(self, found: Axis) -> list[int]:
        if self.cursor is None:
            return []
        first, end = self.cursor
        return [c for c, s in enumerate(found.of_column) if found.slots[s][0] < end and found.slots[s][1] > first]

    def _span(self, found: Axis) -> tuple[float, float]:
        assert self.cursor is not None  # noqa: S101 - asked only with a selection
        bucket = self.figures.bucket_s if self.figures else 1.0
        narrow = time_axis.axis(self.points, *self.cursor, bucket, 1)
        return (narrow.start, narrow.end) if narrow else (found.start, found.end)

    def _note(self, colours: Palette, found: Axis | None) -> list[Part]:
        if found is None or self.cursor is None:
            return timeline_caption.note(None, self.size, colours, self.OFFERS)
        # Neither estimates nor access logs know orphans by time.
        exact = self.figures is not None and self.figures.request_orphans is not None
        chosen = timeline_caption.Chosen(
            self._span(found), self.points[slice(*self.cursor)], None if self.band is None else self._band(found)
        )
        return timeline_caption.note(chosen, self.size, colours, self.OFFERS, exact=exact)

    def _band(self, found: Axis) -> tuple[float, float]:
        edges = self.heat(found.slots).edges
        band = min(self.band or 0, len(edges) - 2)
        return edges[band], edges[band + 1]

    def target(self) -> Drill | None:
        found = self.axis()
        if self.cursor is None or found is None:
            return None
        start, end = self._span(found)
        expression = f"time>={stamp(start)} time<{stamp(end)}"
        label = clocks(start, end)
        if self.band is not None:
            low, high = self._band(found)
            expression += f" duration>={bound(low)} duration<{bound(high)}"
            label += f", {spaced(low)} to {spaced(high)}"
        return self.drill("exchanges", expression, label)

    def _select(self, slot: int, found: Axis, *, extend: bool) -> None:
        slot = min(max(slot, 0), len(found.slots) - 1)
        if not extend or self._anchor is None:
            self._anchor = slot
        low, high = sorted((min(self._anchor, len(found.slots) - 1), slot))
        self.cursor = (found.slots[low][0], found.slots[high][1])
        self._head = slot
        self.repaint()

    def action_move(self, by: int, extend: bool = False) -> None:
        """Moves the cursor by a slot. The first time, selects the slot with the most failures."""
        found = self.axis()
        if found is None:
            return
        if self.cursor is None:
            worst = max(
                range(len(found.slots)),
                key=lambda k: sum(p.errors_5xx + p.orphans for p in self.points[slice(*found.slots[k])]),
            )
            self._select(worst, found, extend=False)
            return
        point = self.cursor[1] - 1 if by > 0 else self.cursor[0]
        if extend and self._anchor is not None:
            self._select(self._head + by, found, extend=True)
            return
        slot = next((k for k, (first, end) in enumerate(found.slots) if first <= point < end), 0)
        self._select(slot + by, found, extend=False)

    def action_end(self, side: int) -> None:
        """Moves the cursor to the start or the end."""
        found = self.axis()
        if found is not None:
            self._select(0 if side < 0 else len(found.slots) - 1, found, extend=False)

    def action_band(self, by: int) -> None:
        """Selects another latency band of the heat map. Beyond the last band, selects all bands."""
        found = self.axis()
        bands = self.heat(found.slots).bands if found else 0
        if not bands:
            raise SkipAction
        if self.cursor is None:
            self.action_move(0)
        band = (0 if by > 0 else bands - 1) if self.band is None else self.band + by
        self.band = band if 0 <= band < bands else None
        self.repaint()

    def action_differs(self) -> None:
        """Asks what differs in the selected time. Without a selection, selects the worst time first."""
        if self.cursor is None:
            self.action_move(0)
        target = self.target()
        if target is not None and self.complete:
            self.post_message(FindOverRepresented(target.view, target.expression, target.label))

    def action_zoom(self) -> None:
        """Zooms to the selected time. A single slot keeps its neighbours in sight."""
        found = self.axis()
        if found is None or self.cursor is None:
            return
        first, end = self.cursor
        low, high = self.shown
        if end - first < 4:
            first, end = max(first - 4, low), min(end + 4, high)
        if (first, end) != (low, high):
            self._zooms.append((first, end))
            self._anchor = None
            self.repaint()

    def action_undo(self) -> None:
        """Undoes a zoom, or else the selection. With neither, the app handles the key."""
        if self._zooms:
            self._zooms.pop()
        elif self.cursor is not None:
            self.cursor = self.band = None
        else:
            raise SkipAction
        self._anchor = None
        self.repaint()

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        found, column = self.axis(), x - GUTTER - 2
        if found is None or not 0 <= column < len(found.of_column):
            return False
        before = (self.cursor, self.band)
        bands = self.heat(found.slots).bands
        row = self.size.height - 3 - y
        if not extend:
            # A mouse cannot point at half a cell: of the two bands of a row, the band with the higher count.
            self.band = self._fuller(found, row, column) if 0 <= row < -(-bands // 2) else None
        self._select(found.of_column[column], found, extend=extend)
        return not extend and before == (self.cursor, self.band)

    def _fuller(self, found: Axis, row: int, column: int) -> int:
        density = self.heat(found.slots)
        slot = found.of_column[column]
        pair = [band for band in (row * 2, row * 2 + 1) if band < density.bands]
        return max(pair, key=lambda band: density.cells.get((slot, band), 0.0))
