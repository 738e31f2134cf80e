"""The cells of a table: the safe text of a stored value, its width, alignment and style."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from logcorr.query.table_columns import Column, Row
from logcorr.text.fit_columns import head
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.status_codes import status_class
from logcorr_tui.look.time_text import duration_text, instant_text, window_text

_WIDEST = 44
_WIDEST_RAW = 400
_TITLE_CELLS = 30
_WINDOWS = ("busiest_start", "window_start")
# Counts of errors have the colour of their class where they are not zero.
_COUNTED = {"errors_4xx": "client", "errors_5xx": "server", "suspicious": "client", "suspicious_ips": "client"}
_RIGHT = ("number", "line", "duration", "status")


class Cells:
    """The columns of a table, the names of its files, and the present width of each column."""

    def __init__(self, columns: Sequence[Column], files: dict[str, list[str]], order: tuple[str, bool] | None) -> None:
        self.columns, self._files, self._order = tuple(columns), files, order
        self.widths = [cell_len(self._title(column)) for column in self.columns]

    def titles(self) -> list[str]:
        """The titles, as wide as their columns. The title of the sorted column has a mark."""
        return [self._fitted(number, self._title(column)) for number, column in enumerate(self.columns)]

    def texts(self, row: Row) -> list[str]:
        """The texts of a row, as wide as their columns."""
        return [self._fitted(number, text) for number, text in enumerate(self._texts(row))]

    def widen(self, rows: Sequence[Row]) -> bool:
        """Widens the columns for these rows, within bounds. Whether any column became wider."""
        before = list(self.widths)
        for row in rows:
            for number, text in enumerate(self._texts(row)):
                most = _WIDEST_RAW if self.columns[number].kind == "raw" else _WIDEST
                self.widths[number] = max(self.widths[number], min(most, cell_len(text)))
        return before != self.widths

    def _texts(self, row: Row) -> list[str]:
        pairs = list(zip(self.columns, row, strict=True))
        side = next((str(value) for column, value in pairs if column.name == "side"), None)
        return [cell_text(column, value, self._files, side) for column, value in pairs]

    def _title(self, column: Column) -> str:
        mark = ""
        if self._order and self._order[0] == column.name:
            mark = " ▼" if self._order[1] else " ▲"
        return safe(column.title, _TITLE_CELLS) + mark

    def _fitted(self, number: int, text: str) -> str:
        return _fitted(text, self.widths[number], self.columns[number].kind in _RIGHT)


def cell_text(column: Column, value: object, files: dict[str, list[str]], side: str | None) -> str:
    """A stored value as safe text for people."""
    if value is None:
        return "–"
    if column.name == "suspicious":
        return "! yes" if value else "·"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        if column.kind == "instant":
            return window_text(value) if column.name in _WINDOWS else instant_text(value)
        if column.kind == "duration":
            return duration_text(value)
        if column.kind == "number":
            return f"! {value:,}" if column.name == "suspicious_ips" and value else f"{value:,}"
        if column.kind == "file":
            names = _names(column, files, side)
            return safe(names[value]) if value < len(names) else str(value)
        return str(value)
    return safe(str(value), 500)


def _names(column: Column, files: dict[str, list[str]], side: str | None) -> list[str]:
    """The names that the file numbers of a column stand for. With one log only, all of them are its files."""
    if len(files) == 1:  # an access log, or one log with both events
        return next(iter(files.values()))
    return files.get(column.name.removesuffix("_file") if column.name != "file" else side or "", [])


def cell_style(column: Column, value: object) -> str:
    """The component class of a value, without its prefix. Empty where the value has no style."""
    if column.kind == "status" and isinstance(value, int):
        found = status_class(value)
        return "odd-status" if found == "odd" else found
    if column.kind == "duration" and isinstance(value, int):
        return "server" if value < 0 else ""
    if column.name in ("reason", "kind"):
        return "client"
    if column.name in _COUNTED:
        return _COUNTED[column.name] if value else "dim"
    if column.kind in ("text", "raw", "number") and value is not None:
        return ""
    return "dim"


def cut(strip: Strip, left: int, width: int, style: Style) -> Strip:
    """`width` cells of a line from `left` on. An ellipsis shows that a word is cut at the right edge."""
    end = left + width
    edge = strip.crop(end - 1, end + 1).text if 0 < width < strip.cell_length - left else ""
    if len(edge) < 2 or " " in edge:  # at a blank, or in the middle of a wide character
        return strip.crop_extend(left, end, style)
    last = strip.crop(end - 1, end)
    ink = next((segment.style for segment in last if segment.style), style)
    return Strip([*strip.crop(left, end - 1), Segment("…", ink)])


def _fitted(text: str, width: int, right: bool) -> str:
    """Text in exactly so many cells. An ellipsis shows that the text was cut."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(head(text, width), width)
    return " " * (width - size) + text if right else text + " " * (width - size)
