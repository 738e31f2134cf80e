"""The cells of a table: the safe text of a stored value, its width, alignment and style."""

import textwrap
from collections.abc import Sequence
from datetime import date

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip

from logcorr.query.table_columns import Column, Row
from logcorr.text.fit_columns import head
from logcorr.text.quantities import percent
from logcorr_tui.look.file_names import file_name
from logcorr_tui.look.safe_text import safe
from logcorr_tui.look.status_codes import status_class
from logcorr_tui.look.time_text import duration_text, instant_text, window_text

_WIDEST = 44
_WIDEST_RAW = 400
_TITLE_CELLS = 30
_WINDOWS = ("busiest_start", "window_start")
# Counts of errors have the colour of their class where they are not zero.
_COUNTED = {"errors_4xx": "client", "errors_5xx": "server", "suspicious": "client", "suspicious_ips": "client"}
_RIGHT = ("number", "line", "duration", "status", "rate")
_GAP = 2
# Of a column that is cut at the right edge, at least so much is shown.
_LEAST_PART = 16


class Cells:
    """The columns of a table, the names of its files, and the present width of each column.

    Instants of `day` are shown without their date. Whether a line was cut is shown only once one was, and the file
    only where there are several: the detail of a row has both.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        files: dict[str, list[str]],
        order: tuple[str, bool] | None,
        day: date | None = None,
    ) -> None:
        self.columns, self._files, self._order, self._day = tuple(columns), files, order, day
        self.widths = [0 if self._says_nothing(column) else cell_len(self._title(column)) for column in self.columns]

    @property
    def total_width(self) -> int:
        """The width of all columns, with a mark in front and gaps between."""
        return 1 + sum(wide + _GAP for wide in self.widths if wide)

    def span(self, number: int) -> tuple[int, int]:
        """The first cell of a column in a line, and the cell after the column."""
        start = 1 + sum(wide + _GAP for wide in self.widths[:number] if wide)
        return start, start + self.widths[number]

    def column_at(self, x: int) -> int | None:
        """The number of the column at a cell of a line, with the gap behind it. None beyond the columns."""
        shown = (n for n, wide in enumerate(self.widths) if wide)
        return next((n for n in shown if x < self.span(n)[1] + _GAP), None)

    def whole_until(self, left: int, end: int) -> int:
        """The cell up to which a line is drawn on a screen from `left` to `end`: no column shows only its start."""
        for number, wide in enumerate(self.widths):
            start, after = self.span(number)
            if wide and start < end < after:
                return end if end - start >= _LEAST_PART or start - _GAP <= left else start - _GAP
        return end

    def in_view(self, strip: Strip, left: int, width: int, base: Style, more: str = "") -> Strip:
        """`width` cells of a line from `left` on. `more` stands at the right edge where columns are left out."""
        end = self.whole_until(left, left + width) - left
        shown = cut(strip, left, end, base)
        shown = shown.crop_extend(0, width, base) if end < width else shown
        if more and self.total_width > left + width + _GAP:
            shown = Strip([*shown.crop(0, width - 1), Segment(more, base)], width)
        return shown

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
                column = self.columns[number]
                if not self.widths[number] and not (column.name == "truncated" and row[number]):
                    continue
                most = _WIDEST_RAW if column.kind == "raw" else _WIDEST
                self.widths[number] = max(self.widths[number], cell_len(self._title(column)), min(most, cell_len(text)))
        return before != self.widths

    def _says_nothing(self, column: Column) -> bool:
        """Whether all rows have the same value in a column, as far as is known."""
        if column.kind != "file":
            return column.name == "truncated"
        side = column.name.removesuffix("_file")
        names = [self._files[side]] if side in self._files else list(self._files.values())
        return bool(names) and all(len(of_log) == 1 for of_log in names)

    def _texts(self, row: Row) -> list[str]:
        pairs = list(zip(self.columns, row, strict=True))
        side = next((str(value) for column, value in pairs if column.name == "side"), None)
        return [cell_text(column, value, self._files, side, self._day) for column, value in pairs]

    def _title(self, column: Column) -> str:
        mark = ""
        if self._order and self._order[0] == column.name:
            mark = " ▼" if self._order[1] else " ▲"
        return safe(column.title, _TITLE_CELLS) + mark

    def _fitted(self, number: int, text: str) -> str:
        return _fitted(text, self.widths[number], self.columns[number].kind in _RIGHT)


def cell_text(
    column: Column, value: object, files: dict[str, list[str]], side: str | None, day: date | None = None
) -> str:
    """A stored value as safe text for people. An instant of `day` has no date."""
    if value is None:
        return "–"
    if column.name == "suspicious":
        return "! yes" if value else "·"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return share(value)
    if isinstance(value, int):
        if column.kind == "instant":
            return window_text(value, day) if column.name in _WINDOWS else instant_text(value, day)
        if column.kind == "duration":
            return duration_text(value)
        if column.kind == "number":
            return f"! {value:,}" if column.name == "suspicious_ips" and value else f"{value:,}"
        if column.kind == "file":
            return safe(file_name(column, value, files, side))
        return str(value)
    return safe(words(str(value)) if column.name == "reason" else str(value), 500)


def cell_style(column: Column, value: object) -> str:
    """The component class of a value, without its prefix. Empty where the value has no style."""
    if column.kind == "status" and isinstance(value, int):
        found = status_class(value)
        return "odd-status" if found == "odd" else found
    if column.kind == "duration" and isinstance(value, int):
        return "server" if value < 0 else ""
    if column.name in ("reason", "kind"):
        return "client"
    if column.name == "error_rate":
        return "client" if value else "dim"
    if column.name in _COUNTED:
        return _COUNTED[column.name] if value else "dim"
    if column.kind in ("text", "raw", "number", "rate") and value is not None:
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


def words(code: str) -> str:
    """A code as words: `in_flight` is `in flight`."""
    return code.replace("_", " ")


def message_line(text: str, y: int, size: Size, style: Style) -> Strip | None:
    """Line `y` of an empty table with a text in its middle. None for a line without text."""
    lines = textwrap.wrap(safe(text, 400), max(size.width - 4, 1))
    number = y - max((size.height - len(lines)) // 2, 1)
    if not 0 <= number < len(lines):
        return None
    line = Text(lines[number], no_wrap=True, end="")
    line.truncate(size.width)
    line.align("center", size.width)
    return Strip([Segment(line.plain, style)], size.width)


def share(part: float) -> str:
    """A share from 0 to 1 in percent: 6.72 %, <0.01 %."""
    return percent(round(part * 1_000_000), 1_000_000) if part else "0 %"


def _fitted(text: str, width: int, right: bool) -> str:
    """Text in exactly so many cells. An ellipsis shows that the text was cut."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(head(text, width), width)
    return " " * (width - size) + text if right else text + " " * (width - size)
