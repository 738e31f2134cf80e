"""Inputs by name, for steps: local files and objects of a bucket, read by ranges, and checked to be still the same."""

import functools
from collections.abc import Sequence
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path

import msgspec

from logcorr.compute.object_path import ObjectPath, ObjectStatus
from logcorr.compute.object_storage import ObjectChangedError, is_uri
from logcorr.inputs import files
from logcorr.inputs.byte_source import HEAD_BYTES, ByteSource
from logcorr.inputs.files import InputFile
from logcorr.model.errors import InputError
from logcorr.model.ledger import Log


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
            raise _changed(self.name)
        return data

    def check_unchanged(self) -> None:
        try:
            status = Path(self.uri).stat()
        except OSError as error:
            raise files.unreadable(self.name, error) from error
        if status.st_size != self.size or str(status.st_mtime_ns) != self.identity:
            raise _changed(self.name)


class ObjectSource(msgspec.Struct, frozen=True, kw_only=True):
    """An object of a bucket. The service itself refuses to read another one in its place."""

    name: str
    uri: str
    size: int
    identity: str

    def read(self, start: int, end: int) -> bytes:
        try:
            if start == 0 and end <= HEAD_BYTES:
                data = _head(self.uri, end, self.identity)
            else:
                data = ObjectPath(self.uri).read_range(start, end, self.identity)
        except ObjectChangedError as error:
            raise _changed(self.name) from error
        except FileNotFoundError as error:
            raise _gone(self.name) from error
        if len(data) < end - start:
            raise _changed(self.name)
        return data

    def check_unchanged(self) -> None:
        try:
            status = ObjectPath(self.uri).stat()
        except FileNotFoundError as error:
            raise _gone(self.name) from error
        if (status.st_size, status.etag) != (self.size, self.identity):
            raise _changed(self.name)


@functools.lru_cache(maxsize=4096)
def _head(uri: str, end: int, identity: str) -> bytes:
    """The first bytes of an object, which are looked at several times before it is read."""
    return ObjectPath(uri).read_range(0, end, identity)


def list_sources(words: Sequence[str], log: Log = "log") -> list[ByteSource]:
    """The inputs that words name: files, globs and folders, URIs of objects, with `*` in them or `/` at their end.

    Words keep their order, and none is named twice. Raises InputError as `files.resolve` does, with the name of the
    log, and StoreError where a bucket cannot be listed.
    """
    found: dict[str, ByteSource] = {}
    for word in words:
        sources = _objects(log, word) if is_uri(word) else _files(log, word)
        for source in sources:
            found.setdefault(source.uri, source)
    return list(found.values())


def open_source(uri: str, identity: str = "") -> ByteSource:
    """The input at an absolute path or URI. Raises InputError where it cannot be read here.

    Raises InputError too where its identity is another one than `identity`, unless that is empty.
    """
    source = _object(uri, uri) if is_uri(uri) else _file(uri)
    if identity and source.identity != identity:
        raise _changed(uri)
    return source


def input_file(log: Log, place: str) -> InputFile:
    """The input of a log at an absolute path or URI, as it is now. Raises InputError, and StoreError for a bucket."""
    if not is_uri(place):
        return files.resolve(log, (place,))[0]
    return files.of_source(log, open_source(place))


def _files(log: Log, word: str) -> list[ByteSource]:
    return [
        FileSource(name=file.name, uri=str(file.path.resolve()), size=file.bytes, identity=str(file.mtime_ns))
        for file in files.resolve(log, (word,))
    ]


def _file(path: str) -> ByteSource:
    try:
        status = Path(path).stat()
    except OSError as error:
        raise files.unreadable(path, error) from error
    return FileSource(name=path, uri=path, size=status.st_size, identity=str(status.st_mtime_ns))


def _objects(log: Log, word: str) -> list[ByteSource]:
    """The objects that a URI names. Those of a prefix or a pattern are sorted by name, hidden ones left out."""
    if has_magic(word):
        parts = word.split("/")
        first = next(number for number, part in enumerate(parts) if has_magic(part))
        folder, pattern = ObjectPath("/".join(parts[:first])), parts[first:]
        missing = "no object matches. Check the pattern, and quote it for the shell."
    elif word.endswith("/"):
        folder, pattern = ObjectPath(word.rstrip("/")), ["*"]
        missing = "there are no objects. Name an object, a pattern or a folder of logs."
    else:
        return [_named_object(log, word)]
    found = folder.objects(deep=len(pattern) > 1 or pattern == ["**"])
    names = [name for name in found if _matches(name.split("/"), pattern)]
    if not names:
        raise InputError(f"{_named(log)} {word!r}: {missing}")
    return [_as_source(str(folder / name), str(folder / name), found[name]) for name in names]


def _named_object(log: Log, word: str) -> ByteSource:
    try:
        return _object(word, word)
    except InputError as error:
        is_folder = bool(ObjectPath(word).objects(deep=False))
        hint = f"Its objects are named by {word}/" if is_folder else "Check the URI."
        raise InputError(f"{_named(log)} {word!r}: no such object. {hint}") from error


def _named(log: Log) -> str:
    return "log" if log == "log" else f"{log} log"


def _matches(name: list[str], pattern: list[str]) -> bool:
    """Whether the parts of a name match those of a pattern, as in patterns of files: `**` takes any folders.

    Only a pattern that begins with a dot takes what begins with one.
    """
    if not pattern:
        return not name
    if pattern[0] == "**" and _matches(name, pattern[1:]):
        return True
    if not name or (name[0].startswith(".") and not pattern[0].startswith(".")):
        return False
    if pattern[0] == "**":
        return _matches(name[1:], pattern)
    return fnmatchcase(name[0], pattern[0]) and _matches(name[1:], pattern[1:])


def _object(name: str, uri: str) -> ByteSource:
    try:
        status = ObjectPath(uri).stat()
    except FileNotFoundError as error:
        raise InputError(f"{name!r}: no such object. Check the URI.") from error
    return _as_source(name, uri, status)


def _as_source(name: str, uri: str, status: ObjectStatus) -> ByteSource:
    return ObjectSource(name=name, uri=uri, size=status.st_size, identity=status.etag)


def _changed(name: str) -> InputError:
    return InputError(
        f"{name!r}: it was written to while it was read. Nothing was kept. Run again when it is at rest, or on a copy."
    )


def _gone(name: str) -> InputError:
    return InputError(f"{name!r}: it was removed while it was read. Nothing was kept. Run again when nothing moves it.")
