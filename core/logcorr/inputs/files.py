"""Files, globs and folders that the user names become the input files to read, checked before any work."""

import hashlib
import os
import stat
from glob import glob, has_magic
from pathlib import Path
from typing import IO, Literal

import msgspec

from logcorr.model.errors import InputError
from logcorr.model.ledger import Log
from logcorr.model.manifest import Fingerprint

Compression = Literal["plain", "gzip", "zstd"]

_MAGIC: tuple[tuple[bytes, Compression], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
# A frame that every zstd reader skips. pzstd and others begin files with it.
_SKIPPED_FRAME = tuple(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16))
_UNREAD_MAGIC = (b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04")
_UNREAD_ENDINGS = (".bz2", ".xz", ".zip", ".7z", ".lz4", ".br")
_ENDS_BYTES = 1 << 16
_USUAL_RATIO = 10
_SMALLEST_GZIP = 20


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to read: its path, its name as the user gave it, its size on disk, its compression and its size as text.

    `text_bytes` is exact for plain files and an estimate for compressed ones. `identity` is device and inode, `digest`
    the hash of both ends (empty until it is needed). Everything is as it was when the file was first looked at: no
    reader goes beyond `bytes`, whatever is written later. `grown` tells that something was written later.
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


def resolve(log: Log, words: tuple[str, ...]) -> list[InputFile]:
    """The files of one log: each word names a file, a glob or a folder.

    Words keep their order; the files of a glob or a folder are sorted by name. Raises InputError for a file that is
    missing, unreadable, not regular or of another compression, and for a folder or glob without files.
    """
    return [_inspect(log, name) for word in words for name in _expand(log, word)]


def digested(file: InputFile) -> InputFile:
    """The file as it is now, with the hash of both its ends. Raises InputError where it cannot be read."""
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
    return Fingerprint(
        path=readable(str(digested_file.path.resolve())),
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
        message = f"{log} log '': an empty name. Name a file, a glob or a folder of logs."
        raise InputError(message)
    try:
        return _names(log, word)
    except OSError as error:
        raise unreadable(word, error) from error


def _names(log: Log, word: str) -> list[str]:
    path = Path(word)
    if path.is_dir():
        names = sorted(str(entry) for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        if not names:
            message = f"{log} log {word!r}: the folder holds no files. Name a file, a glob or a folder of logs."
            raise InputError(message)
        return names
    if has_magic(word) and not path.exists():
        names = sorted(name for name in glob(word, recursive=True) if Path(name).is_file())  # noqa: PTH207 - as typed
        if not names:
            message = f"{log} log {word!r}: no file matches. Check the pattern, and quote it for the shell."
            raise InputError(message)
        return names
    return [word]


def _inspect(log: Log, name: str) -> InputFile:
    path = Path(name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            message = f"{log} log {name!r}: not a regular file. Save the stream to a file first."
            raise InputError(message)
        with path.open("rb") as stream:
            head = stream.read(8)
    except FileNotFoundError as error:
        message = f"{log} log {name!r}: no such file. Check the path."
        raise InputError(message) from error
    except OSError as error:
        raise unreadable(name, error) from error
    if head.startswith(_UNREAD_MAGIC) or path.suffix.lower() in _UNREAD_ENDINGS:
        message = f"{log} log {name!r}: this form is not read. Give it plain, as .gz or as .zst."
        raise InputError(message)
    compression: Compression = next((name for magic, name in _MAGIC if head.startswith(magic)), "plain")
    compression = "zstd" if head.startswith(_SKIPPED_FRAME) else compression
    return InputFile(
        path=path,
        name=readable(name),
        bytes=status.st_size,
        compression=compression,
        text_bytes=_text_bytes(path, compression, status.st_size),
        mtime_ns=status.st_mtime_ns,
        identity=(status.st_dev, status.st_ino),
    )


def _text_bytes(path: Path, compression: Compression, size: int) -> int:
    """The bytes of the file as text: exact for a plain file, else an estimate."""
    if compression == "plain":
        return size
    if compression == "gzip" and size >= _SMALLEST_GZIP:
        with path.open("rb") as stream:
            stream.seek(-4, os.SEEK_END)
            expanded = int.from_bytes(stream.read(4), "little")
        if expanded >= size:
            return expanded
    return size * _USUAL_RATIO


def unreadable(name: str, error: OSError) -> InputError:
    """The error for a file that cannot be opened or read."""
    return InputError(f"{name!r} cannot be read: {error.strerror or error}. Check the path and its permissions.")
