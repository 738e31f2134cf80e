"""Exports a filtered view of a run, or its whole report as an HTML page, to a file, in a thread.

It streams, can be cancelled, and leaves no half file.
"""

import io
import os
import threading
from pathlib import Path

import polars as pl

from logcorr.model.errors import Cancelled
from logcorr.model.options import Document, Output, View
from logcorr.query.view_filter import view_filter
from logcorr.runs import export_view, output_files
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_HTML_FORM = ".html"
_CANCELLED = "cancelled; nothing was written."


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
        self._run, self._expression, self._root = run, expression, root
        self._output = Output(view=view, path=path)
        self.is_page = Path(path).suffix.lower() == _HTML_FORM
        self._cancelled = threading.Event()
        self.rows = 0

    def cancel(self) -> None:
        """The export ends with Cancelled at its next block of rows."""
        self._cancelled.set()

    def write(self, *, force: bool) -> None:
        """Writes the file. Raises UsageError, InputError, OutputError or Cancelled; leaves no half file."""
        if self.is_page:
            page = Document(path=self._output.path, bytes_of=self._page)
            export_view.export_document(self._run, page, self._root, force=force)
            return
        export_view.export_view(self._run, self._output, self._root, force=force, where=self._filter(), tap=self._tap)

    def download(self) -> "DownloadFile":
        """Writes to a file that only this process can reach, and that is gone when it is closed.

        Of the path, only the ending matters. Raises as `write` does.
        """
        if not self.is_page:
            output_files.check_form(self._output.path)
        with WorkFolder(self._root) as work:
            part = work.spill / "download"
            if self.is_page:
                part.write_bytes(self._page(self._run))
                return DownloadFile(part)
            export_view.write_view(self._run, self._output, part, work, where=self._filter(), tap=self._tap)
            return DownloadFile(part)

    def _page(self, run: RunFolder) -> bytes:
        from logcorr.render.html.page import run_html

        html = run_html(run)
        self._check()
        return html

    def _filter(self) -> pl.Expr | None:
        return view_filter(self._run, self._output.view, self._expression)

    def _tap(self, rows: int) -> None:
        self._check()
        self.rows += rows

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled(_CANCELLED)
