"""Records → json, ndjson, csv or parquet: streamed, written beside the target and renamed when complete."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec
import polars as pl
from polars.io.plugins import register_io_source

from logcorr.compute.background import read_ahead
from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.runs import write_ndjson
from logcorr.runs.csv_formulas import without_formulas
from logcorr.runs.output_files import STDOUT, refusals
from logcorr.runs.views import Records
from logcorr.text.safe import json_for_terminal

_SORTED_AT_ONCE_ROWS = 200_000
_YIELDED_ROWS = 20_000
_INSTANT = "instant"


def is_ndjson(path: str) -> bool:
    """Whether a file of this name is to hold a record a line."""
    return path != STDOUT and _WRITERS.get(Path(path).suffix.lower()) is _ndjson


def write(
    records: Records,
    path: str,
    part: Path,
    spill: Path,
    *,
    sort_time: bool = False,
    raw_csv: bool = False,
    tap: Callable[[], None] = lambda: None,
) -> None:
    """Writes records to `part` in the form that `path` names, or to stdout; sorts out of core in the folder `spill`.

    In CSV, what a spreadsheet would run is made inert unless `raw_csv` is asked for.
    `tap` is called for every chunk and may raise. Raises OutputError where the disk is full or cannot be written.
    """

    def frames() -> Iterator[pl.DataFrame]:
        yield records.schema.to_frame()  # the columns of a file without rows
        for frame in _in_order(records, spill, tap) if sort_time else records.chunks():
            tap()
            yield frame

    with refusals(path, lambda: sum(stored.stat().st_size for stored in records.parts)):
        if path == STDOUT:
            _to_stdout(read_ahead(frames()))
        elif Path(path).suffix.lower() == ".parquet":
            _parquet(frames, records.schema, part)
        else:
            suffix = Path(path).suffix.lower()
            rows = map(without_formulas, frames()) if suffix == ".csv" and not raw_csv else frames()
            with part.open("wb") as file:
                _WRITERS[suffix](read_ahead(rows), file)


def _to_stdout(frames: Iterator[pl.DataFrame]) -> None:
    """NDJSON, with escapes on a terminal; until whoever reads it has had enough, which is no error."""
    terminal = sys.stdout.isatty()
    try:
        for frame in frames:
            if terminal:
                sys.stdout.buffer.write(json_for_terminal(frame.write_ndjson()).encode())
            else:
                write_ndjson.write(frame, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError as error:
        # What is still buffered goes nowhere, instead of failing again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def _parquet(frames: Callable[[], Iterator[pl.DataFrame]], schema: pl.Schema, part: Path) -> None:
    def source(
        columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        return (frame.select(columns) if columns else frame for frame in frames())

    rows = register_io_source(source, schema=schema, is_pure=True)
    rows.sink_parquet(part, compression="lz4", statistics=False, engine="streaming")


def _ndjson(frames: Iterator[pl.DataFrame], file: IO[bytes]) -> None:
    for frame in frames:
        write_ndjson.write(frame, file)


def _csv(frames: Iterator[pl.DataFrame], file: IO[bytes]) -> None:
    for number, frame in enumerate(frames):
        frame.write_csv(file, include_header=not number)


def _json(frames: Iterator[pl.DataFrame], file: IO[bytes]) -> None:
    """One array, one object a line."""
    file.write(b"[")
    comma = 1  # is not to stand before the first
    for frame in frames:
        for piece in write_ndjson.items(frame):
            file.write(piece[comma:])
            comma = 0
    file.write(b"\n]\n")


_WRITERS: dict[str, Callable[[Iterator[pl.DataFrame], IO[bytes]], None]] = {
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".csv": _csv,
    ".json": _json,
}


def _in_order(records: Records, spill: Path, tap: Callable[[], None]) -> Iterator[pl.DataFrame]:
    """The records by time, then id, then the rest of the record; those without a time go by the whole record."""
    names = list(records.columns)
    columns, keys = records.columns, names
    if records.time is not None:
        columns = {_INSTANT: pl.col(records.time).cast(pl.Int64), **columns}
        keys = [_INSTANT, *sorted(names, key=lambda name: name != "request_id")]
    rows = Rows(records.height, msgspec.structs.replace(records, columns=columns).slices)
    for frame in external_sort(rows, Order(keys=keys, most_rows=_SORTED_AT_ONCE_ROWS), spill, tap):
        # Whole ranges at once would pile up where writing is slower than sorting.
        yield from frame.select(names).iter_slices(_YIELDED_ROWS)
