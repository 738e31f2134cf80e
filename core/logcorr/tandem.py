"""Pairs entries while both sides are read: in most logs a response stands near its request in time.

What is paired here is right only where its id comes once on each side, in all of both logs; that shows later
(`Settling`, `UsedKeys`). All that does not pair at once, or is in doubt, is left for the pairing by buckets, which sees
every entry of an id together.
"""

from collections import deque
from collections.abc import Callable
from typing import cast

import polars as pl

from logcorr import pairing
from logcorr.bucket import Rules, crowded
from logcorr.formats import copied
from logcorr.model import SIDES, Side
from logcorr.pairing import KEY

Leave = Callable[[Side, pl.DataFrame], None]

_OTHER: dict[Side, Side] = {"request": "response", "response": "request"}
# How many chunks of its own side an entry waits for its partner.
_PATIENCE = 6
# Where after so many chunks fewer than so many of their entries have a partner, the logs are not in order.
_TRIAL_CHUNKS = 16
_LEAST_SHARE = 0.25
# A part of a frame keeps all text of the whole alive: a small part gets text of its own.
_SMALL_PART = 4


class Tandem:
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
        entries = self._without_crowds(side, entries)
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

    def _without_crowds(self, side: Side, entries: pl.DataFrame) -> pl.DataFrame:
        """The entries without those of ids that come so often that joining them would multiply rows beyond bounds."""
        if not crowded(entries[KEY]):
            return entries
        often = entries[KEY].is_duplicated()
        self._leave(side, entries.filter(often))
        return entries.filter(~often)

    def _pair(self, both: dict[Side, pl.DataFrame]) -> pl.DataFrame | None:
        """Joins the two frames of `both`, in which only what stays without a partner is left."""
        requests, responses = (both[side].lazy().with_row_index("place") for side in SIDES)
        pairs = pairing.join(requests, responses).collect(engine="in-memory")
        if not pairs.height:
            return None
        free = _free(both, pairs)
        repeated = any(free[side].sum() != both[side].height - pairs.height for side in SIDES)
        doubtful = self._doubtful(pairs, repeated=repeated)
        if doubtful.len():
            pairs = pairs.filter(~pl.col(KEY).is_in(doubtful.implode()))
            free = _free(both, pairs)
        for side in SIDES:
            rest = both[side].filter(free[side])
            if doubtful.len():
                in_doubt = rest[KEY].is_in(doubtful.implode())
                self._leave(side, rest.filter(in_doubt))
                rest = rest.filter(~in_doubt)
            both[side] = copied(rest) if rest.height * _SMALL_PART < both[side].height else rest
        self._paired += 2 * pairs.height
        return pairs.lazy().pipe(pairing.exchanges, KEY).collect(engine="in-memory")

    def _doubtful(self, pairs: pl.DataFrame, *, repeated: bool) -> pl.Series:
        """The keys of pairs that are not to stand as they are: repeated, of two ids, or too far apart."""
        doubts = [pl.col("request_id") != pl.col("response_id")]
        if repeated:
            self.repeats = True
            doubts += [pl.col("place").is_duplicated(), pl.col("place_right").is_duplicated()]
        if self._rules.max_duration_us is not None:
            duration = pl.col("response_time") - pl.col("request_time")
            doubts.append(duration.abs() > self._rules.max_duration_us)
        return pairs.filter(pl.any_horizontal(doubts))[KEY].unique()

    def _evict(self, side: Side, bound: int) -> None:
        """Leaves what has waited too long; `bound` is the first row of the newest chunk."""
        bounds = self._bounds[side]
        bounds.append(bound)
        if len(bounds) > _PATIENCE:
            bounds.popleft()
            held = self._held[side]
            old = held["row"] < bounds[0]
            if old.any():
                self._leave(side, held.filter(old))
                self.given_up += int(old.sum())
                self._held[side] = held.filter(~old)


def _free(both: dict[Side, pl.DataFrame], pairs: pl.DataFrame) -> dict[Side, pl.Series]:
    """For each entry of both sides, whether it is in no pair."""
    places = dict(zip(SIDES, ("place", "place_right"), strict=True))
    return {
        side: pl.repeat(value=True, n=entries.height, dtype=pl.Boolean, eager=True).scatter(
            pairs[places[side]], values=False
        )
        for side, entries in both.items()
    }
