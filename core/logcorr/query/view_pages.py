"""Reads any page of any view of a run quickly, whatever the size of the view. No view is ever in memory as a whole.

The pages of a stored view are slices of its files. A filtered or sorted view is first written to files of its own by a
child process (`filter_process`).
"""

import copy
import shutil
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import polars as pl

from logcorr.compute import parquet_slices
from logcorr.compute.parquet_slices import RowFiles
from logcorr.model.errors import UsageError
from logcorr.model.options import View
from logcorr.query.filter_language import Term
from logcorr.query.filter_process import CountTask, FilterTask, filter_in_process
from logcorr.query.table_columns import Column, Row, columns_of, shown
from logcorr.query.temporary_folder import TemporaryFolder
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

__all__ = ["Column", "Preview", "Row", "TemporaryFolder", "ViewPages"]

_ROW = "number of the row"
Preview = Callable[[list[Row]], None]

_AS_STORED = ("exchanges", "orphans", "malformed", "other", "duplicates", "users", "endpoints", "ips", "windows")


class ViewPages:
    """The rows of a view in one order. Cheap to make. `page` reads files, so the thread that draws must not call it.

    Where `stored` is false, the view is a selection of stored rows, and its pages are slow until `narrowed` has written
    the rows to files. All methods raise InputError where the run is damaged.
    """

    def __init__(self, run: RunFolder, view: View, spill: TemporaryFolder) -> None:
        self.run, self.view, self.spill = run, view, spill
        # The column by whose values the rows were counted. None for rows as they are stored.
        self.counted_by: str | None = None
        self.terms: tuple[Term, ...] = ()
        self.sort: tuple[str, bool] | None = None
        self.files = run.manifest.files
        self.stored = view in _AS_STORED
        self._lazy = views.scan(run, view)
        with self._damage_named():
            self.schema = dict(self._lazy.collect_schema())
        self.columns = columns_of(self.schema)
        self._parts = self._whole = run.view(view) if self.stored else []
        self._ends: list[int] | None = None
        self._folder: Path | None = None
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """The number of rows. The first call reads the metadata of the files."""
        with self._damage_named():
            if not self.stored:
                return parquet_slices.count(self._lazy)
            ends = self._row_ends()
            return ends[-1] if ends else 0

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from row `offset` (from 0) on, with values in the order of `columns`."""
        if offset < 0 or count <= 0:
            return []
        with self._damage_named():
            return self._page(offset, count)

    def _page(self, offset: int, count: int) -> list[Row]:
        if not self.stored:
            return shown(self._lazy.slice(offset, count), self.columns)
        ends = self._row_ends()
        rows: list[Row] = []
        number = bisect_right(ends, offset)
        while len(rows) < count and number < len(ends):
            start = ends[number - 1] if number else 0
            part = parquet_slices.scan([self._parts[number]]).slice(offset + len(rows) - start, count - len(rows))
            part_rows = shown(part, self.columns)
            if not part_rows:  # the file has become shorter
                break
            rows += part_rows
            number += 1
        return rows

    def narrowed(
        self,
        terms: Sequence[Term],
        sort_column: str | None,
        descending: bool,
        cancel: threading.Event,
        preview: Preview = lambda _: None,
    ) -> "ViewPages":
        """The pages of the rows of the whole view for which all terms hold, sorted by a column; no value comes last.

        This takes a while: call it in a thread of its own. `preview` is called in that thread with the first rows as
        soon as they are known. Raises UsageError for an unknown column, OutputError where the disk has no room, and
        Cancelled soon after `cancel` is set. On an error no files are left.
        """
        if sort_column is not None and sort_column not in self.schema:
            message = f"no column {sort_column!r} to sort by. There are: {', '.join(self.schema)}."
            raise UsageError(message)
        pages: ViewPages = copy.copy(self)
        pages._folder, pages._parts = None, self._whole
        pages.stored = self.counted_by is not None or self.view in _AS_STORED
        pages._ends, pages._lock = None, threading.Lock()
        pages.terms, pages.sort = tuple(terms), (sort_column, descending) if sort_column else None
        if not terms and sort_column is None and pages.stored:
            return pages
        folder = self.spill.folder()
        task = FilterTask(
            run=str(self.run.place),
            view=self.view,
            terms=pages.terms,
            column=sort_column,
            descending=descending,
            folder=str(folder),
            parts=tuple(str(path) for path in self._whole) if self.counted_by is not None else (),
        )
        pages._made(task, folder, cancel, preview)
        return pages

    def counted(
        self,
        terms: Sequence[Term],
        by: str,
        cancel: threading.Event,
        orphan_terms: Sequence[Term] | None = None,
        *,
        collapse_ids: bool = False,
    ) -> "ViewPages":
        """The pages of a row for each value of a column, of the rows of the whole view for which all terms hold.

        With `orphan_terms` the view is of exchanges and the column its user: orphans are counted beside. With
        `collapse_ids` endpoints have `*` for their ids. Takes a while, and raises, as `narrowed` does. Closing these
        pages ends the pages that were narrowed from them.
        """
        pages: ViewPages = copy.copy(self)
        pages._ends, pages._lock, pages.terms, pages.sort = None, threading.Lock(), (), None
        folder = self.spill.folder()
        also = None if orphan_terms is None else tuple(orphan_terms)
        task = CountTask(
            run=str(self.run.path),
            view=self.view,
            terms=tuple(terms),
            by=by,
            folder=str(folder),
            orphan_terms=also,
            collapse_ids=collapse_ids,
        )
        pages._made(task, folder, cancel, lambda _: None)
        pages.counted_by, pages._whole = by, pages._parts
        pages._lazy = parquet_slices.scan(pages._parts)
        with pages._damage_named():
            pages.schema = dict(pages._lazy.collect_schema())
        pages.columns = columns_of(pages.schema)
        return pages

    def _made(self, task: FilterTask | CountTask, folder: Path, cancel: threading.Event, preview: Preview) -> None:
        """Takes the files that a task writes. On an error no files are left."""
        try:
            made = filter_in_process(task, cancel, preview)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._adopt(folder, RowFiles([folder / name for name, _ in made.files], [rows for _, rows in made.files]))

    def first_match(self, condition: pl.Expr, start: int = 0) -> int | None:
        """The number of the first row from row `start` on for which a condition holds, or else the first of all rows.

        None where it holds for no row. Reads files, so call it in a thread.
        """
        before: int | None = None
        with self._damage_named():
            ends = self._row_ends()
            for number, part in enumerate(self._parts):
                first = ends[number - 1] if number else 0
                rows = parquet_slices.scan([part]).with_row_index(_ROW).filter(condition).select(_ROW)
                found = rows.head(1).collect(engine="streaming")
                if found.height and before is None:
                    before = first + int(found.item())
                if before is not None and ends[number] > start:
                    after = rows.filter(pl.col(_ROW) >= max(0, start - first)).head(1).collect(engine="streaming")
                    if after.height:
                        return first + int(after.item())
        return before

    def nearest_at(self, column: str, instant_us: int) -> int | None:
        """The number of the row whose instant is the first at or after an instant (µs), in whatever order rows are.

        The last of all rows where none is so late. None without rows that have an instant. Call it in a thread.
        """
        at = pl.col(column).cast(pl.Int64)
        best: tuple[bool, int, int] | None = None
        with self._damage_named():
            ends = self._row_ends()
            for number, part in enumerate(self._parts):
                rows = (
                    parquet_slices.scan([part])
                    .with_row_index(_ROW)
                    .select(_ROW, at=at)
                    .filter(pl.col("at").is_not_null())
                )
                later = rows.filter(pl.col("at") >= instant_us).bottom_k(1, by=["at", _ROW])
                found = later.collect(engine="streaming")
                if not found.height:
                    found = rows.bottom_k(1, by=[-pl.col("at"), pl.col(_ROW)]).collect(engine="streaming")
                for row, instant in found.iter_rows():
                    before = instant < instant_us
                    key = (before, -instant if before else instant, (ends[number - 1] if number else 0) + row)
                    best = key if best is None else min(best, key)
        return best[2] if best else None

    def close(self) -> None:
        """Removes the files of a filtered or sorted view. Its pages can no longer be read."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        """A context that raises InputError where polars cannot read the files of the view."""
        try:
            yield
        except views.UNREADABLE as error:
            raise self.run.damaged(self.view) from error

    def _adopt(self, folder: Path, files: RowFiles) -> None:
        self._folder, self._parts, self.stored = folder, files.paths, True
        self._ends = list(accumulate(files.heights))

    def _row_ends(self) -> list[int]:
        with self._lock:
            if self._ends is None:
                self._ends = list(accumulate(parquet_slices.row_files(self._parts).heights))
            return self._ends
