"""The threads that make a table's rows: a view is opened, counted, filtered and sorted. The newest query wins.

Threads only post messages; the receiver compares a message's `query_number` with the newest one.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from logcorr.model.errors import Cancelled, LogcorrError, UsageError
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.query.filter_language import Term
from logcorr.query.view_pages import Row, TemporaryFolder, ViewPages
from logcorr.runs.leftovers import sweep
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.state.found_rows import RowSource
from logcorr_tui.state.row_query import Counting

Work = Callable[[Callable[[], None]], object]
Post = Callable[[Message], object]


class ViewRows:
    """The rows of one view, from when it is opened until it is closed. Methods are for the UI thread."""

    @dataclass
    class Opened(Message):
        """The view as it is stored, or counted rows. `more` says that counted rows of it will follow."""

        query_number: int
        pages: ViewPages
        more: bool

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
        self._cancel, self._opening = threading.Event(), threading.Event()
        # The number of what was opened last, and whether more of it is to come.
        self.opening, self.opening_goes_on = -1, False

    def open(
        self,
        run: RunFolder,
        view: View,
        counting: Counting | None = None,
        kept: Sequence[str] = (),
        then: Counting | None = None,
    ) -> None:
        """Opens a view, or counts rows. Posts Opened and Counted, or Failed.

        Rows are counted for which the `kept` expressions hold too, as far as these fit. `then` is counted once the view
        is open, and is posted by the same messages.
        """
        self.cancel()
        self.opening, opening = self.query_number, self._opening
        number = self.query_number
        self.opening_goes_on = then is not None

        def opened() -> None:
            try:
                pages = ViewPages(run, view if counting is None else counting.view, self._spill)
                if counting is not None:
                    pages = _counted(pages, counting, kept, opening)
                self._tell_opened(number, pages, opening, more=then is not None)
                if then is not None:
                    whole = ViewPages(run, then.view, self._spill)
                    self._tell_opened(number, _counted(whole, then, kept, opening), opening, more=False)
                sweep(self._root)
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self._post(self.Failed(self.query_number, failure_text(error, "view")))

        self._work(opened)

    def _tell_opened(self, number: int, pages: ViewPages, opening: threading.Event, *, more: bool) -> None:
        if not opening.is_set():
            self._post(self.Opened(number, pages, more))
            self._post(self.Counted(pages.total))

    def narrow(
        self,
        whole: ViewPages,
        terms: Sequence[Term],
        order: tuple[str, bool] | None,
        *,
        keep_opening: bool = False,
    ) -> None:
        """Starts a query, and ends the one in progress. Posts First as rows are known, and then Complete, or Failed.

        What is being opened goes on where that is to be kept.
        """
        self._end_query()
        self.opening_goes_on = keep_opening
        if not keep_opening:
            self._opening.set()
            self._opening = threading.Event()
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
        """Ends the query in progress, and what is being opened. None of their messages has the newest number."""
        self._end_query()
        self._opening.set()
        self._opening, self.opening, self.opening_goes_on = threading.Event(), -1, False

    def _end_query(self) -> None:
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


def fitting_terms(pages: ViewPages, expressions: Sequence[str]) -> list[Term]:
    """The terms of those expressions that fit the rows of a view."""
    terms: list[Term] = []
    for expression in expressions:
        with contextlib.suppress(UsageError):
            terms += terms_of(pages, expression)
    return terms


def terms_of(pages: ViewPages, expression: str) -> list[Term]:
    """The terms of an expression on the rows of a view. Raises UsageError."""
    day = filter_language.day_of(pages.run.report)
    return filter_language.parse(expression, pages.schema, day, pages.files)


def _counted(whole: ViewPages, counting: Counting, kept: Sequence[str], cancel: threading.Event) -> ViewPages:
    terms = [*fitting_terms(whole, kept), *terms_of(whole, counting.expression)]
    orphan_terms = None
    if counting.with_orphans:
        orphans = ViewPages(whole.run, "orphans", whole.spill)
        orphan_terms = [*fitting_terms(orphans, kept), *terms_of(orphans, counting.expression)]
    return whole.counted(terms, counting.column, cancel, orphan_terms, collapse_ids=counting.collapse_ids)


def failure_text(error: Exception, noun: str) -> str:
    """What an error says to people. An error that is not ours means that the view, row or run cannot be read."""
    return str(error) if isinstance(error, LogcorrError) else f"This {noun} cannot be read: {error}"


def values_by_column(pages: RowSource, row: Row) -> dict[str, object]:
    """The values of a row by the names of their columns."""
    return {column.name: value for column, value in zip(pages.columns, row, strict=True)}
