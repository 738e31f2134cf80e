"""Both sides' entries, read abreast: the side that is behind in time comes next, and each reads one chunk ahead."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from logcorr.model.ledger import Side

_ONE_IN = 64


def in_time_order(sides: Mapping[Side, Iterator[pl.DataFrame]]) -> Iterator[tuple[Side, pl.DataFrame]]:
    """The frames of both sides, each in its own order; raises what their iterators raise.

    Logs that go back in time are read abreast as well: what counts is the direction of both together.
    """
    with ThreadPoolExecutor(len(sides)) as pool:
        ahead = {side: pool.submit(next, frames, None) for side, frames in sides.items()}
        clocks = {side: _Clock() for side in sides}
        while ahead:
            backwards = sum(clock.drift for clock in clocks.values()) < 0
            side = min(ahead, key=lambda side: clocks[side].place(backwards=backwards))
            frame = ahead.pop(side).result()
            if frame is not None:
                ahead[side] = pool.submit(next, sides[side], None)
                clocks[side].show(frame)
                yield side, frame


class _Clock:
    """Where in time a side is: the median of its last frame, which a few wrong instants do not move."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last: float | None = None

    def show(self, entries: pl.DataFrame) -> None:
        """Moves the clock to the entries' time; stays where there are none."""
        median = entries["time"].gather_every(_ONE_IN).median()
        if isinstance(median, float):
            self._last = median
            self._first = median if self._first is None else self._first

    @property
    def drift(self) -> float:
        """How far the clock has moved; negative where the log goes back in time."""
        return 0.0 if self._first is None or self._last is None else self._last - self._first

    def place(self, *, backwards: bool) -> float:
        """Where the clock is on the way through the log; a side that has not begun is behind all others."""
        if self._last is None:
            return float("-inf")
        return -self._last if backwards else self._last
