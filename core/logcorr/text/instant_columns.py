"""Columns of instants: their one type in all Parquet files, and as texts of one length for JSON and CSV."""

from typing import TypeVar

import polars as pl
from polars import selectors

from logcorr.text.instants import text_of

# The type of every instant in a view, an export and a result.
INSTANT = pl.Datetime("us", "UTC")
# µs since 1970: the first of the year 1, and the first after the year 9999.
_FIRST_US, _AFTER_US = -62_135_596_800_000_000, 253_402_300_800_000_000

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)


def as_texts(rows: Rows) -> Rows:
    """The rows with every column of instants (Datetime of any unit and zone) as texts: RFC 3339, UTC, six decimals.

    The texts of the years 1 to 9999 have the order of their instants. An instant without a zone is taken for UTC.
    """
    return rows.with_columns(text_of(selectors.datetime().cast(pl.Datetime("us"))))


def in_four_digit_years(frame: pl.DataFrame) -> bool:
    """Whether all instants of the INSTANT columns are of the years 1 to 9999, so that their texts have one length."""
    instants = frame.select(selectors.by_dtype(INSTANT).cast(pl.Int64))
    ends = [end for column in instants for end in (column.min(), column.max())]
    return all(isinstance(end, int) and _FIRST_US <= end < _AFTER_US for end in ends if end is not None)
