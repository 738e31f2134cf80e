"""Finds runs in a folder of runs: all of them, a finished one by its key, one by the start of its name."""

import hashlib
from pathlib import Path

import msgspec
import platformdirs

from logcorr.model.errors import InputError
from logcorr.runs.ownership import check_mine, is_mine
from logcorr.runs.run_folder import MANIFEST, REPORT, RunFolder


def default_root() -> Path:
    """The platform's cache folder for logcorr's runs."""
    return Path(platformdirs.user_cache_dir("logcorr", appauthor=False)) / "runs"


def finished_run(root: Path, key: str) -> RunFolder | None:
    """The finished run of this key below a root; None if there is none of this user, or it is damaged."""
    folder = RunFolder(root / key)
    if not is_mine(folder.path):
        return None
    try:
        folder.check()
        return folder if folder.manifest.key == key else None
    except InputError:
        return None


def all_runs(root: Path) -> list[RunFolder]:
    """All finished runs below a root, newest first. Some may be of other users."""
    if not root.is_dir():
        return []
    folders = [RunFolder(path) for path in root.iterdir() if (path / MANIFEST).is_file()]
    return sorted(folders, key=lambda folder: (folder.path / MANIFEST).stat().st_mtime_ns, reverse=True)


def find_run(root: Path, name: str) -> RunFolder:
    """The run of a name: the path of its folder, its key, or the start of its key.

    Raises InputError if no run has this name, or several, or the run of a key is not this user's.
    """
    path = Path(name)
    if name and len(path.parts) > 1 and (path / MANIFEST).is_file() and (path / REPORT).is_file():
        return RunFolder(path)
    matches = [folder for folder in all_runs(root) if name and folder.path.name.startswith(name)]
    if len(matches) == 1:
        check_mine(matches[0].path)
        return matches[0]
    reason = "no run has this name" if not matches else f"{len(matches)} runs start with this name"
    message = f"run {name!r}: {reason}. See `logcorr runs list`."
    raise InputError(message)


_KEY_DIGITS = 16


def key_of(inputs: object) -> str:
    """The key of the run of these inputs and options, which names its folder. Equal inputs have the same key."""
    return hashlib.blake2b(msgspec.json.encode(inputs, order="sorted")).hexdigest()[:_KEY_DIGITS]
