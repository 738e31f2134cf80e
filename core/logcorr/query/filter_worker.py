"""The process that filters or sorts a view: a `Job` on stdin, events on stdout. It ends when stdin does."""

import os
import sys
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.child_process import call_at_end
from logcorr.compute.parquet_slices import RowFiles, row_files, scan
from logcorr.compute.resources import peak_rss
from logcorr.model.errors import Cancelled, InputError, LogcorrError, OutputError, system_error
from logcorr.query import filter_and_sort, filter_language
from logcorr.query.filter_process import Event, Failed, FilterTask, First, Made
from logcorr.query.table_columns import columns_of, shown
from logcorr.query.top_rows import top_rows
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

FIRST_ROWS = 200


def main() -> None:
    """Does one job."""
    line = sys.stdin.buffer.readline()
    if not line:
        return
    call_at_end(sys.stdin.buffer, lambda: os._exit(Cancelled.exit_code))
    job = msgspec.json.decode(line, type=FilterTask)
    try:
        made = do(job)
        _tell(
            Made(
                [(str(p.relative_to(job.folder)), n) for p, n in zip(made.paths, made.heights, strict=True)], peak_rss()
            )
        )
    except LogcorrError as error:
        _tell(Failed(type(error).__name__, str(error)))
    except (OSError, *views.UNREADABLE) as error:
        refused = system_error(error)
        if refused is not None:
            reason = refused.strerror or refused
            message = f"this view needs files in {job.folder!r}, which could not be written: {reason}."
            _tell(Failed(OutputError.__name__, message))
            os._exit(0)
        _tell(Failed(InputError.__name__, str(RunFolder(Path(job.run)).damaged(job.view))))
    # At once: nothing is left to be done, and the leash holds stdin.
    os._exit(0)


def do(job: FilterTask) -> RowFiles:
    """Writes the rows, and tells the first of them as soon as they are known."""
    run, folder = RunFolder(Path(job.run)), Path(job.folder)
    found = views.records(run, job.view)
    wanted = [found.chosen, filter_language.expression(job.terms) if job.terms else None]
    held = [condition for condition in wanted if condition is not None]
    chosen = pl.all_horizontal(held) if held else None
    schema = scan(found.parts).collect_schema()
    columns = columns_of(schema)

    def tell(rows: pl.LazyFrame) -> None:
        _tell(First(shown(rows, columns)))

    def told(files: RowFiles) -> None:
        if files.height - files.heights[-1] < FIRST_ROWS and files.heights[-1]:
            tell(pl.concat([scan([path]) for path in files.paths]).head(FIRST_ROWS))

    if job.column is not None:
        parts = [scan([path]) if chosen is None else scan([path]).filter(chosen) for path in found.parts]
        largest = max(range(len(parts)), key=lambda number: found.parts[number].stat().st_size)
        first = top_rows(pl.concat(parts), parts[largest], job.column, FIRST_ROWS, descending=job.descending)
        tell(first.lazy())
    if chosen is None:
        files = row_files(found.parts)
    else:
        files = filter_and_sort.filtered(found.parts, chosen, folder, told if job.column is None else lambda _: None)
    if job.column is None:
        return files
    return filter_and_sort.ordered(files, job.column, folder, descending=job.descending)


def _tell(event: Event) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
