"""What `pair_lines` does, by the compiled kernel: the same entries and the same other lines."""

import numpy as np
import polars as pl

from logcorr.compute.arrow_text import column, lines_frame
from logcorr.compute.kernels import compiled
from logcorr.formats.timestamps import CommonForm
from logcorr.model.ledger import Side


def parted(
    text: bytes, wrong: list[int], side: Side, form: CommonForm, first_row: int
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """What `LineFormat.parted` gives, for one side's lines with timestamps of a form."""
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
    found, others, id_bytes, user_bytes, empty = compiled.pair_lines(text, starts, requests, stamp, first_row, *arrays)
    # Copies, as what is cut off would lie about in pieces too small for the next chunk.
    ids = ids[:id_bytes].copy()
    columns = {"request_id": column(ids, id_ends[: found + 1]), "time": pl.Series(time[:found])}
    if requests:
        users = users[:user_bytes].copy()
        columns["user_id"] = column(users, user_ends[: found + 1], present if empty else None)
    else:
        columns["status_code"] = pl.Series(status[:found])
    columns["row"] = pl.Series(row[:found])
    rest = None
    if others:
        begin, end = bounds[:others].T
        refused = np.isin(begin, starts)
        rest = lines_frame(text, (begin, end), other_row[:others], refused)
    return pl.DataFrame(columns), rest
