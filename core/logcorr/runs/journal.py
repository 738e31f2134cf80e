"""The journal of logs that are followed: the lines that were read, appended to plain files as they come.

A run is made of it as of any logs, also when the logs themselves were rotated away or came through a pipe. The lines
are written at once. About each second they are brought to the disk, and after them the state that tells how far each
log was read. So a process that dies loses nothing that it read, and a machine that stops loses the last seconds.
"""

import contextlib
import itertools
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from logcorr.compute.line_ends import last_line_end
from logcorr.model.errors import InputError, OutputError, cannot_write
from logcorr.runs.journal_state import (
    STATE,
    FollowedKind,
    JournalFile,
    JournalState,
    SourceForm,
    read_state,
    write_whole,
)
from logcorr.runs.leftovers import LOCK, lock_soon
from logcorr.runs.ownership import open_privately

PREFIX = "journal-"
_ID_BYTES = 8
_SAVE_S = 1.0


class Journal:
    """The journal that this process writes. It is locked until it is closed.

    `failure` is set once lines could not be written: then nothing is written any more. All methods are for one thread.
    """

    def __init__(self, place: Path, state: JournalState, lock: IO[str]) -> None:
        self.place, self.state, self._lock = place, state, lock
        self.failure: OSError | None = None
        self._descriptors: dict[str, int] = {}
        self._dirty: set[str] = set()
        # The bytes of files of which more was written than was noted.
        self._written: dict[str, int] = {}
        self._changed = False
        self._saved = time.monotonic()
        self._saver = _Saver(place)

    @classmethod
    def create(cls, root: Path, places: Sequence[Sequence[str]], options: dict[str, Any]) -> "Journal":
        """Makes a journal below the folder of all runs. Raises OutputError."""
        place = root / f"{PREFIX}{secrets.token_hex(_ID_BYTES)}"
        state = JournalState(places=[list(names) for names in places], options=options, created=time.time())
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.mkdir(mode=0o700)
            lock = open_privately(place / LOCK)
            lock_soon(lock)  # a disk that knows no locks does without
            journal = cls(place, state, lock)
            journal.save()
        except OSError as error:
            message = f"run folder {str(root)!r} cannot be written: {error.strerror}. Name another with --store."
            raise OutputError(message) from error
        return journal

    @classmethod
    def open_again(cls, place: Path, options: dict[str, Any]) -> "Journal":
        """Opens a journal to go on with it. Raises InputError where another process writes it, or it is damaged."""
        state = read_state(place)
        state.options = options
        try:
            return cls(place, state, _locked(place))
        except OSError as error:
            raise InputError(f"journal {place.name!r} cannot be written: {error.strerror}.") from error

    @property
    def name(self) -> str:
        """The name of the journal."""
        return self.place.name

    @property
    def size(self) -> int:
        """The bytes of all lines in the journal."""
        return sum(file.size for file in self.state.files)

    def settle_ends(self, keeps_tail: Callable[[JournalFile], bool]) -> int:
        """Ends each file where the state says, or with its last whole line where `keeps_tail` says so.

        To be called once, after `open_again`. Lines that the state does not know were written just before a process
        died: they are kept where they cannot be read again. Returns the bytes that were taken off. Raises OutputError.
        """
        cut = 0
        try:
            for file in self.state.files:
                path = self.place / file.file
                size = path.stat().st_size if path.exists() else 0
                end = file.size
                if size > end and keeps_tail(file):
                    with path.open("rb") as stream:
                        end = last_line_end(stream, size)
                if size < end:
                    message = f"journal {self.name!r}: {file.file!r} is shorter than it was. It cannot be gone on with."
                    raise InputError(message)
                if size > end:
                    os.truncate(path, end)
                    cut += size - end
                file.size = end
        except OSError as error:
            raise cannot_write(str(self.place), error) from error
        return cut

    def add_file(
        self, log: int, name: str, path: str, form: SourceForm, identity: tuple[int, int] = (0, 0)
    ) -> JournalFile:
        """Begins the file of another followed file. The state knows it before a line of it is written."""
        taken = {file.name for file in self.state.files if file.log == log}
        unique = next(one for one in _numbered(name) if one not in taken)
        file = JournalFile(
            log=log,
            file=f"{log}-{len(self.state.files):06d}.log",
            name=unique,
            path=path,
            form=form,
            device=identity[0],
            inode=identity[1],
        )
        self.state.files.append(file)
        if self.failure is None:
            with self._watched():
                self._descriptor(file)
                self.save()
        return file

    def append(self, file: JournalFile, text: bytes) -> bool:
        """Appends whole lines to a file. Returns whether they were written; else `failure` tells why not.

        The state counts them from the next `note` on, so that it never counts lines that it would read again.
        """
        if self.failure is None:
            with self._watched():
                descriptor = self._descriptor(file)
                try:
                    _write_all(descriptor, text)
                except OSError:
                    os.ftruncate(descriptor, self.written(file))
                    raise
                self._written[file.file] = self.written(file) + len(text)
                self._dirty.add(file.file)
                self._changed = True
                return True
        self.state.lines_not_kept += text.count(b"\n")
        return False

    def written(self, file: JournalFile) -> int:
        """The bytes of a file of the journal."""
        return self._written.get(file.file, file.size)

    def note(self, file: JournalFile, **told: Any) -> None:
        """Notes how far a followed file was read: fields of `JournalFile`. Not once writing has failed."""
        if self.failure is not None:
            return
        for name, value in {**told, "size": self._written.pop(file.file, file.size)}.items():
            if getattr(file, name) != value:
                setattr(file, name, value)
                self._changed = True

    def tell_kind(self, kind: FollowedKind) -> None:
        """Notes which run is made of the journal, so that it can be made from now on."""
        if self.state.kind != kind:
            self.state.kind = kind
            if self.failure is None:
                with self._watched():
                    self.save()

    def is_due(self) -> bool:
        """Whether the state is to be saved: a second after the last time, where anything changed."""
        if self.failure is None and (failed := self._saver.take_failure()) is not None:
            self.failure = failed
        is_old = time.monotonic() - self._saved >= _SAVE_S
        return self.failure is None and self._changed and is_old and self._saver.is_idle

    def save_soon(self) -> None:
        """Brings what was written to the disk, in the background. To be called where that `is_due`."""
        self._saved, self._changed = time.monotonic(), False
        self._saver.save([self._descriptors[name] for name in self._dirty], self._encoded())
        self._dirty.clear()

    def save(self) -> None:
        """Brings what was written to the disk, and returns once it is there. Raises OSError."""
        self._saver.wait()
        for name in self._dirty:
            os.fsync(self._descriptors[name])
        write_whole(self.place / STATE, self._encoded())
        self._dirty.clear()
        self._saved, self._changed = time.monotonic(), False

    def close(self, *, ended: bool) -> None:
        """Saves the state and releases the lock. `ended` tells that following ended in order."""
        self.state.ended = ended
        with self._watched():
            self.save()
        self._let_go()

    def abandon(self) -> None:
        """Lets go of the journal as a process does that dies: nothing more is written."""
        self.failure = self.failure or OSError("the journal is closed")
        self._let_go()

    def _let_go(self) -> None:
        self._saver.close()
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()
        self._lock.close()

    def _encoded(self) -> bytes:
        self.state.saved = time.time()
        return msgspec.json.encode(self.state)

    def _descriptor(self, file: JournalFile) -> int:
        if file.file not in self._descriptors:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
            self._descriptors[file.file] = os.open(self.place / file.file, flags, 0o600)
        return self._descriptors[file.file]

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Notes the first error of writing; nothing is written after it."""
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error


class _Saver:
    """Brings files and a state to the disk in a thread, as that may take long. One save at a time."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._thread: threading.Thread | None = None
        self._failure: OSError | None = None

    @property
    def is_idle(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    def save(self, descriptors: Sequence[int], state: bytes) -> None:
        """Begins a save. The one before must have ended."""

        def body() -> None:
            try:
                for descriptor in descriptors:
                    os.fsync(descriptor)
                write_whole(self._place / STATE, state)
            except OSError as error:
                self._failure = error

        self._thread = threading.Thread(target=body, name="journal", daemon=True)
        self._thread.start()

    def take_failure(self) -> OSError | None:
        """The error of a save, once."""
        failure, self._failure = self._failure, None
        return failure

    def wait(self) -> None:
        """Waits until the save that is under way has ended. Raises its OSError."""
        if self._thread is not None:
            self._thread.join()
        if (failure := self.take_failure()) is not None:
            raise failure

    def close(self) -> None:
        """Waits for the thread to end."""
        if self._thread is not None:
            self._thread.join()


def _locked(place: Path) -> IO[str]:
    """The lock file of a journal, locked. Raises InputError where another process has locked it, and OSError."""
    lock = open_privately(place / LOCK)
    if not lock_soon(lock):
        lock.close()
        raise InputError(f"journal {place.name!r} is being written by another process, which follows these logs.")
    return lock


def _numbered(name: str) -> Iterator[str]:
    """The name, and then the name with a number behind it."""
    yield name
    for number in itertools.count(2):
        yield f"{name} ({number})"


def _write_all(descriptor: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(descriptor, view) :]
