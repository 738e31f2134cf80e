"""Run folders: a finished run with its manifest, report and views, and how runs are found below a root.

The root of all runs has a folder `<key>/` for each finished run, and a folder `.work-*/` for each run in progress
(`work_folder`). A finished run appears by one rename, so every run that can be seen is complete.
"""

import os
import shutil
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from logcorr.compute.object_path import AnyPath, ObjectPath, local
from logcorr.model.access_report import KINDS, RunReport
from logcorr.model.errors import InputError
from logcorr.model.manifest import SCHEMA, Manifest

MANIFEST = "manifest.json"
REPORT = "report.json"
_MAGIC = b"PAR1"
_RUN_AGAIN = "Remove the run and run again."
_T = TypeVar("_T")


class RunFolder:
    """The folder of a finished run, or of the run that a work folder makes: manifest, report and Parquet views.

    It may be a prefix of a bucket. Then each method that reads may raise StoreError too, and views are read by ranges.
    """

    def __init__(self, place: AnyPath) -> None:
        self.place = place
        # A finished run never changes: what was fetched from a bucket, or is held, is not read again.
        self._fetched: dict[str, bytes] = {}

    @classmethod
    def unpublished(cls, place: AnyPath, manifest: Manifest, report: RunReport) -> Self:
        """A run whose views are in their place, and whose report and manifest will be when it is published."""
        run = cls(place)
        run._fetched = {MANIFEST: encode(manifest), REPORT: encode(report)}
        return run

    @property
    def name(self) -> str:
        """The name of the folder, which is the key of the run."""
        return self.place.name

    @property
    def path(self) -> Path:
        """The folder. Raises UsageError where the run is in a bucket."""
        return local(self.place)

    @property
    def manifest(self) -> Manifest:
        """Inputs, options and parts of the run. Raises InputError if it is missing, broken or of another schema."""
        manifest = self._read(MANIFEST, Manifest)
        if manifest.kind not in KINDS:
            message = f"run {self.name}: of kind {manifest.kind!r}, which this version does not read. {_RUN_AGAIN}"
            raise InputError(message)
        return manifest

    @property
    def report(self) -> RunReport:
        """The report of the run. Raises InputError as `manifest` does."""
        return self._read(REPORT, KINDS[self.manifest.kind])

    def hold(self) -> None:
        """Reads manifest and report once for all, so that they are still known when the run is removed meanwhile.

        Raises InputError as `manifest` does.
        """
        try:
            self._fetched = {name: (self.place / name).read_bytes() for name in (MANIFEST, REPORT)}
        except OSError as error:
            message = f"run {self.name}: {MANIFEST} or {REPORT} is missing. {_RUN_AGAIN}"
            raise InputError(message) from error

    def view(self, name: str) -> list[AnyPath]:
        """The parts of a view: Parquet files. Raises InputError if the run has no such view, or a part is damaged."""
        parts = {part: size for part, size in self.manifest.parts.items() if part.startswith(f"{name}/")}
        if not parts:
            raise self.damaged(name)
        self._check_whole(parts)
        return [self.place / part for part in sorted(parts)]

    def damaged(self, view: str) -> InputError:
        """The error for a view that cannot be read."""
        if isinstance(self.place, ObjectPath):
            return InputError(
                f"run {self.name}: view {view!r} in {str(self.place)!r} cannot be read. Either the bucket gave an "
                "error, and the same works later, or the run is damaged."
            )
        return InputError(f"run {self.name}: view {view!r} in {str(self.place)!r} is damaged. {_RUN_AGAIN}")

    def check(self) -> None:
        """Raises InputError if report, manifest or any part of a view is missing or damaged."""
        self.report  # noqa: B018 - reading it is the check
        self._check_whole(self.manifest.parts)

    def write(self, manifest: Manifest, report: RunReport) -> None:
        """Writes the report, and then the manifest, which is the last file of a run. The run is in a local folder."""
        folder = self.path
        (folder / REPORT).write_bytes(encode(report))
        (folder / MANIFEST).write_bytes(encode(manifest))

    def bytes(self) -> int:
        """How many bytes the run takes on disk, or in its bucket."""
        if isinstance(self.place, ObjectPath):
            return sum(status.st_size for status in self.place.objects().values())
        return sum(file.stat().st_size for file in self.place.rglob("*") if file.is_file())

    def files(self) -> list[Path]:
        """All files of the run on this machine."""
        return [] if isinstance(self.place, ObjectPath) else [file for file in self.place.rglob("*") if file.is_file()]

    def entries(self) -> list[str]:
        """The names of the files and folders in the folder of the run, sorted."""
        if isinstance(self.place, ObjectPath):
            return sorted({name.partition("/")[0] for name in self.place.objects()})
        return sorted(entry.name for entry in self.place.iterdir())

    def remove(self) -> None:
        """Deletes the run."""
        if isinstance(self.place, ObjectPath):
            # First what makes it a run: one that is partly deleted is none.
            self.place.delete([MANIFEST])
            self.place.delete(list(self.place.objects()))
        else:
            shutil.rmtree(self.place)

    def _check_whole(self, parts: dict[str, int]) -> None:
        """Raises InputError if any of the parts is missing or has another size. In a bucket that is one listing."""
        if isinstance(self.place, ObjectPath):
            folders = {part.partition("/")[0] for part in parts}
            place = self.place / next(iter(folders)) if len(folders) == 1 else self.place
            begin = f"{place.name}/" if len(folders) == 1 else ""
            found = {begin + name: status.st_size for name, status in place.objects().items()}
            bad = next((part for part, size in parts.items() if found.get(part) != size), None)
        else:
            folder = self.place
            bad = next((part for part, size in parts.items() if not _is_whole(folder / part, size)), None)
        if bad is not None:
            message = f"run {self.name}: {str(self.place / bad)!r} is gone or damaged. {_RUN_AGAIN}"
            raise InputError(message)

    def _read(self, name: str, kind: type[_T]) -> _T:
        path = self.place / name
        try:
            raw = self._fetched.get(name) or path.read_bytes()
            if isinstance(path, ObjectPath):
                self._fetched[name] = raw
            schema = msgspec.json.decode(raw, type=dict[str, Any]).get("schema")
            if schema != SCHEMA:
                reason = f"written in schema {schema}, and this version of logcorr reads {SCHEMA}"
                message = f"run {self.name}: {reason}. {_RUN_AGAIN}"
                raise InputError(message)
            return msgspec.json.decode(raw, type=kind)
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            message = f"run {self.name}: {name} is missing or broken. {_RUN_AGAIN}"
            raise InputError(message) from error


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
