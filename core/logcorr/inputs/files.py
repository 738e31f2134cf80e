"""Files, globs and folders that the user names become the input files to read, checked before any work."""

import hashlib
import io
import os
import stat
from collections.abc import Callable
from glob import glob, has_magic
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

import msgspec

from logcorr.compute import object_storage, resources
from logcorr.inputs import standard_input, zstd_window
from logcorr.inputs.byte_source import ByteSource, FileBytes, SourceBytes
from logcorr.model.errors import InputError
from logcorr.model.ledger import Log
from logcorr.model.manifest import Fingerprint

Compression = Literal["plain", "gzip", "zstd"]

_MAGIC: tuple[tuple[bytes, Compression], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
# A frame that every zstd reader skips. pzstd and others begin files with it.
_SKIPPED_FRAME = tuple(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16))
_UNREAD_MAGIC = {
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x04\x22\x4d\x18": "lz4",
}
_UNREAD_ENDINGS = (".bz2", ".xz", ".zip", ".7z", ".lz4", ".br")
_ENDS_BYTES = 1 << 16
_USUAL_RATIO = 10
_SMALLEST_GZIP = 20


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to read: its path, its name as the user gave it, its size on disk, its compression and its size as text.

    `text_bytes` is exact for plain files and an estimate for compressed ones. `identity` is device and inode, `digest`
    the hash of both ends (empty until it is needed). Everything is as it was when the file was first looked at: no
    reader goes beyond `bytes`, whatever is written later. `grown` tells that something was written later. `window_log`
    is the logarithm (base 2) of the largest window that is read of zstd data, `window_bytes` the window that it begins
    with. zstd frames of up to `frame_bytes` of text may be decompressed whole. `from_folder` tells that the user named
    the folder and not the file.

    With a `window` only the bytes from its start to before its end are read: whole lines of a plain file. Before it
    stand `lines_before` lines, where that is known. An input that
    is no file of this machine has a `source`, and its URI as path. An `identity` of ANY is of a file that any machine
    may know by another one.
    """

    path: Path
    name: str
    bytes: int
    compression: Compression
    text_bytes: int
    mtime_ns: int
    identity: tuple[int, int]
    digest: str = ""
    grown: bool = False
    window_log: int = zstd_window.USUAL_LOG
    window_bytes: int = 0
    frame_bytes: int = 0
    window: tuple[int, int] | None = None
    lines_before: int = 0
    source: ByteSource | None = None
    from_folder: bool = False

    @property
    def place(self) -> str:
        """The absolute path or the URI of the file."""
        return str(self.path.resolve()) if self.source is None else self.source.uri

    @property
    def bytes_to_read(self) -> int:
        """The bytes of the window, or of the file."""
        return self.bytes if self.window is None else self.window[1] - self.window[0]

    @property
    def end(self) -> int:
        """The place in the file before which reading ends."""
        return self.bytes if self.window is None else self.window[1]

    @property
    def has_first_line(self) -> bool:
        """Whether what is read begins with the first line of the file."""
        return self.window is None or self.window[0] == 0


ANY = (0, 0)


class Resolved(NamedTuple):
    """The files of one log, and the names that were left out because they name a file that was named before."""

    files: list[InputFile]
    named_twice: list[str]


def resolve(log: Log, words: tuple[str, ...]) -> list[InputFile]:
    """The files of one log, as `resolve_all` finds them, without standard input."""
    return resolve_all(log, words).files


def resolve_all(
    log: Log, words: tuple[str, ...], *, memory_bytes: int | None = None, stdin: Callable[[], Path] | None = None
) -> Resolved:
    """The files of one log: each word names a file, a glob or a folder, or is `-` for standard input.

    Words keep their order; the files of a glob or a folder are sorted by name. A file that is named again, also by a
    link, is left out. zstd data may want a window that fits into `memory_bytes`, by
    default what a run may take. Raises InputError for a file that is
    missing, unreadable, not regular or of another compression, and for a folder or glob without files. `stdin` copies
    standard input to a file; what it raises is raised.
    """
    names = [(word, name) for word in words for name in _expand(log, word)]
    found = [
        _standard_input(log, stdin, memory_bytes) if word == standard_input.NAME else _inspect(log, name, memory_bytes)
        for word, name in names
    ]
    found = [
        msgspec.structs.replace(file, from_folder=Path(word).is_dir())
        for file, (word, _) in zip(found, names, strict=True)
    ]
    files: dict[tuple[int, int], InputFile] = {}
    named_twice = [file.name for file in found if files.setdefault(file.identity, file) is not file]
    return Resolved(list(files.values()), named_twice)


def digested(file: InputFile) -> InputFile:
    """The file as it is now, with the hash of both its ends. Raises InputError where it cannot be read."""
    if file.source is not None:
        return msgspec.structs.replace(file, digest=file.source.identity)
    try:
        with file.path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            digest = ends(stream, status.st_size)
    except OSError as error:
        raise unreadable(file.name, error) from error
    return msgspec.structs.replace(
        file,
        bytes=status.st_size,
        text_bytes=status.st_size if file.compression == "plain" else file.text_bytes,
        mtime_ns=status.st_mtime_ns,
        identity=(status.st_dev, status.st_ino),
        digest=digest,
    )


def fingerprint(file: InputFile) -> Fingerprint:
    """Size, time of change and a hash of both ends of a file: enough to tell whether it is still the same.

    Raises InputError where the file cannot be read.
    """
    digested_file = file if file.digest else digested(file)
    is_stdin = digested_file.name == standard_input.NAME
    return Fingerprint(
        path=standard_input.NAME if is_stdin else readable(digested_file.place),
        bytes=digested_file.bytes,
        mtime_ns=digested_file.mtime_ns,
        digest=digested_file.digest,
    )


def ends(stream: IO[bytes], size: int) -> str:
    """A hash of the first and last bytes among the first `size` bytes of a stream."""
    digest = hashlib.blake2b(digest_size=16)
    for start in (0, max(0, size - _ENDS_BYTES)):
        stream.seek(start)
        digest.update(stream.read(min(_ENDS_BYTES, size)))
    return digest.hexdigest()


def readable(name: str) -> str:
    """The name of a file as text that can be written: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(name).decode("utf8", errors="replace")


def _expand(log: Log, word: str) -> list[str]:
    if not word:
        message = f"{_named(log)} '': an empty name. Name a file, a glob or a folder of logs."
        raise InputError(message)
    try:
        return _names(log, word)
    except OSError as error:
        raise unreadable(word, error) from error


def _names(log: Log, word: str) -> list[str]:
    if word == standard_input.NAME:
        return [word]
    if object_storage.is_uri(word):
        message = f"{_named(log)} {word!r}: a run without an engine reads files. Add --engine processes."
        raise InputError(message)
    path = Path(word)
    if path.is_dir():
        names = sorted(str(entry) for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        if not names:
            message = f"{_named(log)} {word!r}: the folder holds no files. Name a file, a glob or a folder of logs."
            raise InputError(message)
        return names
    if has_magic(word) and not path.exists():
        names = sorted(name for name in glob(word, recursive=True) if Path(name).is_file())  # noqa: PTH207 - as typed
        if not names:
            message = f"{_named(log)} {word!r}: no file matches. Check the pattern, and quote it for the shell."
            raise InputError(message)
        return names
    return [word]


def _standard_input(log: Log, stdin: Callable[[], Path] | None, memory_bytes: int | None) -> InputFile:
    """Standard input as a file, once it is read."""
    if stdin is None:
        raise InputError(f"{_named(log)} '-': standard input is not read here. Save it to a file first.")
    return msgspec.structs.replace(_inspect(log, str(stdin()), memory_bytes), name=standard_input.NAME)


def _named(log: Log) -> str:
    """A log by its side; the one log of both events is the log."""
    return "log" if log == "log" else f"{log} log"


def _inspect(log: Log, name: str, memory_bytes: int | None) -> InputFile:
    path = Path(name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            message = f"{_named(log)} {name!r}: not a regular file. Save the stream to a file first."
            raise InputError(message)
        with path.open("rb") as stream:
            file = _described(log, name, stream, status.st_size, memory_bytes)
    except FileNotFoundError as error:
        message = f"{_named(log)} {name!r}: no such file. Check the path."
        raise InputError(message) from error
    except OSError as error:
        raise unreadable(name, error) from error
    return msgspec.structs.replace(file, mtime_ns=status.st_mtime_ns, identity=(status.st_dev, status.st_ino))


def of_source(log: Log, source: ByteSource, memory_bytes: int | None = None) -> InputFile:
    """The input file of a source. Raises InputError as `resolve_all` does."""
    stream = cast("IO[bytes]", SourceBytes(source, 0, source.size))
    file = _described(log, source.name, stream, source.size, memory_bytes)
    return msgspec.structs.replace(file, source=source)


def open_bytes(file: InputFile) -> io.BufferedReader:
    """Opens the bytes of a file as it was when it was first looked at, or those of its window. Raises OSError."""
    start, end = file.window or (0, file.bytes)
    if file.source is not None:
        return io.BufferedReader(SourceBytes(file.source, start, end))
    return io.BufferedReader(FileBytes(file.path, start, end))


def _described(log: Log, name: str, stream: IO[bytes], size: int, memory_bytes: int | None) -> InputFile:
    """A file by its bytes: how it is compressed, and what a reader has to know of that."""
    path = Path(name)
    stream.seek(0)
    head = stream.read(8)
    if head.startswith(tuple(_UNREAD_MAGIC)) or path.suffix.lower() in _UNREAD_ENDINGS:
        message = f"{_named(log)} {name!r}: {_form(path, head)} is not read. Give it plain, as .gz or as .zst."
        raise InputError(message)
    compression: Compression = next((name for magic, name in _MAGIC if head.startswith(magic)), "plain")
    compression = "zstd" if head.startswith(_SKIPPED_FRAME) else compression
    file = InputFile(
        path=path,
        name=readable(name),
        bytes=size,
        compression=compression,
        text_bytes=_text_bytes(stream, compression, size),
        mtime_ns=0,
        identity=ANY,
    )
    if compression != "zstd":
        return file
    memory_bytes = resources.default_memory() if memory_bytes is None else memory_bytes
    window = zstd_window.window_bytes(stream)
    return msgspec.structs.replace(
        file,
        window_log=_window_log(log, name, window, memory_bytes),
        window_bytes=window,
        frame_bytes=zstd_window.longest_frame(memory_bytes),
    )


def _window_log(log: Log, name: str, window: int, memory_bytes: int) -> int:
    """The logarithm of the largest window that is read. Raises InputError where the file wants a larger one."""
    largest = zstd_window.largest_log(memory_bytes)
    if window > 1 << largest:
        raise InputError(
            f"{_named(log)} {name!r}: its zstd data wants a window of {window:,} bytes, more than --memory has "
            "room for. Give more, or decompress it first: zstd -d --long=31 LOG"
        )
    return largest


def _form(path: Path, head: bytes) -> str:
    """The name of a form of compression that is not read, by the first bytes of a file, else by its ending."""
    known = (form for magic, form in _UNREAD_MAGIC.items() if head.startswith(magic))
    return next(known, path.suffix.lower().removeprefix("."))


def _text_bytes(stream: IO[bytes], compression: Compression, size: int) -> int:
    """The bytes of the file as text: exact for a plain file, else an estimate."""
    if compression == "plain":
        return size
    if compression == "gzip" and size >= _SMALLEST_GZIP:
        stream.seek(size - 4)
        expanded = int.from_bytes(stream.read(4), "little")
        if expanded >= size:
            return expanded
    return size * _USUAL_RATIO


def unreadable(name: str, error: OSError) -> InputError:
    """The error for a file that cannot be opened or read."""
    return InputError(f"{name!r} cannot be read: {error.strerror or error}. Check the path and its permissions.")
