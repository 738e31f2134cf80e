"""Times, durations and status codes of all exchanges of an access log: all that is read twice of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

_SCHEMA = pl.Schema({"request_time": pl.Int64, "duration_us": pl.Int64, "status_code": pl.Int16})
_ROW_BYTES = 18
_FILE_ROWS = 250_000


class Timings:
    """Keeps request_time (µs), duration_us and status_code of exchanges: beyond about `room` bytes below `folder`."""

    def __init__(self, folder: Path, room: int) -> None:
        self._folder, self._most_rows = folder, max(_FILE_ROWS, room // _ROW_BYTES)
        self._frames: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = []

    def noting(self, exchanges: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The same exchanges, while their times are kept."""
        for rows in exchanges:
            self._frames.append(rows.select(_SCHEMA.names()))
            self._rows += rows.height
            if self._rows > self._most_rows:
                self._spill()
            yield rows

    def scan(self) -> pl.LazyFrame:
        """All of them, in any order, some rows at a time."""

        def source(
            columns: list[str] | None, predicate: pl.Expr | None, most_rows: int | None, _batch_rows: int | None
        ) -> Iterator[pl.DataFrame]:
            for rows in self.frames():
                kept = rows.select(columns or _SCHEMA.names())
                kept = kept if predicate is None else kept.filter(predicate)
                yield kept if most_rows is None else kept.head(most_rows)
                if most_rows is not None:
                    most_rows -= min(most_rows, kept.height)

        return register_io_source(source, schema=_SCHEMA, is_pure=True)

    def frames(self) -> Iterator[pl.DataFrame]:
        """All of them, in frames of some rows."""
        for path in self._files:
            # Read and not mapped: a map counts as memory of the process.
            yield pl.read_ipc(path.read_bytes())
        if self._frames:
            yield from pl.concat(self._frames).iter_slices(_FILE_ROWS)

    def _spill(self) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        for rows in pl.concat(self._frames).iter_slices(_FILE_ROWS):
            self._files.append(self._folder / f"{len(self._files):06d}.ipc")
            rows.write_ipc(self._files[-1])
        self._frames, self._rows = [], 0
