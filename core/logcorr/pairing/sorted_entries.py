"""Sorts all entries of one id and side into pairing order, on disk, however many there are."""

import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.compute.parquet_slices import height_of, remove, scan, slices_by_bytes

_SAMPLE_ROWS = 16_384
# While its rows are spread over ranges, a slice takes about so many times its bytes: it is copied twice.
_COPIES = 4


class SortedEntries:
    """The entries of one id and side by rank, without redelivered ones, in files below a new folder.

    In memory are at most `most_rows` entries at a time, or a slice of a file that takes about `slice_bytes`. `value`
    names the column that is the side's own. `tap` is called for every slice and may raise.
    """

    def __init__(self, value: str, folder: Path, most_rows: int, slice_bytes: int, tap: Callable[[], None]) -> None:
        self._keys, self._folder, self._most_rows, self._tap = ("time", value), folder, most_rows, tap
        self._slice_bytes = max(1, slice_bytes // _COPIES)
        self._files: list[Path] = []
        self._starts: list[int] = []
        self.height = 0
        folder.mkdir(parents=True, mode=0o700)

    def add(self, paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
        """Sorts entries (time, value, row), once, and deletes their files. Yields the redelivered entries."""
        order = Order(keys=self._keys, tie="row", most_rows=self._most_rows, sample_rows=_SAMPLE_ROWS)
        slices = partial(slices_by_bytes, paths, self._slice_bytes)
        rows = Rows(height_of(paths), slices, lambda: remove(paths))
        last: pl.DataFrame | None = None
        for entries in external_sort(rows, order, self._folder / "ranges", self._tap) if paths else ():
            kept, redelivered = self._without_redelivered(entries, last)
            last = kept.tail(1)
            self._keep(kept.head(-1))
            del entries, kept  # the caller works on the yielded frame, and memory may just hold that
            if redelivered.height:
                yield redelivered
        if last is not None:
            self._keep(last)

    def frames(self, start: int, stop: int) -> Iterator[pl.DataFrame]:
        """The entries (time, value, row) of the ranks from `start` to before `stop`, in order, in small frames."""
        for low in range(start, stop, self._most_rows):
            self._tap()
            high = min(low + self._most_rows, stop)
            first = bisect_right(self._starts, low) - 1
            files = self._files[first : bisect_left(self._starts, high)]
            yield scan(files).slice(low - self._starts[first], high - low).collect()

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

    def _keep(self, entries: pl.DataFrame) -> None:
        """Writes the entries of the next ranks to a file."""
        if entries.height:
            self._files.append(self._folder / f"part{len(self._files)}.ipc")
            self._starts.append(self.height)
            self.height += entries.height
            entries.write_ipc(self._files[-1], compression="uncompressed")

    def remove(self) -> None:
        """Deletes the folder and all its files."""
        shutil.rmtree(self._folder)
