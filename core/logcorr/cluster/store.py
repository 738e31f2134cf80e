"""Where the files of a run on many machines are: a folder that all of them see, or a bucket.

What is put into a store is there whole or not at all. Steps and the driver tell each other everything through it.
"""

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import polars as pl

from logcorr.cluster.stored_names import WORK
from logcorr.model.errors import StoreError, UsageError

FILE_SCHEME = "file://"
# So many requests of one process are under way at the same time.
_REQUESTS = 8
_T = TypeVar("_T")
_R = TypeVar("_R")


class Store(Protocol):
    """Files by name. A name is a relative path with `/` between its parts. All but `get` raise StoreError alone.

    A store may be used by many processes at the same time, and by the threads of a process.
    """

    uri: str

    def put(self, name: str, data: bytes) -> None:
        """Writes a file, whole or not at all. A file of this name is replaced."""

    def create(self, name: str, data: bytes) -> bool:
        """Writes a file, whole or not at all, where there is none of this name. Returns whether it was written.

        Of several processes that create the same name, exactly one is told that it wrote the file.
        """

    def get(self, name: str) -> bytes:
        """The whole file. Raises FileNotFoundError where there is none of this name."""

    def get_range(self, name: str, start: int, end: int) -> bytes:
        """The bytes of a file from `start` up to `end`. An empty range gives no bytes.

        Raises FileNotFoundError as `get` does, and StoreError where the file ends before `end`.
        """

    def put_file(self, name: str, path: Path) -> int:
        """Copies a local file into the store, whole or not at all. Returns its size in bytes."""

    def list(self, prefix: str) -> dict[str, int]:
        """The names and sizes of all files below a folder, at any depth. `prefix` is `a/b/`, or empty for all files.

        Files that are still being written are not listed, nor is a folder without files.
        """

    def unfinished(self, prefix: str) -> dict[str, int]:
        """The names and sizes of files that are being written below a folder, or were when their process ended.

        They can be deleted like others. A bucket shows none: it drops them by its own rules.
        """

    def delete(self, names: Sequence[str]) -> None:
        """Deletes files. It is no error where there is none of a name."""

    def table(self, name: str) -> pl.LazyFrame:
        """A Parquet file of the store. Only the ranges of it that a query needs are read."""


def each(function: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
    """The results of a function for all items, in order, several at a time: for what waits for a store, mostly."""
    waiting: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(_REQUESTS) as threads:
        for item in items:
            waiting.append(threads.submit(function, item))
            # No more results than these are in memory, however slowly they are taken.
            if len(waiting) > _REQUESTS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def open_store(uri: str) -> Store:
    """The store at a path, a `file://` URI, or the URI of a bucket with a prefix (`s3://bucket/prefix`).

    A folder need not exist yet. Raises UsageError for another kind of URI, and where obstore is not installed.
    """
    from logcorr.cluster.folder_store import FolderStore  # noqa: PLC0415 - a store loads only what it needs
    from logcorr.compute import object_storage  # noqa: PLC0415 - likewise

    if object_storage.is_uri(uri):
        from logcorr.cluster.object_store import ObjectStore  # noqa: PLC0415 - likewise

        return ObjectStore(uri)
    path = uri.removeprefix(FILE_SCHEME)
    if "://" in path or not path:
        raise UsageError(f"store {uri!r}: not a store. Give a folder, or s3://BUCKET/PREFIX, gs://… or az://…")
    return FolderStore(path)


def check_creates_once(store: Store) -> None:
    """Checks that a store takes a second `create` of the same name for what it is, on which every run depends.

    Raises StoreError where it does not.
    """
    name = f"{WORK}probe-{uuid.uuid4().hex}"
    first, second = store.create(name, b"first"), store.create(name, b"second")
    kept = store.get(name)
    store.delete([name])
    if not first or second or kept != b"first":
        raise StoreError(
            f"store {store.uri}: a second create of a file did not fail. It has to support If-None-Match: *."
        )
