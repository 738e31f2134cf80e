"""Parts of a text → columns of text, without a copy: their values stay where the text has them."""

from typing import Any

import nanoarrow as na
import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.compute.byte_words import Places

Span = tuple[Places, Places]
Present = npt.NDArray[np.uint8]

_TEXTS = na.large_string()


def parts(text: bytes, *spans: Span) -> list[pl.Series]:
    """A column for each span, from its first places up to its second.

    A row's spans follow each other, as the rows do. `text` is UTF-8, and no place is within a character of it. The
    columns keep the text alive.
    """
    bounds = [places for span in spans for places in span]
    rows = bounds[0].size
    if not rows:
        return [pl.Series([], dtype=pl.String)] * len(spans)
    # One array of all that lies between two bounds, of which every other value is asked for.
    ends = np.empty((rows, len(bounds)), np.int64)
    for column, places in enumerate(bounds):
        ends[:, column] = places
    between = na.c_array_from_buffers(_TEXTS, ends.size - 1, [None, ends, text])
    whole = pl.Series(between)
    # The engine makes several chunks of them, and is slow to look into such.
    return [whole.gather_every(len(bounds), column).rechunk() for column in range(0, len(bounds), 2)]


def column(texts: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], present: Present | None = None) -> pl.Series:
    """A column of texts that follow each other, from 0 up to each end; where bits of `present` are not set, null.

    `texts` is UTF-8; the column keeps it alive.
    """
    return pl.Series(na.c_array_from_buffers(_TEXTS, ends.size - 1, [present, ends, texts]))


def buffers(column: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """What an Arrow array is made of, for kernels: bits of what is there (None for all), values or views, and texts."""
    present, values, *texts = column.view().buffers
    # The last buffer of views only tells how long those of the texts are.
    return present if present.size_bytes else None, values, tuple(texts[:-1])


def cut_out(text: bytes, span: Span) -> list[bytes]:
    """The same for a few rows, one by one."""
    return [text[start:end] for start, end in zip(*(places.tolist() for places in span), strict=True)]


def lines_frame(text: bytes, span: Span, rows: Places, wrong: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """Lines of a text with their rows as LINE_SCHEMA, those that were not UTF-8 refused."""
    columns = {"line": parts(text, span)[0], "row": rows.astype(np.uint32), "refused": wrong}
    refused = pl.when("refused").then(pl.lit("encoding"))
    return pl.DataFrame(columns).with_columns(refused.alias("refused"))


_FEW_ROWS = 500


def copied(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows in memory of their own: a part of a frame keeps all text of the whole alive."""
    if rows.height < _FEW_ROWS:
        return pl.DataFrame(rows.rows(), schema=rows.schema, orient="row")
    return rows.with_columns(pl.concat_str(text, pl.lit("")) for text in rows.select(pl.col(pl.String)).columns)


def text_bytes(rows: pl.DataFrame) -> int:
    """The bytes of all texts of a frame."""
    texts = rows.select(pl.col(pl.String))
    return sum(int(size or 0) for size in texts.select(pl.all().str.len_bytes().sum()).row(0)) if texts.width else 0
