"""Paths of objects and prefixes of a bucket, with what is asked of paths of files and folders where runs are read.

`AnyPath` is either kind. A prefix is taken for a folder, whether it has objects or not.
"""

from pathlib import Path
from typing import Any

import msgspec

from logcorr.compute import object_storage
from logcorr.model.errors import UsageError

# So many requests for small objects are under way at the same time, where many are needed.
REQUESTS = 16


class ObjectStatus(msgspec.Struct, frozen=True):
    """Size in bytes, time of the last change in ns since 1970, and the ETag of an object."""

    st_size: int
    st_mtime_ns: int
    etag: str


class ObjectPath(msgspec.Struct, frozen=True, order=True):
    """An object or a prefix of a bucket. All methods that ask the service raise StoreError."""

    uri: str

    def __str__(self) -> str:
        return self.uri

    def __truediv__(self, name: str) -> "ObjectPath":
        return ObjectPath(f"{self.uri}/{name}")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.uri.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name with its dot; empty where it has none."""
        return Path(self.name).suffix

    def absolute(self) -> "ObjectPath":
        """The path itself: a URI is never relative."""
        return self

    def read_bytes(self) -> bytes:
        """The whole object. Raises FileNotFoundError where there is none."""
        with self._explained("get"):
            return bytes(self._parent.get(self.name).bytes())

    def read_range(self, start: int, end: int, etag: str = "") -> bytes:
        """The bytes from `start` up to `end`, or to the end of the object.

        Raises FileNotFoundError where there is no object, ObjectChangedError where its ETag is another than `etag`.
        """
        if end <= start:
            return b""
        options = {"range": (start, end), **({"if_match": etag} if etag else {})}
        with self._explained("get"):
            return bytes(self._parent.get(self.name, options=options).bytes())

    def stat(self) -> ObjectStatus:
        """The status of an object. Raises FileNotFoundError where there is none."""
        with self._explained("head"):
            return _status(self._parent.head(self.name))

    def is_file(self) -> bool:
        """Whether there is an object of this path."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def folders(self) -> list["ObjectPath"]:
        """The prefixes just below this one, in the order of their names."""
        with object_storage.explained(self.uri, "list", ""):
            found = self._store.list_with_delimiter()["common_prefixes"]
        return [self / prefix.rpartition("/")[2] for prefix in sorted(found)]

    def objects(self, *, deep: bool = True) -> dict[str, ObjectStatus]:
        """The objects below this prefix by their names relative to it, at any depth unless `deep` is false."""
        with object_storage.explained(self.uri, "list", ""):
            if not deep:
                entries = list(self._store.list_with_delimiter()["objects"])
            else:
                entries = [entry for batch in self._store.list(chunk_size=1000) for entry in batch]
        return {entry["path"]: _status(entry) for entry in sorted(entries, key=lambda entry: entry["path"])}

    def delete(self, names: list[str]) -> None:
        """Deletes objects below this prefix. It is no error where there is none of a name."""
        if names:
            with object_storage.explained(self.uri, "delete", names[0]):
                self._store.delete(names)

    @property
    def _store(self) -> Any:
        return object_storage.opened(self.uri)

    @property
    def _parent(self) -> Any:
        return object_storage.opened(self.uri.rpartition("/")[0])

    def _explained(self, action: str) -> Any:
        return object_storage.explained(self.uri.rpartition("/")[0], action, self.name, absent=True)


AnyPath = Path | ObjectPath


def path_of(word: str) -> AnyPath:
    """The path that a word names: of a bucket where it is a URI of one, else of this machine."""
    return ObjectPath(word.rstrip("/")) if object_storage.is_uri(word) else Path(word)


def local(path: AnyPath) -> Path:
    """The path, where it is one of this machine. Raises UsageError where it is of a bucket."""
    if isinstance(path, ObjectPath):
        raise UsageError(f"{path} is in a bucket: it is no folder or file of this machine.")
    return path


def _status(entry: Any) -> ObjectStatus:
    changed = entry["last_modified"]
    return ObjectStatus(
        entry["size"], int(changed.timestamp()) * 10**9 + changed.microsecond * 1000, entry["e_tag"] or ""
    )
