"""Output files: checks before any work, the unfinished file beside the target, errors while it is written."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from logcorr.model.errors import OutputError, UsageError, cannot_write, system_error
from logcorr.model.options import OUTPUT_FORMS
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder, is_utf8
from logcorr.text.quantities import size

STDOUT = "-"


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
        if not target.is_file():
            message = f"output {path!r} is a device, a pipe or a socket, and would be replaced. Name a file."
            raise OutputError(message)
        if any(file.exists() and target.samefile(file) for file in inputs):
            message = f"output {path!r} is one of the inputs. Name another file."
            raise OutputError(message)
        if not force:
            message = f"output {path!r} exists. Give --force to replace it."
            raise OutputError(message)


def unfinished_path(path: str) -> Path:
    """Where this thread writes an output until it is complete: a hidden file beside its target.

    A relative path stays relative: polars takes only paths that are UTF-8, and the working folder may be none.
    """
    target = Path(path)
    return target.with_name(f".{target.name}.{os.getpid()}.{threading.get_native_id()}.part")


def write_unfinished(path: str, content: bytes, work: WorkFolder) -> tuple[Path, Path]:
    """Writes an output as a whole to its unfinished file; returns (unfinished, target), for `WorkFolder.deliver`.

    Raises OutputError if it cannot be written.
    """
    unfinished = unfinished_path(path)
    work.add_unfinished(unfinished)
    try:
        unfinished.write_bytes(content)
    except OSError as error:
        raise cannot_write(path, error, size(len(content))) from error
    return unfinished, Path(path).absolute()


def write_whole(path: str, content: bytes, root: Path) -> None:
    """Writes an output, whole or not at all; `root` is the folder of runs. Raises OutputError."""
    with WorkFolder(root) as work:
        work.deliver([write_unfinished(path, content, work)])


def logs_of(runs: Iterable[RunFolder]) -> list[Path]:
    """The logs that finished runs are of, and the files of the runs: no output may replace them.

    Raises InputError where a run is broken.
    """
    files = [file for run in runs for file in run.files()]
    return [*(Path(log.path) for run in runs for side in run.manifest.inputs.values() for log in side), *files]


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
