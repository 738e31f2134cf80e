"""Times, durations and status codes of all exchanges of an access log: all that is read twice of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from logcorr.compute.parquet_slices import slices_of
from logcorr.inputs.refused_lines import SpilledRows

_SCHEMA = pl.Schema({"request_time": pl.Int64, "duration_us": pl.Int64, "status_code": pl.Int16})
_ROW_BYTES = 18
_SLICE_ROWS = 250_000


class Timings:
    """Keeps request_time (µs), duration_us and status_code of exchanges: beyond about `room` bytes below `folder`."""

    def __init__(self, folder: Path, room: int) -> None:
        self._rows = SpilledRows(folder, max(_SLICE_ROWS, room // _ROW_BYTES))
        self._height = 0

    def noting(self, exchanges: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The same exchanges, while their times are kept."""
        for rows in exchanges:
            self._rows(rows.select(_SCHEMA.names()))
            self._height += rows.height
            yield rows

    def scan(self) -> pl.LazyFrame:
        """All of them."""
        rows = self._rows.scan()
        return _SCHEMA.to_frame().lazy() if rows is None else rows

    def slices(self) -> Iterator[pl.DataFrame]:
        """All of them, in frames of some rows."""
        for rows in slices_of(self.scan(), self._height, _SLICE_ROWS):
            yield rows.collect(engine="streaming")
