"""The threads that make a table's rows: a view opened, counted, filtered and sorted. The last wish wins.

Threads only post messages; whoever is told compares their `wish` with the present one.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from logcorr.errors import Cancelled, LogcorrError
from logcorr.filters import Term
from logcorr.leftovers import sweep
from logcorr.model import View
from logcorr.paging import Row, Spill, ViewPages
from logcorr.store import RunFolder

Work = Callable[[Callable[[], None]], object]
Post = Callable[[Message], object]


class ViewRows:
    """The rows of one view, from when it is opened until it is closed. Methods are for the UI thread."""

    @dataclass
    class Opened(Message):
        """The view as it is stored."""

        pages: ViewPages

    @dataclass
    class Known(Message):
        """How many rows the whole view has."""

        total: int

    @dataclass
    class First(Message):
        """The first of the rows that were wished for."""

        wish: int
        pages: ViewPages
        rows: list[Row]

    @dataclass
    class Made(Message):
        """All of the rows that were wished for. Pages that nobody wants any more are to be closed."""

        wish: int
        pages: ViewPages
        total: int

    @dataclass
    class Failed(Message):
        """There are no such rows, and why."""

        wish: int
        said: str

    def __init__(self, root: Path, work: Work, post: Post) -> None:
        self.wish = 0
        self._root, self._work, self._post = root, work, post
        self._spill = Spill(root)
        self._cancel = threading.Event()

    def open(self, run: RunFolder, view: View) -> None:
        """Tells Opened and then Known, or Failed."""
        wish = self.wish

        def opened() -> None:
            try:
                pages = ViewPages(run, view, self._spill)
                self._post(self.Opened(pages))
                self._post(self.Known(pages.total))
                sweep(self._root)
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self._post(self.Failed(wish, _said(error)))

        self._work(opened)

    def narrow(self, whole: ViewPages, terms: Sequence[Term], order: tuple[str, bool] | None) -> None:
        """Tells First as often as more is known, and then Made, or Failed. What was under way ends."""
        self.cancel()
        wish, cancel = self.wish, self._cancel
        column, descending = order or (None, False)

        def narrowed() -> None:
            def first(rows: list[Row]) -> None:
                self._post(self.First(wish, whole, rows))

            try:
                pages = whole.narrowed(terms, column, descending, cancel, first)
                self._post(self.Made(wish, pages, pages.total))
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
                self._post(self.Failed(wish, _said(error)))

        self._work(narrowed)

    def cancel(self) -> None:
        """Ends what is under way; nothing that it tells has the present wish's number."""
        self._cancel.set()
        self._cancel = threading.Event()
        self.wish += 1

    def drop(self, pages: ViewPages) -> None:
        """Removes the files of rows that are not shown any more."""
        self._work(pages.close)

    def close(self) -> None:
        """Ends everything and removes all files: a gigabyte takes a while, also when the app ends meanwhile."""
        self.cancel()
        threading.Thread(target=self._spill.close, name="spill", daemon=False).start()


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, LogcorrError) else f"This view cannot be read: {error}"


def named(pages: ViewPages, row: Row) -> dict[str, object]:
    """A row's values by the names of their columns."""
    return {column.name: value for column, value in zip(pages.columns, row, strict=True)}
