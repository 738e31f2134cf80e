"""Exchanges on their way from their pairing to the run: long enough to see whether their ids come again nearby."""

from collections import deque
from collections.abc import Callable

import polars as pl

from logcorr.compute.arrow_text import text_bytes
from logcorr.model.ledger import SIDES
from logcorr.pairing import steps
from logcorr.pairing.steps import KEY
from logcorr.pairing.streaming_join import Leave

_PARTS_HELD = 3
# Where ids are longer than they usually are, fewer exchanges are held.
_TEXT_BYTES_A_ROW = 64


class RecentExchanges:
    """Takes exchanges (EXCHANGE_SCHEMA and KEY) in small frames and gives them to `settle` in large ones.

    An exchange whose key comes again nearby is taken apart: `leave` gets its entries.
    """

    def __init__(self, part_rows: int, settle: Callable[[pl.DataFrame], None], leave: Leave) -> None:
        self._part_rows, self._settle, self._leave = part_rows, settle, leave
        self._waiting: deque[pl.DataFrame] = deque()
        self._rows = self._text_bytes = 0
        self._left: list[pl.Series] = []
        self._closely = False

    def note_left(self, keys: pl.Series) -> None:
        """Keys of entries that were left to the pairing by buckets."""
        if keys.len():
            self._left.append(keys)

    def add(self, exchanges: pl.DataFrame, waiting_keys: Callable[[], list[pl.Series]], *, closely: bool) -> None:
        """Takes some exchanges; `waiting_keys` gives the keys of entries that wait for a partner yet.

        `closely` looks for keys that come again among the exchanges as well: worth it only in logs that repeat ids.
        """
        self._closely = closely
        self._waiting.append(exchanges)
        self._rows += exchanges.height
        self._text_bytes += text_bytes(exchanges)
        if max(self._rows, self._text_bytes // _TEXT_BYTES_A_ROW) >= _PARTS_HELD * self._part_rows:
            self._settle_oldest(waiting_keys(), max(1, self._rows // _PARTS_HELD))

    def finish(self) -> None:
        """Settles what is there, as nothing more will come."""
        while self._waiting:
            self._settle_oldest([], self._part_rows)

    def _settle_oldest(self, waiting_keys: list[pl.Series], rows: int) -> None:
        oldest: list[pl.DataFrame] = []
        while self._waiting and rows > 0:
            oldest.append(self._waiting.popleft())
            rows -= oldest[-1].height
        part = pl.concat(oldest)
        self._rows -= part.height
        self._text_bytes -= text_bytes(part)
        others = [*waiting_keys, *self._left]
        self._left = []
        if self._closely:
            others += [frame[KEY] for frame in self._waiting]
        again = part[KEY].is_in(pl.concat(others).implode()) if others else pl.Series([False])
        if self._closely and part[KEY].n_unique() != part.height:
            again = again | part[KEY].is_duplicated()
        if again.any():
            part = self._take_apart(part, part[KEY].filter(again).unique())
        self._settle(part)

    def _take_apart(self, part: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
        """The part without the exchanges of some keys; those that wait go with them."""
        frames = [part, *self._waiting]
        hit = [frame[KEY].is_in(keys.implode()) for frame in frames]
        gone = pl.concat([frame.filter(mask) for frame, mask in zip(frames, hit, strict=True)])
        for side in SIDES:
            self._leave(side, gone.lazy().pipe(steps.taken_back, side, KEY).collect())
        kept, *waiting = (frame.filter(~mask) if mask.any() else frame for frame, mask in zip(frames, hit, strict=True))
        self._waiting = deque(waiting)
        self._rows = sum(frame.height for frame in waiting)
        self._text_bytes = sum(text_bytes(frame) for frame in waiting)
        return kept
