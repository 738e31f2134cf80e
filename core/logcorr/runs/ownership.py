"""Whose files are whose: what a run keeps is its user's alone, and nobody else's folder is taken for a run."""

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from logcorr.model.errors import InputError, OutputError

_PRIVATE = 0o077
_WRITABLE = 0o666
_lock = threading.Lock()
_held = 0
_users = _PRIVATE


@contextlib.contextmanager
def privately() -> Iterator[None]:
    """As long as it lasts, files that this process makes are for its user only, whatever the umask and the thread."""
    global _held, _users  # noqa: PLW0603 - a process has one umask
    with _lock:
        if not _held:
            _users = os.umask(_PRIVATE)
        _held += 1
    try:
        yield
    finally:
        with _lock:
            _held -= 1
            if not _held:
                os.umask(_users)


def hand_over(part: Path, target: Path) -> None:
    """Renames a complete output to its name; who else may read it is again what the user's umask says."""
    with _lock:
        users = _users if _held else os.umask(_PRIVATE)
        if not _held:
            os.umask(users)
    # A disk that knows no modes has none to be set.
    with contextlib.suppress(OSError):
        part.chmod(_WRITABLE & ~users)
    part.replace(target)


def is_mine(folder: Path) -> bool:
    """Whether it is a folder of this user, and no link to one."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and (os.name == "nt" or status.st_uid == os.geteuid())


def claim(path: Path) -> None:
    """Raises OutputError where a run has no place, as something stands there that is no folder of this user's."""
    if os.path.lexists(path) and not is_mine(path):
        message = f"run folder {str(path)!r} is a link, a file, or somebody else's. Name another store with --store."
        raise OutputError(message)


def check_mine(path: Path) -> None:
    """Raises InputError for the folder of a run that is not this user's: it could say anything."""
    if not is_mine(path):
        message = f"run {path.name!r} is a link, or somebody else's: it is neither read nor removed."
        raise InputError(message)
