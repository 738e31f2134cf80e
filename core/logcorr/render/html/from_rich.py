"""Tables and texts of the terminal's summaries as tables and texts of a page, so that both show the same."""

from collections.abc import Sequence
from itertools import pairwise

from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from logcorr.render.framed_table import FramedTable
from logcorr.render.html.page_model import Cell, Column, Fragment, Notice, Table
from logcorr.render.summary_tables import AMBER, BLUE, CYAN, DIM, GREEN, PURPLE, RED

_TONES = {GREEN: "good", AMBER: "warn", RED: "bad", BLUE: "accent", CYAN: "info", PURPLE: "lost", DIM: "dim"}
_KNOWN = {*_TONES.values(), "bold"}
_MARK = "▌"


def tone(style: object) -> str:
    """The tones of a style of rich, such as `bold #f7768e`. A tone may stand for itself; other words are left out."""
    words = [_TONES.get(word, word) for word in str(style).split()]
    return " ".join(word for word in words if word in _KNOWN)


def fragments(text: Text) -> list[Fragment]:
    """A text as fragments of one tone each."""
    edges = sorted({0, len(text.plain), *(edge for span in text.spans for edge in (span.start, span.end))})
    pieces = []
    for start, end in pairwise(edges):
        styles = [text.style, *(span.style for span in text.spans if span.start <= start and end <= span.end)]
        pieces.append(Fragment(text.plain[start:end], tone(" ".join(map(str, styles)))))
    return pieces


def notice(text: Text) -> Notice:
    """A notice of a summary. Each of its lines begins with a coloured mark, which the page draws in its own way."""
    ink, lines = "", []
    for line in text.split("\n"):
        pieces = fragments(line)
        ink = ink or next((piece.tone for piece in pieces if _MARK in piece.text), "")
        kept = [piece for piece in pieces if piece.text.strip() not in {"", _MARK}]
        if kept:
            lines.append(kept)
    return Notice(ink, lines)


def table(source: RichTable, name: str, title: str, note: str = "") -> Table:
    """A table of rich, all of whose cells are texts."""
    columns = [
        Column(str(column.header), right=column.justify == "right", wide=bool(column.ratio))
        for column in source.columns
    ]
    cells = [[_cell(cell) for cell in column.cells] for column in source.columns]
    return Table(id=name, title=title, note=note, columns=columns, rows=[list(row) for row in zip(*cells, strict=True)])


def panel_table(panel: Panel, name: str) -> Table:
    """The table in a panel, with the title and the note of the panel."""
    if not isinstance(panel.renderable, RichTable):
        raise TypeError(panel)
    title, _, note = str(panel.title).partition(" · ")
    return table(panel.renderable, name, title, note)


def framed(source: FramedTable, name: str) -> Table:
    """A framed table, with all its columns."""
    columns = [Column(column.name, right=column.right, wide=column.fill) for column in source.columns]
    rows = [_cells(row) for row in source.rows]
    return Table(
        id=name, title=source.title, note=source.note, columns=columns, rows=rows, nothing=source.nothing or "none"
    )


def _cells(row: Sequence[Text]) -> list[Cell]:
    return [_cell(text) for text in row]


def _cell(text: object) -> Cell:
    if not isinstance(text, Text):
        raise TypeError(text)
    return Cell(text.plain, tone(text.style))
