"""Formats as text for a terminal: the table of all formats, and what one format reads of a log."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from logcorr.render import summary_tables
from logcorr.render.framed_table import FramedTable
from logcorr.render.summary_tables import AMBER, BLUE, DIM, GREEN, PURPLE
from logcorr.render.terminal_text import terminal_text
from logcorr.text.fit_columns import GAP, TextColumn
from logcorr.text.safe import safe

_FORMATS = (
    TextColumn("name"),
    TextColumn("holds", rank=1),
    TextColumn("lines", rank=3),
    TextColumn("from", rank=2),
    TextColumn("what", fill=True),
)
_MOST_TEXT = 160
_COLOURS = {"request": BLUE, "response": GREEN, "exchange": PURPLE}


def formats_table(rows: Sequence[Mapping[str, str]], width: int, *, color: bool) -> str:
    """A table of formats no wider than `width`. A row has the texts name, holds, lines, from and what."""
    cells = [[Text(safe(row[column.name])) for column in _FORMATS] for row in rows]
    table = FramedTable("formats", f"{len(rows)}", _FORMATS, cells, "there are no formats")
    return terminal_text([table.panel(width)], width, color=color)


def tried_table(
    title: str,
    lines: Sequence[tuple[int, str, int | None, Mapping[str, str], str]],
    counts: Mapping[str, int],
    width: int,
    *,
    color: bool,
) -> str:
    """What a format reads: a row for each line, then how many lines there are of each class.

    A line is its number, its class, the number of its rule (None where no rule takes it), the fields that are read, and
    its text, which is shown where nothing is read.
    """
    table = Table(box=None, expand=True, padding=(0, GAP, 0, 0), pad_edge=False, header_style=DIM)
    for name in ("line", "class", "rule"):
        table.add_column(name, justify="left" if name == "class" else "right", no_wrap=True)
    # What is read is never cut: it goes on in the next line.
    table.add_column("what is read", overflow="fold", ratio=1)
    for number, kind, rule, fields, text in lines:
        rule_text = Text("" if rule is None else str(rule))
        table.add_row(Text(str(number)), Text(kind, _colour(kind)), rule_text, _read(fields, text))
    columns = (TextColumn("class", fill=True), TextColumn("lines", right=True))
    rows = [[Text(kind, _colour(kind)), Text(f"{count:,}")] for kind, count in counts.items()]
    classes = FramedTable("classes", f"of {sum(counts.values()):,} lines", columns, rows, "the log is empty")
    panel = summary_tables.panel(safe(title), f"first {len(lines)} lines", table)
    return terminal_text([panel, classes.panel(width)], width, color=color)


def _colour(kind: str) -> str:
    return _COLOURS.get(kind, AMBER if kind.startswith("malformed") else DIM)


def _read(fields: Mapping[str, str], text: str) -> Text:
    """The fields as `name=text`, or else the line itself."""
    if not fields:
        return Text(safe(text, _MOST_TEXT), DIM)
    shown = Text()
    for name, value in fields.items():
        shown.append(f"{name}=", DIM).append(f"{safe(value, _MOST_TEXT)}  ")
    shown.rstrip()
    return shown
