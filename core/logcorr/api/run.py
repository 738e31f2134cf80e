"""A finished run for Python: its report, its views as lazy frames, and their export."""

import os
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Generic, Literal, Self, TypeVar

import polars as pl

from logcorr.model.access_report import RunReport
from logcorr.model.errors import Cancelled, UsageError
from logcorr.model.options import Narrowing, Output, View
from logcorr.query.temporary_folder import TemporaryFolder
from logcorr.runs import output_files, ownership, views
from logcorr.runs.run_folder import RunFolder

R_co = TypeVar("R_co", bound=RunReport, covariant=True)


class TemporaryRun:
    """Holds the folder of a run that is not kept. It is removed when nothing refers to this any more, or by `close`."""

    def __init__(self, folder: TemporaryFolder) -> None:
        self._finalizer = weakref.finalize(self, folder.close)

    def close(self) -> None:
        """Removes the folder. Does nothing where it is gone."""
        self._finalizer()

    @property
    def closed(self) -> bool:
        """Whether the folder is gone."""
        return not self._finalizer.alive


class Run(Generic[R_co]):
    """A finished run, as `correlate`, `analyze` and `open` give it.

    Views are lazy frames of polars over the Parquet files of the run, so only what a query asks for is read. Times are
    `Datetime("us", "UTC")`, durations whole µs with `_us` in the name; files are named as they were given. A context
    manager: leaving it removes a run that is not kept, and changes nothing else. Any thread may use it.
    """

    def __init__(
        self,
        report: R_co,
        stored: RunFolder | None,
        root: Path,
        *,
        reused: bool = True,
        notes: Sequence[str] = (),
        temporary: TemporaryRun | None = None,
    ) -> None:
        self._report, self._stored, self._root, self._temporary = report, stored, root, temporary
        self._reused, self._notes = reused, tuple(notes)

    @property
    def report(self) -> R_co:
        """The report: a `Report` of a correlation, an `AccessReport` of an access log. Units are in the names."""
        return self._report

    @property
    def kind(self) -> Literal["correlation", "access"]:
        """What the run is of: two logs that were correlated, or an access log."""
        return "access" if self._report.kind == "access" else "correlation"

    @property
    def folder(self) -> Path:
        """The folder of the run. Raises UsageError where there is none, or none any more, or the run is in a bucket."""
        return self.stored.path

    @property
    def root(self) -> Path:
        """The folder of runs that this run is of. It holds what is written on the way to an export.

        For a run in a bucket that is the platform's folder of runs.
        """
        return self._root

    @property
    def stored(self) -> RunFolder:
        """The files of the run. Raises UsageError as `folder` does."""
        if self._stored is None or (self._temporary is not None and self._temporary.closed):
            raise UsageError("this run was not kept, so its views are gone. Keep it, or use it before it is closed.")
        return self._stored

    @property
    def kept(self) -> bool:
        """Whether the run stays in its store."""
        return self._stored is not None and self._temporary is None

    @property
    def reused(self) -> bool:
        """Whether this is a run of before that was opened again."""
        return self._reused

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how the logs were read, and on logs that have grown since; empty for a run that was opened."""
        return self._notes

    @property
    def views(self) -> tuple[str, ...]:
        """The names of the views that this run has."""
        return views.views_of(self.stored.manifest)

    def view(self, name: str) -> pl.LazyFrame:
        """The rows of a view: one of `views`.

        Raises NoSuchView, which is a UsageError and an AttributeError, and names the views that there are; InputError
        where its files are missing or damaged.
        """
        # Any other name is an error that names the views.
        rows = views.with_file_names(self.stored, name)  # type: ignore[arg-type]
        return rows if self._temporary is None else _holding(rows, self._temporary)

    @property
    def exchanges(self) -> pl.LazyFrame:
        """Requests with their responses, or lines of an access log. See docs/api.md for the columns of all views."""
        return self.view("exchanges")

    @property
    def orphans(self) -> pl.LazyFrame:
        """Requests and responses without a partner, each with its reason. Correlations have it."""
        return self.view("orphans")

    @property
    def malformed(self) -> pl.LazyFrame:
        """Malformed lines, each with its reason and its text."""
        return self.view("malformed")

    @property
    def other(self) -> pl.LazyFrame:
        """Lines that the format does not speak of, with their text. Runs with a profile of a format have it."""
        return self.view("other")

    @property
    def duplicates(self) -> pl.LazyFrame:
        """Repeated entries: redelivered or superseded. Correlations have it."""
        return self.view("duplicates")

    @property
    def users(self) -> pl.LazyFrame:
        """Counts by user. Correlations have it."""
        return self.view("users")

    @property
    def endpoints(self) -> pl.LazyFrame:
        """Counts and durations by endpoint, where exchanges have one."""
        return self.view("endpoints")

    @property
    def ips(self) -> pl.LazyFrame:
        """Counts by address, where exchanges have one."""
        return self.view("ips")

    @property
    def windows(self) -> pl.LazyFrame:
        """Counts by window of time, where exchanges have attributes."""
        return self.view("windows")

    def export(
        self,
        view: View,
        path: str | Path,
        *,
        columns: Sequence[str] = (),
        where: str | pl.Expr | None = None,
        sort: Literal["time"] | None = None,
        raw_csv: bool = False,
        force: bool = False,
        cancel: Event | None = None,
    ) -> None:
        """Writes a view to a file, as `logcorr export` does: JSON, NDJSON, CSV or Parquet by the ending of the path.

        `columns` are more columns for views of exchanges. `where` is a filter in the words of the app
        (`status>=500 duration>1s`), or an expression on the columns as they are stored, where files are numbers.
        `sort` is "time" or the order of the run. `raw_csv` leaves formulas in CSV as they are. `force` replaces a
        file. The file appears whole or not at all. Raises UsageError, NoSuchView, InputError and OutputError, and
        Cancelled once `cancel` is set.
        """
        if sort not in (None, "time"):
            raise UsageError(f"sort {sort!r}: it is 'time', or None for the order of the run.")
        if isinstance(columns, str):
            raise UsageError(f"columns: give a list of names, not {columns!r}.")
        name = os.fsdecode(path)
        if name == output_files.STDOUT:
            raise UsageError("export writes to a file: nothing here prints.")
        output = Output(view=view, path=name, columns=tuple(columns), sort_time=sort is not None, raw_csv=raw_csv)
        with ownership.leaving_umask():
            self.write_output(output, force=force, where=where, cancel=cancel)

    def write_output(
        self,
        output: Output,
        *,
        force: bool,
        where: str | pl.Expr | None = None,
        within: Narrowing | None = None,
        cancel: Event | None = None,
    ) -> None:
        """Does what `export` does, as an `Output` tells it, which may be standard output. Raises as `export` does.

        `within` names the times of the rows.
        """
        from logcorr.query.view_filter import check_expression, view_filter, view_range
        from logcorr.runs import export_view

        stored = self.stored
        chosen = view_filter(stored, output.view, where) if isinstance(where, str) else where
        if chosen is not None and not isinstance(where, str):
            check_expression(stored, output.view, chosen)
        span = None if within is None else view_range(stored, output.view, within)
        if span is not None:
            chosen = span if chosen is None else chosen & span
        export_view.export_view(stored, output, self._root, force=force, where=chosen, tap=_tap(cancel))

    def close(self) -> None:
        """Removes the run where it is not kept: its views are gone then. Does nothing to a run that is kept."""
        if self._temporary is not None:
            self._temporary.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        from logcorr.api import notebook_table

        where = repr(str(self.stored.place)) if self.kept else "not kept"
        return f"<logcorr.Run {self.kind}: {', '.join(notebook_table.headline(self._report))}; {where}>"

    def _repr_html_(self) -> str:
        """A table of the headline figures, for notebooks. Text of logs is inert in it."""
        from logcorr.api import notebook_table

        return notebook_table.html_table(self._report)


def _holding(rows: pl.LazyFrame, temporary: TemporaryRun) -> pl.LazyFrame:
    """The same rows, as a frame that keeps the folder of the run as long as it, or a frame made of it, is there.

    A column of the plan refers to the folder. Nobody asks for that column, so it is never made.
    """
    name = "_holding"
    held = pl.lit(0).map_batches(partial(_unchanged, temporary), return_dtype=pl.Int32)
    return rows.with_columns(held.alias(name)).drop(name)


def _unchanged(_temporary: TemporaryRun, column: pl.Series) -> pl.Series:
    return column


def _tap(cancel: Event | None) -> Callable[[int], None]:
    def tap(_rows: int) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled("interrupted; nothing was written.")

    return tap
