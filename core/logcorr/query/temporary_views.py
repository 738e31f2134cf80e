"""The private folder for the files of filtered and sorted views: a work folder of the store, made at first use.

So it is locked while this process lives, and the next start removes it where this one could not.
"""

import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from logcorr.model.errors import Cancelled
from logcorr.runs.work_folder import WorkFolder


class ViewFiles:
    """Makes folders below a root until it is closed, which removes them all. For any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._work: WorkFolder | None = None
        self._closed = False

    def folder(self) -> Path:
        """A new folder, for this user only. Raises OutputError where there can be none, Cancelled once it is closed."""
        with self._lock:
            if self._closed:
                raise Cancelled("The view was closed.")
            if self._work is None:
                self._work = self._stack.enter_context(WorkFolder(self._root))
            return Path(tempfile.mkdtemp(prefix="view-", dir=self._work.spill))

    def close(self) -> None:
        """Removes everything, for good."""
        with self._lock:
            self._closed = True
            self._stack.close()
