"""Fits a table into the width of a terminal, by its least important columns and its one column of long texts.

Columns are left out by their rank until the others fit. One column, the filling column, takes the width that the others
leave. A number is never cut. A text of the filling column is cut in its middle, so that its start and end are shown.
"""

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len, split_text

GAP = 2


class TextColumn(msgspec.Struct, frozen=True):
    """A column of a table. `right` aligns its texts to the right. `fill` marks the filling column.

    Columns of the highest `rank` are left out first; a column of rank 0 is never left out.
    """

    name: str
    right: bool = False
    fill: bool = False
    rank: int = 0


def fit(columns: Sequence[TextColumn], widths: Sequence[int], room: int, least: int) -> tuple[list[int], int]:
    """The numbers of the columns that fit into `room` terminal cells, and the width of the filling column in cells.

    `widths` are the cells that each column needs. Other columns are left out while the filling column has less than
    `least` cells, or less than it needs.
    """
    kept = list(range(len(columns)))
    wanted = min(least, max((widths[k] for k in kept if columns[k].fill), default=0))
    while True:
        fixed = sum(widths[k] for k in kept if not columns[k].fill) + GAP * (len(kept) - 1)
        last = max(kept, key=lambda k: (columns[k].rank, k))
        if room - fixed >= wanted or not columns[last].rank:
            return kept, max(room - fixed, 1)
        kept.remove(last)


class Fitted:
    """Rows of texts in the columns that fit into `width` cells. `room` is the width of the filling column in cells."""

    def __init__(self, columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], width: int, least: int) -> None:
        self._columns = columns
        self._names = [column.name for column in columns]
        self._widths = [max(map(cell_len, texts)) for texts in zip(self._names, *rows, strict=True)]
        self._kept, self.room = fit(columns, self._widths, width, least)

    def header(self) -> str:
        """The line with the names of the columns."""
        return self.line(self._names)

    def line(self, texts: Sequence[str]) -> str:
        """The line of one row. A text that is too long for the filling column is cut in its middle."""
        return (" " * GAP).join(self._cell(k, texts[k]) for k in self._kept).rstrip()

    def _cell(self, k: int, text: str) -> str:
        if self._columns[k].fill:
            return middle(text, self.room)
        blanks = " " * (self._widths[k] - cell_len(text))
        return blanks + text if self._columns[k].right else text + blanks


def head(text: str, cells: int) -> str:
    """`text` in at most `cells` cells of a terminal: its start, if it is too long."""
    if cell_len(text) <= cells:
        return text
    return f"{_start(text, cells - 1)}…" if cells > 0 else ""


def middle(text: str, cells: int) -> str:
    """`text` in at most `cells` cells of a terminal: its start and its end, if it is too long."""
    if cell_len(text) <= cells:
        return text
    start = _start(text, (cells - 1) // 2)
    return f"{start}…{_end(text, cells - 1 - cell_len(start))}" if cells > 0 else ""


def tail(text: str, cells: int) -> str:
    """`text` in at most `cells` cells of a terminal: its end, if it is too long."""
    if cell_len(text) <= cells:
        return text
    return f"…{_end(text, cells - 1)}" if cells > 0 else ""


# rich replaces half of a wide character by a blank. This blank is not part of the text, so it is removed again.
def _start(text: str, cells: int) -> str:
    """The longest start of the text that needs at most `cells` cells."""
    start = split_text(text, cells)[0]
    return start if text.startswith(start) else start[:-1]


def _end(text: str, cells: int) -> str:
    """The longest end of the text that needs at most `cells` cells."""
    end = split_text(text, cell_len(text) - cells)[1]
    return end if text.endswith(end) else end[1:]
