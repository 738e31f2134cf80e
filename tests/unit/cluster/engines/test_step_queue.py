"""Which slot runs which step: each once, a slow one twice, and what is lost is told once."""

import threading
from types import SimpleNamespace

import pytest

from logcorr.cluster.engines import step_queue
from logcorr.cluster.engines.base import Item
from logcorr.cluster.engines.step_queue import StepQueue

PATIENCE_S = 30


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time of the queue: `now` in seconds."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(step_queue, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(step_queue, "_LOOK_S", 0.001)
    return clock


def items(count: int) -> list[Item]:
    return [("store", "key", "map", index) for index in range(count)]


def test_each_step_once_and_then_none(clock: SimpleNamespace) -> None:
    steps = StepQueue(items(3))
    for index in range(3):
        assert steps.take(0) == items(3)[index]
        clock.now += 1
        assert steps.settle(0, ended=True)
    assert steps.take(0) is None
    assert steps.close() == []
    assert StepQueue([]).take(0) is None


def test_a_slow_step_is_given_once_more_and_settled_by_the_first_that_ends(clock: SimpleNamespace) -> None:
    steps = StepQueue(items(3))
    assert (steps.take(0), steps.take(1)) == (items(3)[0], items(3)[1])
    clock.now = 2.0
    assert steps.settle(1, ended=True)
    assert steps.take(1) == items(3)[2]
    assert steps.settle(1, ended=True)
    clock.now = 4 * 1.0 + 2.0  # four times the median of 2 s and 0 s is less than five seconds, which have passed
    assert steps.take(1) == items(3)[0]
    clock.now = 100.0
    # A third slot does not get it too.
    waiting = threading.Thread(target=lambda: steps.take(2), daemon=True)
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    assert steps.settle(1, ended=True)
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
    assert steps.close() == [0]
    assert not steps.settle(0, ended=True)


def test_without_any_step_that_ended_a_minute_is_slow(clock: SimpleNamespace) -> None:
    steps = StepQueue(items(1))
    assert steps.take(0) == items(1)[0]
    clock.now = 59.0
    assert steps._slow() is None
    clock.now = 60.0
    assert steps.take(1) == items(1)[0]


def test_a_step_is_lost_where_all_its_tries_are(clock: SimpleNamespace) -> None:
    steps = StepQueue(items(1))
    steps.take(0)
    clock.now = 60.0
    steps.take(1)
    assert not steps.settle(0, ended=False)
    assert steps.settle(1, ended=False)
    assert steps.take(0) is None


def test_nothing_is_given_once_it_is_closed(clock: SimpleNamespace) -> None:
    assert clock.now == 0.0
    steps = StepQueue(items(2))
    steps.take(4)
    assert steps.close() == [4]
    assert steps.take(5) is None
