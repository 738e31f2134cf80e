"""Removes what runs on engines have left that did not end: work files, and parts of views that no manifest names."""

import platform
import re
import time
import uuid
from pathlib import Path

import msgspec

from logcorr.cluster.plan import WorkNames, plan_mark
from logcorr.cluster.store import Store
from logcorr.cluster.stored_names import WORK
from logcorr.runs.leftovers import is_dead
from logcorr.runs.run_folder import MANIFEST

# A driver tells so often that it is there. One on another machine that was not heard of for so long is gone.
BEAT_S = 30.0
_GONE_S = 600.0
_KEY = re.compile(r"[0-9a-f]{16}")


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of the runs whose files were removed, their bytes, and the keys of runs that are under way."""

    removed: list[str]
    bytes: int
    under_way: list[str]


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver tells of itself: when, in seconds of Unix time, and where its work folder is.

    The work folder is locked for as long as the driver lives. `root` is the device and inode of the folder it is in.
    """

    time_s: float
    machine: str
    work_folder: str
    root: tuple[int, int]


class Alive:
    """Tells that a driver is there, whose work folder is given."""

    def __init__(self, work_folder: Path) -> None:
        self._name = uuid.uuid4().hex[:8]
        self._folder = work_folder.absolute()

    def tell(self, store: Store, names: WorkNames) -> None:
        """Tells it, to whoever cleans this store. Raises StoreError."""
        beat = Beat(
            time_s=time.time(),
            machine=platform.node(),
            work_folder=str(self._folder),
            root=_identity(self._folder.parent),
        )
        store.put(f"{names.beats}{self._name}", msgspec.msgpack.encode(beat))


def clean(store: Store, *, every: bool) -> Cleaned:
    """Removes the files of all runs that are not finished; with `every` also of those that are under way.

    A run that is finished keeps all its files but work files. Raises StoreError.
    """
    names = store.list("") | store.unfinished("")
    finished = {name.partition("/")[0] for name in names if name.endswith(f"/{MANIFEST}") and name.count("/") == 1}
    files: dict[str, dict[str, int]] = {}
    for name, size in names.items():
        key = name.removeprefix(WORK).partition("/")[0]
        is_work = name.startswith(WORK)
        if is_work or (_KEY.fullmatch(key) and key not in finished and name != key):
            files.setdefault(key, {})[name] = size
    under_way = [] if every else sorted(key for key in files if _is_alive(store, key))
    gone = {key: of_run for key, of_run in files.items() if key not in under_way}
    for key, of_run in gone.items():
        # The plan first, so that steps that still run leave nothing behind.
        store.delete(sorted(of_run, key=lambda name, key=key: name != f"{WORK}{key}/plan"))  # type: ignore[misc]
    runs = sorted(key for key in gone if _KEY.fullmatch(key))
    return Cleaned(removed=runs, bytes=sum(sum(of_run.values()) for of_run in gone.values()), under_way=under_way)


def _is_alive(store: Store, key: str) -> bool:
    """Whether a driver of a run lives."""
    mark = plan_mark(store, key)
    if mark is None:
        return False
    return any(_beats(store, name) for name in store.list(WorkNames(key, mark).beats))


def _beats(store: Store, name: str) -> bool:
    """Whether a driver lives: one of this machine by the lock of its work folder, others by when they told it last."""
    try:
        beat = msgspec.msgpack.decode(store.get(name), type=Beat)
    except (FileNotFoundError, msgspec.MsgspecError):
        return False
    folder = Path(beat.work_folder)
    if beat.machine == platform.node() and beat.root == _identity(folder.parent):
        return folder.exists() and not is_dead(folder, alone=True)
    return time.time() - beat.time_s < _GONE_S


def _identity(folder: Path) -> tuple[int, int]:
    """The device and inode of a folder, by which it is known again; zeros where it is not there."""
    try:
        status = folder.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
