"""Pairs entries while both sides are read: in most logs a response stands near its request in time.

What is paired here is right only where its id comes once on each side, in all of both logs; that shows later
(`Settling`, `UsedKeys`). All that does not pair at once, or is in doubt, is left for the pairing by buckets, which sees
every entry of an id together.
"""

from collections import deque
from collections.abc import Callable
from typing import cast

import polars as pl

from logcorr.compute.arrow_text import copied
from logcorr.compute.byte_words import UInt64Array
from logcorr.compute.hash_match import match, unmatched
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import steps
from logcorr.pairing.rules import Rules
from logcorr.pairing.steps import KEY

Leave = Callable[[Side, pl.DataFrame], None]

_OTHER: dict[Side, Side] = {"request": "response", "response": "request"}
# How many chunks of its own side an entry waits for its partner at least.
_PATIENCE = 5
_EVICTED_AT_ONCE = 2
# Where after so many chunks fewer than so many of their entries have a partner, the logs are not in order.
_TRIAL_CHUNKS = 16
_LEAST_SHARE = 0.25
# A part of a frame keeps all text of the whole alive: a small part gets text of its own.
_SMALL_PART = 4


class StreamingJoin:
    """Takes chunks of entries (with KEY) of both sides in turn. `leave` gets what is not paired here, without KEY."""

    def __init__(self, rules: Rules, leave: Leave) -> None:
        self._rules, self._leave = rules, leave
        self._held: dict[Side, pl.DataFrame] = {}
        self._bounds: dict[Side, deque[int]] = {side: deque() for side in SIDES}
        self._chunks, self._seen, self._paired = 0, 0, 0
        self.given_up = 0
        self.repeats = False

    def add(self, side: Side, entries: pl.DataFrame) -> pl.DataFrame | None:
        """The exchanges (EXCHANGE_SCHEMA and KEY) that some more entries make with those that wait; None for none."""
        if not entries.height:
            return None
        if self._hopeless():
            self.finish()
            self._leave(side, entries)
            return None
        self._chunks += 1
        self._seen += entries.height
        bound = cast("int", entries["row"].min())
        waiting = self._held.pop(_OTHER[side], None)
        exchanges = None
        if waiting is not None:
            both = {side: entries, _OTHER[side]: waiting}
            exchanges = self._pair(both)
            entries = both[side]
            self._held[_OTHER[side]] = both[_OTHER[side]]
        held = self._held.get(side)
        self._held[side] = entries if held is None else pl.concat([held, entries], rechunk=True)
        self._evict(side, bound)
        return exchanges

    def waiting_keys(self) -> list[pl.Series]:
        """The keys of all entries that wait."""
        return [held[KEY] for held in self._held.values()]

    def finish(self) -> None:
        """Leaves all entries that wait."""
        for side, held in self._held.items():
            self._leave(side, held)
        self._held = {}

    def _hopeless(self) -> bool:
        return self._chunks >= _TRIAL_CHUNKS and self._paired < _LEAST_SHARE * self._seen

    def _pair(self, both: dict[Side, pl.DataFrame]) -> pl.DataFrame | None:
        """Pairs the two frames of `both`, in which only what stays without a partner is left."""
        found = match(*(both[side][KEY].to_numpy() for side in SIDES))
        places = dict(zip(SIDES, map(pl.Series, (found.left, found.right)), strict=True))
        others = dict(zip(SIDES, (found.left_alone, found.right_alone), strict=True))
        pairs = steps.beside(*(both[side][places[side]] for side in SIDES))
        doubtful = self._doubtful(pairs, found.repeated)
        if doubtful.len():
            sure = ~pairs[KEY].is_in(doubtful.implode())
            pairs = pairs.filter(sure)
            others = {side: unmatched(places[side].filter(sure).to_numpy(), both[side].height) for side in SIDES}
        for side in SIDES:
            rest = both[side][pl.Series(others[side])]
            if doubtful.len():
                in_doubt = rest[KEY].is_in(doubtful.implode())
                self._leave(side, rest.filter(in_doubt))
                rest = rest.filter(~in_doubt)
            both[side] = copied(rest) if rest.height * _SMALL_PART < both[side].height else rest
        self._paired += 2 * pairs.height
        return pairs.lazy().pipe(steps.exchanges, KEY).collect(engine="in-memory") if pairs.height else None

    def _doubtful(self, pairs: pl.DataFrame, repeated: UInt64Array) -> pl.Series:
        """The keys of pairs that are not to stand as they are: repeated, of two ids, or too far apart."""
        self.repeats |= repeated.size > 0
        doubt = pairs["request_id"] != pairs["response_id"]
        if self._rules.max_duration_us is not None:
            doubt |= (pairs["response_time"] - pairs["request_time"]).abs() > self._rules.max_duration_us
        return pl.concat([pairs[KEY].filter(doubt), pl.Series(KEY, repeated, dtype=pl.UInt64)]).unique()

    def _evict(self, side: Side, bound: int) -> None:
        """Leaves what has waited too long; `bound` is the first row of the newest chunk."""
        bounds = self._bounds[side]
        bounds.append(bound)
        if len(bounds) >= _PATIENCE + _EVICTED_AT_ONCE:
            for _ in range(_EVICTED_AT_ONCE):
                bounds.popleft()
            held = self._held[side]
            old = held["row"] < bounds[0]
            if old.any():
                self._leave(side, held.filter(old))
                self.given_up += int(old.sum())
                self._held[side] = held.filter(~old)
