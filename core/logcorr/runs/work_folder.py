"""The work folder of a run in progress: private, locked, and gone at the end, however that comes."""

import os
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from logcorr.model.errors import Cancelled, OutputError, cannot_write
from logcorr.runs.leftovers import GONE, LOCK, PARTS, WORK_PREFIX, lock_soon, starting, sweep
from logcorr.runs.ownership import claim, hand_over, privately
from logcorr.runs.run_folder import RunFolder, finished_run

_REMOVE_TRIES = 20
_REMOVE_WAIT_S = 0.02
_LOOKS = 3
_open_folders: "set[WorkFolder]" = set()


class WorkFolder:
    """The private folder of a run in progress: `run/` is what will be published, `spill/` what will not.

    Removed at the end, however that comes; raises OutputError where it cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock: IO[str] | None = None
        self._parts: list[Path] = []
        self._private = ExitStack()
        # Whoever comes first: what is delivered stays, and of what is abandoned nothing is delivered.
        self._end = threading.Lock()
        self._abandoned = False

    def __enter__(self) -> Self:
        if not is_utf8(self._root):
            raise OutputError(f"run folder {str(self._root)!r}: the path is not UTF-8. Name another with --store.")
        try:
            self._private.enter_context(privately())
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep(self._root)
            with starting(self._root):
                self.path = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=self._root))
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._private:
            self.abandon(looks=1 if kind is None else _LOOKS)

    @property
    def run(self) -> Path:
        """The folder that becomes the finished run."""
        return self.path / "run"

    @property
    def spill(self) -> Path:
        """The folder for everything that is gone after the run."""
        return self.path / "spill"

    def add_part(self, part: Path) -> None:
        """Notes an unfinished output, so that it is removed if this process cannot do it itself."""
        self._parts.append(part)
        with (self.path / PARTS).open("ab") as journal:
            journal.write(os.fsencode(part.resolve()) + b"\0")

    def deliver(self, parts: list[tuple[Path, Path]], key: str | None = None) -> RunFolder | None:
        """Publishes the run where it has a key, then renames each part to its target: all of it, or nothing.

        Raises Cancelled where another thread has abandoned the work, OutputError where a target cannot be replaced.
        """
        with self._end:
            if self._abandoned:
                message = "interrupted; nothing was kept."
                raise Cancelled(message)
            run = None if key is None else self.publish(key)
            for part, target in parts:
                try:
                    hand_over(part, target)
                except OSError as error:
                    raise cannot_write(str(target), error) from error
            return run

    def publish(self, key: str) -> RunFolder:
        """Makes the run visible as `<root>/<key>`, by one rename.

        One that another process made meanwhile stays; a damaged one goes.
        """
        target = self._root / key
        claim(target)
        if target.exists() and finished_run(self._root, key) is None:
            target.rename(self.path / "damaged")
        try:
            self.run.rename(target)
        except OSError:
            if finished_run(self._root, key) is None:
                raise
        return RunFolder(target)

    def abandon(self, looks: int = _LOOKS) -> None:
        """Removes the folder and all unfinished outputs; safe while other threads still write into it.

        The folder must be gone at so many looks in a row, a moment apart.
        """
        with self._end:
            self._abandoned = True
        self._remove_parts()
        if self._lock is not None:
            self._lock.close()
        doomed = self.path.with_name(self.path.name + GONE)
        try:
            self.path.rename(doomed)
        except OSError:
            doomed = self.path
        # A query that was ended may have writers left, which make their folders anew: remove until nothing comes back.
        gone = 0
        for _ in range(_REMOVE_TRIES):
            found = [folder for folder in (doomed, self.path) if folder.exists()]
            for folder in found:
                shutil.rmtree(folder, ignore_errors=True)
            gone = (0 if found else gone) + (not any(folder.exists() for folder in found))
            if gone >= looks:
                break
            time.sleep(_REMOVE_WAIT_S)
        self._remove_parts()  # one may just have been begun
        _open_folders.discard(self)

    def _remove_parts(self) -> None:
        for part in self._parts:
            part.unlink(missing_ok=True)


def abandon_all() -> None:
    """Removes the work folders of this process, from whatever thread: for a process that is about to exit."""
    for folder in list(_open_folders):
        folder.abandon()


def is_utf8(path: str | Path) -> bool:
    """Whether a path is UTF-8 on disk: polars writes to no other."""
    return not any("\udc80" <= char <= "\udcff" for char in str(path))
