"""Records → json, ndjson, csv or parquet: streamed, written beside the target and renamed when complete."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import polars as pl
from polars.io.plugins import register_io_source

from logcorr.errors import OutputError, UsageError
from logcorr.partition import parts_of, spread
from logcorr.views import Records

FORMS = (".json", ".ndjson", ".jsonl", ".csv", ".parquet")
STDOUT = "-"
_SORTED_AT_ONCE_ROWS = 500_000
_SAMPLE_ROWS = 100_000


def check_target(path: str, *, force: bool, inputs: list[Path]) -> None:
    """Raises UsageError for an unknown form, OutputError for what must not or cannot be written; before any work."""
    if path == STDOUT:
        return
    target = Path(path)
    if target.suffix.lower() not in FORMS:
        message = f"output {path!r}: the ending picks the form, and this one is none of {', '.join(FORMS)}."
        raise UsageError(message)
    check_place(path, force=force, inputs=inputs)


def check_place(path: str, *, force: bool, inputs: list[Path]) -> None:
    """Raises OutputError where a file cannot be written there, or would replace one without leave."""
    target = Path(path)
    if target.is_dir():
        message = f"output {path!r} is a folder. Name a file in it."
        raise OutputError(message)
    if not target.absolute().parent.is_dir():
        message = f"output {path!r}: its folder does not exist. Make it first."
        raise OutputError(message)
    if not os.access(target.absolute().parent, os.W_OK):
        message = f"output {path!r}: its folder cannot be written. Check its permissions, or name another."
        raise OutputError(message)
    if target.exists():
        if any(file.exists() and target.samefile(file) for file in inputs):
            message = f"output {path!r} is one of the inputs. Name another file."
            raise OutputError(message)
        if not force:
            message = f"output {path!r} exists. Give --force to replace it."
            raise OutputError(message)


def part_of(path: str) -> Path:
    """The unfinished file that stands beside a target until it is complete."""
    target = Path(path).absolute()
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def write(records: Records, path: str, part: Path, spill: Path, *, sort_time: bool) -> None:
    """Writes records to `part` in the form that `path` names, or to stdout; sorts out of core in the folder `spill`.

    Raises OutputError where the disk is full or cannot be written.
    """
    frame = _in_order(records, spill) if sort_time else records.frame
    form = ".ndjson" if path == STDOUT else Path(path).suffix.lower()
    try:
        if path == STDOUT:
            frame.sink_ndjson(cast("IO[bytes]", sys.stdout.buffer), maintain_order=sort_time, engine="streaming")
        else:
            _SINKS[form](frame, part, sort_time)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: str, error: OSError) -> OutputError:
    """The error for an output that could not be written."""
    reason = error.strerror or str(error)
    return OutputError(f"output {path!r} could not be written: {reason}. Nothing was left there.")


def _parquet(frame: pl.LazyFrame, part: Path, keep_order: bool) -> None:
    frame.sink_parquet(part, compression="lz4", statistics=False, maintain_order=keep_order, engine="streaming")


def _ndjson(frame: pl.LazyFrame, part: Path, keep_order: bool) -> None:
    frame.sink_ndjson(part, maintain_order=keep_order, engine="streaming")


def _csv(frame: pl.LazyFrame, part: Path, keep_order: bool) -> None:
    frame.sink_csv(part, maintain_order=keep_order, engine="streaming")


def _json(frame: pl.LazyFrame, part: Path, keep_order: bool) -> None:
    """One array, one object a line: NDJSON with its line ends made into separators as it streams by."""
    with part.open("wb") as file:
        file.write(b"[")
        before = b"\n"
        for batch in frame.collect_batches(maintain_order=keep_order, engine="streaming"):
            text = batch.write_ndjson().removesuffix("\n")
            if text:
                file.write(before + text.replace("\n", ",\n").encode())
                before = b",\n"
        file.write(b"\n]\n")


_SINKS: dict[str, Callable[[pl.LazyFrame, Path, bool], None]] = {
    ".parquet": _parquet,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".csv": _csv,
    ".json": _json,
}


def _in_order(records: Records, spill: Path) -> pl.LazyFrame:
    """The records by time, then id, then the rest of the record: sorted a range of time at a time."""
    keys = [records.time, "request_id"] if records.time else []
    rest = [name for name in records.columns if name not in keys]
    order = [*(pl.col(key) for key in keys), *(records.columns[name].alias(f"order_{name}") for name in rest)]
    count = int(records.rows.select(pl.len()).collect(engine="streaming").item())
    if records.time is None or count <= _SORTED_AT_ONCE_ROWS:
        return records.rows.sort(order, nulls_last=False, maintain_order=False).select(**records.columns)
    edges = _edges(records.rows.select(pl.col(records.time).cast(pl.Int64)), count)
    numbered = records.rows.with_columns(
        pl.col(records.time)
        .cast(pl.Int64)
        .map_batches(
            lambda times: edges.search_sorted(times, side="right").cast(pl.UInt32),
            is_elementwise=True,
            return_dtype=pl.UInt32,
        )
        .alias("slot")
    )
    spread(numbered, pl.col("slot"), spill)

    def slots(
        columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        for number in range(edges.len() + 1):
            if parts := parts_of(spill, number):
                rows = pl.scan_ipc(list(parts), glob=False)
                ordered = rows.sort(order, nulls_last=False).select(**records.columns)
                yield (ordered.select(columns) if columns else ordered).collect(engine="streaming")

    return register_io_source(slots, schema=records.frame.collect_schema(), is_pure=True)


def _edges(times: pl.LazyFrame, count: int) -> pl.Series:
    """Instants that cut the rows into about equal slots. Any cuts give the same file; a sample gives even ones."""
    sample = times.gather_every(max(1, count // _SAMPLE_ROWS)).collect(engine="streaming").to_series()
    slots = -(-count // _SORTED_AT_ONCE_ROWS)
    cuts = [sample.quantile(number / slots, "nearest") for number in range(1, slots)]
    return pl.Series(sorted({int(cut) for cut in cuts if cut is not None}), dtype=pl.Int64)
