"""The work folder of a run in progress: private, locked, and always removed at the end.

A process locks its work folder. If the lock of a work folder is free, its process is dead, and `leftovers` removes it.
"""

import os
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from logcorr.model.errors import Cancelled, OutputError, cannot_write
from logcorr.runs.find_runs import finished_run
from logcorr.runs.leftovers import GONE, LOCK, UNFINISHED, WORK_PREFIX, lock_soon, root_lock, sweep
from logcorr.runs.ownership import check_absent_or_mine, make_private, privately, rename_output
from logcorr.runs.run_folder import RunFolder

_REMOVE_TRIES = 20
_REMOVE_WAIT_S = 0.02
# After an error, the folder must be gone at so many checks in a row.
_CHECKS = 3
_open_folders: "set[WorkFolder]" = set()


class WorkFolder:
    """The private folder of a run in progress: `run/` will be published, `spill/` will not.

    It is made when the context is entered, and removed when it is left. Raises OutputError if it cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock: IO[str] | None = None
        self._unfinished: list[Path] = []
        self._private = ExitStack()
        # Held to deliver, and to abandon: abandoned work delivers nothing.
        self._end = threading.Lock()
        self._abandoned = False

    def __enter__(self) -> Self:
        if not is_utf8(self._root):
            raise OutputError(f"run folder {str(self._root)!r}: the path is not UTF-8. Name another with --store.")
        try:
            self._private.enter_context(privately())
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep(self._root)
            with root_lock(self._root):
                self.path = make_folder(self._root, WORK_PREFIX)
                self._lock = (self.path / LOCK).open("w", encoding="utf8")
                lock_soon(self._lock)
            for folder in (self.run, self.spill):
                folder.mkdir(mode=0o700)
            _open_folders.add(self)
        except OSError as error:
            self._private.close()
            if self._lock is not None:
                self._lock.close()
            message = f"run folder {str(self._root)!r} cannot be written: {error.strerror}. Name another with --store."
            raise OutputError(message) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._private:
            self.abandon(checks=1 if kind is None else _CHECKS)

    @property
    def run(self) -> Path:
        """The folder that becomes the finished run."""
        return self.path / "run"

    @property
    def spill(self) -> Path:
        """The folder of temporary files, which are removed after the run."""
        return self.path / "spill"

    def add_unfinished(self, path: Path) -> None:
        """Notes the path of an unfinished output, so that another process removes it if this process dies."""
        self._unfinished.append(path)
        with (self.path / UNFINISHED).open("ab") as journal:
            journal.write(os.fsencode(path.resolve()) + b"\0")

    def deliver(self, outputs: list[tuple[Path, Path]], key: str | None = None) -> RunFolder | None:
        """Publishes the run if it has a key; then renames each unfinished output to its target (unfinished, target).

        Raises Cancelled if another thread has abandoned the work: then nothing is delivered. Raises OutputError if a
        target cannot be replaced.
        """
        with self._end:
            if self._abandoned:
                message = "interrupted; nothing was kept."
                raise Cancelled(message)
            run = None if key is None else self.publish(key)
            for unfinished, target in outputs:
                try:
                    rename_output(unfinished, target)
                except OSError as error:
                    raise cannot_write(str(target), error) from error
            return run

    def publish(self, key: str) -> RunFolder:
        """Makes the run visible as `<root>/<key>`, by one rename.

        A run that another process has made there meanwhile is kept; a damaged run is replaced.
        """
        target = self._root / key
        check_absent_or_mine(target)
        if target.exists() and finished_run(self._root, key) is None:
            target.rename(self.path / "damaged")
        make_private(self.run)
        try:
            self.run.rename(target)
        except OSError:
            if finished_run(self._root, key) is None:
                raise
        return RunFolder(target)

    def abandon(self, checks: int = _CHECKS) -> None:
        """Removes the folder and all unfinished outputs, even while other threads still write into the folder.

        It is removed until it is gone at so many checks in a row, 0.02 s apart.
        """
        with self._end:
            self._abandoned = True
        self._remove_unfinished()
        if self._lock is not None:
            self._lock.close()
        renamed = self.path.with_name(self.path.name + GONE)
        try:
            self.path.rename(renamed)
        except OSError:
            renamed = self.path
        # Threads of a query that was ended may still write, and make their folders again.
        gone = 0
        for _ in range(_REMOVE_TRIES):
            present = [folder for folder in (renamed, self.path) if folder.exists()]
            for folder in present:
                shutil.rmtree(folder, ignore_errors=True)
            gone = (0 if present else gone) + (not any(folder.exists() for folder in present))
            if gone >= checks:
                break
            time.sleep(_REMOVE_WAIT_S)
        self._remove_unfinished()  # a thread may have begun another one meanwhile
        _open_folders.discard(self)

    def _remove_unfinished(self) -> None:
        for path in self._unfinished:
            path.unlink(missing_ok=True)


def abandon_all() -> None:
    """Removes all work folders of this process, from any thread; for a process that is about to exit."""
    for folder in list(_open_folders):
        folder.abandon()


def make_folder(parent: Path, prefix: str) -> Path:
    """Makes a new private folder in `parent`, and returns its path. Raises OSError.

    Its path is relative where that of `parent` is, in every version of Python: polars takes only paths that are UTF-8,
    and the working folder may be none.
    """
    return parent / Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).name


def is_utf8(path: str | Path) -> bool:
    """Whether a path is UTF-8 on disk, as polars needs it."""
    return not any("\udc80" <= char <= "\udcff" for char in str(path))
