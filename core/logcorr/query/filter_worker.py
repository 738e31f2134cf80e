"""The process that filters, sorts or counts a view. It reads a task from stdin and writes events to stdout.

The process ends when stdin ends.
"""

import os
import sys
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.child_process import call_at_end
from logcorr.compute.object_path import path_of
from logcorr.compute.parquet_slices import RowFiles, row_files, scan
from logcorr.compute.resources import peak_rss
from logcorr.formats.endpoint_path import collapsed
from logcorr.model.errors import Cancelled, InputError, LogcorrError, OutputError, system_error
from logcorr.query import count_by, filter_and_sort, filter_language
from logcorr.query.filter_process import (
    CountTask,
    FilteredFiles,
    FilterEvent,
    FilterFailed,
    FilterTask,
    FirstRows,
    Task,
)
from logcorr.query.table_columns import columns_of, shown
from logcorr.query.top_rows import top_rows
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

FIRST_ROWS = 200


def main() -> None:
    """Does one task."""
    line = sys.stdin.buffer.readline()
    if not line:
        return
    call_at_end(sys.stdin.buffer, lambda: os._exit(Cancelled.exit_code))
    task: Task = msgspec.json.decode(line, type=Task)
    try:
        files = do(task)
        # Files of a run, which a sort without a filter begins with, are never among those that it ends with.
        names = (str(Path(str(path)).relative_to(task.folder)) for path in files.paths)
        named = zip(names, files.heights, strict=True)
        _tell(FilteredFiles(list(named), peak_rss()))
    except LogcorrError as error:
        _tell(FilterFailed(type(error).__name__, str(error)))
    except (OSError, *views.UNREADABLE) as error:
        os_error = system_error(error)
        if os_error is not None:
            reason = os_error.strerror or os_error
            message = f"this view needs files in {task.folder!r}, which could not be written: {reason}."
            _tell(FilterFailed(OutputError.__name__, message))
            os._exit(0)
        _tell(FilterFailed(InputError.__name__, str(RunFolder(path_of(task.run)).damaged(task.view))))
    # At once: nothing is left to be done, and a thread still waits for the end of stdin.
    os._exit(0)


def do(task: Task) -> RowFiles:
    """Writes the rows, and tells the first rows as soon as they are known."""
    return _count(task) if isinstance(task, CountTask) else _filter(task)


def _count(task: CountTask) -> RowFiles:
    run, target = RunFolder(path_of(task.run)), Path(task.folder) / "counted.ipc"
    rows = views.scan(run, task.view).filter(filter_language.expression(task.terms))
    if task.collapse_ids:
        rows = rows.with_columns(collapsed(pl.col("endpoint")).alias("endpoint"))
    if task.orphan_terms is None:
        counted = count_by.count_by(rows, task.by)
    else:
        orphans = views.scan(run, "orphans").filter(filter_language.expression(task.orphan_terms))
        counted = count_by.users_within(rows, orphans)
    counted.sink_ipc(target, engine="streaming")
    return row_files([target])


def _filter(task: FilterTask) -> RowFiles:
    run, folder = RunFolder(path_of(task.run)), Path(task.folder)
    records = views.records(run, task.view)
    if task.parts:
        records = msgspec.structs.replace(records, parts=[Path(part) for part in task.parts], chosen=None)
    conditions = [records.chosen, filter_language.expression(task.terms) if task.terms else None]
    known = [condition for condition in conditions if condition is not None]
    chosen = pl.all_horizontal(known) if known else None
    columns = columns_of((scan(records.parts) if task.parts else views.scan(run, task.view)).collect_schema())

    def tell(rows: pl.LazyFrame) -> None:
        _tell(FirstRows(shown(rows, columns)))

    def tell_new_rows(files: RowFiles) -> None:
        if files.height - files.heights[-1] < FIRST_ROWS and files.heights[-1]:
            tell(pl.concat([scan([path]) for path in files.paths]).head(FIRST_ROWS))

    if task.column is not None:
        parts = [scan([path]) if chosen is None else scan([path]).filter(chosen) for path in records.parts]
        largest = max(range(len(parts)), key=lambda number: records.parts[number].stat().st_size)
        first = top_rows(pl.concat(parts), parts[largest], task.column, FIRST_ROWS, descending=task.descending)
        tell(first.lazy())
    if chosen is None:
        files = row_files(records.parts)
    else:
        listener = tell_new_rows if task.column is None else lambda _: None
        files = filter_and_sort.filtered(records.parts, chosen, folder, listener)
    if task.column is None:
        return files
    return filter_and_sort.ordered(files, task.column, folder, descending=task.descending)


def _tell(event: FilterEvent) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
