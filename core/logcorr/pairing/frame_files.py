"""Rows that do not fit memory, on disk in the order in which they were added. Any range of rows is read again."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from logcorr.compute.external_sort import Rows
from logcorr.compute.parquet_slices import scan


class FrameFiles:
    """Frames of one schema as Arrow IPC files below a new folder. `height` is the number of all rows.

    At most `most_rows` rows are read at a time. `tap` is called for every frame that is read, and may raise.
    """

    def __init__(self, folder: Path, most_rows: int, tap: Callable[[], None]) -> None:
        self._folder, self._most_rows, self._tap = folder, most_rows, tap
        self._files: list[Path] = []
        self._starts: list[int] = []
        self.height = 0
        folder.mkdir(parents=True, mode=0o700)

    def add(self, rows: pl.DataFrame) -> None:
        """Writes rows after all others."""
        if rows.height:
            self._files.append(self._folder / f"part{len(self._files)}.ipc")
            self._starts.append(self.height)
            self.height += rows.height
            rows.write_ipc(self._files[-1], compression="uncompressed")

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[pl.DataFrame]:
        """The rows from `start` to before `stop` (default: all that follow), in order, in small frames."""
        for rows in self._slices(start, self.height if stop is None else stop):
            self._tap()
            yield rows.collect()

    def rows(self) -> Rows:
        """All rows, as the external sort takes them: it deletes them."""
        return Rows(self.height, lambda: self._slices(0, self.height), self.remove)

    def remove(self) -> None:
        """Deletes all rows."""
        for file in self._files:
            file.unlink()
        self._folder.rmdir()
        self._files, self._starts, self.height = [], [], 0

    def _slices(self, start: int, stop: int) -> Iterator[pl.LazyFrame]:
        for low in range(start, stop, self._most_rows):
            high = min(low + self._most_rows, stop)
            first = bisect_right(self._starts, low) - 1
            files = self._files[first : bisect_left(self._starts, high)]
            yield scan(files).slice(low - self._starts[first], high - low)
