"""What happened lately: counts, statuses and percentiles of a window of time that slides with the log.

Time is cut into slots. An exchange lies in the slot of its request's time, however late it comes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nlargest

import numpy as np

from logcorr.compute.zero_copy_text import Int64Array
from logcorr.figures.latency_counts import bins_and_bands
from logcorr.model.live import Exchange, Request, WindowFigures
from logcorr.model.quantiles import QUANTILES, rank_of
from logcorr.model.status import failures, key_of
from logcorr.text.quantities import ms

_LEAST_SLOTS, _MOST_SLOTS = 60, 1800
# About what a slot with many exchanges takes of memory, and the share of memory that all slots may take.
_BYTES_PER_SLOT, _SHARE = 160_000, 1 / 8
_SECOND_US = 1_000_000
_MOST_SHOWN = 20


class _Slot:
    """Counts of a stretch of time."""

    __slots__ = ("durations", "failed", "late", "negative", "overdue", "requests", "responses", "slow", "status")

    def __init__(self) -> None:
        self.requests = self.responses = self.negative = self.overdue = 0
        self.status: Counter[str] = Counter()
        self.durations: Counter[int] = Counter()
        self.slow: list[Exchange] = []
        self.failed: list[Exchange] = []
        self.late: list[Exchange] = []

    def add(self, exchanges: Sequence[Exchange], known: Sequence[Exchange]) -> None:
        """Counts exchanges; of those that are `known` the duration is, and it is not negative."""
        for status, count in Counter(exchange.response.status for exchange in exchanges).items():
            self.status[key_of(status)] += count
        self.negative += sum((exchange.duration_us or 0) < 0 for exchange in exchanges)
        self.overdue -= sum(exchange.late for exchange in exchanges)
        least = _duration(self.slow[-1]) if len(self.slow) == _MOST_SHOWN else -1
        slow = [exchange for exchange in known if _duration(exchange) > least]
        if slow:
            self.slow = nlargest(_MOST_SHOWN, [*self.slow, *slow], key=_duration)
        self.failed = [*self.failed, *(exchange for exchange in exchanges if exchange.failed)][-_MOST_SHOWN:]
        self.late = [*self.late, *(exchange for exchange in exchanges if exchange.late)][-_MOST_SHOWN:]


class LiveWindow:
    """Counts by slots; slots that are older than the longest window are dropped. `too_late` counts what fell behind."""

    def __init__(self, window_us: int, longest_us: int | None = None, *, memory_bytes: int = 1 << 32) -> None:
        """`window_us` is the window that is shown at first; a window is at most `longest_us`.

        Slots are whole seconds; they are longer where `memory_bytes` have no room for as many.
        """
        self.longest_us = max(window_us, longest_us or window_us)
        self.window_us = window_us
        slots = min(_MOST_SLOTS, max(_LEAST_SLOTS, int(memory_bytes * _SHARE) // _BYTES_PER_SLOT))
        self.slot_us = _SECOND_US * max(1, -(-self.longest_us // (slots * _SECOND_US)))
        self._slots: dict[int, _Slot] = {}
        self._newest: int | None = None
        self._first: int | None = None
        self.too_late = 0

    def add_events(self, times_us: Int64Array, *, response: bool) -> None:
        """Counts requests or responses by their own times."""
        for number, count in _counted(times_us // self.slot_us):
            slot = self._slot(number)
            if slot is None:
                self.too_late += count if self._newest is not None and number <= self._newest else 0
            elif response:
                slot.responses += count
            else:
                slot.requests += count

    def add_exchanges(self, exchanges: Sequence[Exchange]) -> None:
        """Counts exchanges at the times of their requests."""
        if not exchanges:
            return
        numbers = np.array([exchange.request.time_us for exchange in exchanges], np.int64) // self.slot_us
        durations = [exchange.duration_us for exchange in exchanges]
        bins, _ = bins_and_bands(np.array([duration or 0 for duration in durations], np.int64))
        order = np.argsort(numbers, kind="stable")
        ends = np.flatnonzero(np.diff(numbers[order], append=np.iinfo(np.int64).max)) + 1
        begin = 0
        for end in ends.tolist():
            slot = self._slot(int(numbers[order[begin]]))
            rows = order[begin:end].tolist()
            begin = end
            if slot is not None:
                known = [row for row in rows if (duration := durations[row]) is not None and duration >= 0]
                slot.durations.update(bins[known].tolist())
                slot.add([exchanges[row] for row in rows], [exchanges[row] for row in known])

    def add_overdue(self, requests: Sequence[Request], count: int = 1) -> None:
        """Notes requests that are overdue from now on; with a `count` of -1, that are not any more."""
        for request in requests:
            if (slot := self._slot(request.time_us // self.slot_us)) is not None:
                slot.overdue += count

    def figures(self, now_us: int) -> WindowFigures:
        """The figures of the window that ends at an instant."""
        last = now_us // self.slot_us
        first = (now_us - self.window_us) // self.slot_us + 1
        first = min(last, max(first, first if self._first is None else self._first))
        slots = [self._slots.get(number) or _EMPTY for number in range(first, last + 1)]
        status: Counter[str] = Counter()
        durations: Counter[int] = Counter()
        for slot in slots:
            status.update(slot.status)
            durations.update(slot.durations)
        seconds = self.slot_us / _SECOND_US
        return WindowFigures(
            from_us=first * self.slot_us,
            to_us=(last + 1) * self.slot_us,
            requests=sum(slot.requests for slot in slots),
            responses=sum(slot.responses for slot in slots),
            exchanges=status.total(),
            failures=failures(status),
            negative=sum(slot.negative for slot in slots),
            overdue=sum(slot.overdue for slot in slots),
            status=dict(status),
            percentiles_ms=_percentiles(durations),
            requests_per_s=[slot.requests / seconds for slot in slots],
            failures_per_s=[failures(slot.status) / seconds for slot in slots],
        )

    def slowest(self, now_us: int, count: int = _MOST_SHOWN) -> list[Exchange]:
        """The slowest exchanges of the window, the slowest first."""
        return nlargest(count, self._of_window(now_us, "slow"), key=_duration)

    def failed(self, now_us: int, count: int = _MOST_SHOWN) -> list[Exchange]:
        """The latest failures of the window, the latest first."""
        return nlargest(count, self._of_window(now_us, "failed"), key=lambda one: one.response.time_us)

    def late(self, now_us: int, count: int = _MOST_SHOWN) -> list[Exchange]:
        """The exchanges of the window whose request was overdue before the response came, the latest first."""
        return nlargest(count, self._of_window(now_us, "late"), key=lambda one: one.response.time_us)

    def _of_window(self, now_us: int, kept: str) -> Iterator[Exchange]:
        """The exchanges of one kind that the slots of the window keep."""
        first = (now_us - self.window_us) // self.slot_us + 1
        return (one for number, slot in self._slots.items() if number >= first for one in getattr(slot, kept))

    def move_to(self, now_us: int) -> None:
        """Moves the time on. What lies ahead of it is not counted."""
        self._newest = now_us // self.slot_us
        oldest = self._newest - self.longest_us // self.slot_us
        for old in [one for one in self._slots if one < oldest]:
            del self._slots[old]

    def _slot(self, number: int) -> _Slot | None:
        """The slot of a number; None where it is too old, or ahead of the time."""
        if self._newest is None or number > self._newest:
            return None
        self._first = number if self._first is None else min(self._first, number)
        if number < self._newest - self.longest_us // self.slot_us:
            return None
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = _Slot()
        return slot


_EMPTY = _Slot()


def _duration(exchange: Exchange) -> int:
    return exchange.duration_us or 0


def _counted(numbers: Int64Array) -> list[tuple[int, int]]:
    """How often each number comes."""
    values, counts = np.unique(numbers, return_counts=True)
    return list(zip(values.tolist(), counts.tolist(), strict=True))


def _percentiles(durations: Mapping[int, int]) -> dict[str, float | None]:
    """The percentiles of counts by bin, in ms."""
    total = sum(durations.values())
    if not total:
        return dict.fromkeys(QUANTILES)
    bins = sorted(durations)
    reached = np.cumsum([durations[bin_us] for bin_us in bins])
    return {
        name: ms(bins[int(np.searchsorted(reached, rank_of(quantile, total)))]) for name, quantile in QUANTILES.items()
    }
