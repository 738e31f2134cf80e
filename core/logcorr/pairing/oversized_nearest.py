"""Pairs all entries of an oversized id by `nearest`, on disk: the stack of open requests may exceed memory too.

All entries are sorted by instant. A first pass counts the requests and responses of each instant, and how many requests
are open before it. A second pass gives each entry its depth on the stack. Sorted by depth, a request stands before its
response.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing.frame_files import FrameFiles
from logcorr.pairing.nearest import BoolArray, Instants, Integers, open_after, places
from logcorr.pairing.rules import STRENGTH, Rules, with_strength
from logcorr.pairing.sorted_entries import SortedEntries

IS_RESPONSE = ":is_response"
_DEPTH, _POSITION = ":depth", ":position"


class NearestOnDisk:
    """The entries of one id. First all of `redelivered`, then all of `pairs`, then `alone` for each side.

    Frames of entries have the columns of their side, without the id. `tap` is called for every slice and may raise.
    """

    def __init__(self, rules: Rules, folder: Path, most_rows: int, tap: Callable[[], None]) -> None:
        self._rules, self._folder, self._most_rows, self._tap = rules, folder, most_rows, tap
        self._entries = SortedEntries(self._keys(), folder / "entries", most_rows, tap)
        self._alone: dict[Side, FrameFiles] = {side: self._files(f"alone-{side}") for side in SIDES}

    def redelivered(self, sides: dict[Side, Rows]) -> Iterator[tuple[Side, pl.DataFrame]]:
        """Sorts the entries of both sides together, and removes them. Yields the redelivered entries."""

        def slices() -> Iterator[pl.LazyFrame]:
            for side, rows in sides.items():
                for entries in rows.slices():
                    yield self._of_both(entries, side)

        def remove() -> None:
            for rows in sides.values():
                rows.remove()

        for entries in self._entries.add(Rows(sum(rows.height for rows in sides.values()), slices, remove)):
            for side in SIDES:
                yield side, self._of_side(entries, side)

    def pairs(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Requests, and the responses in the same rows that answer them."""
        stack = self._stack(self._instants())
        self._entries.remove()
        order = Order(keys=(_DEPTH, _POSITION), most_rows=self._most_rows)
        waiting = pl.DataFrame()
        for frame in external_sort(stack.rows(), order, self._folder / "depths", self._tap) if stack.height else ():
            entries = pl.concat([waiting, frame]) if waiting.height else frame
            is_response = entries[IS_RESPONSE] == 1
            answered = is_response.shift(-1, fill_value=False)
            # The response of the last request may be in the next frame.
            waits = not is_response[-1]
            waiting = entries.tail(1) if waits else waiting.clear()
            unanswered = (~is_response & ~answered).head(entries.height - waits).arg_true()
            self._alone["request"].add(self._of_side(entries[unanswered], "request"))
            left, right = entries.filter(answered), entries.filter(is_response)
            yield self._of_side(left, "request"), self._of_side(right, "response")
        if waiting.height:
            self._alone["request"].add(self._of_side(waiting, "request"))

    def alone(self, side: Side) -> Iterator[pl.DataFrame]:
        """The entries of one side that have no partner."""
        yield from self._alone[side].frames()
        self._alone[side].remove()

    def _files(self, name: str) -> FrameFiles:
        return FrameFiles(self._folder / name, self._most_rows, self._tap)

    def _keys(self) -> Sequence[str]:
        """The columns that order entries of both sides: by instant, requests first, then as each side is ordered."""
        if self._rules.ties_by_line:
            return ("time", "row", IS_RESPONSE) if self._rules.by_line else ("time", IS_RESPONSE, "row")
        columns = self._rules.columns
        strength, last = (STRENGTH,) * columns.weak, (*columns.attributes, *("line_hash",) * columns.line_hash)
        values = dict.fromkeys(name for side in ("response", "request") for name in columns.values(side))
        return ("time", IS_RESPONSE, *strength, *(name for name in values if name not in last), *last)

    def _of_both(self, entries: pl.LazyFrame, side: Side) -> pl.LazyFrame:
        """Entries of one side with the columns of both sides; what a side does not have is null."""
        rules = self._rules
        types = {name: kind for of in SIDES for name, kind in rules.columns.schema(of).items() if name != "request_id"}
        if rules.columns.weak:
            types[STRENGTH] = pl.UInt8()
        own = [name for name in rules.columns.schema(side).names() if name != "request_id"]
        own += [name for name in rules.order(side) if name == STRENGTH]
        entries = with_strength(entries, side, rules)
        number = pl.lit(SIDES.index(side), pl.UInt8).alias(IS_RESPONSE)
        return entries.select(
            *(pl.col(name) if name in own else pl.lit(None, kind).alias(name) for name, kind in types.items()), number
        )

    def _of_side(self, entries: pl.DataFrame, side: Side) -> pl.DataFrame:
        names = [name for name in self._rules.columns.schema(side).names() if name != "request_id"]
        return entries.filter(pl.col(IS_RESPONSE) == SIDES.index(side)).select(names)

    def _instants(self) -> FrameFiles:
        """The counts of all instants, in order: how many requests and responses they have, and how many are open."""
        instants = self._files("instants")
        cursor = _Cursor(self._rules)
        unfinished = np.zeros((1, 2), np.int64)
        open_before = 0
        for entries in self._entries.frames():
            numbers, is_response = cursor.numbers(entries)
            counts = np.zeros((int(numbers[-1]) + 1, 2), np.int64)
            np.add.at(counts, (numbers, is_response.astype(np.int64)), 1)
            counts[0] += unfinished[0]
            unfinished = counts[-1:]
            open_before = _add_instants(instants, counts[:-1], open_before)
        _add_instants(instants, unfinished, open_before)
        return instants

    def _stack(self, instants: FrameFiles) -> FrameFiles:
        """All entries that have a place on the stack, with _DEPTH and _POSITION. The other ones are alone."""
        stack = self._files("stack")
        cursor = _Cursor(self._rules)
        first_instant, first_row = 0, 0
        done = {0: 0, 1: 0}  # how many entries of the first instant, by IS_RESPONSE, were in the frames before
        for entries in self._entries.frames():
            numbers, is_response = cursor.numbers(entries)
            instant = pl.concat(instants.frames(first_instant, first_instant + int(numbers[-1]) + 1)).to_numpy()
            counts = Instants(*instant[numbers].T)
            ranks = _ranks(numbers, is_response, done)
            starts = first_row + np.concatenate([[0], np.cumsum(instant[:-1, 0] + instant[:-1, 1])])
            depth, position = places(counts, is_response, ranks)
            placed = entries.with_columns(
                pl.Series(_DEPTH, depth, dtype=pl.Int64), pl.Series(_POSITION, position + starts[numbers])
            )
            stack.add(placed.filter(pl.col(_DEPTH) > 0))
            self._alone["response"].add(self._of_side(placed.filter(pl.col(_DEPTH) <= 0), "response"))
            first_instant += int(numbers[-1])
            first_row = int(starts[-1])
            last = numbers == numbers[-1]
            done = {
                side: int((last & (is_response == bool(side))).sum()) + (done[side] if numbers[-1] == 0 else 0)
                for side in done
            }
        instants.remove()
        return stack


class _Cursor:
    """Numbers the instants of entries that come frame by frame."""

    def __init__(self, rules: Rules) -> None:
        self._names = ("time", "row") if rules.by_line else ("time",)
        self._last: pl.DataFrame | None = None

    def numbers(self, entries: pl.DataFrame) -> tuple[Integers, BoolArray]:
        """The number of each entry's instant, and whether it is a response.

        Number 0 is the instant of the last entry of the frame before, or the first instant of all.
        """
        previous = entries.head(1) if self._last is None else self._last
        names = entries.select(self._names)
        joined = pl.concat([previous.select(self._names), names])
        changes = joined.select(
            pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in self._names)
        )
        self._last = entries.tail(1)
        numbers = changes.to_series()[1:].cast(pl.Int64).cum_sum().to_numpy()
        return numbers, (entries[IS_RESPONSE] == 1).to_numpy()


def _ranks(numbers: Integers, is_response: BoolArray, done: dict[int, int]) -> Integers:
    """The rank of each entry within its instant and side. `done` entries of instant 0 come before, by side."""
    ranks = np.empty(numbers.size, np.int64)
    for side, before in done.items():
        chosen = np.flatnonzero(is_response == bool(side))
        own = numbers[chosen]
        order = np.arange(own.size)
        first = np.searchsorted(own, own)
        ranks[chosen] = order - first + np.where(own == 0, before, 0)
    return ranks


def _add_instants(instants: FrameFiles, counts: Integers, open_before: int) -> int:
    """Adds the counts (requests, responses) of instants. Returns how many requests are open after them."""
    if not counts.size:
        return open_before
    after = open_after(counts[:, 0] - counts[:, 1], np.zeros(1, np.int64), open_before)
    before = np.concatenate([[open_before], after[:-1]])
    columns = {"requests": counts[:, 0], "responses": counts[:, 1], "open_before": before}
    instants.add(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Int64)))
    return int(after[-1])
