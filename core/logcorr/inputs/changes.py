"""Checks that input files are still what they were when the run began. A live log may have grown, but nothing else.

A log that has grown is read up to the last whole line that it had when the run began. Later lines are left to the next
run.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from logcorr.compute.line_ends import last_line_end
from logcorr.inputs.files import ANY, InputFile, ends
from logcorr.model.errors import InputError

_ADVICE = "Nothing was kept. Run again"


def as_at_start(files: list[InputFile]) -> list[InputFile]:
    """The files as they were when the run began. A file that has grown ends with its last whole line of then.

    Raises InputError where a file is gone, was replaced, is shorter, or was written to anywhere but at its end.
    """
    return [_whole_lines(file) if _has_grown(file) else file for file in files]


@contextmanager
def explained(files: list[InputFile]) -> Iterator[None]:
    """Checks the files again where reading them fails: a file that was just cut off is not called broken.

    Raises the InputError that tells how a file changed, else the InputError of the reader.
    """
    try:
        yield
    except InputError:
        as_at_start(files)
        raise


class CutLineError(Exception):
    """A file ended within a line when it was read, and has grown since. So its last line was read only in part."""


def check_whole_lines(files: list[InputFile], read: list[InputFile]) -> None:
    """Checks the `files` of a run again, once they were read. `read` are the same files, ended where reading ended.

    Raises CutLineError, and InputError as `as_at_start` does.
    """
    if [file.bytes for file in as_at_start(files)] != [file.bytes for file in read]:
        raise CutLineError


def names_of_grown(files: list[InputFile]) -> list[str]:
    """The names of the files that are longer now than when the run began."""
    return [file.name for file in files if _size(file) > file.bytes]


def _size(file: InputFile) -> int:
    if file.source is not None:
        return file.bytes
    try:
        return file.path.stat().st_size
    except OSError:
        return 0  # the file went away after it was read, which does no harm


def _has_grown(file: InputFile) -> bool:
    if file.source is not None:
        file.source.check_unchanged()
        return False
    try:
        status = file.path.stat()
        if not stat.S_ISREG(status.st_mode) or file.identity not in (ANY, (status.st_dev, status.st_ino)):
            raise _changed(file, "another file took its place while it was read", "when the logs are not being rotated")
        if status.st_size < file.bytes:
            change = f"it shrank from {file.bytes:,} to {status.st_size:,} bytes while it was read"
            raise _changed(file, change, "when nothing cuts it")
        if status.st_size == file.bytes:
            if status.st_mtime_ns != file.mtime_ns:
                raise _changed(file, "it was written to while it was read", "when it is at rest")
            return False
        with file.path.open("rb") as stream:
            if ends(stream, file.bytes) != file.digest:
                raise _changed(file, "it was written anew while it was read", "when nothing cuts it")
    except FileNotFoundError as error:
        change = "it was removed or renamed while it was read"
        raise _changed(file, change, "when the logs are not being rotated") from error
    except OSError as error:
        raise _changed(file, f"it cannot be read any more ({error.strerror or error})", "when it can") from error
    return True


def _whole_lines(file: InputFile) -> InputFile:
    ends_before = file.window is not None and file.window[1] < file.bytes
    if file.compression != "plain" or ends_before:
        return msgspec.structs.replace(file, grown=True)
    with file.path.open("rb") as stream:
        size = last_line_end(stream, file.bytes)
    start = 0 if file.window is None else min(file.window[0], size)
    window = None if file.window is None else (start, size)
    return msgspec.structs.replace(file, bytes=size, text_bytes=size - start, window=window, grown=True)


def _changed(file: InputFile, change: str, when: str) -> InputError:
    return InputError(f"{file.name!r}: {change}. {_ADVICE} {when}, or on a copy.")
