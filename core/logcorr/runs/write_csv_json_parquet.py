"""Writes records as JSON, NDJSON, CSV or Parquet, a few at a time, to an unfinished output or to stdout."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Literal

import msgspec
import polars as pl
from polars.io.plugins import register_io_source

from logcorr.compute.background_thread import read_ahead
from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.runs import write_ndjson
from logcorr.runs.csv_formulas import without_formulas
from logcorr.runs.output_files import STDOUT, raising_output_errors
from logcorr.runs.views import Records
from logcorr.text.instant_columns import as_texts
from logcorr.text.safe import json_for_terminal, safe

_SORTED_AT_ONCE_ROWS = 200_000
_YIELDED_ROWS = 20_000
_ROW_GROUP_ROWS = 100_000
_INSTANT = "instant"
# No column of a record has this name.
_KEY = ":key"


def is_ndjson(path: str) -> bool:
    """Whether the path is one of a file that is written as NDJSON."""
    return path != STDOUT and _WRITERS.get(Path(path).suffix.lower()) is _ndjson


def write(
    records: Records,
    path: str,
    unfinished: Path,
    spill: Path,
    *,
    sort_time: bool = False,
    sort_view: bool = False,
    raw_csv: bool = False,
    tap: Callable[[int], None] = lambda _rows: None,
) -> None:
    """Writes records to the file `unfinished`, in the form that the ending of `path` names, or to stdout.

    `sort_time` sorts them by time, `sort_view` in the order of their view, on disk in the folder `spill`. In CSV,
    formulas are made inert unless `raw_csv`.
    `tap` is called with how many rows each chunk has, and may raise. Raises OutputError if the disk is full or cannot
    be written.
    """

    def rows_in_order() -> Iterator[pl.DataFrame]:
        if sort_time:
            return _by_time(records, spill, lambda: tap(0))
        if sort_view and records.highest is not None:
            return _highest_first(records, records.highest, spill, lambda: tap(0))
        return records.chunks()

    def frames() -> Iterator[pl.DataFrame]:
        for frame in rows_in_order():
            tap(frame.height)
            yield frame

    def needed_bytes() -> int:
        return sum(stored.stat().st_size for stored in records.parts)

    if path == STDOUT:
        with raising_output_errors(path, needed_bytes):
            write_to_stdout(frames(), records.schema)
    else:
        write_frames(frames, records.schema, path, unfinished, needed_bytes, raw_csv=raw_csv)


def write_frames(
    frames: Callable[[], Iterator[pl.DataFrame]],
    schema: pl.Schema,
    path: str,
    unfinished: Path,
    needed_bytes: Callable[[], int] = lambda: 0,
    *,
    raw_csv: bool = False,
) -> None:
    """Writes the rows of all frames to the file `unfinished`, as `write` does.

    `frames` begins to make them, each of the given schema. `needed_bytes` tells about how many bytes they take.
    """
    suffix = Path(path).suffix.lower()
    with raising_output_errors(path, needed_bytes):
        if suffix == ".parquet":
            _parquet(frames, schema, unfinished)
        else:
            rows = _with_header(frames(), schema)
            rows = map(without_formulas, rows) if suffix == ".csv" and not raw_csv else rows
            with unfinished.open("wb") as file, read_ahead(rows) as rows_ahead:
                _WRITERS[suffix](rows_ahead, file)


def write_to_stdout(
    frames: Iterator[pl.DataFrame],
    schema: pl.Schema,
    form: Literal["ndjson", "csv"] = "ndjson",
    *,
    raw_csv: bool = False,
) -> None:
    """Writes the rows of all frames to stdout, made safe if it is a terminal.

    It is no error if the reader of a pipe closes it.
    """
    out, terminal = sys.stdout.buffer, sys.stdout.isatty()
    with read_ahead(_with_header(frames, schema)) as rows:
        try:
            if form == "csv":
                ready = rows if raw_csv else map(without_formulas, rows)
                for number, frame in enumerate(map(_safe_cells, ready) if terminal else ready):
                    # Not by the engine itself, which makes its own error of that of a closed pipe.
                    out.write(as_texts(frame).write_csv(include_header=not number).encode())
            elif terminal:
                for frame in rows:
                    out.write(json_for_terminal(as_texts(frame).write_ndjson()).encode())
            else:
                _ndjson(rows, out)
            out.flush()
        except OSError as error:
            # The bytes that are still buffered are dropped, as to write them would fail again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if not isinstance(error, BrokenPipeError):
                raise


def _with_header(frames: Iterator[pl.DataFrame], schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """The frames after one without rows, so that a file without rows has columns."""
    yield schema.to_frame()
    yield from frames


def _safe_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all that a terminal obeys taken out of its texts and out of the names of its columns."""
    texts = pl.col(pl.String).map_elements(_safe_cell, return_dtype=pl.String)
    return as_texts(frame).with_columns(texts).rename(_safe_cell)


def _safe_cell(text: str) -> str:
    return safe(text, len(text))


def _parquet(frames: Callable[[], Iterator[pl.DataFrame]], schema: pl.Schema, unfinished: Path) -> None:
    def source(
        columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        return (frame.select(columns) if columns else frame for frame in frames())

    rows = register_io_source(source, schema=schema, is_pure=True)
    # Row groups of one height: otherwise they follow the frames, whose heights depend on how threads took turns.
    rows.sink_parquet(
        unfinished, compression="lz4", statistics=False, row_group_size=_ROW_GROUP_ROWS, engine="streaming"
    )


def _ndjson(frames: Iterator[pl.DataFrame], file: IO[bytes]) -> None:
    for frame in frames:
        write_ndjson.write(frame, file)


def _csv(frames: Iterator[pl.DataFrame], file: IO[bytes]) -> None:
    for number, frame in enumerate(frames):
        as_texts(frame).write_csv(file, include_header=not number)


def _json(frames: Iterator[pl.DataFrame], file: IO[bytes]) -> None:
    """Writes one JSON array, with a line for each object."""
    file.write(b"[")
    skipped = 1  # the comma before the first object
    for frame in frames:
        for block in write_ndjson.items(frame):
            file.write(block[skipped:])
            skipped = 0
    file.write(b"\n]\n")


_WRITERS: dict[str, Callable[[Iterator[pl.DataFrame], IO[bytes]], None]] = {
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".csv": _csv,
    ".json": _json,
}


def _by_time(records: Records, spill: Path, tap: Callable[[], None]) -> Iterator[pl.DataFrame]:
    """The records by time, request id and then the rest of the record; by the whole record if they have no time."""
    names = list(records.columns)
    columns, keys = records.columns, names
    if records.time is not None:
        columns = {_INSTANT: pl.col(records.time).cast(pl.Int64), **columns}
        keys = [_INSTANT, *sorted(names, key=lambda name: name != "request_id")]
    return _sorted(records, columns, Order(keys=keys, most_rows=_SORTED_AT_ONCE_ROWS), spill, tap)


def _highest_first(records: Records, by: str, spill: Path, tap: Callable[[], None]) -> Iterator[pl.DataFrame]:
    """The records in the order of their view: the highest of a stored column first, equals by the first column."""
    columns = {_KEY: pl.col(by), **records.columns}
    first = next(iter(records.columns))
    order = Order(keys=[_KEY], tie=first, descending=True, nulls_last=True, most_rows=_SORTED_AT_ONCE_ROWS)
    return _sorted(records, columns, order, spill, tap)


def _sorted(
    records: Records, columns: dict[str, pl.Expr], order: Order, spill: Path, tap: Callable[[], None]
) -> Iterator[pl.DataFrame]:
    """The records in an order of `columns`, which are theirs and a key."""
    rows = Rows(records.height, msgspec.structs.replace(records, columns=columns).slices)
    for frame in external_sort(rows, order, spill, tap):
        # In small frames, as large ones take much memory while they wait to be written.
        yield from frame.select(list(records.columns)).iter_slices(_YIELDED_ROWS)
