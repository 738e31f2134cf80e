"""All entries of one id and side → pairing order, on disk, however many there are."""

import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.compute.parquet_slices import height_of, remove, scan, slices_by_bytes

_SAMPLE_ROWS = 16_384
# A slice is copied twice while its rows are spread over ranges.
_COPIES = 4


class OrderedEntries:
    """The kept entries of one id and side by rank: `most` rows are in memory at a time, or a slice of a file."""

    def __init__(self, value: str, folder: Path, most: int, slice_bytes: int, tap: Callable[[], None]) -> None:
        self._keys, self._folder, self._most, self._tap = ("time", value), folder, most, tap
        self._slice_bytes = max(1, slice_bytes // _COPIES)
        self._parts: list[Path] = []
        self._starts: list[int] = []
        self.height = 0
        folder.mkdir(parents=True, mode=0o700)

    def add(self, paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
        """Takes all entries (time, value, row), once, and deletes their files; yields the redelivered ones."""
        order = Order(keys=self._keys, tie="row", most_rows=self._most, sample_rows=_SAMPLE_ROWS)
        slices = partial(slices_by_bytes, paths, self._slice_bytes)
        rows = Rows(height_of(paths), slices, lambda: remove(paths))
        last: pl.DataFrame | None = None
        for entries in external_sort(rows, order, self._folder / "ranges", self._tap) if paths else ():
            kept, again = self._redelivered(entries, last)
            last = kept.tail(1)
            self._keep(kept.head(-1))
            del entries, kept  # not to be held while the caller is at work
            if again.height:
                yield again
        if last is not None:
            self._keep(last)

    def frames(self, start: int, stop: int) -> Iterator[pl.DataFrame]:
        """The entries of these ranks (time, value, row) in order, as many at once as are held."""
        for low in range(start, stop, self._most):
            self._tap()
            high = min(low + self._most, stop)
            first = bisect_right(self._starts, low) - 1
            parts = self._parts[first : bisect_left(self._starts, high)]
            yield scan(parts).slice(low - self._starts[first], high - low).collect()

    def _redelivered(self, entries: pl.DataFrame, last: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What is kept of a frame of the sort, with the last entry kept before it in front; and what is redelivered.

        Entries that agree with the first of the frame come in any order of their rows; the least row is kept.
        """
        start = 0 if last is None else 1
        entries = entries if last is None else pl.concat([last, entries])
        keys = [pl.col(key) for key in self._keys]
        agree = entries.select(pl.all_horizontal(key.eq_missing(key.get(start)) for key in keys)).to_series()
        start = 0 if agree[0] else start
        least = start + (entries["row"].slice(start, agree.arg_true().len()).arg_min() or 0)
        parts = (0, start), (least, least + 1), (start, least), (least + 1, entries.height)
        entries = pl.concat(entries.slice(low, high - low) for low, high in parts)
        again = pl.all_horizontal(key.eq_missing(key.shift()) for key in keys) & (pl.int_range(pl.len()) > 0)
        flags = entries.select(again).to_series()
        return entries.filter(~flags), entries.filter(flags)

    def _keep(self, entries: pl.DataFrame) -> None:
        """Takes the entries of the next ranks."""
        if entries.height:
            self._parts.append(self._folder / f"part{len(self._parts)}.ipc")
            self._starts.append(self.height)
            self.height += entries.height
            entries.write_ipc(self._parts[-1], compression="uncompressed")

    def remove(self) -> None:
        """Deletes all that is left on disk."""
        shutil.rmtree(self._folder)
