"""A framed table of text from a log. Whatever the width of the terminal, no figure in it is cut."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logcorr.render import summary_blocks, summary_tables
from logcorr.render.summary_tables import DIM
from logcorr.text.fit_columns import GAP, TextColumn, fit, middle

_FRAME = 4
_LEAST = 30
_LIKED = 48
_MOST_LINES = 4


class FramedTable:
    """Columns and rows of texts in a frame. A column without any text is left out. Without columns it says `nothing`.

    `whole` is the width at which no text is cut. At the width `wanted` only very long texts are cut.
    """

    def __init__(
        self, title: str, note: str, columns: Sequence[TextColumn], rows: Sequence[Sequence[Text]], nothing: str = ""
    ) -> None:
        self.title, self.note, self.nothing = title, note, nothing
        filled = [k for k in range(len(columns)) if any(row[k].plain for row in rows)]
        self.columns, self.rows = [columns[k] for k in filled], [[row[k] for k in filled] for row in rows]
        self._widths = [
            max(len(column.name), *(row[k].cell_len for row in self.rows)) for k, column in enumerate(self.columns)
        ]
        self.whole = _FRAME + (sum(self._widths) + GAP * (len(filled) - 1) if filled else len(nothing))
        texts = (wide for column, wide in zip(self.columns, self._widths, strict=True) if column.fill)
        self.wanted = self.whole - sum(max(wide - _LIKED, 0) for wide in texts)

    def panel(self, width: int) -> Panel:
        """The table in a frame of this width. Columns are left out by rank where there is no room for all."""
        if not self.columns:
            return summary_tables.panel(self.title, self.note, [Text(self.nothing, DIM, overflow="fold")])
        shown, room = fit(self.columns, self._widths, width - _FRAME, _LEAST)
        table = Table(box=None, expand=True, padding=(0, GAP, 0, 0), pad_edge=False, header_style=DIM)
        for k in shown:
            column = self.columns[k]
            table.add_column(
                Text(column.name),
                justify="right" if column.right else "left",
                no_wrap=not column.fill,
                overflow="fold" if column.fill else "ellipsis",
                ratio=1 if column.fill else None,
            )
        cells = room * self._lines(room)
        for row in self.rows:
            table.add_row(*(_within(row[k], cells) if self.columns[k].fill else row[k] for k in shown))
        return summary_tables.panel(self.title, self.note, table)

    def _lines(self, room: int) -> int:
        """How many lines a text may take: one, or more where two texts would look the same when they are cut to one."""
        texts = {row[k].plain for row in self.rows for k, column in enumerate(self.columns) if column.fill}
        distinct = (n for n in range(1, _MOST_LINES) if len({middle(text, room * n) for text in texts}) == len(texts))
        return next(distinct, _MOST_LINES)


def beside(left: FramedTable, right: FramedTable, width: int) -> list[RenderableType]:
    """Two tables side by side where both have the width they want, else one above the other."""
    spare = width - left.wanted - right.wanted
    if width < summary_blocks.WIDE or spare < 0:
        return [left.panel(width), right.panel(width)]
    first = left.wanted + max(spare - (right.whole - right.wanted), 0) // 2
    return summary_blocks.row([[left.panel(first)], [right.panel(width - first)]], [first, width - first])


def _within(text: Text, cells: int) -> Text:
    return text if text.cell_len <= cells else Text(middle(text.plain, cells), text.style)
