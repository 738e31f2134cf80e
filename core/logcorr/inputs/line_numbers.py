"""Row numbers over all files of a side ↔ file index and line number from 1."""

import polars as pl


def file_of(row: str, starts: list[int]) -> pl.Expr:
    """The index (UInt32) of the file a row stands in; `starts` are the rows at which the files start."""
    if len(starts) == 1:
        return pl.lit(0, pl.UInt32)
    edges = pl.Series(starts, dtype=pl.UInt32)
    return pl.col(row).map_batches(
        lambda rows: (edges.search_sorted(rows, side="right") - 1).cast(pl.UInt32),
        is_elementwise=True,
        return_dtype=pl.UInt32,
    )


def line_of(row: str, starts: list[int]) -> pl.Expr:
    """The line number (UInt32, from 1) of a row within its file."""
    if len(starts) == 1:
        return pl.col(row) + 1
    edges = pl.Series(starts, dtype=pl.UInt32)
    return pl.col(row).map_batches(
        lambda rows: rows - edges.gather(edges.search_sorted(rows, side="right") - 1) + 1,
        is_elementwise=True,
        return_dtype=pl.UInt32,
    )


def row_of(file: str, line: str, starts: list[int]) -> pl.Expr:
    """The row (UInt32) at which a line of a file stands."""
    row = pl.col(line) - 1
    return row if len(starts) == 1 else row + pl.lit(pl.Series(starts, dtype=pl.UInt32)).gather(pl.col(file))
