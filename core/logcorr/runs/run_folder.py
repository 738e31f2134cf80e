"""Run folders: where finished runs live, and the work folder of one in progress.

A root holds `<key>/` for each finished run and `.work-*/` for each one in progress. A finished run appears by one
rename, so what is visible is complete. A work folder is locked by its process; one whose lock is free is a dead
process's, and the next start removes it with the part files of outputs that it names.
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
_AGAIN = "Remove the run and run again."
_KEY_DIGITS = 16
_T = TypeVar("_T")


class RunFolder:
    """A finished run, or the one a work folder is making: manifest, report and Parquet views."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def manifest(self) -> Manifest:
        """What the run is of. Raises InputError where it is missing, broken or of another schema."""
        found = self._read(MANIFEST, Manifest)
        if found.kind not in KINDS:
            message = f"run {self.path.name}: of kind {found.kind!r}, which this version does not read. {_AGAIN}"
            raise InputError(message)
        return found

    @property
    def report(self) -> RunReport:
        """The run's report."""
        return self._read(REPORT, KINDS[self.manifest.kind])

    def view(self, name: str) -> list[Path]:
        """The Parquet files of one view. Raises InputError where one of them is gone or of another size."""
        parts = {self.path / part: size for part, size in self.manifest.parts.items() if part.startswith(f"{name}/")}
        if not parts:
            raise self.damaged(name)
        for part, size in parts.items():
            if not _is_whole(part, size):
                message = f"run {self.path.name}: {str(part)!r} is gone or damaged. {_AGAIN}"
                raise InputError(message)
        return sorted(parts)

    def damaged(self, view: str) -> InputError:
        """The error for a view that cannot be read."""
        return InputError(f"run {self.path.name}: view {view!r} in {str(self.path)!r} is damaged. {_AGAIN}")

    def check(self) -> None:
        """Raises InputError where the run is not whole."""
        self.report  # noqa: B018 - reading it is the check
        for name in {part.partition("/")[0] for part in self.manifest.parts}:
            self.view(name)

    def write(self, manifest: Manifest, report: RunReport) -> None:
        """Writes the report and then, last of all, the manifest."""
        (self.path / REPORT).write_bytes(encode(report))
        (self.path / MANIFEST).write_bytes(encode(manifest))

    def bytes(self) -> int:
        """What the run takes on disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    def remove(self) -> None:
        """Deletes the run."""
        shutil.rmtree(self.path)

    def _read(self, name: str, kind: type[_T]) -> _T:
        path = self.path / name
        try:
            raw = path.read_bytes()
            found = msgspec.json.decode(raw, type=dict[str, Any]).get("schema")
            if found != SCHEMA:
                known = f"written in schema {found}, and this version of logcorr reads {SCHEMA}"
                message = f"run {self.path.name}: {known}. {_AGAIN}"
                raise InputError(message)
            return msgspec.json.decode(raw, type=kind)
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            message = f"run {self.path.name}: {name} is missing or broken. {_AGAIN}"
            raise InputError(message) from error


def default_root() -> Path:
    """The platform's cache folder for logcorr's runs."""
    return Path(platformdirs.user_cache_dir("logcorr", appauthor=False)) / "runs"


def key_of(inputs: object) -> str:
    """The name of the run that these inputs and options make: equal for equal ones."""
    return hashlib.blake2b(msgspec.json.encode(inputs, order="sorted")).hexdigest()[:_KEY_DIGITS]


def finished_run(root: Path, key: str) -> RunFolder | None:
    """The finished run of this key, if there is one of this user's that can be read."""
    folder = RunFolder(root / key)
    if not is_mine(folder.path):
        return None
    try:
        folder.check()
        return folder if folder.manifest.key == key else None
    except InputError:
        return None


def all_runs(root: Path) -> list[RunFolder]:
    """All finished runs below a root, newest first; also some that are not this user's."""
    if not root.is_dir():
        return []
    folders = [RunFolder(path) for path in root.iterdir() if (path / MANIFEST).is_file()]
    return sorted(folders, key=lambda folder: (folder.path / MANIFEST).stat().st_mtime_ns, reverse=True)


def find_run(root: Path, name: str) -> RunFolder:
    """The run that a name means: a folder, a key or the start of one. Raises InputError for none or several."""
    path = Path(name)
    if name and len(path.parts) > 1 and (path / MANIFEST).is_file() and (path / REPORT).is_file():
        return RunFolder(path)
    found = [folder for folder in all_runs(root) if name and folder.path.name.startswith(name)]
    if len(found) == 1:
        check_mine(found[0].path)
        return found[0]
    what = "no run has this name" if not found else f"{len(found)} runs start with this name"
    message = f"run {name!r}: {what}. See `logcorr runs list`."
    raise InputError(message)


def encode(value: object) -> bytes:
    """JSON for people and programs: indented, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _is_whole(part: Path, size: int) -> bool:
    """Whether a Parquet file is as long as it was, and ends as they do: what was never written to a disk reads as 0."""
    try:
        with part.open("rb") as file:
            file.seek(-len(_MAGIC), os.SEEK_END)
            return file.read() == _MAGIC and file.tell() == size
    except OSError:
        return False
