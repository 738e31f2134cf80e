"""A store in a bucket of object storage, by obstore."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from logcorr.cluster.stored_names import checked
from logcorr.compute import object_storage, parquet_slices
from logcorr.compute.object_path import ObjectPath
from logcorr.model.errors import StoreError

# Names the attempt that created an object. Its process may have asked twice, as the first answer was lost.
_ATTEMPT = "attempt"
# Of two creates at the same time a service may refuse both.
_CREATE_TRIES = 5


class ObjectStore:
    """A store in a bucket, below a prefix, as `Store` describes."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._store: Any = object_storage.opened(self.uri)

    def put(self, name: str, data: bytes) -> None:
        with object_storage.explained(f"store {self.uri}", "put", name):
            self._store.put(checked(name), data)

    def create(self, name: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415 - loaded by now

        attempt = {_ATTEMPT: uuid.uuid4().hex}
        for _ in range(_CREATE_TRIES):
            with object_storage.explained(f"store {self.uri}", "create", name):
                try:
                    self._store.put(checked(name), data, mode="create", use_multipart=False, attributes=attempt)
                    return True
                except AlreadyExistsError:
                    creator = self._creator(name)
            if creator is not None:
                return creator == attempt[_ATTEMPT]
        raise StoreError(
            f"store {self.uri}: create of {name!r} is refused, and there is no such object. Try again later."
        )

    def get(self, name: str) -> bytes:
        with object_storage.explained(f"store {self.uri}", "get", name, absent=True):
            return bytes(self._store.get(checked(name)).bytes())

    def get_range(self, name: str, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        with object_storage.explained(f"store {self.uri}", "get", name, absent=True):
            data = bytes(self._store.get_range(checked(name), start=start, end=end))
        if len(data) < end - start:
            raise StoreError(f"store {self.uri}: {name!r} ends before byte {end:,}. It is not of this run.")
        return data

    def put_file(self, name: str, path: Path) -> int:
        with object_storage.explained(f"store {self.uri}", "put", name):
            self._store.put(checked(name), path)
        return path.stat().st_size

    def list(self, prefix: str) -> dict[str, int]:
        with object_storage.explained(f"store {self.uri}", "list", prefix):
            batches = self._store.list(prefix or None, chunk_size=1000)
            return {entry["path"]: entry["size"] for batch in batches for entry in batch}

    def unfinished(self, prefix: str) -> dict[str, int]:  # noqa: ARG002 - a bucket shows none
        return {}

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            checked(name)
        if names:
            with object_storage.explained(f"store {self.uri}", "delete", names[0]):
                self._store.delete(list(names))

    def table(self, name: str) -> pl.LazyFrame:
        return parquet_slices.scan([ObjectPath(self.uri) / checked(name)])

    def _creator(self, name: str) -> str | None:
        """The attempt that created an object; None where there is no object of this name."""
        try:
            return str(self._store.get(name).attributes.get(_ATTEMPT, ""))
        except FileNotFoundError:
            return None
