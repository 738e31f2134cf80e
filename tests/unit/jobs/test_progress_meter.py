"""The meter of a run when several threads of the engine tap it at once."""

import threading
import time
from collections.abc import Callable

import pytest

from logcorr.compute import resources
from logcorr.jobs import progress_meter
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.errors import Cancelled
from logcorr.model.events import Event, ProgressEvent

PATIENCE_S = 60.0


class Held:
    """Stops the first thread that asks for the memory taken, which is while it puts an event together."""

    def __init__(self) -> None:
        self.reached, self.release = threading.Event(), threading.Event()
        self._first = True

    def __call__(self) -> int:
        if self._first:
            self._first = False
            self.reached.set()
            assert self.release.wait(PATIENCE_S)
        return 1


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    found = Held()
    monkeypatch.setattr(resources, "rss", found)
    return found


def beside(held: Held, first: Callable[[], None], meanwhile: Callable[[], None]) -> None:
    """Does `first` in a thread of its own, and `meanwhile` in this one while that is within its event."""
    thread = threading.Thread(target=first, daemon=True)
    thread.start()
    assert held.reached.wait(PATIENCE_S)
    try:
        meanwhile()
    finally:
        held.release.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def seconds(told: list[Event]) -> list[float]:
    return [event.seconds for event in told if isinstance(event, ProgressEvent)]


def test_a_later_event_never_overtakes_an_earlier_one(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_meter, "EVERY_S", 0.0)
    told: list[Event] = []
    watched = ProgressMeter(told.append, None, 0)
    beside(held, watched.tap, watched.tap)
    watched.tap()
    assert seconds(told) == sorted(seconds(told))
    assert len(told) == 2, "the thread that found another one telling went on without a word"


def test_a_stage_begins_only_after_what_is_told_of_the_one_before(held: Held) -> None:
    told: list[Event] = []
    watched = ProgressMeter(told.append, None, 0)
    entering = threading.Thread(target=watched.enter, args=("pair",), daemon=True)

    def enter() -> None:
        entering.start()
        time.sleep(0.05)
        assert watched.stage == "read", "the stage has changed under an event"

    beside(held, watched.tap, enter)
    entering.join(PATIENCE_S)
    assert [event.stage for event in told if isinstance(event, ProgressEvent)] == ["read", "pair"]
    assert seconds(told) == sorted(seconds(told))


def test_events_are_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    told: list[Event] = []
    watched = ProgressMeter(told.append, None, 0)
    for _ in range(17):
        watched.tap()
        now[0] += 1 / 32
    assert seconds(told) == [0.0, 0.125, 0.25, 0.375, 0.5]
    watched.enter("pair")
    watched.enter("report")
    assert [event.stage for event in told[-2:] if isinstance(event, ProgressEvent)] == ["pair", "report"]


def test_a_listener_that_fails_leaves_the_meter_usable() -> None:
    told: list[Event] = []

    def listener(event: Event) -> None:
        told.append(event)
        if len(told) == 1:
            raise BrokenPipeError

    watched = ProgressMeter(listener, None, 0)
    with pytest.raises(BrokenPipeError):
        watched.tap()
    watched.enter("pair")
    assert len(told) == 2


def test_a_cancelled_run_stops_at_the_next_tap() -> None:
    cancel = threading.Event()
    told: list[Event] = []
    watched = ProgressMeter(told.append, cancel, 0)
    watched.tap()
    cancel.set()
    for step in (watched.tap, lambda: watched.enter("pair")):
        with pytest.raises(Cancelled):
            step()
    assert len(told) == 1
