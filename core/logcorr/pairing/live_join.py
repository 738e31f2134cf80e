"""Pairs entries as they come, in memory: what is open now, what is overdue, and what was answered late.

This is a view of what goes on. What becomes of entries in the end is decided by the rules of a whole run.
"""

import heapq
import itertools
from collections.abc import Sequence
from typing import TypeVar

from logcorr.model.live import Exchange, Request, Response
from logcorr.model.options import Pairing

# What waits takes about so much of memory, its texts left out: an open request, a response without a request, and an
# entry that is known again.
_BYTES_PER_OPEN, _BYTES_PER_EARLY, _BYTES_PER_RECENT = 600, 400, 120
# The shares of memory that open requests, responses without a request, and entries that are known again may take.
_OPEN_SHARE, _EARLY_SHARE, _RECENT_SHARE = 1 / 6, 1 / 20, 1 / 16
_MOST_RECENT = 200_000


class _Open:
    """A request without a response."""

    __slots__ = ("bytes", "closed", "overdue", "request")

    def __init__(self, request: Request, of_memory: int) -> None:
        self.request, self.overdue, self.closed, self.bytes = request, False, False, of_memory


# A heap of open requests, the oldest first: by time in µs, then in the order in which they came.
_Queue = list[tuple[int, int, _Open]]


Entry = TypeVar("Entry", Request, Response)


class LiveJoin:
    """Takes entries of both sides in any order.

    A request is overdue when `timeout_us` have gone by. A response without a request waits for `lateness_us`, and a
    repeated entry is known again for about as long. Where what waits takes more of memory than its share of
    `memory_bytes`, the oldest requests, or the oldest responses, are given up. `open`, `overdue`, `given_up`, `late`,
    `unasked` (responses without a request) and `redelivered` are counts. `hidden_open` and `hidden_overdue` are those
    of requests that are not reported.
    """

    def __init__(
        self,
        *,
        policy: Pairing,
        timeout_us: int,
        lateness_us: int,
        memory_bytes: int,
        given: bool = False,
        knows_again: bool = True,
    ) -> None:
        """With `given` the duration that a response tells counts. Without `knows_again` no entry is redelivered."""
        self._newest_first, self._given = policy == "nearest", given
        self._timeout_us, self._lateness_us = timeout_us, lateness_us
        self._room, self._early_room = int(memory_bytes * _OPEN_SHARE), int(memory_bytes * _EARLY_SHARE)
        self._bytes = self._early_bytes = self._waiting = 0
        self._by_id: dict[str, list[_Open]] = {}
        self._by_time: _Queue = []
        self._overdue: _Queue = []
        # Requests with a late response that the time did not come to.
        self._was_overdue: list[Request] = []
        self._number = itertools.count()
        self._early: dict[str, list[Response]] = {}
        self._early_times: list[tuple[int, str]] = []
        most_recent = min(_MOST_RECENT, int(memory_bytes * _RECENT_SHARE) // _BYTES_PER_RECENT // 2)
        self._recent = _Recent(lateness_us, most_recent) if knows_again else None
        self.open = self.overdue = self.given_up = self.late = self.unasked = self.redelivered = 0
        self.hidden_open = self.hidden_overdue = 0

    def add_requests(self, requests: Sequence[Request], text_bytes: int = 0) -> list[Exchange]:
        """Takes requests, whose texts take about `text_bytes`. Returns those whose responses came before."""
        exchanges = []
        bytes_each = _BYTES_PER_OPEN + text_bytes // max(1, len(requests))
        by_id, by_time, numbers = self._by_id, self._by_time, self._number
        for request in self._not_repeated(requests):
            entry = _Open(request, bytes_each)
            request_id = request.request_id
            if request_id in self._early:
                response = self._take_early(request_id)
                exchanges.append(self._exchange(entry, response))
                continue
            entries = by_id.get(request_id)
            if entries is None:
                by_id[request_id] = [entry]
            else:
                entries.append(entry)
            heapq.heappush(by_time, (request.time_us, next(numbers), entry))
            self.open += 1
            self._bytes += bytes_each
            self.hidden_open += not request.reported
        self._give_up()
        return exchanges

    def add_responses(self, responses: Sequence[Response]) -> list[Exchange]:
        """Takes responses. Returns the exchanges that they make."""
        exchanges = []
        for response in self._not_repeated(responses):
            entries = self._by_id.get(response.request_id)
            if not entries:
                self._keep_early(response)
                continue
            choose = max if self._newest_first else min
            entry = entries[0] if len(entries) == 1 else choose(entries, key=lambda one: one.request.time_us)
            entries.remove(entry)
            if not entries:
                del self._by_id[response.request_id]
            self._close(entry)
            exchanges.append(self._exchange(entry, response))
        while self._early_bytes > self._early_room:
            self.given_up += self._drop_oldest_early()
        return exchanges

    def advance(self, responses_us: int, requests_us: int) -> list[Request]:
        """Moves the time on, to where responses and requests were read. Returns requests that are overdue from now on.

        Those whose response was late, and was read before the time had come to them, are among them.

        A request is overdue where responses were read beyond its time, and a response without a request is one where
        requests were.
        """
        overdue, self._was_overdue = self._was_overdue, []
        last_us = responses_us - self._timeout_us
        while self._by_time and (self._by_time[0][0] < last_us or self._by_time[0][2].closed):
            queued = heapq.heappop(self._by_time)
            entry = queued[2]
            if not entry.closed:
                entry.overdue = True
                self.overdue += 1
                self.hidden_overdue += not entry.request.reported
                heapq.heappush(self._overdue, queued)
                overdue.append(entry.request)
        before = requests_us - self._lateness_us
        while self._early_times and self._early_times[0][0] < before:
            self.unasked += self._drop_oldest_early()
        return overdue

    def oldest(self, count: int) -> list[Request]:
        """The open requests that are oldest, overdue ones included, the oldest first."""
        queued = [*_oldest(self._overdue, count), *_oldest(self._by_time, count)]
        return [entry.request for _, _, entry in _oldest(queued, count)]

    def overdue_requests(self, count: int) -> list[Request]:
        """The overdue requests, the oldest first."""
        return [entry.request for _, _, entry in _oldest(self._overdue, count)]

    def _keep_early(self, response: Response) -> None:
        """Keeps a response whose request did not come yet."""
        self._early.setdefault(response.request_id, []).append(response)
        self._waiting += 1
        self._early_bytes += _BYTES_PER_EARLY + len(response.request_id)
        # Responses whose request has come stay in the queue, until most are of these.
        if len(self._early_times) > 1000 and len(self._early_times) > 3 * self._waiting:
            waiting = (one for of_id in self._early.values() for one in of_id)
            self._early_times = [(one.time_us, one.request_id) for one in waiting]
            heapq.heapify(self._early_times)
        else:
            heapq.heappush(self._early_times, (response.time_us, response.request_id))

    def _take_early(self, request_id: str) -> Response:
        """Takes out the first response of an id."""
        first, *rest = self._early[request_id]
        self._set_early(request_id, rest, 1)
        return first

    def _set_early(self, request_id: str, rest: list[Response], taken: int) -> None:
        if rest:
            self._early[request_id] = rest
        else:
            del self._early[request_id]
        self._waiting -= taken
        self._early_bytes -= taken * (_BYTES_PER_EARLY + len(request_id))

    def _drop_oldest_early(self) -> int:
        """Drops what is oldest in the queue of responses without a request. Returns how many responses were dropped."""
        time_us, request_id = heapq.heappop(self._early_times)
        waiting = self._early.get(request_id, [])
        rest = [response for response in waiting if response.time_us > time_us]
        gone = len(waiting) - len(rest)
        if gone:
            self._set_early(request_id, rest, gone)
        return gone

    def _not_repeated(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        if self._recent is None or not entries:
            return entries
        new = self._recent.new(entries)
        self.redelivered += len(entries) - len(new)
        return new

    def _exchange(self, entry: _Open, response: Response) -> Exchange:
        request = entry.request
        # Both may be read at once: it was overdue by the time of the logs all the same.
        if not entry.overdue and response.time_us - request.time_us > self._timeout_us:
            entry.overdue = True
            self._was_overdue.append(request)
        given = response.given_us if self._given else None
        self.late += entry.overdue
        duration_us = response.time_us - request.time_us if given is None else given
        return Exchange(request, response, duration_us, entry.overdue)

    def _close(self, entry: _Open) -> None:
        entry.closed = True
        self.open -= 1
        self.overdue -= entry.overdue
        self._bytes -= entry.bytes
        if not entry.request.reported:
            self.hidden_open -= 1
            self.hidden_overdue -= entry.overdue
        # Closed requests stay in the queues until they are at the front, or are most of them.
        for queue in (self._by_time, self._overdue):
            if len(queue) > 1000 and len(queue) > 3 * (self.open + 1):
                queue[:] = [one for one in queue if not one[2].closed]
                heapq.heapify(queue)

    def _give_up(self) -> None:
        """Gives up the oldest requests where there are more than memory has room for."""
        while self._bytes > self._room:
            _, _, entry = heapq.heappop(self._overdue or self._by_time)
            if entry.closed:
                continue
            self.given_up += 1
            self._close(entry)
            entries = self._by_id[entry.request.request_id]
            entries.remove(entry)
            if not entries:
                del self._by_id[entry.request.request_id]


class _Recent:
    """Which entries came lately: those of the last `lateness_us`, and of as much time before, about `most` of each."""

    def __init__(self, lateness_us: int, most: int) -> None:
        self._lateness_us, self._most = lateness_us, most
        self._entries: set[int] = set()
        self._before: set[int] = set()
        self._begun_us: int | None = None

    def new(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The entries that have no equal among those before them. Notes all of them."""
        # Wherever their lines stand.
        keys = [hash(entry[:-1]) for entry in entries]
        some = set(keys)
        if len(some) == len(keys) and some.isdisjoint(self._entries) and some.isdisjoint(self._before):
            self._entries |= some
        else:
            entries = [entry for entry, key in zip(entries, keys, strict=True) if self._is_new(key)]
        times = [entry.time_us for entry in entries]
        if times:
            newest = max(times)
            begun = self._begun_us = min(times) if self._begun_us is None else self._begun_us
            if newest - begun > self._lateness_us or len(self._entries) >= self._most:
                self._before, self._entries, self._begun_us = self._entries, set(), newest
        return entries

    def _is_new(self, key: int) -> bool:
        if key in self._entries or key in self._before:
            return False
        self._entries.add(key)
        return True


def _oldest(queue: _Queue, count: int) -> _Queue:
    """The open requests of a queue that are reported, the oldest first, at most `count`."""
    open_ones = (queued for queued in queue if not queued[2].closed and queued[2].request.reported)
    return heapq.nsmallest(count, open_ones)
