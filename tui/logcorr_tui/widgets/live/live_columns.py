"""The columns of a table of the live screen: as wide as their values were lately, so that nothing moves to and fro."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from logcorr.text.instants import clock_and_day
from logcorr_tui.look.palette import Palette
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.status_codes import colour_of
from logcorr_tui.look.time_text import spaced
from logcorr_tui.state.live_record import Record, attributes_of, shown_name

GAP = 2
_LEAST, _MOST_ID, _MOST_VALUE = 4, 36, 60
_AGE_CELLS, _STATUS_CELLS, _CLOCK_CELLS = 9, 6, 12


class Cell(NamedTuple):
    """A cell: its text, its colour, and whether it is bold."""

    text: str
    ink: str
    bold: bool = False


class Column(NamedTuple):
    """A column as it is drawn: its title, how many cells it has, and whether its text stands at the right."""

    title: str
    cells: int
    right: bool
    value: Callable[[Record, Palette], Cell]


class LiveColumns:
    """Lays out the columns of rows. Widths only grow, until `forget`."""

    def __init__(self) -> None:
        self._widest: dict[str, int] = {}

    def forget(self) -> None:
        """Forgets the widths: another table is shown, or on another screen."""
        self._widest.clear()

    def laid_out(self, rows: Sequence[Record], room: int) -> list[Column]:
        """The columns of some rows within so many cells. Columns for which there is no room are left out."""
        waiting = bool(rows) and "age_ms" in rows[0]
        first = [Column("waits for" if waiting else "took", _AGE_CELLS, True, _age if waiting else _duration)]
        first += [] if waiting else [Column("status", _STATUS_CELLS, True, _status)]
        last = Column("request at", _CLOCK_CELLS, True, _time)
        left = room - sum(column.cells + GAP for column in first) - last.cells
        middle: list[Column] = []
        for name, values, most in self._texts(rows):
            head = shown_name(name)
            width = min(self._width(name, values, cell_len(head)), most, left - GAP)
            if width >= min(_LEAST, cell_len(head)):
                middle.append(Column(head, width, False, _text_of(name)))
                left -= width + GAP
        if left < 0:  # the time goes before the id does
            return [*first, *middle]
        if middle:
            # What is left goes to the last text, so that the times stand at the edge.
            middle[-1] = middle[-1]._replace(cells=middle[-1].cells + left)
        return [*first, *middle, last]

    def _texts(self, rows: Sequence[Record]) -> list[tuple[str, list[str], int]]:
        """The names of columns of text, with their values and the most cells they get."""
        found = []
        if any(row["request_id"] for row in rows):
            found.append(("request_id", [safe(row["request_id"], _MOST_ID) for row in rows], _MOST_ID))
        names = dict.fromkeys(name for row in rows for name, _ in attributes_of(row))
        return [
            *found,
            *((name, [safe(str(row.get(name) or ""), _MOST_VALUE) for row in rows], _MOST_VALUE) for name in names),
        ]

    def _width(self, name: str, values: Sequence[str], least: int) -> int:
        widest = max([self._widest.get(name, least), *map(cell_len, values)])
        self._widest[name] = widest
        return widest


def fitted(text: str, cells: int) -> str:
    """A text in so many cells: cut with a sign, or filled with blanks."""
    return set_cell_size(text, cells - 1) + "…" if cell_len(text) > cells else set_cell_size(text, cells)


def age_text(row: Record) -> str:
    """How long a request waits. One that is stamped later than the present of the logs does not wait yet."""
    return spaced(row["age_ms"]) if row["age_ms"] >= 0 else "ahead"


def _age(row: Record, colours: Palette) -> Cell:
    return Cell(age_text(row), colours.lost if row["overdue"] else colours.good, bold=True)


def _duration(row: Record, colours: Palette) -> Cell:
    return Cell(spaced(row["duration_ms"]), colours.warn if row["late"] else colours.info)


def _status(row: Record, colours: Palette) -> Cell:
    status = row["status_code"]
    return Cell("none" if status is None else str(status), colour_of(status, colours), bold=True)


def _text_of(name: str) -> Callable[[Record, Palette], Cell]:
    if name == "request_id":
        return lambda row, colours: Cell(safe(row["request_id"], _MOST_ID * 2), colours.ink)
    return lambda row, colours: Cell(safe(str(row.get(name) or ""), _MOST_VALUE * 2), colours.dim)


def _clock(row: Record) -> str:
    return clock_and_day(row["time"]).partition(" ")[2][:_CLOCK_CELLS]


def _time(row: Record, colours: Palette) -> Cell:
    return Cell(_clock(row), colours.dim)
