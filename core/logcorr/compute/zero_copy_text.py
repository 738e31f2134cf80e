"""Spans of a text → columns of text, without a copy: the columns refer to the bytes of the text.

A span of rows is two arrays of byte positions: the start and the end (excluded) of a value in every row.
"""

from typing import Any

import nanoarrow as na
import numpy as np
import numpy.typing as npt
import polars as pl

# polars prepares for numpy when it gets its first array, and fails if two threads are the first at once. So it gets one
# here: every module that passes arrays to polars imports this module first.
pl.Series(np.empty(0))

Positions = npt.NDArray[np.intp]
UInt64Array = npt.NDArray[np.uint64]
Int64Array = npt.NDArray[np.int64]
Span = tuple[Positions, Positions]
Present = npt.NDArray[np.uint8]

_TEXTS = na.large_string()


def text_columns(text: bytes, *spans: Span) -> list[pl.Series]:
    """A column of text for each span.

    The spans of a row follow each other in the text, and so do the rows. `text` is UTF-8, and no position is within a
    character. The columns keep the text alive.
    """
    bounds = [positions for span in spans for positions in span]
    rows = bounds[0].size
    if not rows:
        return [pl.Series([], dtype=pl.String)] * len(spans)
    # One array of the texts between all neighbouring bounds. Each column takes every nth text of it.
    ends = np.empty((rows, len(bounds)), np.int64)
    for number, positions in enumerate(bounds):
        ends[:, number] = positions
    between = na.c_array_from_buffers(_TEXTS, ends.size - 1, [None, ends, text])
    whole = pl.Series(between)
    # gather_every makes several chunks, and polars is slow to look into a column of several chunks.
    return [whole.gather_every(len(bounds), number).rechunk() for number in range(0, len(bounds), 2)]


def text_column(texts: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], present: Present | None = None) -> pl.Series:
    """A column of the texts that follow each other in `texts` (UTF-8), which the column keeps alive.

    `ends` has the start of the first text, 0, and then the end of every text. A text is null if its bit in `present` is
    not set.
    """
    return pl.Series(na.c_array_from_buffers(_TEXTS, ends.size - 1, [present, ends, texts]))


def buffers(array: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """The buffers of an Arrow array, for kernels: bits of the present rows (None for all), values or views, texts."""
    present, values, *texts = array.view().buffers
    # The last buffer of an array of views has only the lengths of the text buffers.
    return present if present.size_bytes else None, values, tuple(texts[:-1])


def lines_frame(text: bytes, span: Span, rows: Positions, wrong: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """Lines of a text as the LINE_SCHEMA of `line_format`: line, row, refused.

    The lines marked in `wrong` were not UTF-8, so they are refused.
    """
    columns = {"line": text_columns(text, span)[0], "row": rows.astype(np.uint32), "refused": wrong}
    refused = pl.when("refused").then(pl.lit("encoding"))
    return pl.DataFrame(columns).with_columns(refused.alias("refused"))


_FEW_ROWS = 500
# Where a text is, beside the text.
_VIEW_BYTES = 16


def copied(rows: pl.DataFrame) -> pl.DataFrame:
    """A copy of the rows in memory of their own. A slice of a frame keeps the text of the whole frame alive."""
    if rows.height < _FEW_ROWS:
        return pl.DataFrame(rows.rows(), schema=rows.schema, orient="row")
    return rows.with_columns(pl.concat_str(text, pl.lit("")) for text in rows.select(pl.col(pl.String)).columns)


def text_bytes(rows: pl.DataFrame) -> int:
    """How many bytes all texts of a frame have."""
    texts = rows.select(pl.col(pl.String))
    return sum(int(size or 0) for size in texts.select(pl.all().str.len_bytes().sum()).row(0)) if texts.width else 0


def memory_bytes(rows: pl.DataFrame) -> int:
    """How many bytes rows take in memory of their own, as `copied` gives them."""
    # polars counts values and texts, but not the views of texts.
    return int(rows.estimated_size()) + _VIEW_BYTES * rows.height * sum(dtype == pl.String for dtype in rows.dtypes)
