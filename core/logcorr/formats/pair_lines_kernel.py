"""Parses lines of the common form of pair logs by the compiled kernel. Gives the same as `pair_lines_expressions`."""

import numpy as np
import polars as pl

from logcorr.compute.kernels import compiled
from logcorr.compute.zero_copy_text import lines_frame, text_column
from logcorr.formats.timestamps import CommonForm
from logcorr.model.ledger import Side


def parse_common(
    text: bytes, wrong: list[int], side: Side, form: CommonForm, first_row: int
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """`LineFormat.parse_common` for the lines of one side, with timestamps of a form."""
    lines, requests = compiled.line_count(text), side == "request"
    of_requests, of_responses = (lines, 0) if requests else (0, lines)
    time, row = np.empty(lines, np.int64), np.empty(lines, np.uint32)
    ids, id_ends = np.empty(len(text), np.uint8), np.empty(lines + 1, np.int64)
    users, user_ends = np.empty(len(text) * requests, np.uint8), np.empty(of_requests + 1, np.int64)
    present = np.empty(-(-of_requests // 8), np.uint8)
    status = np.empty(of_responses, np.int16)
    bounds, other_row = np.empty((lines, 2), np.int64), np.empty(lines, np.uint32)
    arrays = (time, row, ids, id_ends, users, user_ends, present, status, bounds, other_row)
    stamp = (form.separator, form.digits, form.zone.encode(), form.zone_us)
    starts = np.array(wrong, np.int64)
    entry_count, other_count, id_bytes, user_bytes, empty = compiled.pair_lines(
        text, starts, requests, stamp, first_row, *arrays
    )
    # Copies, so that each long array is freed whole, and its memory serves the next chunk.
    ids = ids[:id_bytes].copy()
    columns = {"request_id": text_column(ids, id_ends[: entry_count + 1]), "time": pl.Series(time[:entry_count])}
    if requests:
        users = users[:user_bytes].copy()
        columns["user_id"] = text_column(users, user_ends[: entry_count + 1], present if empty else None)
    else:
        columns["status_code"] = pl.Series(status[:entry_count])
    columns["row"] = pl.Series(row[:entry_count])
    other_lines = None
    if other_count:
        begin, end = bounds[:other_count].T
        refused = np.isin(begin, starts)
        other_lines = lines_frame(text, (begin, end), other_row[:other_count], refused)
    return pl.DataFrame(columns), other_lines
