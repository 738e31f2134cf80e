"""The time that was typed in a table, as the timeline shows it: the points around it stand selected."""

from collections.abc import Sequence

from logcorr.model.report import TimelinePoint
from logcorr_tui.state.kept_filter import KeptFilter
from logcorr_tui.state.session import Session
from logcorr_tui.widgets.charts import time_axis


class TypedTime:
    """Which filter was typed, and which points it selects as long as nothing else is selected."""

    def __init__(self) -> None:
        self._typed: KeptFilter | None = None
        self._cursor: tuple[int, int] | None = None

    def take(
        self, session: Session, points: Sequence[TimelinePoint], bucket_s: float, cursor: tuple[int, int] | None
    ) -> tuple[int, int] | None:
        """The points to select now: those of the time that was typed, none where a time was given up, or as before."""
        self._typed = typed = session.typed_time
        self._cursor = None
        if typed is not None and typed.span is not None:
            self._cursor = time_axis.points_within(points, bucket_s, *typed.span)
            return self._cursor
        return cursor if session.chosen_time is not None else None

    def selected(self, cursor: tuple[int, int] | None) -> KeptFilter | None:
        """The filter that was typed, where its points are those that are selected."""
        return self._typed if cursor is not None and cursor == self._cursor else None
