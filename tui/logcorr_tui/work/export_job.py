"""Exports a filtered view of a run to a file, in a thread. It streams, can be cancelled, and leaves no half file.

The steps are those of `logcorr.exports.one`, with a filter before, and a tap that counts rows and cancels.
"""

import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from logcorr.model.errors import Cancelled
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.runs import output_files, views, write_records
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_CANCELLED = "cancelled; nothing was written."


class CountedRecords(views.Records, frozen=True, kw_only=True):
    """Records that call `tap` with the number of rows of each chunk, before the chunk is written."""

    tap: Callable[[int], None]

    def chunks(self, **more: pl.Expr) -> Iterator[pl.DataFrame]:
        for chunk in super().chunks(**more):
            self.tap(chunk.height)
            yield chunk


class DownloadFile(io.FileIO):
    """A file that the browser reads block by block, and that counts the bytes read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.size = os.fstat(self.fileno()).st_size
        self.taken = 0
        self.whole = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads a block. An empty block is the end."""
        block = super().read(size) or b""
        self.taken += len(block)
        self.whole = not block
        return block


class ExportJob:
    """One export: `write` in a thread, `rows` and `cancel` from any other."""

    def __init__(self, run: RunFolder, view: View, expression: str, path: str, root: Path) -> None:
        self._run, self._view, self._expression, self._path, self._root = run, view, expression, path, root
        self._cancelled = threading.Event()
        self.rows = 0

    def cancel(self) -> None:
        """The export ends with Cancelled at its next block of rows."""
        self._cancelled.set()

    def write(self, *, force: bool) -> None:
        """Writes the file. Raises UsageError, InputError, OutputError or Cancelled; leaves no half file."""
        manifest = self._run.manifest
        logs = [Path(log.path) for side in manifest.inputs.values() for log in side]
        output_files.check_target(self._path, force=force, inputs=logs)
        with WorkFolder(self._root) as work:
            part = output_files.unfinished_path(self._path)
            work.add_unfinished(part)
            self._fill(part, work)
            work.deliver([(part, Path(self._path).absolute())])

    def download(self) -> "DownloadFile":
        """Writes to a file that only this process can reach, and that is gone when it is closed.

        Of the path, only the ending matters. Raises as `write` does.
        """
        output_files.check_form(self._path)
        with WorkFolder(self._root) as work:
            part = work.spill / "download"
            self._fill(part, work)
            return DownloadFile(part)

    def _fill(self, part: Path, work: WorkFolder) -> None:
        try:
            found = self._records()
            write_records.write(found, self._path, part, work.spill / "sort", sort_time=False)
        except views.UNREADABLE as error:
            self._check()
            raise self._run.damaged(self._view) from error
        self._check()

    def _records(self) -> CountedRecords:
        found = views.records(self._run, self._view)
        chosen = found.chosen
        if self._expression.strip():
            schema = views.scan(self._run, self._view).collect_schema()
            terms = filter_language.parse(
                self._expression, schema, filter_language.day_of(self._run.report), self._run.manifest.files
            )
            wanted = filter_language.expression(terms)
            chosen = wanted if chosen is None else chosen & wanted
        return CountedRecords(parts=found.parts, chosen=chosen, columns=found.columns, time=found.time, tap=self._tap)

    def _tap(self, rows: int) -> None:
        self._check()
        self.rows += rows

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled(_CANCELLED)
