"""Streaming join: pairs entries while both sides are read, as in most logs a response is near its request in time.

An exchange that is made here is right only if its id comes once on each side, anywhere in both logs. `RecentExchanges`
holds exchanges back to see whether their ids come again nearby; `recurring_ids` finds ids that come again far away.
Entries that do not pair in time, or whose pair is doubtful, are left to the pairing by buckets, where all entries of an
id are in one bucket.
"""

from collections import deque
from collections.abc import Callable
from typing import cast

import polars as pl

from logcorr.compute.hash_match import match, unmatched
from logcorr.compute.zero_copy_text import UInt64Array, copied, text_bytes
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import join_steps
from logcorr.pairing.entry_columns import EntryColumns
from logcorr.pairing.join_steps import KEY
from logcorr.pairing.paired import too_far
from logcorr.pairing.rules import Rules, answered

# Takes entries (with KEY) of one side, which the pairing by buckets is to pair.
Leave = Callable[[Side, pl.DataFrame], None]

_OTHER: dict[Side, Side] = {"request": "response", "response": "request"}
# An entry waits for its partner for at least so many chunks of its own side. Then two chunks are evicted at a time.
_CHUNKS_HELD = 5
_CHUNKS_EVICTED = 2
# If after so many chunks less than this share of the entries has a partner, the logs are not in order.
_TRIAL_CHUNKS = 16
_LEAST_SHARE = 0.25
# Filtered rows keep the text of all rows in memory. If they are less than one in so many, their text is copied.
_SMALL_ONE_IN = 4
# Exchanges of so many parts are held back.
_PARTS_HELD = 3
# The keys of entries that were left are held for as many parts. `recurring_ids` finds what comes again later.
_PARTS_OF_LEFT_KEYS = 16
# Where the text of an exchange is longer than this, fewer exchanges are held back.
_TEXT_BYTES_A_ROW = 64


class StreamingJoin:
    """Takes chunks of entries (with KEY) of either side, and pairs them with the entries that wait on the other side.

    `leave` gets the entries that are not paired here. `given_up` counts those that waited too long, and `repeats` tells
    whether a side has had a key more than once.
    """

    def __init__(self, rules: Rules, leave: Leave) -> None:
        self._rules, self._leave = rules, leave
        self._waiting: dict[Side, pl.DataFrame] = {}
        self._first_rows: dict[Side, deque[int]] = {side: deque() for side in SIDES}
        self._chunks, self._seen, self._paired = 0, 0, 0
        self.given_up = 0
        self.repeats = False

    def add(self, side: Side, entries: pl.DataFrame) -> pl.DataFrame | None:
        """Takes the next chunk of a side. Returns the exchanges that it makes, or None.

        Exchanges have the columns `exchanges` and `hidden` of `EntryColumns`, and KEY.
        """
        if not entries.height:
            return None
        if self._out_of_order():
            self.finish()
            self._leave(side, entries)
            return None
        self._chunks += 1
        self._seen += entries.height
        first_row = cast("int", entries["row"].min())
        partners = self._waiting.pop(_OTHER[side], None)
        exchanges = None
        if partners is not None:
            sides = {side: entries, _OTHER[side]: partners}
            exchanges = self._pair(sides)
            entries = sides[side]
            self._waiting[_OTHER[side]] = sides[_OTHER[side]]
        waiting = self._waiting.get(side)
        self._waiting[side] = entries if waiting is None else pl.concat([waiting, entries], rechunk=True)
        self._evict(side, first_row)
        return exchanges

    def waiting_keys(self) -> list[pl.Series]:
        """The keys of all entries that wait for a partner."""
        return [waiting[KEY] for waiting in self._waiting.values()]

    @property
    def decided(self) -> float:
        """The share of the entries so far that do not wait for a partner any more."""
        return 1 - sum(waiting.height for waiting in self._waiting.values()) / max(1, self._seen)

    def finish(self) -> None:
        """Leaves all entries that still wait, as no more chunks will come."""
        for side, waiting in self._waiting.items():
            self._leave(side, waiting)
        self._waiting = {}

    def _out_of_order(self) -> bool:
        """Whether so few entries have paired that the logs cannot be in order of time."""
        return self._chunks >= _TRIAL_CHUNKS and self._paired < _LEAST_SHARE * self._seen

    def _pair(self, sides: dict[Side, pl.DataFrame]) -> pl.DataFrame | None:
        """The exchanges between the entries of both sides. In `sides` the entries without a partner replace all."""
        most_rows = max(entries.height for entries in sides.values())
        matches = match(*(sides[side][KEY].to_numpy() for side in SIDES))
        paired = dict(zip(SIDES, map(pl.Series, (matches.left, matches.right)), strict=True))
        unpaired = dict(zip(SIDES, (matches.left_alone, matches.right_alone), strict=True))
        columns = self._rules.columns
        pairs = join_steps.joined_by_row(*(sides[side][paired[side]] for side in SIDES), columns=columns)
        doubtful = self._doubtful_keys(pairs, matches.repeated)
        if doubtful.len():
            sure = ~pairs[KEY].is_in(doubtful.implode())
            pairs = pairs.filter(sure)
            unpaired = {side: unmatched(paired[side].filter(sure).to_numpy(), sides[side].height) for side in SIDES}
        for side in SIDES:
            entries = sides[side][pl.Series(unpaired[side])]
            if doubtful.len():
                in_doubt = entries[KEY].is_in(doubtful.implode())
                self._leave(side, entries.filter(in_doubt))
                entries = entries.filter(~in_doubt)
            sides[side] = copied(entries) if entries.height * _SMALL_ONE_IN < sides[side].height else entries
        self._paired += 2 * pairs.height
        if not pairs.height:
            return None
        exchanges = join_steps.exchanges(pairs.lazy(), columns, self._rules.duration, KEY, *columns.hidden)
        made = exchanges.collect(engine="in-memory")
        return copied(made) if made.height * _SMALL_ONE_IN < most_rows else made

    def _doubtful_keys(self, pairs: pl.DataFrame, repeated: UInt64Array) -> pl.Series:
        """The keys whose pairs may be wrong.

        A side repeats the key, the ids differ, the pair lasts too long, or `nearest` does not take the response.
        """
        self.repeats |= repeated.size > 0
        doubt = pairs["request_id"] != pairs["response_id"]
        if self._rules.max_duration_us is not None:
            doubt |= pairs.select(too_far(self._rules.max_duration_us)).to_series()
        if self._rules.policy == "nearest":
            doubt |= pairs.select(~answered(self._rules)).to_series()
        return pl.concat([pairs[KEY].filter(doubt), pl.Series(KEY, repeated, dtype=pl.UInt64)]).unique()

    def _evict(self, side: Side, first_row: int) -> None:
        """Leaves the entries that have waited too long; `first_row` is the least row of the newest chunk."""
        first_rows = self._first_rows[side]
        first_rows.append(first_row)
        if len(first_rows) >= _CHUNKS_HELD + _CHUNKS_EVICTED:
            for _ in range(_CHUNKS_EVICTED):
                first_rows.popleft()
            waiting = self._waiting[side]
            old = waiting["row"] < first_rows[0]
            if old.any():
                self._leave(side, waiting.filter(old))
                self.given_up += int(old.sum())
                self._waiting[side] = waiting.filter(~old)


class RecentExchanges:
    """Holds exchanges back, and gives them to `settle` in parts of about `part_rows`.

    Exchanges have the columns that `StreamingJoin.add` gives. An exchange whose key comes again meanwhile becomes
    entries again, which `leave` gets.
    """

    def __init__(
        self, columns: EntryColumns, part_rows: int, settle: Callable[[pl.DataFrame], None], leave: Leave
    ) -> None:
        self._columns, self._part_rows, self._settle, self._leave = columns, part_rows, settle, leave
        self._waiting: deque[pl.DataFrame] = deque()
        self._rows = self._text_bytes = 0
        self._left: deque[pl.Series] = deque()
        self._left_keys = 0
        self._closely = False

    def note_left(self, keys: pl.Series) -> None:
        """Takes the keys of entries that were left to the pairing by buckets."""
        if keys.len():
            self._left.append(keys)
            self._left_keys += keys.len()
        while len(self._left) > 1 and self._left_keys > _PARTS_OF_LEFT_KEYS * self._part_rows:
            self._left_keys -= self._left.popleft().len()

    def add(self, exchanges: pl.DataFrame, waiting_keys: Callable[[], list[pl.Series]], *, closely: bool) -> None:
        """Takes exchanges; `waiting_keys` gives the keys of entries that still wait for a partner.

        `closely` also looks for keys that come again in other exchanges. It is worth the time only if logs repeat ids.
        """
        self._closely = closely
        self._waiting.append(exchanges)
        self._rows += exchanges.height
        self._text_bytes += text_bytes(exchanges)
        if max(self._rows, self._text_bytes // _TEXT_BYTES_A_ROW) >= _PARTS_HELD * self._part_rows:
            self._settle_oldest(waiting_keys(), max(1, self._rows // _PARTS_HELD))

    def finish(self) -> None:
        """Settles all exchanges, as no more will come."""
        while self._waiting:
            self._settle_oldest([], self._part_rows)

    def _settle_oldest(self, waiting_keys: list[pl.Series], rows: int) -> None:
        """Settles about so many exchanges, without those whose key comes again."""
        oldest: list[pl.DataFrame] = []
        while self._waiting and rows > 0:
            oldest.append(self._waiting.popleft())
            rows -= oldest[-1].height
        part = pl.concat(oldest)
        self._rows -= part.height
        self._text_bytes -= text_bytes(part)
        other_keys = [*waiting_keys, *self._left]
        self._left.clear()
        self._left_keys = 0
        if self._closely:
            other_keys += [frame[KEY] for frame in self._waiting]
        recurring = _among(part[KEY], pl.concat(other_keys)) if other_keys else pl.Series([False])
        if self._closely and part[KEY].n_unique() != part.height:
            recurring = recurring | part[KEY].is_duplicated()
        if recurring.any():
            part = self._take_back(part, part[KEY].filter(recurring).unique())
        self._settle(part)

    def _take_back(self, part: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
        """Leaves the entries of all exchanges with these keys; returns the other exchanges of the part."""
        frames = [part, *self._waiting]
        masks = [frame[KEY].is_in(keys.implode()) for frame in frames]
        taken_back = pl.concat([frame.filter(mask) for frame, mask in zip(frames, masks, strict=True)])
        for side in SIDES:
            self._leave(side, taken_back.lazy().pipe(join_steps.entries_of, side, self._columns, KEY).collect())
        kept, *waiting = (
            frame.filter(~mask) if mask.any() else frame for frame, mask in zip(frames, masks, strict=True)
        )
        self._waiting = deque(waiting)
        self._rows = sum(frame.height for frame in waiting)
        self._text_bytes = sum(text_bytes(frame) for frame in waiting)
        return kept


def _among(keys: pl.Series, others: pl.Series) -> pl.Series:
    """Which of the keys are among the others."""
    # `is_in` makes a hash table of its argument, which takes much memory: so that is the shorter series.
    if others.len() > keys.len():
        others = others.filter(others.is_in(keys.implode()))
    return keys.is_in(others.implode())
