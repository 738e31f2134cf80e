"""Whether input files are still what they were when the run began: a live log may have grown, and nothing else.

A log that has grown is read as far as it was whole lines when the run began; the rest is for the next run.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import msgspec

from logcorr.inputs.files import InputFile, ends
from logcorr.model.errors import InputError

_BLOCK_BYTES = 1 << 20
_AGAIN = "Nothing was kept. Run again"


def as_begun(files: list[InputFile]) -> list[InputFile]:
    """The files as the run found them: those that have grown since end with their last whole line of then.

    Raises InputError where a file is gone, is another one, is shorter or was written to other than at its end.
    """
    return [_whole_lines(file) if _has_grown(file) else file for file in files]


@contextmanager
def telling(files: list[InputFile]) -> Iterator[None]:
    """Tells what happened to a file where that is why it cannot be read: one that was just cut off is not broken."""
    try:
        yield
    except InputError:
        as_begun(files)
        raise


class CutLineError(Exception):
    """A file ended within a line when it was read, and has grown since: what was read is not what it says."""


def check_whole_lines(files: list[InputFile], read: list[InputFile]) -> None:
    """Looks at files again that were read as they stood before. Raises CutLineError, and as `as_begun` does."""
    if [file.bytes for file in as_begun(files)] != [file.bytes for file in read]:
        raise CutLineError


def grown(files: list[InputFile]) -> list[str]:
    """The names of the files that are longer by now than when the run began."""
    return [file.name for file in files if _size(file) > file.bytes]


def _size(file: InputFile) -> int:
    try:
        return file.path.stat().st_size
    except OSError:
        return 0  # gone since it was read, which is no matter any more


def _has_grown(file: InputFile) -> bool:
    try:
        status = file.path.stat()
        if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) != file.identity:
            raise _changed(file, "another file took its place while it was read", "when the logs are not being rotated")
        if status.st_size < file.bytes:
            told = f"it shrank from {file.bytes:,} to {status.st_size:,} bytes while it was read"
            raise _changed(file, told, "when nothing cuts it")
        if status.st_size == file.bytes:
            if status.st_mtime_ns != file.mtime_ns:
                raise _changed(file, "it was written to while it was read", "when it is at rest")
            return False
        with file.path.open("rb") as stream:
            if ends(stream, file.bytes) != file.digest:
                raise _changed(file, "it was written anew while it was read", "when nothing cuts it")
    except FileNotFoundError as error:
        told = "it was removed or renamed while it was read"
        raise _changed(file, told, "when the logs are not being rotated") from error
    except OSError as error:
        raise _changed(file, f"it cannot be read any more ({error.strerror or error})", "when it can") from error
    return True


def _whole_lines(file: InputFile) -> InputFile:
    if file.form != "plain":
        return msgspec.structs.replace(file, grown=True)
    with file.path.open("rb") as stream:
        size = _last_line_end(stream, file.bytes)
    return msgspec.structs.replace(file, bytes=size, text_bytes=size, grown=True)


def _last_line_end(stream: IO[bytes], size: int) -> int:
    """Where the last whole line within the first `size` bytes ends."""
    while size:
        start = max(0, size - _BLOCK_BYTES)
        stream.seek(start)
        found = stream.read(size - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


def _changed(file: InputFile, what: str, when: str) -> InputError:
    return InputError(f"{file.name!r}: {what}. {_AGAIN} {when}, or on a copy.")
