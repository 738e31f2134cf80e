"""What dead processes left in a root of runs: their work folders, and the unfinished outputs that these name.

Others may be able to write into the root too. So only folders of this user count, never a link; and of the files
that they name only those go that are unfinished outputs by their name, and this user's.
"""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from logcorr.runs.ownership import is_mine

WORK_PREFIX = ".work-"
GONE = "-gone"
LOCK = "lock"
PARTS = "parts.txt"
_PART = re.compile(r"\..+\.[0-9]+\.part", re.DOTALL)
_STARTING_S = 60
# A disk that knows no locks is waited for no longer.
_LOCK_TRIES = 20
_LOCK_WAIT_S = 0.01


def sweep(root: Path) -> None:
    """Removes the work folders of dead processes, and the unfinished outputs they name."""
    with starting(root) as alone:
        dead = [folder for folder in root.glob(f"{WORK_PREFIX}*") if is_mine(folder) and _is_dead(folder, alone)]
    for folder in dead:
        _remove_parts(folder / PARTS)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def starting(root: Path) -> Iterator[bool]:
    """As long as it lasts, only this one makes a work folder in the root, or looks which are dead.

    False where that cannot be had: the system locks no folders, or somebody else holds this one for long.
    """
    folder = None
    with contextlib.suppress(OSError):
        folder = os.open(root, os.O_RDONLY)
    try:
        yield folder is not None and lock_soon(folder)
    finally:
        if folder is not None:
            os.close(folder)


def lock_soon(file: IO[str] | int) -> bool:
    """Locks as `try_lock` does, and waits a moment for it."""
    for _ in range(_LOCK_TRIES):
        if try_lock(file):
            return True
        time.sleep(_LOCK_WAIT_S)
    return False


def try_lock(file: IO[str] | int) -> bool:
    """Locks the file for as long as it is open; False where another process holds it, or the disk knows no locks."""
    import filelock  # noqa: PLC0415 - the app starts without it

    # Not its FileLock: it locks no folder, makes the file where there is none, and removes the file on Windows.
    try:
        return filelock.lock_descriptor(file if isinstance(file, int) else file.fileno(), blocking=False)
    except OSError:
        return False


def _is_dead(folder: Path, alone: bool) -> bool:
    if folder.name.endswith(GONE):
        return True
    # Not yet locked, or with no more than its lock, it may be of a process that is just starting: unless for long.
    settled = alone or _age_s(folder) >= _STARTING_S
    try:
        with (folder / LOCK).open("r+", encoding="utf8") as lock:
            return try_lock(lock) and (settled or [entry.name for entry in folder.iterdir()] != [LOCK])
    except FileNotFoundError:
        return settled
    except OSError:
        return False


def _remove_parts(journal: Path) -> None:
    if journal.exists():
        for name in journal.read_bytes().split(b"\0")[:-1]:
            part = Path(os.fsdecode(name))
            if _PART.fullmatch(part.name) and part.is_file():
                part.unlink(missing_ok=True)


def _age_s(folder: Path) -> float:
    try:
        return max(0.0, time.time() - folder.stat().st_mtime)
    except OSError:
        return 0.0
