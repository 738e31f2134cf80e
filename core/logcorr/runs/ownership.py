"""Who owns files: only its user may read a run, and no folder of another user is taken for a run."""

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from logcorr.compute.object_path import AnyPath, ObjectPath
from logcorr.model.errors import InputError, OutputError

_PRIVATE_UMASK = 0o077
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_WRITABLE = 0o666
_lock = threading.Lock()
# How many blocks of `privately` are entered now, and the umask from before the first.
_entered = 0
_user_umask = _PRIVATE_UMASK
_leaves_umask = ContextVar("leaves_umask", default=False)


@contextlib.contextmanager
def leaving_umask() -> Iterator[None]:
    """Within this block, this thread leaves the umask alone, because the process belongs to another program.

    Files are private all the same: the folders that they are in are made private, and a run is when it is published.
    """
    token = _leaves_umask.set(True)
    try:
        yield
    finally:
        _leaves_umask.reset(token)


@contextlib.contextmanager
def privately() -> Iterator[None]:
    """Within this block, only its user may read files that this process makes, in any thread and with any umask.

    It does nothing within `leaving_umask`.
    """
    if _leaves_umask.get():
        yield
        return
    global _entered, _user_umask  # noqa: PLW0603 - a process has one umask
    with _lock:
        if not _entered:
            _user_umask = os.umask(_PRIVATE_UMASK)
        _entered += 1
    try:
        yield
    finally:
        with _lock:
            _entered -= 1
            if not _entered:
                os.umask(_user_umask)


def open_privately(path: Path) -> IO[str]:
    """Opens a file to append text to it; only its user may read it, with any umask. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE_FILE), "a", encoding="utf8")


def make_private(folder: Path) -> None:
    """Lets only its user read what is in a folder, where the umask was left alone while it was made."""
    if not _leaves_umask.get():
        return
    for path in folder.rglob("*"):
        # A disk that knows no modes refuses to set one.
        with contextlib.suppress(OSError):
            path.chmod(_PRIVATE_FOLDER if path.is_dir() else _PRIVATE_FILE)


def rename_output(unfinished: Path, target: Path) -> None:
    """Renames a complete output to its target, readable by others as the umask of the user allows."""
    if _leaves_umask.get() and not _entered:
        unfinished.replace(target)
        return
    with _lock:
        umask = _user_umask if _entered else os.umask(_PRIVATE_UMASK)
        if not _entered:
            os.umask(umask)
    # A disk that knows no modes refuses to set one.
    with contextlib.suppress(OSError):
        unfinished.chmod(_WRITABLE & ~umask)
    unfinished.replace(target)


def is_mine(folder: AnyPath) -> bool:
    """Whether a path is a folder of this user, and not a link to one. Who writes into a bucket is its own matter."""
    if isinstance(folder, ObjectPath):
        return True
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and (os.name == "nt" or status.st_uid == os.geteuid())


def check_absent_or_mine(path: Path) -> None:
    """Raises OutputError if a run cannot be made at a path, because it exists and is not a folder of this user."""
    if os.path.lexists(path) and not is_mine(path):
        message = f"run folder {str(path)!r} is a link, a file, or somebody else's. Name another store with --store."
        raise OutputError(message)


def check_mine(path: AnyPath) -> None:
    """Raises InputError if the folder of a run is not this user's, because another user may have forged it."""
    if not is_mine(path):
        message = f"run {path.name!r} is a link, or somebody else's: it is neither read nor removed."
        raise InputError(message)
