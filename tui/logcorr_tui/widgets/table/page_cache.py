"""The page cache of a table: the pages that were read last, and the numbers of pages that are being read."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from logcorr.query.table_columns import Column, Row

PAGE_ROWS = 200
_PAGES_HELD = 24


class Source(Protocol):
    """A source of rows. `page` is called in a thread."""

    columns: tuple[Column, ...]

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from `offset`."""


class PageCache:
    """A few pages of one source. For the UI thread."""

    def __init__(self, source: Source | None) -> None:
        self.source = source
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._asked: set[int] = set()

    def put_first(self, rows: Sequence[Row], total: int) -> None:
        """Stores rows from the first row on. The last page is stored only where it is whole."""
        for start in range(0, len(rows), PAGE_ROWS):
            page = list(rows[start : start + PAGE_ROWS])
            if len(page) == PAGE_ROWS or start + len(page) == total:
                self._pages[start // PAGE_ROWS] = page

    def put(self, page: int, rows: list[Row]) -> None:
        """Stores a page. The page that was read longest ago is dropped."""
        self._asked.discard(page)
        self._pages[page] = rows
        self._pages.move_to_end(page)
        while len(self._pages) > _PAGES_HELD:
            self._pages.popitem(last=False)
        if not rows:  # read again, the page would be empty again
            self._asked.add(page)

    def row(self, number: int) -> Row | None:
        """A row of a stored page. None where its page is not stored."""
        rows = self._pages.get(number // PAGE_ROWS)
        at = number % PAGE_ROWS
        return rows[at] if rows is not None and at < len(rows) else None

    def to_read(self, number: int) -> int | None:
        """The page to be read for a row. None where the page is being read."""
        page = number // PAGE_ROWS
        if self.source is None or page in self._asked:
            return None
        self._asked.add(page)
        return page
