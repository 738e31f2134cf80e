"""Removes what dead processes left below the root of all runs: work folders, and the unfinished outputs they name.

Other users may be able to write into the root. So a work folder is removed only if it is this user's and no link. A
file that it names is removed only if its name is that of an unfinished output.
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
# The file of a work folder that names unfinished outputs: paths, each with a NUL after it.
UNFINISHED = "parts.txt"
_UNFINISHED_NAME = re.compile(r"\..+\.[0-9]+\.part", re.DOTALL)
# A process that is starting may take so long to lock its work folder.
_STARTING_S = 60
# A lock is waited for no longer than this, as a disk that knows no locks never gives one.
_LOCK_TRIES = 20
_LOCK_WAIT_S = 0.01


def sweep(root: Path) -> None:
    """Removes the work folders of dead processes below a root, and the unfinished outputs they name."""
    with root_lock(root) as alone:
        dead = [folder for folder in root.glob(f"{WORK_PREFIX}*") if is_mine(folder) and is_dead(folder, alone=alone)]
    for folder in dead:
        _remove_unfinished(folder / UNFINISHED)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def root_lock(root: Path) -> Iterator[bool]:
    """Locks the root, so that no other process makes a work folder in it or looks for dead ones meanwhile.

    Gives whether it is locked. It is not where the system locks no folders, or another process holds it for long.
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
    """Locks as `try_lock` does, and waits up to 0.2 s for a process that holds the lock."""
    for _ in range(_LOCK_TRIES):
        if try_lock(file):
            return True
        time.sleep(_LOCK_WAIT_S)
    return False


def try_lock(file: IO[str] | int) -> bool:
    """Locks a file for as long as it is open. False if another process has locked it, or the disk knows no locks."""
    import filelock  # noqa: PLC0415 - the app starts without it

    # Not FileLock, which locks no folder, makes a file that is missing, and removes the file on Windows.
    try:
        return filelock.lock_descriptor(file if isinstance(file, int) else file.fileno(), blocking=False)
    except OSError:
        return False


def is_dead(folder: Path, *, alone: bool) -> bool:
    """Whether no process works in a work folder; `alone` tells that no process is starting now."""
    if folder.name.endswith(GONE):
        return True
    # A folder without a lock file, or with nothing else in it, may be of a process that starts: but not for long.
    started = alone or _age_s(folder) >= _STARTING_S
    try:
        with (folder / LOCK).open("r+", encoding="utf8") as lock:
            return try_lock(lock) and (started or [entry.name for entry in folder.iterdir()] != [LOCK])
    except FileNotFoundError:
        return started
    except OSError:
        return False


def _remove_unfinished(journal: Path) -> None:
    if journal.exists():
        for name in journal.read_bytes().split(b"\0")[:-1]:
            file = Path(os.fsdecode(name))
            if _UNFINISHED_NAME.fullmatch(file.name) and file.is_file():
                file.unlink(missing_ok=True)


def _age_s(folder: Path) -> float:
    try:
        return max(0.0, time.time() - folder.stat().st_mtime)
    except OSError:
        return 0.0
