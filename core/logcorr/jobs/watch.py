"""Watches logs that grow: what is open, overdue, slow and failed right now.

Time is that of the entries, not of the clock on the wall: a log that is read long after it was written gives the same
figures as when it was followed.
"""

import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import numpy as np
import polars as pl

from logcorr.figures.live_window import LiveWindow
from logcorr.jobs.follow_logs import Entries, FollowedLogs
from logcorr.jobs.keep_followed import Keeping
from logcorr.jobs.live_filter import LiveFilter
from logcorr.model.ledger import SIDES, Side
from logcorr.model.live import Exchange, Request, Response, Snapshot
from logcorr.model.options import WatchOptions
from logcorr.pairing.live_join import LiveJoin

# Files are looked into so often while lines come, and where none came for a while.
_POLL_S, _SELDOM_POLL_S = 0.1, 0.2
_QUIET_S = 1.0
# Where more bytes wait, they are read at once. A few lines at a time would take more of the machine.
_MUCH_BEHIND = 1 << 16
_MOST_SHOWN = 20
_HOUR_US = 3_600_000_000
# An instant far ahead counts as the present only where so many entries of a poll agree.
_MOST_STRAY = 8


class Watch:
    """Follows logs. `step` takes what came, `snapshot` tells what it looks like."""

    def __init__(
        self,
        options: WatchOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        keeping: Keeping | None = None,
    ) -> None:
        self._options = options
        self.logs = FollowedLogs(options, clock=clock, kept=None if keeping is None else keeping.source)
        self.window = LiveWindow(options.window_us, options.longest_window_us, memory_bytes=options.memory_bytes)
        self._join: LiveJoin | None = None
        self._now_us: int | None = None
        self._reached_us: dict[Side, int] = {}
        self._totals = {"matched": 0, "failures": 0, "negative": 0}
        self._filter: LiveFilter | None = None
        if options.where is not None:
            self._totals["left_out"] = 0
        self._late_left_out = 0
        self._clock, self._heard = clock, clock()

    def step(self) -> bool:
        """Takes what came since the last step. Returns whether anything did. Raises InputError and UsageError."""
        return self._take(self.logs.poll())

    def finish(self) -> None:
        """Takes what came before the formats of the logs were told."""
        self._take(self.logs.finish())

    def _take(self, entries: Entries) -> bool:
        took = False
        for frame in (entries.request, entries.response, entries.exchange):
            if frame is not None and frame.height:
                took = True
                self._move_to(frame["time"])
        if took and self._filter is None and self._options.where is not None:
            self._filter = LiveFilter(self._options.where, self.logs.attributes)
        entries = self._of_last_minutes(entries)
        if entries.exchange is not None:
            self._add_exchanges(entries.exchange)
        if entries.request is not None:
            self._move_side_to("request", entries.request["time"])
            self._add_requests(entries.request)
        if entries.response is not None:
            self._move_side_to("response", entries.response["time"])
            self._add_responses(entries.response)
        self._advance()
        if took:
            self._heard = self._clock()
        return took

    def _of_last_minutes(self, entries: Entries) -> Entries:
        """The entries without those before the time at which reading was to begin."""
        since_us = self.logs.since_us
        if since_us is None:
            return entries
        kept = {
            name: frame.filter(pl.col("time") >= since_us)
            for name in ("request", "response", "exchange")
            if (frame := getattr(entries, name)) is not None
        }
        return Entries(**kept)

    @property
    def now_us(self) -> int | None:
        """The newest instant of the logs."""
        return self._now_us

    def show_window(self, window_us: int) -> None:
        """Makes the window longer or shorter, as far as the counts of the past are kept."""
        self.window.window_us = min(window_us, self.window.longest_us)

    def snapshot(self) -> Snapshot:
        """What the logs look like now. Notices are told once."""
        now, join = self._now_us, self._join
        counts = {**self.logs.counts, **self._totals, "too_late": self.window.too_late}
        if join is not None:
            names = ("open", "overdue", "late", "given_up", "unasked", "redelivered")
            counts |= {name: getattr(join, name) for name in names}
            counts["open"] -= join.hidden_open
            counts["overdue"] -= join.hidden_overdue
            counts["late"] -= self._late_left_out
        return Snapshot(
            now_us=now,
            watermark_us=None if now is None else now - self._options.lateness_us,
            window=None if now is None else self.window.figures(now),
            counts=counts,
            behind_bytes=self.logs.behind_bytes,
            attributes=self.logs.attributes,
            oldest=join.oldest(_MOST_SHOWN) if join is not None else (),
            overdue=join.overdue_requests(_MOST_SHOWN) if join is not None else (),
            slowest=self.window.slowest(now) if now is not None else (),
            failed=self.window.failed(now) if now is not None else (),
            late=self.window.late(now) if now is not None else (),
            notices=self.logs.take_notices(),
            quiet_s=self.quiet_s,
            doubts=self.logs.doubts(self._totals["matched"]),
            ended=self.logs.ended,
        )

    @property
    def quiet_s(self) -> float:
        """For how many seconds of the wall clock nothing came."""
        return self._clock() - self._heard

    def _joined(self) -> LiveJoin:
        if self._join is None:
            options, rules = self._options, self.logs.rules
            assert rules is not None  # noqa: S101 - entries of sides come only once the rules are known
            self._join = LiveJoin(
                policy=rules.policy,
                timeout_us=options.timeout_us,
                lateness_us=options.lateness_us,
                memory_bytes=options.memory_bytes,
                given=rules.duration == "given",
                knows_again=not rules.ties_by_line,
            )
        return self._join

    def _add_requests(self, frame: pl.DataFrame) -> None:
        frame = frame.drop_nulls("time")
        reported = self._reported(frame)
        columns = [
            frame["time"].to_list(),
            frame["request_id"].to_list(),
            self._values(frame),
            reported,
            frame["place"].to_list(),
        ]
        requests = map(Request, *columns)
        shown = frame if all(reported) else frame.filter(pl.Series(reported, dtype=pl.Boolean))
        self.window.add_events(shown["time"].to_numpy(), response=False)
        text_bytes = int(frame.estimated_size())
        self._note(self._joined().add_requests(list(requests), text_bytes))

    def _add_responses(self, frame: pl.DataFrame) -> None:
        frame = frame.drop_nulls("time")
        columns = [_listed(frame, name) for name in ("time", "request_id", "status_code", "given_us", "place")]
        self.window.add_events(frame["time"].to_numpy(), response=True)
        self._note(self._joined().add_responses(list(map(Response, *columns))))

    def _add_exchanges(self, frame: pl.DataFrame) -> None:
        """Exchanges of access logs."""
        frame = frame.drop_nulls("time")
        exchanges = []
        columns = [_listed(frame, name) for name in ("time", "status_code", "given_us", "place")]
        for time_us, status, duration_us, place, values in zip(*columns, self._values(frame), strict=True):
            request = Request(time_us, "", values, place=place)
            response = Response(time_us + (duration_us or 0), "", status, duration_us, place)
            exchanges.append(Exchange(request, response, duration_us, late=False))
        kept = self._narrowed(exchanges)
        times = [one.request.time_us for one in kept]
        self.window.add_events(np.array(times, np.int64), response=False)
        self._count(kept)

    def _reported(self, requests: pl.DataFrame) -> list[bool]:
        """Whether each request is reported."""
        return [True] * requests.height if self._filter is None else self._filter.of_requests(requests)

    def _narrowed(self, exchanges: list[Exchange]) -> list[Exchange]:
        """The exchanges that are reported."""
        if self._filter is None or not exchanges:
            return exchanges
        held = self._filter.of_exchanges(exchanges)
        left_out = [one for one, holds in zip(exchanges, held, strict=True) if not holds]
        self._totals["left_out"] += len(left_out)
        late = [one.request for one in left_out if one.late]
        self._late_left_out += len(late)
        self.window.add_overdue([request for request in late if request.reported], -1)
        return [one for one, holds in zip(exchanges, held, strict=True) if holds]

    def _values(self, frame: pl.DataFrame) -> Iterator[tuple[str | None, ...]]:
        """What each entry tells besides."""
        columns = [_listed(frame, name) for name in self.logs.attributes]
        return zip(*columns, strict=True) if columns else iter([()] * frame.height)

    def _note(self, exchanges: list[Exchange]) -> None:
        self._count(self._narrowed(exchanges))

    def _count(self, exchanges: list[Exchange]) -> None:
        """Counts exchanges that are reported."""
        self.window.add_exchanges(exchanges)
        self._totals["matched"] += len(exchanges)
        self._totals["failures"] += sum(exchange.failed for exchange in exchanges)
        self._totals["negative"] += sum((exchange.duration_us or 0) < 0 for exchange in exchanges)

    def _advance(self) -> None:
        """Moves the time of open requests on: as far as both logs were read."""
        if self._join is None or self._now_us is None:
            return
        if not self.logs.behind_bytes:
            overdue = self._join.advance(self._now_us, self._now_us)
        elif len(self._reached_us) == len(SIDES):
            overdue = self._join.advance(self._reached_us["response"], self._reached_us["request"])
        else:
            return
        self.window.add_overdue([request for request in overdue if request.reported])

    def _move_to(self, times: pl.Series) -> None:
        newest = _newest(times, self._now_us)
        if newest is not None and (self._now_us is None or newest > self._now_us):
            self._now_us = newest
            self.window.move_to(newest)

    def _move_side_to(self, side: Side, times: pl.Series) -> None:
        newest = _newest(times, self._now_us)
        if newest is not None:
            self._reached_us[side] = max(newest, self._reached_us.get(side, newest))


def watch(
    options: WatchOptions,
    cancel: threading.Event,
    *,
    every_s: float,
    for_s: float | None = None,
    quiet_every_s: float = 0.0,
    asked: SimpleQueue[Callable[[Watch], object]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    keeping: Keeping | None = None,
    stays: bool = False,
) -> Iterator[Snapshot]:
    """Follows logs, and yields a snapshot every `every_s` seconds, and one at the end.

    While nothing comes they are `quiet_every_s` apart, if that is longer. What is put into `asked` is called with what
    is watched, and a snapshot follows at once. It ends after `for_s` seconds, when `cancel` is set, or when all logs
    come through pipes that have ended, unless it `stays` for what is asked. What is read is kept by `keeping`. Raises
    InputError and UsageError.
    """
    watched = Watch(options, clock=clock, keeping=keeping)
    try:
        begun = clock()
        following, told, changed = begun + every_s, begun, True
        ends = float("inf") if for_s is None else begun + for_s
        while not cancel.is_set() and (stays or not watched.logs.ended) and clock() < ends:
            took = watched.step()
            if watched.logs.ended and stays:
                watched.finish()
            if keeping is not None:
                keeping.tend(watched.logs.kind)
            now = clock()
            changed = changed or took or watched.logs.has_notices
            while asked is not None and not asked.empty():
                asked.get()(watched)
                following, changed = now, True
            if now >= following:
                following = max(following + every_s, now)
                if changed or now - told >= quiet_every_s:
                    told, changed = now, False
                    yield watched.snapshot()
            if not took or watched.logs.behind_bytes < _MUCH_BEHIND:
                poll_s = _POLL_S if watched.quiet_s < _QUIET_S else _SELDOM_POLL_S
                cancel.wait(max(0.0, min(poll_s, following - now, ends - now)))
        watched.finish()
        if keeping is not None:
            keeping.tend(watched.logs.kind)
        yield watched.snapshot()
    finally:
        watched.logs.close()


def _listed(frame: pl.DataFrame, name: str) -> list[Any]:
    """The values of a column; all None where there is none. Much faster than to iterate over it."""
    return frame[name].to_list() if name in frame.columns else [None] * frame.height


def _newest(times: pl.Series, now_us: int | None) -> int | None:
    """The newest instant of some entries, without a few that lie far ahead of all others."""
    instants = times.drop_nulls().to_numpy()
    if not instants.size:
        return None
    present = int(np.median(instants)) if now_us is None else now_us
    ahead = np.concatenate(([present], np.sort(instants[instants > present])))
    # They lie behind a gap: a log may well be of several hours.
    gaps = np.flatnonzero(np.diff(ahead) > _HOUR_US)
    stray = gaps[gaps >= ahead.size - 1 - _MOST_STRAY]
    if stray.size:
        instants = instants[instants <= ahead[stray[0]]]
    return int(instants.max()) if instants.size else None
