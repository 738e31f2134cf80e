"""The timeline: requests a second, p50 and p99, and the latency heat map on one time axis.

Left and right move a time cursor, and stretch it with shift; the mouse drags it. Up and down select a latency band of
the heat map. The chosen time is also that of the tables that the number keys show.
"""

import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from logcorr.model.errors import Cancelled, LogcorrError
from logcorr.model.report import Heatmap, TimelinePoint
from logcorr.model.report import Timeline as TimelineFigures
from logcorr.runs.run_folder import RunFolder
from logcorr.text.quantities import duration
from logcorr_tui.look.palette import Palette, blend
from logcorr_tui.look.time_text import bound, clocks, spaced, stamp
from logcorr_tui.state.messages import Drill, FindOverRepresented
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.state.session import ChosenTime, session_of
from logcorr_tui.widgets.charts import heat_map, percentile_lines, request_rate, time_axis, timeline_caption
from logcorr_tui.widgets.charts.canvas import EIGHTHS, Canvas, Part
from logcorr_tui.widgets.charts.chart import Chart
from logcorr_tui.widgets.charts.heat_map import GUTTER, HeatGrid
from logcorr_tui.widgets.charts.time_axis import Axis


@dataclass(frozen=True)
class Zoom:
    """The points [first, end) of the points before that are in sight; and what is counted anew of them, if it is."""

    span: tuple[int, int]
    counted: TimelineFigures | None = None
    heatmap: Heatmap | None = None


class Timeline(Chart):
    """A time cursor over all three charts. Enter shows the exchanges of the selected time and latency band."""

    OFFERS: ClassVar[dict[str, str]] = {
        "⏎ exchanges": "drill",
        "2 slow": "show('slow')",
        "3 errors": "show('errors')",
        "4 orphans": "show('orphans')",
        "w what differs": "differs",
        "z zoom": "zoom",
    }
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

    @dataclass
    class Counted(Message):
        """What was counted anew for a zoom. `said` is why it could not be counted."""

        zoom: Zoom
        counted: TimelineFigures | None
        heatmap: Heatmap | None
        said: str = ""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        # Points, not slots: a selection stays where it is in time when the width changes.
        self.cursor: tuple[int, int] | None = None
        self._anchor: int | None = None
        self._head = 0
        self.band: int | None = None
        self._zooms: list[Zoom] = []
        self._before: Figures | None = None
        self._cancel = threading.Event()
        # The slot where the mouse was pressed, and whether it has moved since then.
        self._pressed: int | None = None
        self._dragged = False

    @property
    def points(self) -> list[TimelinePoint]:
        """The points of the run, or those of the zoom where it was counted anew."""
        counted = next((zoom.counted for zoom in reversed(self._zooms) if zoom.counted), None)
        return counted.points if counted else self.figures.points if self.figures else []

    @property
    def bucket_s(self) -> float:
        """How many seconds a point covers."""
        counted = next((zoom.counted for zoom in reversed(self._zooms) if zoom.counted), None)
        return counted.bucket_s if counted else self.figures.bucket_s if self.figures else 1.0

    @property
    def shown(self) -> tuple[int, int]:
        """The points in sight, [from, to)."""
        if not self._zooms or self._zooms[-1].counted:
            return 0, len(self.points)
        return self._zooms[-1].span

    @property
    def _heatmap(self) -> Heatmap:
        counted = next((zoom.heatmap for zoom in reversed(self._zooms) if zoom.counted), None)
        return counted or (self.figures and self.figures.heatmap) or Heatmap(edges_ms=[], cells=[])

    def watch_figures(self) -> None:
        """Keeps the selection with new estimates or the report, as far as its time is still there."""
        before, self._before = self._before, self.figures
        if any(zoom.counted for zoom in self._zooms):
            # The selection is one of points that are not there any more.
            self.cursor, self._zooms = None, []
        shift = None
        if before and self.figures and before.bucket_s == self.figures.bucket_s:
            shift = time_axis.shift(before.points, self.points, before.bucket_s)
        if shift is None:
            self.cursor, self._zooms = None, []
        else:
            count = len(self.points)
            self._zooms = [replace(zoom, span=time_axis.moved(zoom.span, shift, count)) for zoom in self._zooms]
            self.cursor = time_axis.moved(self.cursor, shift, count) if self.cursor else None
        # The slots belong to the old axis, and the heat map may have other bands.
        self._anchor = None
        edges = [found.heatmap.edges_ms if found and found.heatmap else [] for found in (before, self.figures)]
        self.band = self.band if self.cursor and edges[0] == edges[1] else None
        super().watch_figures()

    def on_unmount(self) -> None:
        self._cancel.set()

    def repaint(self) -> None:
        """Paints anew, and tells the session what time is chosen now."""
        session_of(self).chosen_time = self.chosen()
        super().repaint()

    def on_resize(self) -> None:
        # Another height may join latency bands in another way.
        self.band = None

    def axis(self) -> Axis | None:
        """The time axis at the present width and zoom."""
        return time_axis.axis(self.points, *self.shown, self.bucket_s, self.size.width - GUTTER - 4)

    def heat(self, slots: list[tuple[int, int]]) -> HeatGrid:
        """The heat map in its rows: a third of all rows, or more."""
        rows = self.size.height - 3
        return heat_map.heat_grid(self._heatmap, slots, rows // 3 + 1)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        found = self.axis()
        title = timeline_caption.title(self.figures, self.size, colours, zoomed=self._zoomed())
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
            canvas, density, found.of_column, colours,
            left=left, bottom=bottom - 1, band=self.band, columns=self._columns(found),
        )  # fmt: skip
        rest = bottom - 1 - heat_rows
        line_rows = (rest - 3 if rest < 9 else rest // 3 + 1) if rest >= 6 else 0
        line_rows = min(line_rows, rest // 2)
        points = self.points
        request_rate.draw(canvas, colours, points, found, bucket_s=self.bucket_s, left=left, rows=rest - line_rows)
        if line_rows:
            percentile_lines.draw(canvas, colours, points, found, left=left, top=rest - line_rows + 1, rows=line_rows)
        taken = self._cursor(canvas, colours, found, bottom, heat_rows)
        for column, label in time_axis.ticks(found):
            if not set(range(left + column - 1, left + column + len(label) + 1)) & set(taken):
                canvas.write(left + column, bottom, label, colours.dim)

    def _zoomed(self) -> str:
        """What the title says of a zoom. Empty without one."""
        if not self._zooms:
            return ""
        return f"zoomed to {duration(self.bucket_s * 1000)} a bar" if self._zooms[-1].counted else "zoomed"

    def _cursor(self, canvas: Canvas, colours: Palette, found: Axis, bottom: int, heat_rows: int) -> range:
        """Draws the selection through all charts, with a label below. Returns the cells of the label."""
        columns = self._columns(found)
        if not columns or self.cursor is None:
            return range(0)
        left = GUTTER + 2
        x, wide = left + columns[0], len(columns)
        band_row = None if self.band is None else bottom - 1 - self.band // 2
        for y in range(1, bottom):
            if band_row is not None and bottom - heat_rows <= y:
                # Of the heat map only the chosen band is chosen.
                self._raise_band(canvas, colours, columns, y, chosen=y == band_row)
                continue
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

    def _raise_band(self, canvas: Canvas, colours: Palette, columns: list[int], y: int, *, chosen: bool) -> None:
        """Makes the chosen cells of the band brighter, and the other bands of these columns darker."""
        upper = (self.band or 0) % 2
        for column in columns:
            glyph, ink, paper, _ = canvas.cell(GUTTER + 2 + column, y)
            halves = [paper, ink if glyph == "▄" else paper]  # above, below
            halves = [blend(half, colours.ground, 0.5) for half in halves]
            if chosen:
                half = 0 if upper else 1
                halves[half] = blend((paper, ink if glyph == "▄" else paper)[half], colours.ink, 0.35)
            canvas.put(GUTTER + 2 + column, y, "▄", halves[1], halves[0])

    def _columns(self, found: Axis) -> list[int]:
        if self.cursor is None:
            return []
        first, end = self.cursor
        return [c for c, s in enumerate(found.of_column) if found.slots[s][0] < end and found.slots[s][1] > first]

    def _span(self, found: Axis) -> tuple[float, float]:
        assert self.cursor is not None  # noqa: S101 - asked only with a selection
        narrow = time_axis.axis(self.points, *self.cursor, self.bucket_s, 1)
        return (narrow.start, narrow.end) if narrow else (found.start, found.end)

    def _note(self, colours: Palette, found: Axis | None) -> list[Part]:
        places = {place.mode for place in session_of(self).places}
        keys = [key for key, action in self.OFFERS.items() if not action.startswith("show") or action[6:-2] in places]
        if found is None or self.cursor is None:
            return timeline_caption.note(None, self.size, colours, keys)
        # Neither estimates nor access logs know orphans by time.
        exact = self.figures is not None and self.figures.request_orphans is not None
        chosen = timeline_caption.Chosen(
            self._span(found), self.points[slice(*self.cursor)], None if self.band is None else self._band(found)
        )
        return timeline_caption.note(chosen, self.size, colours, keys, exact=exact)

    def _band(self, found: Axis) -> tuple[float, float]:
        edges = self.heat(found.slots).edges
        band = min(self.band or 0, len(edges) - 2)
        return edges[band], edges[band + 1]

    def chosen(self) -> ChosenTime | None:
        """The selected time, and the selected latency band."""
        found = self.axis() if self.figures else None
        if self.cursor is None or found is None:
            return None
        start, end = self._span(found)
        time = ChosenTime(f"time>={stamp(start)} time<{stamp(end)}", clocks(start, end))
        if self.band is None or not self.heat(found.slots).bands:
            return time
        low, high = self._band(found)
        latency = f"duration>={bound(low)} duration<{bound(high)}"
        return replace(time, latency=latency, latency_label=f"{spaced(low)} to {spaced(high)}")

    def target(self) -> Drill | None:
        chosen = self.chosen()
        return None if chosen is None else self.drill("exchanges", *chosen.filter(("time", "duration_us")))

    def action_show(self, place: str) -> None:
        """Shows a table, which is of the selected time."""
        self.app.call_later(self.app.run_action, f"show('{place}')", None)

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
        """Zooms to the selected time, and counts it anew. A single slot keeps its neighbours in sight."""
        found = self.axis()
        if found is None or self.cursor is None:
            return
        first, end = self.cursor
        low, high = self.shown
        if end - first < 4:
            first, end = max(first - 4, low), min(end + 4, high)
        if (first, end) == (low, high) and self.bucket_s <= 1:
            return
        zoom = Zoom((first, end))
        self._zooms.append(zoom)
        self._anchor = None
        self.repaint()
        run = session_of(self).run
        if run is not None and self.bucket_s > 1:
            self._count(run, zoom)

    def _count(self, run: RunFolder, zoom: Zoom) -> None:
        """Counts the time of a zoom anew, in a thread. A count in progress is cancelled."""
        narrow = time_axis.axis(self.points, *zoom.span, self.bucket_s, 1)
        if narrow is None:
            return
        self._cancel.set()
        self._cancel = cancel = threading.Event()
        work = partial(_counted, run, zoom, (narrow.start, narrow.end), cancel)
        self.run_worker(lambda: self._post(work()), thread=True, exit_on_error=False)

    def _post(self, message: Message | None) -> None:
        if message is not None:
            self.post_message(message)

    def on_timeline_counted(self, message: Counted) -> None:
        """Shows what was counted, if its zoom is still the one in sight."""
        if message.said:
            self.notify(message.said, title="Zoom", severity="warning", markup=False)
        if not self._zooms or self._zooms[-1] is not message.zoom or message.counted is None:
            return
        found = self.axis()
        before = self._span(found) if found is not None and self.cursor is not None else None
        self._zooms[-1] = replace(message.zoom, counted=message.counted, heatmap=message.heatmap)
        self.band = self._anchor = None
        self.cursor = time_axis.points_within(self.points, self.bucket_s, *before) if before else None
        self.repaint()

    def action_undo(self) -> None:
        """Undoes a zoom, or else the selection. With neither, the app handles the key."""
        if self._zooms:
            found = self.axis()
            before = self._span(found) if found is not None and self.cursor is not None else None
            self._cancel.set()
            self._zooms.pop()
            self.cursor = time_axis.points_within(self.points, self.bucket_s, *before) if before else None
            self.band = None
        elif self.cursor is not None:
            self.cursor = self.band = None
        else:
            raise SkipAction
        self._anchor = None
        self.repaint()

    # The mouse: a click selects, a drag selects from where it began

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._dragged = False
        found, column = self.axis(), event.x - GUTTER - 2
        inside = found is not None and 0 <= column < len(found.of_column) and 0 < event.y < self.size.height - 1
        self._pressed = found.of_column[column] if found is not None and inside else None
        if self._pressed is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        found = self.axis()
        if self._pressed is None or found is None or not event.button:
            return
        slot = found.of_column[min(max(event.x - GUTTER - 2, 0), len(found.of_column) - 1)]
        if slot != self._pressed and not self._dragged:
            self._dragged, self.band, self._anchor = True, None, self._pressed
        if self._dragged:
            self._select(slot, found, extend=True)

    def on_mouse_up(self) -> None:
        if self._pressed is not None:
            self.release_mouse()
        self._pressed = None

    def on_click(self, event: events.Click) -> None:
        """The click that ends a drag selects nothing more."""
        if self._dragged:
            self._dragged = False
            event.stop()
        else:
            super().on_click(event)

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


def _counted(run: RunFolder, zoom: Zoom, span: tuple[float, float], cancel: threading.Event) -> Timeline.Counted | None:
    """The time `span` (seconds since 1970) of a run, counted anew. None once `cancel` is set."""
    # This imports polars, which must not hold up the thread that draws.
    from logcorr.query.finer_timeline import finer_timeline

    def check() -> None:
        if cancel.is_set():
            raise Cancelled("The zoom was undone.")

    try:
        found = finer_timeline(run, round(span[0] * 1e6), round(span[1] * 1e6), check)
    except Cancelled:
        return None
    except LogcorrError as error:
        return Timeline.Counted(zoom, None, None, str(error))
    return Timeline.Counted(zoom, found.timeline, found.heatmap) if found.timeline.points else None
