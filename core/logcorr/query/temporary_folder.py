"""A private folder for the files of filtered and sorted views, made at first use.

It is a work folder among the runs, so it is locked while this process lives. Where this process cannot remove it, the
next start of logcorr does.
"""

import threading
from contextlib import ExitStack
from pathlib import Path

from logcorr.model.errors import Cancelled
from logcorr.runs.work_folder import WorkFolder, make_folder


class TemporaryFolder:
    """Makes folders for the files of views, until it is closed. Closing removes them all. For any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._work: WorkFolder | None = None
        self._closed = False

    def folder(self) -> Path:
        """A new folder that only this user may read. Raises OutputError, and Cancelled once `close` was called."""
        with self._lock:
            if self._closed:
                raise Cancelled("The view was closed.")
            if self._work is None:
                self._work = self._stack.enter_context(WorkFolder(self._root))
            return make_folder(self._work.spill, "view-")

    def close(self) -> None:
        """Removes all folders. No more can be made."""
        with self._lock:
            self._closed = True
            self._stack.close()
