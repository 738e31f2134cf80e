"""A store in a folder of a file system that all workers see: a local disk, NFS, or whatever is mounted."""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from logcorr.cluster.stored_names import WORK, checked
from logcorr.compute import parquet_slices
from logcorr.model.errors import DISK_FULL, StoreError

_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{32}\.part", re.DOTALL)
_BLOCK_BYTES = 1 << 22
# A folder without files is removed, and that may happen just before the first file of it is made: it is made again.
_FOLDER_TRIES = 100
_ADVICE = {
    errno.EACCES: "Check its permissions: every worker writes there, as the same user.",
    errno.EPERM: "It has to be on a file system that has hard links and permissions.",
    errno.ENOTSUP: "It has to be on a file system that has hard links.",
    errno.EROFS: "Give another store: this one cannot be written.",
    **dict.fromkeys(DISK_FULL, "Make room there, or give another store."),
}
_USUAL_ADVICE = "Check that it is there, and mounted on every machine."


class FolderStore:
    """A store in a folder, as `Store` describes. Only the user of its processes may read what they write.

    A file is written beside its place as `.NAME.<32 hex digits>.part`. It is renamed, or linked, when it is whole.
    """

    def __init__(self, folder: str) -> None:
        self._root = Path(folder).expanduser().absolute()
        self.uri = str(self._root)

    def put(self, name: str, data: bytes) -> None:
        with self._explained("put", name):
            self._publish([data], self._path(name), waits=True)

    def create(self, name: str, data: bytes) -> bool:
        target = self._path(name)
        with self._explained("create", name), self._part([data], target, waits=True) as part:
            try:
                os.link(part, target)
            except FileExistsError:
                # NFS also says so where it linked the file, its answer was lost, and it was asked again.
                return part.stat().st_nlink > 1
        return True

    def get(self, name: str) -> bytes:
        with self._explained("get", name, absent=True):
            return self._path(name).read_bytes()

    def get_range(self, name: str, start: int, end: int) -> bytes:
        with self._explained("get", name, absent=True), self._path(name).open("rb") as file:
            file.seek(start)
            data = file.read(max(end - start, 0))
        if len(data) < end - start:
            raise StoreError(
                f"store {self.uri}: {name!r} ends before byte {end:,}. It was cut off, or is not of this run."
            )
        return data

    def put_file(self, name: str, path: Path) -> int:
        with self._explained("put", name), path.open("rb") as file:
            blocks = iter(lambda: file.read(_BLOCK_BYTES), b"")
            return self._publish(blocks, self._path(name), waits=not name.startswith(WORK))

    def list(self, prefix: str) -> dict[str, int]:
        return {name: size for name, size in self._files(prefix) if not name.rpartition("/")[2].startswith(".")}

    def unfinished(self, prefix: str) -> dict[str, int]:
        return {name: size for name, size in self._files(prefix) if _UNFINISHED.fullmatch(name.rpartition("/")[2])}

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            path = self._root / checked(name, unfinished=True)
            with self._explained("delete", name):
                path.unlink(missing_ok=True)
                self._remove_empty(path.parent)

    def table(self, name: str) -> pl.LazyFrame:
        return parquet_slices.scan([self._path(name)])

    def _path(self, name: str) -> Path:
        return self._root / checked(name)

    def _publish(self, blocks: Iterable[bytes], target: Path, *, waits: bool) -> int:
        with self._part(blocks, target, waits=waits) as part:
            size = part.stat().st_size
            part.replace(target)
        return size

    @contextlib.contextmanager
    def _part(self, blocks: Iterable[bytes], target: Path, *, waits: bool) -> Iterator[Path]:
        """The blocks as a file beside `target`, which is removed at the end unless it was renamed."""
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        try:
            with open(_made(part), "wb") as file:
                file.writelines(blocks)
                file.flush()
                if waits:
                    os.fsync(file.fileno())
            yield part
        finally:
            part.unlink(missing_ok=True)

    def _files(self, prefix: str) -> Iterator[tuple[str, int]]:
        top = self._root / prefix
        with self._explained("list", prefix):
            for folder, _, names in os.walk(top, onerror=_raise_unless_absent):
                for name in names:
                    path = Path(folder, name)
                    # Files go away while others are listed.
                    with contextlib.suppress(FileNotFoundError):
                        yield path.relative_to(self._root).as_posix(), path.stat().st_size

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root and folder.is_relative_to(self._root):
            try:
                folder.rmdir()
            except OSError:
                return  # it has files, or another process has removed it
            folder = folder.parent

    @contextlib.contextmanager
    def _explained(self, action: str, name: str, *, absent: bool = False) -> Iterator[None]:
        """Turns errors of the system into StoreError, but for that of a file that is absent where it may be."""
        try:
            yield
        except OSError as error:
            if absent and isinstance(error, FileNotFoundError):
                raise
            reason = error.strerror or str(error)
            advice = _ADVICE.get(error.errno or 0, _USUAL_ADVICE)
            raise StoreError(f"store {self.uri}: {action} of {name!r} failed: {reason}. {advice}") from error


def _made(part: Path) -> int:
    """The descriptor of a new file, and of the folders that it is in. Raises OSError."""
    for _ in range(_FOLDER_TRIES):
        # Another process may remove an empty folder at any moment.
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            _make_folder(part.parent)
            return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _PRIVATE_FILE)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(part))


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)


def _raise_unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
