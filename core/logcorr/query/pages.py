"""Any page of any view of a run, at once and whatever its size: slices of files, never a whole view in memory.

A view that is stored as it is shown is sliced where it lies. A filtered or sorted one is first written to files of
its own, by a process of its own (`sift`).
"""

import copy
import shutil
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from logcorr.compute import parquet_slices
from logcorr.compute.parquet_slices import RowFiles
from logcorr.model.errors import UsageError
from logcorr.model.options import View
from logcorr.query.columns import Column, Row, columns_of, shown
from logcorr.query.filter_language import Term
from logcorr.query.filter_process import Job, sift
from logcorr.query.view_files import ViewFiles
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

__all__ = ["Column", "Preview", "Row", "ViewFiles", "ViewPages"]

Preview = Callable[[list[Row]], None]

_AS_STORED = ("exchanges", "orphans", "malformed", "duplicates", "users", "endpoints", "ips", "windows")


class ViewPages:
    """The rows of a view in one order. Cheap to make; `page` is for any thread but the one that draws.

    Where `stored` is false the view is a part of what is stored: `narrowed((), …)` makes its pages fast.
    """

    def __init__(self, run: RunFolder, view: View, spill: ViewFiles) -> None:
        self.run, self.view, self.spill = run, view, spill
        self.terms: tuple[Term, ...] = ()
        self.sort: tuple[str, bool] | None = None
        self.files = run.manifest.files
        self.stored = view in _AS_STORED
        self._lazy = views.scan(run, view)
        with self._telling():
            self.schema = dict(self._lazy.collect_schema())
        self.columns = columns_of(self.schema)
        self._parts = self._whole = run.view(view) if self.stored else []
        self._ends: list[int] | None = None
        self._folder: Path | None = None
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """How many rows there are; the first call reads the heads of the files."""
        with self._telling():
            if not self.stored:
                return parquet_slices.count(self._lazy)
            ends = self._row_ends()
            return ends[-1] if ends else 0

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from `offset` (from 0), values in the order of `columns`."""
        if offset < 0 or count <= 0:
            return []
        with self._telling():
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
            found = shown(part, self.columns)
            if not found:  # a file that is shorter than it was
                break
            rows += found
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
        """The rows of the whole view for which all terms hold, in this order (no value last), ready to be paged.

        Takes its time, in a thread; `preview` is called there with the first rows as soon as they are known.
        Raises Cancelled soon after `cancel` is set, and leaves nothing then.
        """
        if sort_column is not None and sort_column not in self.schema:
            message = f"no column {sort_column!r} to sort by. There are: {', '.join(self.schema)}."
            raise UsageError(message)
        pages: ViewPages = copy.copy(self)
        pages._folder, pages._parts, pages.stored = None, self._whole, self.view in _AS_STORED
        pages._ends, pages._lock = None, threading.Lock()
        pages.terms, pages.sort = tuple(terms), (sort_column, descending) if sort_column else None
        if not terms and sort_column is None and pages.stored:
            return pages
        folder = self.spill.folder()
        job = Job(
            run=str(self.run.path),
            view=self.view,
            terms=pages.terms,
            column=sort_column,
            descending=descending,
            folder=str(folder),
        )
        try:
            made = sift(job, cancel, preview)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        pages._adopt(folder, RowFiles([folder / name for name, _ in made.files], [rows for _, rows in made.files]))
        return pages

    def close(self) -> None:
        """Removes the files that this filter or order was written to; the pages are gone then."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raises InputError where the engine cannot read what is stored."""
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
