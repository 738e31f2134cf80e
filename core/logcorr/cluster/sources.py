"""Inputs by name, for steps: local files and objects of a bucket, read by ranges, and checked to be still the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from logcorr.inputs import files
from logcorr.model.errors import InputError
from logcorr.model.ledger import Log


class Source(Protocol):
    """One input, as it was when it was opened.

    `name` is as the user gave it, `uri` the absolute path or URI by which any machine opens it, `size` its bytes. The
    `identity` changes whenever the input does: the time of its change in ns, or the ETag of an object.
    """

    @property
    def name(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def identity(self) -> str: ...

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`. Raises InputError where they cannot be read."""

    def check_unchanged(self) -> None:
        """Raises InputError where the input is not what it was when it was opened."""


class FileSource(msgspec.Struct, frozen=True, kw_only=True):
    """A local file, or one of a folder that all workers see."""

    name: str
    uri: str
    size: int
    identity: str

    def read(self, start: int, end: int) -> bytes:
        try:
            with Path(self.uri).open("rb") as file:
                file.seek(start)
                data = file.read(max(end - start, 0))
        except OSError as error:
            raise files.unreadable(self.name, error) from error
        if len(data) < end - start:
            raise self._changed()
        return data

    def check_unchanged(self) -> None:
        try:
            status = Path(self.uri).stat()
        except OSError as error:
            raise files.unreadable(self.name, error) from error
        if status.st_size != self.size or str(status.st_mtime_ns) != self.identity:
            raise self._changed()

    def _changed(self) -> InputError:
        return InputError(
            f"{self.name!r}: it was written to while it was read. Nothing was kept. "
            "Run again when it is at rest, or on a copy."
        )


def list_sources(words: Sequence[str], log: Log = "log") -> list[Source]:
    """The inputs that words name: files, globs, folders. Words keep their order, and none is named twice.

    Raises InputError as `files.resolve` does, with the name of the log.
    """
    return [
        FileSource(
            name=file.name,
            uri=str(file.path.resolve()),
            size=file.bytes,
            identity=str(file.mtime_ns),
        )
        for file in files.resolve(log, tuple(words))
    ]


def open_source(uri: str) -> Source:
    """The input at an absolute path or URI, as it is now. Raises InputError where it cannot be read here."""
    try:
        status = Path(uri).stat()
    except OSError as error:
        raise files.unreadable(uri, error) from error
    return FileSource(name=uri, uri=uri, size=status.st_size, identity=str(status.st_mtime_ns))
