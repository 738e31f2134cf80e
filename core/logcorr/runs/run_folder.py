"""Run folders: a finished run with its manifest, report and views, and how runs are found below a root.

The root of all runs has a folder `<key>/` for each finished run, and a folder `.work-*/` for each run in progress
(`work_folder`). A finished run appears by one rename, so every run that can be seen is complete.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import platformdirs

from logcorr.model.access_report import KINDS, RunReport
from logcorr.model.errors import InputError
from logcorr.model.manifest import SCHEMA, Manifest
from logcorr.runs.ownership import check_mine, is_mine

MANIFEST = "manifest.json"
REPORT = "report.json"
_MAGIC = b"PAR1"
_RUN_AGAIN = "Remove the run and run again."
_KEY_DIGITS = 16
_T = TypeVar("_T")


class RunFolder:
    """The folder of a finished run, or of the run that a work folder makes: manifest, report and Parquet views."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def manifest(self) -> Manifest:
        """Inputs, options and parts of the run. Raises InputError if it is missing, broken or of another schema."""
        manifest = self._read(MANIFEST, Manifest)
        if manifest.kind not in KINDS:
            message = f"run {self.path.name}: of kind {manifest.kind!r}, which this version does not read. {_RUN_AGAIN}"
            raise InputError(message)
        return manifest

    @property
    def report(self) -> RunReport:
        """The report of the run. Raises InputError as `manifest` does."""
        return self._read(REPORT, KINDS[self.manifest.kind])

    def view(self, name: str) -> list[Path]:
        """The parts of a view: Parquet files. Raises InputError if the run has no such view, or a part is damaged."""
        parts = {self.path / part: size for part, size in self.manifest.parts.items() if part.startswith(f"{name}/")}
        if not parts:
            raise self.damaged(name)
        for part, size in parts.items():
            if not _is_whole(part, size):
                message = f"run {self.path.name}: {str(part)!r} is gone or damaged. {_RUN_AGAIN}"
                raise InputError(message)
        return sorted(parts)

    def damaged(self, view: str) -> InputError:
        """The error for a view that cannot be read."""
        return InputError(f"run {self.path.name}: view {view!r} in {str(self.path)!r} is damaged. {_RUN_AGAIN}")

    def check(self) -> None:
        """Raises InputError if report, manifest or any part of a view is missing or damaged."""
        self.report  # noqa: B018 - reading it is the check
        for name in {part.partition("/")[0] for part in self.manifest.parts}:
            self.view(name)

    def write(self, manifest: Manifest, report: RunReport) -> None:
        """Writes the report, and then the manifest, which is the last file of a run."""
        (self.path / REPORT).write_bytes(encode(report))
        (self.path / MANIFEST).write_bytes(encode(manifest))

    def bytes(self) -> int:
        """How many bytes the run takes on disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    def remove(self) -> None:
        """Deletes the run."""
        shutil.rmtree(self.path)

    def _read(self, name: str, kind: type[_T]) -> _T:
        path = self.path / name
        try:
            raw = path.read_bytes()
            schema = msgspec.json.decode(raw, type=dict[str, Any]).get("schema")
            if schema != SCHEMA:
                reason = f"written in schema {schema}, and this version of logcorr reads {SCHEMA}"
                message = f"run {self.path.name}: {reason}. {_RUN_AGAIN}"
                raise InputError(message)
            return msgspec.json.decode(raw, type=kind)
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            message = f"run {self.path.name}: {name} is missing or broken. {_RUN_AGAIN}"
            raise InputError(message) from error


def default_root() -> Path:
    """The platform's cache folder for logcorr's runs."""
    return Path(platformdirs.user_cache_dir("logcorr", appauthor=False)) / "runs"


def key_of(inputs: object) -> str:
    """The key of the run of these inputs and options, which names its folder. Equal inputs have the same key."""
    return hashlib.blake2b(msgspec.json.encode(inputs, order="sorted")).hexdigest()[:_KEY_DIGITS]


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


def encode(value: object) -> bytes:
    """A value as JSON for people and programs: indented, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _is_whole(part: Path, size: int) -> bool:
    """Whether a Parquet file has its size, and the bytes at its end: blocks that never reached a disk read as zeros."""
    try:
        with part.open("rb") as file:
            file.seek(-len(_MAGIC), os.SEEK_END)
            return file.read() == _MAGIC and file.tell() == size
    except OSError:
        return False
