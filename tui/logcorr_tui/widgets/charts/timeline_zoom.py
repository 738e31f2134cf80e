"""The zooms of the timeline: which time is in sight, and what was counted anew of it in narrower buckets."""

import threading
from dataclasses import dataclass, replace

from textual.message import Message

from logcorr.model.errors import Cancelled, LogcorrError
from logcorr.model.report import Heatmap, Timeline, TimelinePoint
from logcorr.runs.run_folder import RunFolder
from logcorr.text.quantities import duration
from logcorr_tui.state.overview_figures import Figures
from logcorr_tui.widgets.charts import time_axis


@dataclass(frozen=True)
class Zoom:
    """The points [first, end) of the points before that are in sight; and what is counted anew of them, if it is."""

    span: tuple[int, int]
    counted: Timeline | None = None
    heatmap: Heatmap | None = None


@dataclass
class ZoomCounted(Message):
    """What was counted anew for a zoom; nothing where it could not be counted, and then `said` is why."""

    zoom: Zoom
    counted: Timeline | None
    heatmap: Heatmap | None
    said: str = ""


class Zooms:
    """The zooms, each within the one before. Without a zoom, all of the run is in sight."""

    def __init__(self) -> None:
        self.stack: list[Zoom] = []

    def points(self, figures: Figures | None) -> list[TimelinePoint]:
        """The points of the run, or those of the last zoom that was counted anew."""
        counted = self._counted
        return counted.counted.points if counted and counted.counted else figures.points if figures else []

    def bucket_s(self, figures: Figures | None) -> float:
        """How many seconds a point covers."""
        counted = self._counted
        return counted.counted.bucket_s if counted and counted.counted else figures.bucket_s if figures else 1.0

    def heatmap(self, figures: Figures | None) -> Heatmap:
        """The heat map of these points."""
        counted = self._counted
        found = counted.heatmap if counted else figures.heatmap if figures else None
        return found or Heatmap(edges_ms=[], cells=[])

    def shown(self, points: int) -> tuple[int, int]:
        """The points in sight, [from, to), of so many points."""
        return (0, points) if not self.stack or self.stack[-1].counted else self.stack[-1].span

    def move(self, by: int | None, points: int) -> None:
        """Keeps the zooms where points have moved; drops them where they have changed (None), or were counted anew."""
        if by is None or self._counted:
            self.stack.clear()
        else:
            self.stack = [replace(zoom, span=time_axis.moved(zoom.span, by, points)) for zoom in self.stack]

    @property
    def counted_anew(self) -> bool:
        """Whether the points are not those of the run."""
        return self._counted is not None

    def said(self, figures: Figures | None) -> str:
        """What the title says of the zoom. Empty without one."""
        if not self.stack:
            return ""
        every = f", every {duration(self.bucket_s(figures) * 1000)}" if self.stack[-1].counted else ""
        return f"zoomed{every}"

    @property
    def _counted(self) -> Zoom | None:
        return next((zoom for zoom in reversed(self.stack) if zoom.counted), None)


def count_anew(run: RunFolder, zoom: Zoom, span: tuple[float, float], cancel: threading.Event) -> ZoomCounted | None:
    """What happened in the time `span` (seconds since 1970) of a run, counted anew. None once `cancel` is set."""
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
        return ZoomCounted(zoom, None, None, str(error))
    return ZoomCounted(zoom, found.timeline, found.heatmap) if found.timeline.points else None
