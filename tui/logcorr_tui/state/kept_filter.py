"""The filters that hold in every view of the open run, such as a time that was chosen on the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from logcorr_tui.look.time_text import clocks, stamp

# There is at most one kept filter of each kind.
KeptKind = Literal["time", "duration", "rows"]


@dataclass(frozen=True)
class KeptFilter:
    """A filter over all views: its kind, its expression in the filter language, and the text of its chip.

    `span` is the time of a filter by time, [start, end) in seconds since 1970, as it was typed.
    """

    kind: KeptKind
    expression: str
    label: str
    span: tuple[float, float] | None = None

    @property
    def labelled(self) -> "KeptFilter":
        """The same filter, with its times in the zone that is shown now."""
        return self if self.span is None else replace(self, label=clocks(*self.span))


def kept_time(start: float, end: float) -> KeptFilter:
    """The filter for the instants from `start` on and before `end`, in seconds since 1970."""
    return KeptFilter("time", f"time>={stamp(start)} time<{stamp(end)}", clocks(start, end), (start, end))


def with_kept(kept: Sequence[KeptFilter], one: KeptFilter) -> tuple[KeptFilter, ...]:
    """The kept filters with one more, in place of the one of its kind."""
    return (*(other for other in kept if other.kind != one.kind), one)


def without_kept(kept: Sequence[KeptFilter], one: KeptFilter) -> tuple[KeptFilter, ...]:
    """The kept filters without one."""
    return tuple(other for other in kept if other != one)
