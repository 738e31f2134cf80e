"""Pairs entries as they come, in memory: what is open now, what is overdue, and what was answered late.

This is a view of what goes on. What becomes of entries in the end is decided by the rules of a whole run.
"""

import heapq
from collections.abc import Iterable, Iterator

from logcorr.model.live import Exchange, Request, Response
from logcorr.model.options import Pairing

# About what an open request takes of memory.
BYTES_PER_OPEN = 700
_MOST_RECENT = 200_000


class _Open:
    """A request without a response."""

    __slots__ = ("closed", "overdue", "request")

    def __init__(self, request: Request) -> None:
        self.request, self.overdue, self.closed = request, False, False

    def __lt__(self, other: "_Open") -> bool:
        return self.request.time_us < other.request.time_us


class LiveJoin:
    """Takes entries of both sides in any order.

    A request is overdue when `timeout_us` have gone by. A response without a request waits for `lateness_us`, and a
    repeated entry is known again for about as long. Of more than `most_open` requests the oldest are given up. `open`,
    `overdue`, `given_up`, `late`, `unasked` (responses without a request) and `redelivered` are counts. `hidden_open`
    and `hidden_overdue` are those of requests that are not reported.
    """

    def __init__(
        self,
        *,
        policy: Pairing,
        timeout_us: int,
        lateness_us: int,
        most_open: int,
        given: bool = False,
        knows_again: bool = True,
    ) -> None:
        """With `given` the duration that a response tells counts. Without `knows_again` no entry is redelivered."""
        self._newest_first, self._given = policy == "nearest", given
        self._timeout_us, self._lateness_us, self._most_open = timeout_us, lateness_us, most_open
        self._by_id: dict[str, list[_Open]] = {}
        self._by_time: list[_Open] = []
        self._overdue: list[_Open] = []
        # Requests with a late response that the time did not come to.
        self._was_overdue: list[Request] = []
        self._early: dict[str, list[Response]] = {}
        self._early_times: list[tuple[int, str]] = []
        self._recent = _Recent(lateness_us) if knows_again else None
        self.open = self.overdue = self.given_up = self.late = self.unasked = self.redelivered = 0
        self.hidden_open = self.hidden_overdue = 0

    def add_requests(self, requests: Iterable[Request]) -> list[Exchange]:
        """Takes requests. Returns those whose responses came before, as exchanges."""
        exchanges = []
        for request in requests:
            if self._is_repeated(request):
                continue
            early = self._early.get(request.request_id)
            if early:
                response = early.pop(0)
                if not early:
                    del self._early[request.request_id]
                exchanges.append(self._exchange(_Open(request), response))
                continue
            entry = _Open(request)
            self._by_id.setdefault(request.request_id, []).append(entry)
            heapq.heappush(self._by_time, entry)
            self.open += 1
            self.hidden_open += not request.reported
        self._give_up()
        return exchanges

    def add_responses(self, responses: Iterable[Response]) -> list[Exchange]:
        """Takes responses. Returns the exchanges that they make."""
        exchanges = []
        for response in responses:
            if self._is_repeated(response):
                continue
            entries = self._by_id.get(response.request_id)
            if not entries:
                self._early.setdefault(response.request_id, []).append(response)
                heapq.heappush(self._early_times, (response.time_us, response.request_id))
                continue
            choose = max if self._newest_first else min
            entry = entries[0] if len(entries) == 1 else choose(entries, key=lambda one: one.request.time_us)
            entries.remove(entry)
            if not entries:
                del self._by_id[response.request_id]
            self._close(entry)
            exchanges.append(self._exchange(entry, response))
        return exchanges

    def advance(self, responses_us: int, requests_us: int) -> list[Request]:
        """Moves the time on, to where responses and requests were read. Returns requests that are overdue from now on.

        Those whose response was late, and was read before the time had come to them, are among them.

        A request is overdue where responses were read beyond its time, and a response without a request is one where
        requests were.
        """
        overdue, self._was_overdue = self._was_overdue, []
        last_us = responses_us - self._timeout_us
        while self._by_time and (self._by_time[0].closed or self._by_time[0].request.time_us < last_us):
            entry = heapq.heappop(self._by_time)
            if not entry.closed:
                entry.overdue = True
                self.overdue += 1
                self.hidden_overdue += not entry.request.reported
                heapq.heappush(self._overdue, entry)
                overdue.append(entry.request)
        before = requests_us - self._lateness_us
        while self._early_times and self._early_times[0][0] < before:
            time_us, request_id = heapq.heappop(self._early_times)
            waiting = self._early.get(request_id, [])
            gone = [response for response in waiting if response.time_us <= time_us]
            self.unasked += len(gone)
            if gone:
                self._early[request_id] = [response for response in waiting if response.time_us > time_us]
            if request_id in self._early and not self._early[request_id]:
                del self._early[request_id]
        return overdue

    def oldest(self, count: int) -> list[Request]:
        """The open requests that are oldest, overdue ones included, the oldest first."""
        entries = heapq.merge(_in_order(self._overdue, count), _in_order(self._by_time, count))
        return [entry.request for entry, _ in zip(entries, range(count), strict=False)]

    def overdue_requests(self, count: int) -> list[Request]:
        """The overdue requests, the oldest first."""
        return [entry.request for entry, _ in zip(_in_order(self._overdue, count), range(count), strict=False)]

    def _is_repeated(self, entry: Request | Response) -> bool:
        repeated = self._recent is not None and self._recent.has(entry)
        self.redelivered += repeated
        return repeated

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
        if not entry.request.reported:
            self.hidden_open -= 1
            self.hidden_overdue -= entry.overdue
        # Closed requests stay in the queues until they are at the front, or are most of them.
        for queue in (self._by_time, self._overdue):
            if len(queue) > 1000 and len(queue) > 3 * (self.open + 1):
                queue[:] = [one for one in queue if not one.closed]
                heapq.heapify(queue)

    def _give_up(self) -> None:
        """Gives up the oldest requests where there are more than memory has room for."""
        while self.open > self._most_open:
            entry = heapq.heappop(self._overdue or self._by_time)
            if entry.closed:
                continue
            self.given_up += 1
            self._close(entry)
            entries = self._by_id[entry.request.request_id]
            entries.remove(entry)
            if not entries:
                del self._by_id[entry.request.request_id]


class _Recent:
    """Which entries came lately: those of the last `lateness_us`, and of as much time before, but not very many."""

    def __init__(self, lateness_us: int) -> None:
        self._lateness_us = lateness_us
        self._entries: set[int] = set()
        self._before: set[int] = set()
        self._begun_us: int | None = None

    def has(self, entry: Request | Response) -> bool:
        """Whether an equal entry came lately. Notes the entry."""
        key = hash(entry[:-1])  # wherever its line stands
        if key in self._entries or key in self._before:
            return True
        if self._begun_us is None:
            self._begun_us = entry.time_us
        if entry.time_us - self._begun_us > self._lateness_us or len(self._entries) >= _MOST_RECENT:
            self._before, self._entries, self._begun_us = self._entries, set(), entry.time_us
        self._entries.add(key)
        return False


def _in_order(queue: list[_Open], count: int) -> Iterator[_Open]:
    """The open requests of a queue that are reported, the oldest first, `count` where there are so many."""
    return iter(heapq.nsmallest(count, (entry for entry in queue if not entry.closed and entry.request.reported)))
