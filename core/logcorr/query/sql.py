"""SQL over the views of a finished run, by polars. It reads the views and nothing else, and writes no table.

A table is a view with its stored columns; files are named. polars runs the query as a stream, so that a result of any
size takes little memory where the query allows it.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import polars as pl
from polars import selectors

from logcorr.compute.parquet_slices import count
from logcorr.model.errors import InputError, LogcorrError, UsageError, system_error
from logcorr.model.options import View
from logcorr.runs import output_files, views, write_csv_json_parquet
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder, is_utf8
from logcorr.text.instant_columns import INSTANT

_BATCH_ROWS = 50_000
_SPACE = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_FLAGS = re.IGNORECASE | re.DOTALL
_READS = re.compile(rf"{_SPACE}(?:explain(?:\s+analyze)?\b{_SPACE})?[\s(]*(select|with|from|values)\b", _FLAGS)
_SHOW = re.compile(rf"{_SPACE}show\s+tables\b[\s;]*", _FLAGS)
_DESCRIBE = re.compile(rf"{_SPACE}(?:describe|desc)\s+(?:table\s+)?[\"`]?(\w+)[\"`]?[\s;]*", _FLAGS)
# polars has functions in the place of a table that read any file: their name, before a bracket or a comment. The whole
# text is looked through, texts within it too: whatever polars takes for a call is found.
_TABLE_FUNCTION = re.compile(r"((?:read|scan)_\w+)[\s\"'`\]]*(?:\(|/\*|--)", _FLAGS)
_MOST_SAID = 300


def query(run: RunFolder, text: str) -> pl.LazyFrame:
    """The rows of one SELECT (also WITH, FROM and VALUES), or what EXPLAIN, SHOW TABLES and DESCRIBE tell.

    Instants are INSTANT, and durations integers of µs in a column whose name ends in `_us`. No row is read yet. Raises
    UsageError for any other statement, before anything is done, and for one that polars does not understand;
    InputError for a damaged run.
    """
    known = views.views_of(run.manifest)
    if _SHOW.fullmatch(text):
        return _tables(run, known)
    if described := _DESCRIBE.fullmatch(text):
        return _columns(run, known, described[1])
    _check_only_reads(text)
    words = set(re.findall(r"\w+", text.lower()))
    named: dict[str, pl.LazyFrame] = {view: views.with_file_names(run, view) for view in known if view in words}
    try:
        rows = pl.SQLContext(named).execute(text, eager=False)
        return _plain(rows, rows.collect_schema())
    except views.UNREADABLE as error:
        raise _refused(error, known, named) from error


def batches(run: RunFolder, rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The result of a query as frames, made as they are taken. Raises UsageError where a value cannot be computed."""
    try:
        yield from rows.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True, engine="streaming")
    except views.UNREADABLE as error:
        if system_error(error) is not None or "parquet" in str(error).lower():
            run.check()
            message = f"run {run.name}: a view in {str(run.place)!r} cannot be read. Remove the run and run again."
            raise InputError(message) from error
        raise _refused(error, (), {}) from error


def whole(run: RunFolder, rows: pl.LazyFrame) -> pl.DataFrame:
    """All rows of a result in one frame. Raises as `batches` does."""
    return pl.concat([rows.collect_schema().to_frame(), *batches(run, rows)])


def write_to_stdout(run: RunFolder, rows: pl.LazyFrame, form: Literal["ndjson", "csv"], *, raw_csv: bool) -> None:
    """Writes the result of a query to stdout, made safe if it is a terminal. Raises as `batches` does."""
    schema = rows.collect_schema()
    _check_form(schema, form)
    write_csv_json_parquet.write_to_stdout(batches(run, rows), schema, form, raw_csv=raw_csv)


def write(run: RunFolder, rows: pl.LazyFrame, path: str, root: Path, *, force: bool, raw_csv: bool) -> None:
    """Writes the result of a query to a file, in the form that its ending names. Leaves no half file.

    Never replaces a log that the run is of. Raises as `batches` does, and OutputError.
    """
    output_files.check_target(path, force=force, inputs=output_files.logs_of([run]))
    schema = rows.collect_schema()
    _check_form(schema, Path(path).suffix.lower().removeprefix("."))
    failures: list[LogcorrError] = []

    def frames() -> Iterator[pl.DataFrame]:
        try:
            yield from batches(run, rows)
        except LogcorrError as error:
            failures.append(error)
            raise

    with WorkFolder(root) as work:
        unfinished = output_files.unfinished_path(path)
        work.add_unfinished(unfinished)
        try:
            write_csv_json_parquet.write_frames(frames, schema, path, unfinished, raw_csv=raw_csv)
        except pl.exceptions.PolarsError as error:
            # The writer of Parquet wraps what its rows raise.
            raise failures[0] if failures else error from error
        work.deliver([(unfinished, Path(path).absolute())])


def _check_form(schema: pl.Schema, form: str) -> None:
    """Raises UsageError if a form of text, such as "csv", cannot hold a column."""
    for name, kind in schema.items():
        if form == "csv" and (kind.is_nested() or kind in (pl.Binary, pl.Object)):
            message = f"column {name!r} is of type {kind}, which CSV cannot hold. Take NDJSON."
            raise UsageError(message)


def _check_only_reads(text: str) -> None:
    """Raises UsageError for a statement that does not only read, or that reads something else than the run."""
    if not is_utf8(text):
        message = "the query is not UTF-8."
        raise UsageError(message)
    if not _READS.match(text):
        first = (re.findall(r"\w+", text) or ["nothing"])[0]
        message = f"{first[:40]!r} is no statement that reads: SELECT, WITH, EXPLAIN, SHOW TABLES or DESCRIBE."
        raise UsageError(message)
    if function := _TABLE_FUNCTION.search(text):
        message = f"{function[1][:40]!r} reads files, and a query reads only the views of the run. See SHOW TABLES."
        raise UsageError(message)


def _tables(run: RunFolder, known: Sequence[View]) -> pl.LazyFrame:
    """A row for each view: its name, its rows and its columns."""
    made = []
    for view in known:
        rows = views.with_file_names(run, view)
        try:
            made.append((view, count(rows), ", ".join(rows.collect_schema().names())))
        except views.UNREADABLE as error:
            raise run.damaged(view) from error
    return pl.LazyFrame(made, schema={"table": pl.String, "rows": pl.Int64, "columns": pl.String}, orient="row")


def _columns(run: RunFolder, known: Sequence[View], name: str) -> pl.LazyFrame:
    """A row for each column of a view: its name and its type."""
    view = next((view for view in known if view == name.lower()), None)
    if view is None:
        message = f"no table {name!r} in this run. There are: {', '.join(known)}."
        raise UsageError(message)
    schema = views.with_file_names(run, view).collect_schema()
    return pl.LazyFrame({"column": schema.names(), "type": [type_name(kind) for kind in schema.values()]})


def type_name(kind: pl.DataType) -> str:
    """The name of a type of stored columns, as the documents have it."""
    names = {pl.String(): "text", pl.Boolean(): "boolean", INSTANT: "timestamp[us, UTC]"}
    return names.get(kind) or str(kind).lower()


def _plain(rows: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """The rows with the types that every form has: one kind of instants, durations as integers of µs, plain texts."""
    texts = selectors.by_dtype(pl.Null) | selectors.categorical() | selectors.enum()
    naive = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone is None]
    zoned = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone is not None]
    spans = [name for name, kind in schema.items() if isinstance(kind, pl.Duration)]
    names = {name: f"{name}_us" for name in spans if not name.endswith("_us") and f"{name}_us" not in schema}
    return rows.with_columns(
        texts.cast(pl.String),
        pl.col(naive).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.col(zoned).cast(INSTANT),
        pl.col(spans).cast(pl.Duration("us")).cast(pl.Int64),
    ).rename(names)


def _refused(error: BaseException, known: Sequence[View], named: dict[str, pl.LazyFrame]) -> UsageError:
    """What polars says of a query, in one line, with the tables that there are and the columns of those it names."""
    said = str(error).partition("\n")[0].partition("; valid columns")[0][:_MOST_SAID].rstrip(". ")
    tables = [
        f"{view} ({', '.join(named[view].collect_schema().names())})" if view in named else view for view in known
    ]
    there_are = f" Tables: {', '.join(tables)}." if tables else ""
    return UsageError(f"the query cannot be run: {said}.{there_are}")
