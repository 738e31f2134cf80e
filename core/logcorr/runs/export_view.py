"""Exports a view of a finished run to a file, or to stdout: all of its rows, or those that a filter leaves."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl

from logcorr.model.options import Document, Output
from logcorr.runs import output_files, views, write_csv_json_parquet
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

# Called with the number of rows of each chunk before the chunk is written; may raise.
Tap = Callable[[int], None]


def export_view(
    run: RunFolder,
    output: Output,
    root: Path,
    *,
    force: bool,
    where: pl.Expr | None = None,
    tap: Tap = lambda _rows: None,
) -> None:
    """Writes the rows of a view for which `where` holds. Raises UsageError, InputError or OutputError.

    Leaves no half file, and never replaces a log that the run is of.
    """
    output_files.check_target(output.path, force=force, inputs=output_files.logs_of([run]))
    with WorkFolder(root) as work:
        unfinished = output_files.unfinished_path(output.path)
        if output.path != output_files.STDOUT:
            work.add_unfinished(unfinished)
        write_view(run, output, unfinished, work, where=where, tap=tap)
        work.deliver([] if output.path == output_files.STDOUT else [(unfinished, Path(output.path).absolute())])


def export_document(run: RunFolder, document: Document, root: Path, *, force: bool) -> None:
    """Writes a file that is made of a run as a whole. Raises and replaces as `export_view` does."""
    output_files.check_path(document.path, force=force, inputs=output_files.logs_of([run]))
    output_files.write_whole(document.path, document.bytes_of(run), root)


def write_view(
    run: RunFolder,
    output: Output,
    unfinished: Path,
    work: WorkFolder,
    *,
    where: pl.Expr | None = None,
    tap: Tap = lambda _rows: None,
) -> None:
    """Writes to the file `unfinished` what `export_view` writes; raises as it does."""
    records = views.records(run, output.view, output.columns)
    if where is not None:
        chosen = where if records.chosen is None else records.chosen & where
        records = msgspec.structs.replace(records, chosen=chosen)
    try:
        write_csv_json_parquet.write(
            records,
            output.path,
            unfinished,
            work.spill / "sort",
            sort_time=output.sort_time,
            sort_view=output.sort_view,
            raw_csv=output.raw_csv,
            tap=tap,
        )
    except views.UNREADABLE as error:
        tap(0)  # an engine that is ended by the tap may say that its files are damaged
        raise run.damaged(output.view) from error
    tap(0)
