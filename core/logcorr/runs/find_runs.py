"""Finds runs in a folder of runs: all of them, a finished one by its key, one by the start of its name."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import platformdirs

from logcorr.compute.object_path import REQUESTS, AnyPath, ObjectPath, path_of
from logcorr.model.errors import InputError, UsageError
from logcorr.runs.ownership import check_mine, is_mine
from logcorr.runs.run_folder import MANIFEST, REPORT, RunFolder


def default_root() -> Path:
    """The platform's cache folder for logcorr's runs."""
    return Path(platformdirs.user_cache_dir("logcorr", appauthor=False)) / "runs"


def root_of(store: str | None) -> AnyPath:
    """The folder of runs: the one that is named, which may be a prefix of a bucket, or else the platform's."""
    return default_root() if store is None else path_of(store)


def local_root_of(store: str | None) -> Path:
    """The folder of runs for a run that this machine makes alone. Raises UsageError where it is no folder of it."""
    root = root_of(store)
    if isinstance(root, ObjectPath):
        raise UsageError(f"store {store}: a run without an engine is kept in a folder. Add --engine processes.")
    return root


def work_root(root: AnyPath) -> Path:
    """Where work folders are, for work on runs below a root: there, or in the platform's folder for a bucket's runs."""
    return default_root() if isinstance(root, ObjectPath) else root


def finished_run(root: AnyPath, key: str) -> RunFolder | None:
    """The finished run of this key below a root; None if there is none of this user, or it is damaged."""
    folder = RunFolder(root / key)
    if not is_mine(root / key):
        return None
    try:
        folder.check()
        return folder if folder.manifest.key == key else None
    except InputError:
        return None


def all_runs(root: AnyPath) -> list[RunFolder]:
    """All finished runs below a root, newest first. Some may be of other users."""
    if isinstance(root, ObjectPath):
        return _runs_in_bucket(root)
    if not root.is_dir():
        return []
    found = [(at, RunFolder(path)) for path in root.iterdir() if (at := _made_at(path)) is not None]
    return [folder for _, folder in sorted(found, key=lambda one: one[0], reverse=True)]


def _made_at(folder: Path) -> int | None:
    """When the run of a folder was made, in ns; None where it is none, may not be looked into, or is being removed."""
    manifest = folder / MANIFEST
    try:
        return manifest.stat().st_mtime_ns if manifest.is_file() else None
    except OSError:
        return None


def find_run(root: AnyPath, name: str) -> RunFolder:
    """The run of a name: the path or URI of its folder, its key, or the start of its key.

    Raises InputError if no run has this name, or several, or the run of a key is not this user's.
    """
    path = path_of(name)
    several = isinstance(path, ObjectPath) or len(path.parts) > 1
    if name and several and (path / MANIFEST).is_file() and (path / REPORT).is_file():
        return RunFolder(path)
    matches = [folder for folder in all_runs(root) if name and folder.place.name.startswith(name)]
    if len(matches) == 1:
        check_mine(matches[0].place)
        return matches[0]
    reason = "no run has this name" if not matches else f"{len(matches)} runs start with this name"
    message = f"run {name!r}: {reason}. See `logcorr runs list`."
    raise InputError(message)


def _runs_in_bucket(root: ObjectPath) -> list[RunFolder]:
    """All finished runs below a prefix, newest first. It takes a request for each folder, several at a time."""

    def made_at(folder: ObjectPath) -> int | None:
        try:
            return (folder / MANIFEST).stat().st_mtime_ns
        except FileNotFoundError:
            return None

    with ThreadPoolExecutor(REQUESTS) as threads:
        folders = root.folders()
        found = [(at, folder) for at, folder in zip(threads.map(made_at, folders), folders, strict=True) if at]
    return [RunFolder(folder) for _, folder in sorted(found, reverse=True)]


_KEY_DIGITS = 16


def key_of(inputs: object) -> str:
    """The key of the run of these inputs and options, which names its folder. Equal inputs have the same key."""
    return hashlib.blake2b(msgspec.json.encode(inputs, order="sorted")).hexdigest()[:_KEY_DIGITS]
