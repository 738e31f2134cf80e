"""Sorts all entries of one id into pairing order, on disk, however many there are."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.pairing.frame_files import FrameFiles

_SAMPLE_ROWS = 16_384


class SortedEntries:
    """The entries of one id in order, without redelivered ones, in files below a new folder.

    At most `most_rows` entries are in memory at a time. `keys` are the columns of the order; entries that agree in all
    keys are one entry, and the others of them are redelivered. `tap` is called for every slice and may raise.
    """

    def __init__(self, keys: Sequence[str], folder: Path, most_rows: int, tap: Callable[[], None]) -> None:
        self._keys, self._folder, self._most_rows, self._tap = keys, folder, most_rows, tap
        self._kept = FrameFiles(folder / "kept", most_rows, tap)

    @property
    def height(self) -> int:
        """How many entries there are."""
        return self._kept.height

    def add(self, rows: Rows) -> Iterator[pl.DataFrame]:
        """Sorts entries (the keys, and row), once, and removes them. Yields the redelivered entries."""
        order = Order(keys=self._keys, tie="row", most_rows=self._most_rows, sample_rows=_SAMPLE_ROWS)
        last: pl.DataFrame | None = None
        for entries in external_sort(rows, order, self._folder / "ranges", self._tap) if rows.height else ():
            kept, redelivered = self._without_redelivered(entries, last)
            last = kept.tail(1)
            self._kept.add(kept.head(-1))
            del entries, kept  # the caller works on the yielded frame, and memory may just hold that
            if redelivered.height:
                yield redelivered
        if last is not None:
            self._kept.add(last)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[pl.DataFrame]:
        """The entries of the ranks from `start` to before `stop` (default: the last), in order, in small frames."""
        return self._kept.frames(start, stop)

    def _without_redelivered(
        self, entries: pl.DataFrame, last: pl.DataFrame | None
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Splits a frame of the sort: the entries to keep, and the redelivered entries.

        `last` is the last entry that was kept before this frame. It is put in front of the frame, because entries of
        the frame may be equal to it, and is returned with the entries to keep. Entries that are equal to the frame's
        first entry come in any order of their rows: of these, the entry with the least row is kept.
        """
        start = 0 if last is None else 1
        entries = entries if last is None else pl.concat([last, entries])
        keys = [pl.col(key) for key in self._keys]
        equal_first = entries.select(pl.all_horizontal(key.eq_missing(key.get(start)) for key in keys)).to_series()
        start = 0 if equal_first[0] else start
        least = start + (entries["row"].slice(start, equal_first.arg_true().len()).arg_min() or 0)
        spans = (0, start), (least, least + 1), (start, least), (least + 1, entries.height)
        entries = pl.concat(entries.slice(low, high - low) for low, high in spans)
        redelivered = pl.all_horizontal(key.eq_missing(key.shift()) for key in keys) & (pl.int_range(pl.len()) > 0)
        flags = entries.select(redelivered).to_series()
        return entries.filter(~flags), entries.filter(flags)

    def remove(self) -> None:
        """Deletes the folder and all its files."""
        shutil.rmtree(self._folder)
