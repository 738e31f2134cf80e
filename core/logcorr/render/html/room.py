"""How many rows of tables fit into a page, so that a page has a largest size whatever the logs hold."""

from collections.abc import Iterable
from html import escape

from logcorr.render.html.page_model import Cell

# The largest page has room for these besides its charts, style sheet and script.
_TABLES_BYTES = 1_550_000
# The tags of a cell; its tone, and the number it is sorted by.
_TAGS_BYTES, _NUMBER_BYTES = 32, 28


class Room:
    """The bytes that all tables of a page may take together. A table takes its part when it is made."""

    def __init__(self, left: int = _TABLES_BYTES) -> None:
        self._left = left

    def within(self, rows: Iterable[list[Cell]], most_bytes: int) -> list[list[Cell]]:
        """The first rows that take at most so many bytes as HTML, and for which there is room yet."""
        kept: list[list[Cell]] = []
        most, taken = min(most_bytes, self._left), 0
        for row in rows:
            size = sum(map(_bytes, row))
            if taken + size > most:
                break
            taken += size
            kept.append(row)
        self._left -= taken
        return kept


def _bytes(cell: Cell) -> int:
    """At most so many bytes a cell takes as HTML, a bar in it left out."""
    number = 0 if cell.value is None else _NUMBER_BYTES
    return len(escape(cell.text).encode()) + len(cell.tone) + number + _TAGS_BYTES
