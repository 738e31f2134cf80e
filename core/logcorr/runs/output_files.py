"""Output files: checks before any work, the unfinished file beside the target, errors while it is written."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import polars as pl

from logcorr.model.errors import OutputError, UsageError, cannot_write, system_error
from logcorr.model.options import OUTPUT_FORMS
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder, is_utf8
from logcorr.text.quantities import size

STDOUT = "-"


class MadeOutput(msgspec.Struct, frozen=True):
    """A file that is made from a finished run as a whole, such as a page: its path, and what makes its bytes."""

    path: str
    make: Callable[[RunFolder], bytes]


def check_target(path: str, *, force: bool, inputs: list[Path]) -> None:
    """Checks an output before any work; stdout passes.

    Raises UsageError for an unknown form, OutputError where no file can be written, or none may be replaced.
    """
    if path == STDOUT:
        return
    check_form(path)
    check_path(path, force=force, inputs=inputs)


def check_form(path: str) -> None:
    """Raises UsageError if the ending of a path names no form."""
    if Path(path).suffix.lower() not in OUTPUT_FORMS:
        message = f"output {path!r}: the ending picks the form, and this one is none of {', '.join(OUTPUT_FORMS)}."
        raise UsageError(message)


def check_path(path: str, *, force: bool, inputs: list[Path]) -> None:
    """Raises OutputError if a file cannot be written, would replace an input, or replace any file without `force`."""
    try:
        _check_path(path, force=force, inputs=inputs)
    except OSError as error:
        message = f"output {path!r} cannot be written: {error.strerror or error}. Check the path and its permissions."
        raise OutputError(message) from error


def _check_path(path: str, *, force: bool, inputs: list[Path]) -> None:
    target = Path(path)
    if not is_utf8(path):
        message = f"output {path!r}: the path is not UTF-8. Name another."
        raise OutputError(message)
    if target.is_dir():
        message = f"output {path!r} is a folder. Name a file in it."
        raise OutputError(message)
    if not target.absolute().parent.is_dir():
        message = f"output {path!r}: its folder does not exist. Make it first."
        raise OutputError(message)
    if not os.access(target.absolute().parent, os.W_OK):
        message = f"output {path!r}: its folder cannot be written. Check its permissions, or name another."
        raise OutputError(message)
    if target.exists():
        if any(file.exists() and target.samefile(file) for file in inputs):
            message = f"output {path!r} is one of the inputs. Name another file."
            raise OutputError(message)
        if not force:
            message = f"output {path!r} exists. Give --force to replace it."
            raise OutputError(message)


def unfinished_path(path: str) -> Path:
    """Where an output is written until it is complete: a hidden file beside its target."""
    target = Path(path).absolute()
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def write_whole(path: str, content: bytes, work: WorkFolder) -> tuple[Path, Path]:
    """Writes an output to its unfinished file. Returns what `deliver` takes: the unfinished file and its target.

    Raises OutputError where it cannot be written.
    """
    unfinished = unfinished_path(path)
    work.add_unfinished(unfinished)
    try:
        unfinished.write_bytes(content)
    except OSError as error:
        raise cannot_write(path, error, size(len(content))) from error
    return unfinished, Path(path).absolute()


def publish(path: str, content: bytes, root: Path) -> None:
    """Writes one output that `check_path` has passed, whole or not at all. Raises OutputError."""
    with WorkFolder(root) as work:
        work.deliver([write_whole(path, content, work)])


@contextmanager
def raising_output_errors(path: str, needed_bytes: Callable[[], int]) -> Iterator[None]:
    """Turns errors of the system, while an output is written, into OutputError; it takes about `needed_bytes()`."""
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        cause = system_error(error)
        if cause is None:  # not an error of the system, so the view that is read is damaged
            raise
        raise cannot_write(path, cause, size(needed_bytes())) from error
