"""Removes what runs on engines have left that did not end: work files, and parts of views that no manifest names."""

import re
import time

import msgspec

from logcorr.cluster.plan import WorkNames, plan_mark
from logcorr.cluster.store import Store
from logcorr.cluster.stored_names import WORK
from logcorr.runs.run_folder import MANIFEST

# A driver tells so often that it is there. One that was not heard of for so long is gone.
BEAT_S = 30.0
_GONE_S = 600.0
_KEY = re.compile(r"[0-9a-f]{16}")


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of the runs whose files were removed, their bytes, and the keys of runs that are under way."""

    removed: list[str]
    bytes: int
    under_way: list[str]


def tell_alive(store: Store, names: WorkNames) -> None:
    """Tells that the driver of a run is there. Raises StoreError."""
    store.put(names.told("alive"), str(int(time.time())).encode())


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
    """Whether the driver of a run was heard of lately."""
    mark = plan_mark(store, key)
    if mark is None:
        return False
    try:
        told = store.get(WorkNames(key, mark).told("alive"))
    except FileNotFoundError:
        return False
    return told.isdigit() and time.time() - int(told) < _GONE_S
