"""Finds, lists and removes the journals of logs that were followed."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from logcorr.compute.object_path import AnyPath
from logcorr.model.errors import InputError, OutputError, UsageError
from logcorr.runs.find_runs import root_of
from logcorr.runs.journal import PREFIX
from logcorr.runs.journal_state import RUN, STATE, JournalRun, JournalState, read_run, read_state
from logcorr.runs.leftovers import LOCK, lock_soon
from logcorr.runs.ownership import is_mine


class FoundJournal(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that was found. `state` is None where it is damaged; `run` is the run that was made of it last."""

    place: Path
    state: JournalState | None
    run: JournalRun | None

    @property
    def name(self) -> str:
        """The name of the journal."""
        return self.place.name

    @property
    def size(self) -> int:
        """How many bytes the journal takes on disk."""
        return sum(file.stat().st_size for file in self.place.iterdir() if file.is_file())

    @property
    def is_in_use(self) -> bool:
        """Whether a process writes it now."""
        try:
            with (self.place / LOCK).open("r+", encoding="utf8") as lock:
                return not lock_soon(lock)
        except OSError:
            return False

    def remove(self) -> None:
        """Deletes the journal. Raises InputError where a process writes it, OutputError where deleting fails."""
        if self.is_in_use:
            raise InputError(f"journal {self.name!r} is being written: its logs are followed. It stays.")
        try:
            shutil.rmtree(self.place)
        except OSError as error:
            message = f"journal {self.name!r} cannot be removed: {error.strerror or error}. Check the permissions."
            raise OutputError(message) from error


def root_of_journals(store: str | None) -> Path:
    """The folder of runs in which journals are. Raises UsageError where runs are in a bucket."""
    root = root_of(store)
    if isinstance(root, Path):
        return root
    raise UsageError(f"--store {store}: what is followed is kept in a folder of this machine. Name one, or --no-store.")


def all_journals(root: AnyPath) -> list[FoundJournal]:
    """All journals of this user in a folder of runs, the newest first. There are none in a bucket."""
    if not isinstance(root, Path) or not root.is_dir():
        return []
    found = [_found(place) for place in root.glob(f"{PREFIX}*") if is_mine(place)]
    return sorted(found, key=lambda one: one.state.created if one.state else 0.0, reverse=True)


def find_journal(root: AnyPath, name: str) -> FoundJournal | None:
    """The journal of a name, or of the start of one: `journal-3f2a`. None where there is none, or several."""
    found = [one for one in all_journals(root) if name.startswith(PREFIX) and one.name.startswith(name)]
    return found[0] if len(found) == 1 else None


def journal_of_logs(root: AnyPath, places: Sequence[Sequence[str]]) -> FoundJournal | None:
    """The newest journal of the same logs. It may be in use."""
    wanted = [list(names) for names in places]
    found = (one for one in all_journals(root) if one.state is not None and one.state.places == wanted)
    return next(found, None)


def journals_of_run(root: AnyPath, key: str) -> list[FoundJournal]:
    """The journals of which a run was made last."""
    return [one for one in all_journals(root) if one.run is not None and one.run.run == key]


def rows(root: AnyPath) -> list[dict[str, Any]]:
    """A row for each journal, newest first, for `runs list`."""
    return [_row(one) for one in all_journals(root)]


def _row(one: FoundJournal) -> dict[str, Any]:
    base = {"journal": one.name, "bytes": one.size, "run": one.run.run if one.run else None}
    if one.state is None:
        return {**base, "state": "damaged", "logs": [], "created": None, "saved": None}
    in_use = one.is_in_use
    state = "followed now" if in_use else "ended" if one.state.ended else "ended without warning"
    logs = [name for names in one.state.places for name in names]
    return {**base, "state": state, "logs": logs, "created": one.state.created, "saved": one.state.saved}


def _found(place: Path) -> FoundJournal:
    try:
        state = read_state(place)
    except InputError:
        state = None
    return FoundJournal(place=place, state=state, run=read_run(place))


def is_empty(one: FoundJournal) -> bool:
    """Whether a journal has no line: its process died before one came."""
    names = {file.name for file in one.place.iterdir() if file.is_file() and file.stat().st_size}
    return not one.is_in_use and names <= {LOCK, STATE, RUN}
