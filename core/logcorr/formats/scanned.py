"""The lines of a text as a frame (LINE_SCHEMA), for formats that look at whole lines.

`scan_lines` is marked unstable in polars: it is named here and nowhere else.
"""

import io
from itertools import accumulate, pairwise

import polars as pl


def scanned(text: bytes, wrong: list[int], first_row: int) -> pl.LazyFrame:
    """The lines of a text in UTF-8; those were not that begin at the places in `wrong`."""
    scan = pl.scan_lines(io.BytesIO(text), row_index_name="row", row_index_offset=first_row)
    refused = pl.lit(None, pl.String)
    if wrong:
        rows = pl.Series(_numbers(text, wrong), dtype=pl.UInt32) + first_row
        refused = pl.when(pl.col("row").is_in(rows.implode())).then(pl.lit("encoding"))
    return scan.with_columns(pl.col("row").cast(pl.UInt32), refused.alias("refused"))


def _numbers(text: bytes, starts: list[int]) -> list[int]:
    """The numbers (from 0) of the lines that begin at some places, in their order."""
    between = (text.count(b"\n", *places) for places in pairwise([0, *starts]))
    return list(accumulate(between))
