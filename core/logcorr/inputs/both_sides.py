"""Reads the entries of both sides together: the next frame is of the side that has read less far in time.

Each side reads one chunk in advance, in a thread of its own.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack

import polars as pl

from logcorr.compute.background_thread import read_ahead
from logcorr.model.ledger import Side

# The median is of a sample of one entry in so many: that is cheap and near enough.
_ENTRIES_PER_SAMPLE = 64


def in_time_order(
    sides: Mapping[Side, Iterator[pl.DataFrame]],
) -> Generator[tuple[Side, pl.DataFrame], None, None]:
    """The frames of both sides; each side keeps its own order. Raises what the iterators raise.

    Logs that go back in time are read together as well: the drift of both sides tells the direction. Where a side has
    no clock, the next frame is of the side of which fewer entries were read.
    """
    with ExitStack() as opened:
        ahead = {side: opened.enter_context(read_ahead(frames)) for side, frames in sides.items()}
        clocks = {side: _Clock() for side in sides}
        while ahead:
            backwards = sum(clock.drift for clock in clocks.values()) < 0
            without_clock = any(clock.stands for clock in clocks.values())
            side = min(ahead, key=lambda side: clocks[side].progress(backwards=backwards, by_rows=without_clock))
            frame = next(ahead[side], None)
            if frame is None:
                del ahead[side]
                continue
            clocks[side].move_to(frame)
            yield side, frame


class _Clock:
    """The time that a side has reached: the median instant of its last frame. A few wrong instants do not move it."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last: float | None = None
        self._rows = 0

    def move_to(self, entries: pl.DataFrame) -> None:
        """Moves the clock to the median instant of the entries. Without entries or instants the clock stays."""
        self._rows += entries.height
        median = entries["time"].gather_every(_ENTRIES_PER_SAMPLE).median()
        if isinstance(median, float):
            self._last = median
            self._first = median if self._first is None else self._first

    @property
    def drift(self) -> float:
        """How far the clock has moved, in µs. Negative where the log goes back in time."""
        return 0.0 if self._first is None or self._last is None else self._last - self._first

    @property
    def stands(self) -> bool:
        """Whether entries came, and none had an instant."""
        return self._rows > 0 and self._last is None

    def progress(self, *, backwards: bool, by_rows: bool) -> float:
        """A number that grows while the log is read. A side that has not begun has the least of all."""
        if by_rows:
            return self._rows
        if self._last is None:
            return float("-inf")
        return -self._last if backwards else self._last
