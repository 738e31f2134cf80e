"""The threads that make a table's rows: a view is opened, counted, filtered and sorted. The newest query wins.

Threads only post messages; the receiver compares a message's `query_number` with the newest one.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from logcorr.model.errors import Cancelled, LogcorrError
from logcorr.model.options import View
from logcorr.query.filter_language import Term
from logcorr.query.view_pages import Row, TemporaryFolder, ViewPages
from logcorr.runs.leftovers import sweep
from logcorr.runs.run_folder import RunFolder

Work = Callable[[Callable[[], None]], object]
Post = Callable[[Message], object]


class ViewRows:
    """The rows of one view, from when it is opened until it is closed. Methods are for the UI thread."""

    @dataclass
    class Opened(Message):
        """The view as it is stored."""

        pages: ViewPages

    @dataclass
    class Counted(Message):
        """How many rows the whole view has."""

        total: int

    @dataclass
    class First(Message):
        """The first rows of a query."""

        query_number: int
        pages: ViewPages
        rows: list[Row]

    @dataclass
    class Complete(Message):
        """All rows of a query. The receiver closes the pages of an older query."""

        query_number: int
        pages: ViewPages
        total: int

    @dataclass
    class Failed(Message):
        """A query has no rows to show, and why."""

        query_number: int
        said: str

    def __init__(self, root: Path, work: Work, post: Post) -> None:
        self.query_number = 0
        self._root, self._work, self._post = root, work, post
        self._spill = TemporaryFolder(root)
        self._cancel = threading.Event()

    def open(self, run: RunFolder, view: View) -> None:
        """Opens a view. Posts Opened and then Counted, or Failed."""
        query_number = self.query_number

        def opened() -> None:
            try:
                pages = ViewPages(run, view, self._spill)
                self._post(self.Opened(pages))
                self._post(self.Counted(pages.total))
                sweep(self._root)
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self._post(self.Failed(query_number, failure_text(error, "view")))

        self._work(opened)

    def narrow(self, whole: ViewPages, terms: Sequence[Term], order: tuple[str, bool] | None) -> None:
        """Starts a query, and ends the one in progress. Posts First as rows are known, and then Complete, or Failed."""
        self.cancel()
        query_number, cancel = self.query_number, self._cancel
        column, descending = order or (None, False)

        def narrowed() -> None:
            def first(rows: list[Row]) -> None:
                self._post(self.First(query_number, whole, rows))

            try:
                pages = whole.narrowed(terms, column, descending, cancel, first)
                self._post(self.Complete(query_number, pages, pages.total))
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self._post(self.Failed(query_number, failure_text(error, "view")))

        self._work(narrowed)

    def cancel(self) -> None:
        """Ends the query in progress. None of its messages has the newest number."""
        self._cancel.set()
        self._cancel = threading.Event()
        self.query_number += 1

    def drop(self, pages: ViewPages) -> None:
        """Removes the files of rows that are not shown any more."""
        self._work(pages.close)

    def close(self) -> None:
        """Ends the query and removes all files, in a thread that also finishes when the app ends meanwhile."""
        self.cancel()
        threading.Thread(target=self._spill.close, name="spill", daemon=False).start()


def failure_text(error: Exception, noun: str) -> str:
    """What an error says to people. An error that is not ours means that the view, row or run cannot be read."""
    return str(error) if isinstance(error, LogcorrError) else f"This {noun} cannot be read: {error}"


def values_by_column(pages: ViewPages, row: Row) -> dict[str, object]:
    """The values of a row by the names of their columns."""
    return {column.name: value for column, value in zip(pages.columns, row, strict=True)}
