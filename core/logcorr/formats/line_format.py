"""What a format of log lines is, and what is done with the lines of any: `pairlog` and `accesslog` are those there are.

Pure: frames in and out. The lines of a log's common form are parsed many at once; the few others take the careful path,
those of some chunks together.
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

# A line as a reader gives it: its text, its number from 0 over all files of the side, and the reason a reader
# already knows for refusing it.
LINE_SCHEMA = pl.Schema({"line": pl.String, "row": pl.UInt32, "refused": pl.String})

REJECT_SCHEMA = pl.Schema({"row": pl.UInt32, "reason": pl.String, "text": pl.String, "truncated": pl.Boolean})

# One in so many lines is few.
_FEW = 16


Look = Callable[[pl.DataFrame], None]


class LineFormat(Protocol):
    """What the lines of a log are: how the usual ones are read, and how all are."""

    @property
    def side(self) -> Log:
        """What the lines are of."""

    @property
    def schema(self) -> pl.Schema:
        """The columns of an entry, `row` among them."""

    def parted(self, text: bytes, wrong: list[int], first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Whole lines → the entries that surely are such (`schema`), and the other lines (LINE_SCHEMA; None for none).

        `text` is UTF-8 and ends in LF; those lines were not that begin at the places in `wrong`. `first_row` is the row
        of the first.
        """

    def classify(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Every line (LINE_SCHEMA) with `valid`, `blank`, the columns of an entry, and the `reason` if it is none."""

    def first_line(self, text: str) -> str | None:
        """What a file's first line is where that differs from the same line elsewhere; None where it is a header."""


def few(uncommon: int, lines: int) -> bool:
    """Whether so few lines are uncommon that a call of the careful path for them would not pay."""
    return uncommon * _FEW <= lines


def settled(lines: pl.DataFrame, form: LineFormat, reject: Look) -> pl.DataFrame:
    """The entries among some lines; the others go to `reject`."""
    settled = form.classify(lines)
    rejected = settled.filter(~pl.col("valid"))
    if rejected.height:
        reject(excerpts(rejected))
    return settled.filter("valid").select(form.schema.names())


def excerpts(rejected: pl.DataFrame) -> pl.DataFrame:
    """What is kept of refused lines (REJECT_SCHEMA): their text, cut to TEXT_LIMIT_BYTES."""
    long = rejected["line"].str.len_bytes() > TEXT_LIMIT_BYTES
    text = rejected["line"]
    if long.any():
        text = pl.Series([_cut(line) if over else line for line, over in zip(text, long, strict=True)])
    return rejected.select("row", "reason", text.alias("text"), long.alias("truncated"))


def null_if_empty(name: str) -> pl.Expr:
    """The named text column with null for the empty text."""
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _cut(text: str) -> str:
    """The text cut to at most TEXT_LIMIT_BYTES of UTF-8, at a character's edge."""
    return text.encode()[:TEXT_LIMIT_BYTES].decode(errors="ignore")


def scanned(text: bytes, wrong: list[int], first_row: int) -> pl.LazyFrame:
    """The lines of a text in UTF-8; those were not that begin at the places in `wrong`."""
    scan = pl.scan_lines(io.BytesIO(text), row_index_name="row", row_index_offset=first_row)
    refused = pl.lit(None, pl.String)
    if wrong:
        rows = pl.Series(_numbers(text, wrong), dtype=pl.UInt32) + first_row
        refused = pl.when(pl.col("row").is_in(rows.implode())).then(pl.lit(ENCODING))
    return scan.with_columns(pl.col("row").cast(pl.UInt32), refused.alias("refused"))


def _numbers(text: bytes, starts: list[int]) -> list[int]:
    """The numbers (from 0) of the lines that begin at some places, in their order."""
    between = (text.count(b"\n", *places) for places in pairwise([0, *starts]))
    return list(accumulate(between))
