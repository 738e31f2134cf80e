"""The entries of logs as a lazy frame of polars: read by the same reader as in every job, batch by batch."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from polars.io.plugins import register_io_source

from logcorr.formats.profile_reader import EVENTS, ProfileReader
from logcorr.formats.profile_registry import Registry
from logcorr.inputs.file_form import FileForm
from logcorr.inputs.files import InputFile, digested, resolve
from logcorr.inputs.line_numbers import file_of, line_of
from logcorr.inputs.log_reader import LogReader
from logcorr.inputs.reading_progress import SideProgress
from logcorr.jobs.tell_logs import Sample, Teller, ToldFormat, read_options, sample
from logcorr.model.errors import InputError
from logcorr.model.ledger import ONE_LOG, Log
from logcorr.model.options import Reading

_CHUNK_BYTES = 16 << 20
_INSTANT = pl.Datetime("us", "UTC")


def scan(
    path: str | Path | Sequence[str | Path],
    format: str | None = None,  # noqa: A002 - the word of the command line
    *,
    reading: Reading | None = None,
) -> pl.LazyFrame:
    """The entries of a log: a row for each request, response or exchange.

    `path` names files, globs or folders, as on the command line. `format` is the name of a format; without it the lines
    tell it. Columns: kind ("request", "response" or "exchange"), request_id, time (UTC, µs), user_id, status_code,
    given_us (the duration that the line tells, µs), a column for each attribute of the format, file and line (from 1).
    Only the columns that are asked for leave the reader. Raises InputError and UsageError as the commands do.
    """
    paths = (path,) if isinstance(path, str | Path) else tuple(path)
    files = [digested(file) for file in resolve(ONE_LOG, tuple(map(str, paths)))]
    read = reading or Reading()
    told = _told(files, format, read)
    reader = ProfileReader(told.profile, read_options(read, collapse_ids=False))
    schema = _schema(reader)

    def batches(
        columns: list[str] | None, predicate: pl.Expr | None, most_rows: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        left = most_rows
        for rows in _read(
            files, FileForm(reader=ProfileReader(reader.profile, reader.options), heads=told.heads), schema
        ):
            chosen = rows if predicate is None else rows.filter(predicate)
            chosen = chosen if left is None else chosen.head(left)
            left = None if left is None else left - chosen.height
            yield chosen if columns is None else chosen.select(columns)
            if left == 0:
                return

    return register_io_source(batches, schema=schema, validate_schema=False)


def _told(files: list[InputFile], form: str | None, reading: Reading) -> ToldFormat:
    """The format of the log: of pairs, else of exchanges. Raises InputError and UsageError."""
    registry, options = Registry(reading.files), read_options(reading, collapse_ids=False)
    log: Sample = sample(files, reading)
    pairs, exchanges = (Teller(registry, reading, options, pairs=pairs) for pairs in (True, False))
    if form is not None:
        return pairs.format_of(log, form)
    try:
        return pairs.format_of(log, None)
    except InputError:
        return exchanges.format_of(log, None)


def _schema(reader: ProfileReader) -> pl.Schema:
    attributes = dict.fromkeys(reader.profile.attribute_names, pl.String())
    return pl.Schema(
        {
            "kind": pl.String(),
            "request_id": pl.String(),
            "time": _INSTANT,
            "user_id": pl.String(),
            "status_code": pl.Int16(),
            "given_us": pl.Int64(),
            **attributes,
            "file": pl.String(),
            "line": pl.UInt32(),
        }
    )


def _read(files: list[InputFile], form: FileForm, schema: pl.Schema) -> Iterator[pl.DataFrame]:
    names = pl.Series([file.name for file in files], dtype=pl.String)
    with TemporaryDirectory(prefix="logcorr-scan-") as folder:
        log = LogReader(ONE_LOG, [form], files, Path(folder) / "log", _NoProgress(), chunk_bytes=_CHUNK_BYTES)
        for entries in log.entries():
            starts = log.lines_read.starts
            for event in EVENTS:
                if event in entries:
                    yield _rows(entries[event], event, names, starts, schema)


def _rows(entries: pl.DataFrame, event: str, names: pl.Series, starts: list[int], schema: pl.Schema) -> pl.DataFrame:
    own = {
        "kind": pl.lit(event),
        "time": pl.col("time").cast(_INSTANT) if "time" in entries.columns else pl.lit(None, _INSTANT),
        "file": pl.lit(names[0]) if names.len() == 1 else pl.lit(names).gather(file_of("row", starts)),
        "line": line_of("row", starts),
    }
    lacking = {name: pl.lit(None, dtype) for name, dtype in schema.items() if name not in entries.columns}
    return entries.select(own.get(name, lacking.get(name, pl.col(name))).alias(name) for name in schema)


class _NoProgress:
    """Takes the reports of a reader, and tells nobody."""

    def __init__(self) -> None:
        self.sides: dict[Log, SideProgress] = {}

    def tap(self) -> None:
        """Nothing can cancel a scan but the query that reads it."""

    def step(self, _name: str) -> AbstractContextManager[None]:
        return nullcontext()
