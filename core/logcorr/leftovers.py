"""What dead processes left in a root of runs: their work folders, and the unfinished outputs that these name.

Others may be able to write into the root too. So only folders of this user count, never a link; and of the files
that they name only those go that are unfinished outputs by their name, and this user's.
"""

import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import IO

from logcorr.private import is_mine

WORK_PREFIX = ".work-"
GONE = "-gone"
LOCK = "lock"
PARTS = "parts.txt"
_PART = re.compile(r"\..+\.[0-9]+\.part", re.DOTALL)
_STARTING_S = 60


def sweep(root: Path) -> None:
    """Removes the work folders of dead processes, and the unfinished outputs they name."""
    for folder in root.glob(f"{WORK_PREFIX}*"):
        if not is_mine(folder):
            continue
        if folder.name.endswith(GONE):
            shutil.rmtree(folder, ignore_errors=True)
            continue
        try:
            with (folder / LOCK).open("r+", encoding="utf8") as lock:
                if not try_lock(lock):
                    continue
                # One that has no more than its lock is of a process that is just starting, unless for long.
                if [entry.name for entry in folder.iterdir()] == [LOCK] and _age_s(folder) < _STARTING_S:
                    continue
                _remove_parts(folder / PARTS)
        except FileNotFoundError:
            # Made and not yet locked by a process that is just starting, unless it has been so for long.
            if _age_s(folder) < _STARTING_S:
                continue
        except OSError:
            continue
        shutil.rmtree(folder, ignore_errors=True)


def try_lock(file: IO[str]) -> bool:
    """Locks the file for as long as it is open; False where another process holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


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
