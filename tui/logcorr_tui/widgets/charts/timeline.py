"""The timeline: requests a second, p50 and p99, and the latency heat map on one time axis.

Arrows, or the mouse, choose a time and a latency band, which are also those of the tables behind the number keys.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType

from logcorr.model.report import TimelinePoint
from logcorr.runs.run_folder import RunFolder
from logcorr.text.safe import safe
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.time_text import bound, clocks, spaced, stamp
from logcorr_tui.state.messages import Drill
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.state.session import ChosenTime, session_of
from logcorr_tui.widgets.charts import (
    heat_map,
    percentile_lines,
    request_rate,
    time_axis,
    timeline_caption,
    timeline_cursor,
)
from logcorr_tui.widgets.charts.canvas import Canvas, Part
from logcorr_tui.widgets.charts.drag import DragChart
from logcorr_tui.widgets.charts.heat_map import GUTTER, HeatGrid
from logcorr_tui.widgets.charts.time_axis import Axis
from logcorr_tui.widgets.charts.timeline_cursor import ChosenCells
from logcorr_tui.widgets.charts.timeline_zoom import Zoom, ZoomCounted, Zooms, count_anew
from logcorr_tui.widgets.charts.typed_time import TypedTime


class Timeline(DragChart):
    """A time cursor over all three charts. Enter shows the exchanges of the selected time and latency band."""

    COMPARES = True
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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        # Points, not slots: a selection stays where it is in time when the width changes.
        self.cursor: tuple[int, int] | None = None
        self._anchor: int | None = None
        self._head = 0
        self.band: int | None = None
        self._zooms = Zooms()
        self._typed = TypedTime()
        self._before: Figures | None = None
        self._cancel = threading.Event()
        self.below = ""  # the keys to what of the overview lies below, out of sight

    @property
    def points(self) -> list[TimelinePoint]:
        """The points of the run, or those of the zoom where it was counted anew."""
        return self._zooms.points(self.figures)

    @property
    def bucket_s(self) -> float:
        """How many seconds a point covers."""
        return self._zooms.bucket_s(self.figures)

    @property
    def shown(self) -> tuple[int, int]:
        """The points in sight, [from, to)."""
        return self._zooms.shown(len(self.points))

    def watch_figures(self) -> None:
        """Keeps the selection with new estimates or the report, as far as its time is still there."""
        before, self._before = self._before, self.figures
        shift = None
        if before and self.figures and before.bucket_s == self.figures.bucket_s and not self._zooms.counted_anew:
            shift = time_axis.shift(before.points, self.figures.points, before.bucket_s)
        count = len(self.figures.points) if self.figures else 0
        self._zooms.move(shift, count)
        self.cursor = time_axis.moved(self.cursor, shift, count) if self.cursor and shift is not None else None
        # The slots belong to the old axis, and the heat map may have other bands.
        self._anchor = None
        edges = [found.heatmap.edges_ms if found and found.heatmap else [] for found in (before, self.figures)]
        self.band = self.band if self.cursor and edges[0] == edges[1] else None
        super().watch_figures()

    def on_unmount(self) -> None:
        self._cancel.set()

    def repaint(self) -> None:
        """Paints anew, and tells the session what time is chosen now."""
        typed = self.band is None and self._typed.selected(self.cursor) is not None
        session_of(self).choose(None if typed else self.chosen())
        super().repaint()

    def on_resize(self) -> None:
        # Another height may join latency bands in another way.
        if self.band is not None:
            self.band = None
            self.repaint()

    def axis(self) -> Axis | None:
        """The time axis at the present width and zoom."""
        return time_axis.axis(self.points, *self.shown, self.bucket_s, self.size.width - GUTTER - 4)

    def heat(self, slots: list[tuple[int, int]]) -> HeatGrid:
        """The heat map in its rows: a third of all rows, or more."""
        rows = self.size.height - 3
        return heat_map.heat_grid(self._zooms.heatmap(self.figures), slots, rows // 3 + 1)

    def paint(self, canvas: Canvas, colours: Palette) -> None:
        found = self.axis()
        title = timeline_caption.title(self.figures, self.size, colours, zoomed=self._zooms.said(self.figures))
        self.foot = canvas.frame(title, self._note(colours, found), self.edge(colours))
        timeline_caption.draw_below(canvas, colours, self.foot, self.below)
        if found is None or canvas.height < 5:
            text = self.figures.why_no_timeline() if self.figures else "waiting for the first estimates"
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
        taken, columns = range(0), self._columns(found)
        if columns:
            cells = ChosenCells(columns, len(found.of_column), self._span(found), self.band)
            taken = timeline_cursor.draw(canvas, colours, cells, bottom=bottom, heat_rows=heat_rows)
        for column, label in time_axis.ticks(found):
            if not set(range(left + column - 1, left + column + len(label) + 1)) & set(taken):
                canvas.write(left + column, bottom, label, colours.dim)

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
        finished = self.figures is not None and self.figures.share is None
        places = {place.mode for place in session_of(self).places} if finished else ()
        keys = [key for key, action in self.OFFERS.items() if not action.startswith("show") or action[6:-2] in places]
        if found is None or self.cursor is None:
            return timeline_caption.note(None, self.size, colours, keys)
        # Neither estimates nor access logs know orphans by time.
        exact = self.figures is not None and self.figures.request_orphans is not None
        band = None if self.band is None else self._band(found)
        chosen = timeline_caption.Chosen(self._span(found), self.points[slice(*self.cursor)], band)
        return timeline_caption.note(chosen, self.size, colours, keys, exact=exact)

    def _band(self, found: Axis) -> tuple[float, float]:
        edges = self.heat(found.slots).edges
        band = min(self.band or 0, len(edges) - 2)
        return edges[band], edges[band + 1]

    def follow_kept(self) -> None:
        """Selects the time that tables are narrowed to now: one that was typed there, or none where it was given up."""
        session, before = session_of(self), self.cursor
        self.cursor = self._typed.take(session, self.points, self.bucket_s, before)
        if self.cursor != before or session.chosen_time is None or not session.chosen_time.latency:
            self.band = self._anchor = None
        self.repaint()

    def chosen(self) -> ChosenTime | None:
        """The selected time, and the selected latency band."""
        found = self.axis() if self.figures else None
        if self.cursor is None or found is None:
            return None
        typed = self._typed.selected(self.cursor)
        start, end = self._span(found)
        time = ChosenTime(f"time>={stamp(start)} time<{stamp(end)}", clocks(start, end))
        time = time if typed is None else ChosenTime(typed.expression, typed.label)
        if self.band is None or not self.heat(found.slots).bands:
            return time
        low, high = self._band(found)
        latency = f"duration>={bound(low)} duration<{bound(high)}"
        return replace(time, latency=latency, latency_label=f"{spaced(low)} to {spaced(high)}")

    def target(self) -> Drill | None:
        chosen = self.chosen()
        return None if chosen is None else Drill("exchanges", *chosen.filter(("time", "duration_us")), whole=True)

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
            self._select(time_axis.worst_slot(found, self.points), found, extend=False)
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
        super().action_differs()

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
        self._zooms.stack.append(zoom := Zoom((first, end)))
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

        def count() -> None:
            counted = count_anew(run, zoom, (narrow.start, narrow.end), cancel)
            if counted is not None:
                self.post_message(counted)

        self.run_worker(count, thread=True, exit_on_error=False)

    def on_zoom_counted(self, message: ZoomCounted) -> None:
        """Shows what was counted, if its zoom is still the one in sight."""
        if message.said:
            self.notify(safe(message.said, 400), title="Zoom", severity="warning", markup=False)
        stack = self._zooms.stack
        if stack and stack[-1] is message.zoom and message.counted is not None:
            with self._same_time():
                stack[-1] = replace(message.zoom, counted=message.counted, heatmap=message.heatmap)

    def action_undo(self) -> None:
        """Undoes a zoom, or else the selection. With neither, the app handles the key."""
        if self._zooms.stack:
            self._cancel.set()
            with self._same_time():
                self._zooms.stack.pop()
            return
        if self.cursor is None:
            raise SkipAction
        if (typed := self._typed.selected(self.cursor)) is not None:
            session_of(self).drop(typed)
        self.cursor = self.band = self._anchor = None
        self.repaint()

    @contextmanager
    def _same_time(self) -> Iterator[None]:
        """Within this context the points change; the selection is of the same time after it."""
        found = self.axis()
        span = self._span(found) if found is not None and self.cursor is not None else None
        yield
        self.band = self._anchor = None
        self.cursor = time_axis.points_within(self.points, self.bucket_s, *span) if span else None
        self.repaint()

    def slot_at(self, x: int) -> int | None:
        """The slot at a column of the canvas, or the nearest one."""
        found = self.axis()
        return None if found is None else found.of_column[min(max(x - GUTTER - 2, 0), len(found.of_column) - 1)]

    def drag(self, first: int, last: int) -> None:
        """Selects the time from one slot to another, in all latency bands."""
        if (found := self.axis()) is not None:
            self.band, self._anchor = None, first
            self._select(last, found, extend=True)

    def hit(self, x: int, y: int, *, extend: bool = False) -> bool:
        found, column = self.axis(), x - GUTTER - 2
        if found is None or not 0 <= column < len(found.of_column):
            return False
        before = (self.cursor, self.band)
        heat, row = self.heat(found.slots), self.size.height - 3 - y
        if not extend:
            # A mouse cannot point at half a cell: of the two bands of a row, the band with the higher count.
            self.band = heat_map.fuller_band(heat, found.of_column[column], row)
        self._select(found.of_column[column], found, extend=extend)
        return not extend and before == (self.cursor, self.band)
