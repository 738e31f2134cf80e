"""Output files: checked before any work, written beside their target, told about when the disk is full."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from logcorr.model.errors import OutputError, UsageError, cannot_write, system_error
from logcorr.runs.work_folder import is_utf8
from logcorr.text.quantities import size

FORMS = (".json", ".ndjson", ".jsonl", ".csv", ".parquet")
STDOUT = "-"


def check_target(path: str, *, force: bool, inputs: list[Path]) -> None:
    """Raises UsageError for an unknown form, OutputError for what must not or cannot be written; before any work."""
    if path == STDOUT:
        return
    check_form(path)
    check_place(path, force=force, inputs=inputs)


def check_form(path: str) -> None:
    """Raises UsageError for an ending that stands for no form."""
    if Path(path).suffix.lower() not in FORMS:
        message = f"output {path!r}: the ending picks the form, and this one is none of {', '.join(FORMS)}."
        raise UsageError(message)


def check_place(path: str, *, force: bool, inputs: list[Path]) -> None:
    """Raises OutputError where a file cannot be written there, or would replace one without leave."""
    try:
        _check_place(path, force=force, inputs=inputs)
    except OSError as error:
        message = f"output {path!r} cannot be written: {error.strerror or error}. Check the path and its permissions."
        raise OutputError(message) from error


def _check_place(path: str, *, force: bool, inputs: list[Path]) -> None:
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


def part_of(path: str) -> Path:
    """The unfinished file that stands beside a target until it is complete."""
    target = Path(path).absolute()
    return target.with_name(f".{target.name}.{os.getpid()}.part")


@contextmanager
def refusals(path: str, needed_bytes: Callable[[], int]) -> Iterator[None]:
    """Raises OutputError where the system refuses to write an output, which takes about so many bytes."""
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        refused = system_error(error)
        if refused is None:  # nothing that the system says: the view is damaged
            raise
        raise cannot_write(path, refused, size(needed_bytes())) from error
