"""The result of a query as a table of plain text. Texts are cut in their middle where the terminal is too narrow."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from rich.cells import cell_len
from rich.text import Text

from logcorr.render.summary_tables import DIM
from logcorr.render.terminal_text import terminal_text
from logcorr.text.fit_columns import GAP, middle
from logcorr.text.instant_columns import as_texts
from logcorr.text.safe import safe

# A column is not cut to less.
_LEAST_CELLS = 8
_MOST_TEXT = 2000


def result_table(rows: pl.DataFrame, width: int, *, color: bool) -> str:
    """A header and a line for each row, no wider than `width` unless there are too many columns for it.

    Numbers and times are never cut. A null is a dash.
    """
    if not rows.width:
        return ""
    is_number = [kind.is_numeric() for kind in rows.dtypes]
    names = [safe(name) for name in rows.columns]
    lines = [[_text(value) for value in row] for row in as_texts(rows).iter_rows()]
    wanted = [max(map(cell_len, column)) for column in zip(names, *lines, strict=True)]
    never_cut = [kind.is_numeric() or kind.is_temporal() for kind in rows.dtypes]
    fixed = [cells if whole else 0 for cells, whole in zip(wanted, never_cut, strict=True)]
    widths = _widths(wanted, fixed, width - GAP * (len(names) - 1))
    header = Text(_line(names, widths, is_number), DIM, no_wrap=True)
    body = [Text(_line(line, widths, is_number), no_wrap=True) for line in lines]
    return terminal_text([header, *body], max(width, sum(widths) + GAP * (len(names) - 1)), color=color)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        plain = value == 0 or 1e-3 <= abs(value) < 1e15
        return f"{value:.3f}".rstrip("0").rstrip(".") if plain else f"{value:.6g}"
    return safe(None if value is None else str(value), _MOST_TEXT)


def _widths(wanted: Sequence[int], fixed: Sequence[int], room: int) -> list[int]:
    """The cells of each column: what it wants, or else the widest texts are cut to one width. `fixed` are not cut."""
    most = max(wanted)
    while True:
        widths = [max(min(cells, most), least) for cells, least in zip(wanted, fixed, strict=True)]
        if most <= _LEAST_CELLS or sum(widths) <= room:
            return widths
        most -= 1


def _line(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = []
    for text, width, is_right in zip(texts, widths, right, strict=True):
        cut = middle(text, width)
        blanks = " " * (width - cell_len(cut))
        cells.append(blanks + cut if is_right else cut + blanks)
    return (" " * GAP).join(cells).rstrip()
