"""Which columns of a table fit a terminal: the least important go first, and one of long texts gives way.

A figure is never cut; a text is cut in its middle, so that both its ends can still be told.
"""

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len, split_text

GAP = 2


class Column(msgspec.Struct, frozen=True):
    """A column; `fill` marks the one that gives way, `rank` says how soon the column is left out: 0 never."""

    name: str
    right: bool = False
    fill: bool = False
    rank: int = 0


def fit(columns: Sequence[Column], widths: Sequence[int], room: int, least: int) -> tuple[list[int], int]:
    """The columns (by number) that fit into `room` cells, and the cells that are left for the one that fills.

    `widths` are the cells that each column would like; the filling one keeps `least` of them while others can go.
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
    """Rows of texts laid out as the columns that fit into `width` cells; `room` is what the filling one gets."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int, least: int) -> None:
        self._columns = columns
        self._head = [column.name for column in columns]
        self._widths = [max(map(cell_len, texts)) for texts in zip(self._head, *rows, strict=True)]
        self._kept, self.room = fit(columns, self._widths, width, least)

    def head(self) -> str:
        """The names of the columns."""
        return self.line(self._head)

    def line(self, texts: Sequence[str]) -> str:
        """One row; of the filling column's text what is too much goes out of its middle."""
        return (" " * GAP).join(self._cell(k, texts[k]) for k in self._kept).rstrip()

    def _cell(self, k: int, text: str) -> str:
        if self._columns[k].fill:
            return middle(text, self.room)
        blanks = " " * (self._widths[k] - cell_len(text))
        return blanks + text if self._columns[k].right else text + blanks


def head(text: str, cells: int) -> str:
    """`text` in at most so many cells of a terminal: what is too much goes at its end."""
    if cell_len(text) <= cells:
        return text
    return f"{_start(text, cells - 1)}…" if cells > 0 else ""


def middle(text: str, cells: int) -> str:
    """`text` in at most so many cells of a terminal: what is too much goes out of its middle."""
    if cell_len(text) <= cells:
        return text
    start = _start(text, (cells - 1) // 2)
    return f"{start}…{_end(text, cells - 1 - cell_len(start))}" if cells > 0 else ""


def tail(text: str, cells: int) -> str:
    """`text` in at most so many cells of a terminal: what is too much goes at its start."""
    if cell_len(text) <= cells:
        return text
    return f"…{_end(text, cells - 1)}" if cells > 0 else ""


# rich puts a blank in the place of half a wide character; the text has no such blank.
def _start(text: str, cells: int) -> str:
    """The start of the text that needs at most so many cells."""
    start = split_text(text, cells)[0]
    return start if text.startswith(start) else start[:-1]


def _end(text: str, cells: int) -> str:
    """The end of the text that needs at most so many cells."""
    end = split_text(text, cell_len(text) - cells)[1]
    return end if text.endswith(end) else end[1:]
