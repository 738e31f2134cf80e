"""Which slot runs which step: each step once, and a slow one a second time where another slot has nothing to do.

Both tries may end. The first note of a step counts, so that the other try changes nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from statistics import median

from logcorr.cluster.engines.base import Item

# A step is slow that takes so many times as long as the middle one of its phase, and as long as this at least.
_SLOWER, _LEAST_S = 4.0, 5.0
# Where no step of the phase has ended yet, one is slow after so long.
_FIRST_S = 60.0
_LOOK_S = 0.2


class StepQueue:
    """The steps of one phase. Its slots take and settle steps from several threads."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._waiting = deque(items)
        self._running: dict[int, tuple[Item, float]] = {}
        # The steps that have neither ended nor were lost.
        self._left = {item[3] for item in items}
        self._given_again: set[int] = set()
        self._seconds: list[float] = []
        self._changed = threading.Condition()
        self._closed = False

    def take(self, slot: int) -> Item | None:
        """The next step for a slot, once there is one; None where nothing is left to do."""
        with self._changed:
            while self._left and not self._closed:
                item = self._waiting.popleft() if self._waiting else self._slow()
                if item is not None:
                    self._running[slot] = item, time.monotonic()
                    return item
                self._changed.wait(_LOOK_S)
        return None

    def settle(self, slot: int, *, ended: bool) -> bool:
        """Notes that the step of a slot has ended, or was lost. Returns whether the step is settled by that.

        A step that was lost is not settled while another slot runs it, and one that was settled is so once.
        """
        with self._changed:
            item, began = self._running.pop(slot)
            index = item[3]
            if index not in self._left or (not ended and index in self._indices()):
                return False
            if ended:
                self._seconds.append(time.monotonic() - began)
            self._left.discard(index)
            self._changed.notify_all()
            return True

    def close(self) -> list[int]:
        """Ends the phase. Returns the slots that still run a step."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return list(self._running)

    def _slow(self) -> Item | None:
        """The step that runs for longest, if it is slow and was not given again."""
        slow = max(_LEAST_S, _SLOWER * median(self._seconds)) if self._seconds else _FIRST_S
        for item, began in sorted(self._running.values(), key=lambda running: running[1]):
            index = item[3]
            if index in self._left and index not in self._given_again and time.monotonic() - began >= slow:
                self._given_again.add(index)
                return item
        return None

    def _indices(self) -> set[int]:
        return {item[3] for item, _ in self._running.values()}
