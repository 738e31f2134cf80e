"""Lines of csv and of logfmt → the texts of their fields: the careful reading, which defines what a line holds."""

import re
from collections.abc import Sequence

import polars as pl

from logcorr.formats.json_fields import MISSING, NULL, OBJECT, STRING
from logcorr.formats.line_format import SPACE

# A value is bare, in double quotes with backslashes, or in single quotes, as Python writes a text.
_PAIR = re.compile(
    r"""(?:^|(?<=[ \t]))(?P<key>[^\s="']+)="""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>\S*))""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# Bare words that stand for no value, as Go and Python write them.
_NULLS = ("null", "None", "nil")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def logfmt_cells(lines: pl.Series, paths: Sequence[str]) -> pl.DataFrame:
    """The texts of keys: columns `state`, `t0`, `k0`, `t1`, … as `json_fields.cells` gives them.

    Of a key that comes twice, the last counts. A bare `null`, `None` or `nil` is null.
    """
    rows = [_pairs(line or "") for line in lines]
    frame = _frame([[row.get(path) for path in paths] for row in rows], len(paths))
    nulls = [
        pl.Series(f"k{number}", [path in row and row[path] is None for row in rows], pl.Boolean)
        for number, path in enumerate(paths)
    ]
    return frame.with_columns(frame[flags.name].set(flags, NULL) for flags in nulls if flags.any())


def csv_cells(
    lines: pl.Series, columns: Sequence[str], paths: Sequence[str], separator: str, quote: str
) -> pl.DataFrame:
    """The texts of columns: columns `state`, `t0`, `k0`, … as `json_fields.cells` gives them, and `width` (UInt32).

    `width` is the number of the cells of a line. A column that a line does not have is missing.
    """
    places = [columns.index(path) if path in columns else None for path in paths]
    rows = [split_csv(line or "", separator, quote) for line in lines]
    cells = [[row[place] if place is not None and place < len(row) else None for place in places] for row in rows]
    return _frame(cells, len(paths)).with_columns(pl.Series("width", [len(row) for row in rows], pl.UInt32))


def split_csv(line: str, separator: str, quote: str) -> list[str]:
    """The cells of a line, without quotes around a cell and without blanks outside of quotes.

    A quote within a quoted cell is written twice. A quote that does not begin a cell is text. A separator of one blank
    stands for any number of blanks and tabs.
    """
    text = line.removesuffix("\r")
    if separator == " ":
        text = re.sub(r"[ \t]+", " ", text.strip(SPACE))
    blanks = SPACE.replace(separator, "")
    if not quote or quote not in text:
        return [cell.strip(blanks) for cell in text.split(separator)]
    cells, at = [], 0
    while True:
        start = at + len(text[at:]) - len(text[at:].lstrip(blanks))
        end = _end_of_quoted(text, start, quote) if text.startswith(quote, start) else None
        if end is None:
            stop = text.find(separator, at)
            stop = len(text) if stop < 0 else stop
            cells.append(text[at:stop].strip(blanks))
        else:
            cells.append(text[start + 1 : end].replace(quote * 2, quote))
            stop = text.find(separator, end + 1)
            stop = len(text) if stop < 0 else stop
        if stop >= len(text):
            return cells
        at = stop + len(separator)


def _end_of_quoted(text: str, start: int, quote: str) -> int | None:
    """Where the quoted cell that begins at `start` has its last quote; None if it has none."""
    at = start + 1
    while (at := text.find(quote, at)) >= 0:
        if text.startswith(quote, at + 1):
            at += 2
            continue
        return at
    return None


def _pairs(line: str) -> dict[str, str | None]:
    pairs: dict[str, str | None] = {}
    for part in _PAIR.finditer(line):
        quoted = part["double"] if part["double"] is not None else part["single"]
        value = part["bare"] if quoted is None else quoted
        if quoted is None and value in _NULLS:
            pairs[part["key"]] = None
        else:
            pairs[part["key"]] = _ESCAPE.sub(_unescaped, value) if quoted is not None and "\\" in value else value
    return pairs


def _unescaped(escape: "re.Match[str]") -> str:
    return _ESCAPED.get(escape[1], escape[1])


def _frame(cells: "Sequence[Sequence[str | None]]", width: int) -> pl.DataFrame:
    columns: list[pl.Series] = [pl.repeat(OBJECT, len(cells), dtype=pl.UInt8, eager=True).alias("state")]
    for number in range(width):
        texts = pl.Series(f"t{number}", [row[number] for row in cells], pl.String)
        kinds = texts.is_not_null().cast(pl.UInt8) * (STRING - MISSING)
        columns += [texts, kinds.alias(f"k{number}")]
    return pl.DataFrame(columns)
