"""Both sides are read side by side: what they raise is raised, and both are closed however reading ends."""

import threading
from collections.abc import Generator

import polars as pl
import pytest

from logcorr.inputs.both_sides import in_time_order

HOUR_US = 3_600_000_000


class Frames:
    """Frames of a side, an hour after another, of which it is known whether they were closed."""

    def __init__(self, first_hour: int, last_hour: int, *, breaks: bool = False) -> None:
        self._hours, self._breaks = range(first_hour, last_hour + 1), breaks
        self.closed = False

    def __call__(self) -> Generator[pl.DataFrame, None, None]:
        try:
            for hour in self._hours:
                yield pl.DataFrame({"time": [hour * HOUR_US]})
            if self._breaks:
                raise ZeroDivisionError
        finally:
            self.closed = True


def test_the_side_that_is_behind_comes_first() -> None:
    requests, responses = Frames(2, 4), Frames(0, 3)
    found = in_time_order({"request": requests(), "response": responses()})
    order = [f"{side} {frame['time'][0] // HOUR_US}" for side, frame in found]
    first, then = ["request 2", "response 0"], ["response 1", "response 2", "request 3", "response 3", "request 4"]
    assert order == first + then
    assert requests.closed
    assert responses.closed


@pytest.mark.parametrize("end", ["exception of a side", "given up", "exception of the caller"])
def test_both_sides_are_closed_and_no_thread_stays(end: str) -> None:
    before = threading.active_count()
    requests, responses = Frames(0, 8), Frames(0, 1, breaks=end == "exception of a side")
    frames = in_time_order({"request": requests(), "response": responses()})
    if end == "exception of a side":
        with pytest.raises(ZeroDivisionError):
            list(frames)
    elif end == "given up":
        next(frames)
        frames.close()
    else:
        next(frames)
        with pytest.raises(KeyError):
            frames.throw(KeyError())
    assert requests.closed
    assert responses.closed
    assert threading.active_count() == before
