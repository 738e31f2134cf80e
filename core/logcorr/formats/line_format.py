"""The protocol of a format of log lines, and functions for lines of any format.

`pair_lines` has the format of pairs. Nothing here reads files: frames in, frames out. Lines of the log's
common form are parsed many at once. The few other lines of some chunks are collected, and take the careful path.
"""

import io
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Protocol

import polars as pl

from logcorr.formats.malformed_reasons import ENCODING
from logcorr.model.ledger import Log

SPACE = " \t"
BOM = "\ufeff"
TEXT_LIMIT_BYTES = 4096

# A line as a reader gives it: its text, its number from 0 over all files of the side, and the reason for which the
# reader refuses it (null if it does not).
LINE_SCHEMA = pl.Schema({"line": pl.String, "row": pl.UInt32, "refused": pl.String})

REJECT_SCHEMA = pl.Schema({"row": pl.UInt32, "reason": pl.String, "text": pl.String, "truncated": pl.Boolean})

TakeRejects = Callable[[pl.DataFrame], None]


class LineFormat(Protocol):
    """The format of the lines of a log: parses lines of the common form fast, and classifies any line."""

    @property
    def side(self) -> Log:
        """The log that the lines are of."""

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry, `row` among them."""

    def parse_common(self, text: bytes, wrong: list[int], first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Whole lines → the entries that are sure (`schema`), and the other lines (LINE_SCHEMA; None if there is none).

        `text` is UTF-8 and ends in LF. The lines that begin at the byte positions `wrong` (ascending) were not UTF-8.
        `first_row` is the row of the first line.
        """

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """The careful path, exact for every line (LINE_SCHEMA), at several times the cost of `parse_common`.

        Adds `valid`, `blank`, the columns of an entry, and `reason`: why the line is malformed, null if it is not.
        """

    def first_line(self, text: str) -> str | None:
        """The first line of a file as a line to be read, without its BOM; None if it is a header."""


def parse_carefully(lines: pl.DataFrame, form: LineFormat, reject: TakeRejects) -> pl.DataFrame:
    """The entries among lines (LINE_SCHEMA), by the careful path. Excerpts of the other lines go to `reject`."""
    classified = form.classify(lines)
    rejected = classified.filter(~pl.col("valid"))
    if rejected.height:
        reject(excerpts(rejected))
    return classified.filter("valid").select(form.schema.names())


def excerpts(rejected: pl.DataFrame) -> pl.DataFrame:
    """What is kept of lines that are no entries (REJECT_SCHEMA): the text is cut to TEXT_LIMIT_BYTES."""
    too_long = rejected["line"].str.len_bytes() > TEXT_LIMIT_BYTES
    text = rejected["line"]
    if too_long.any():
        text = pl.Series([_cut(line) if is_long else line for line, is_long in zip(text, too_long, strict=True)])
    return rejected.select("row", "reason", text.alias("text"), too_long.alias("truncated"))


def null_if_empty(name: str) -> pl.Expr:
    """The named text column with null for the empty text."""
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _cut(text: str) -> str:
    """The text cut to at most TEXT_LIMIT_BYTES of UTF-8, between two characters."""
    return text.encode()[:TEXT_LIMIT_BYTES].decode(errors="ignore")


def scan_lines(text: bytes, wrong: list[int], first_row: int) -> pl.LazyFrame:
    """The lines of a text in UTF-8 (LINE_SCHEMA). Lines that begin at the byte positions `wrong` were not UTF-8."""
    scan = pl.scan_lines(io.BytesIO(text), row_index_name="row", row_index_offset=first_row)
    refused = pl.lit(None, pl.String)
    if wrong:
        rows = pl.Series(_numbers(text, wrong), dtype=pl.UInt32) + first_row
        refused = pl.when(pl.col("row").is_in(rows.implode())).then(pl.lit(ENCODING))
    return scan.with_columns(pl.col("row").cast(pl.UInt32), refused.alias("refused"))


def _numbers(text: bytes, starts: list[int]) -> list[int]:
    """The numbers (from 0) of the lines that begin at the byte positions `starts` (ascending)."""
    between = (text.count(b"\n", *bounds) for bounds in pairwise([0, *starts]))
    return list(accumulate(between))
