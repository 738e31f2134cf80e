"""Filters or sorts a view in a child process: the task it is given, the events it sends, and how it is ended.

The child process spares the memory and the threads of the program that asks. It can be ended at once, which a running
query of polars cannot.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

import logcorr
from logcorr.compute import child_process
from logcorr.model import errors
from logcorr.model.errors import Cancelled, LogcorrError
from logcorr.model.options import View
from logcorr.query.filter_language import Term
from logcorr.query.table_columns import Row

_POLL_S = 0.02
_STDERR_FILE = "said.txt"
_STDERR_END_BYTES = 400


class FilterTask(msgspec.Struct, frozen=True, kw_only=True, tag="filter"):
    """What to write to the folder: the rows of a view of a run for which all terms hold.

    The rows are sorted by `column`, or as they are stored where it is None. The rows of `parts` are taken in place of
    the stored ones, where there are parts: they are files of counted rows.
    """

    run: str
    view: View
    terms: tuple[Term, ...]
    column: str | None
    descending: bool
    folder: str
    parts: tuple[str, ...] = ()


class CountTask(msgspec.Struct, frozen=True, kw_only=True, tag="count"):
    """What to write to the folder: a row for each value of a column of the rows for which all terms hold.

    With `orphan_terms` the column is the user of exchanges, and orphans for which these terms hold are counted beside.
    With `collapse_ids` endpoints are counted with `*` for their ids.
    """

    run: str
    view: View
    terms: tuple[Term, ...]
    by: str
    folder: str
    orphan_terms: tuple[Term, ...] | None = None
    collapse_ids: bool = False


Task = FilterTask | CountTask


class FirstRows(msgspec.Struct, frozen=True, tag="first"):
    """Event: the first rows, in order. A later event may have more of the first rows."""

    rows: list[Row]


class FilteredFiles(msgspec.Struct, frozen=True, tag="made"):
    """Event: all rows are written. `files` are file names in the folder with their numbers of rows, in order."""

    files: list[tuple[str, int]]
    peak_rss_bytes: int


class FilterFailed(msgspec.Struct, frozen=True, tag="failed"):
    """Event: the task failed. `error` is the name of a class in `model.errors`, `said` its message."""

    error: str
    said: str


FilterEvent = FirstRows | FilteredFiles | FilterFailed


def filter_in_process(task: Task, cancel: threading.Event, on_rows: Callable[[list[Row]], None]) -> FilteredFiles:
    """Runs the task in a child process. `on_rows` gets the first rows as soon as they are known.

    Raises the LogcorrError that the task failed with, and Cancelled once `cancel` is set. Afterwards nothing writes to
    the folder any more.
    """
    if cancel.is_set():
        raise Cancelled("The filter or sort was cancelled.")
    with (Path(task.folder) / _STDERR_FILE).open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "logcorr.query.filter_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=child_process.environment(logcorr),
            start_new_session=os.name != "nt",
        )
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert process.stdin is not None  # noqa: S101 - for the types: both are pipes
    assert process.stdout is not None  # noqa: S101 - likewise
    reader = threading.Thread(target=_read, args=(process.stdout, lines), name="filter", daemon=True)
    reader.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(task) + b"\n")
            process.stdin.flush()
        made = _follow(lines, cancel, on_rows)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        with contextlib.suppress(OSError):
            process.stdin.close()
    if made is None:
        raise _died(process.returncode, Path(task.folder) / _STDERR_FILE)
    return made


def _follow(
    lines: "queue.SimpleQueue[bytes]", cancel: threading.Event, on_rows: Callable[[list[Row]], None]
) -> FilteredFiles | None:
    """The event that all rows are written; None where the process ended without it."""
    decoder = msgspec.json.Decoder(FilterEvent)
    while True:
        if cancel.is_set():
            raise Cancelled("The filter or sort was cancelled.")
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if not line:
            return None
        event = decoder.decode(line)
        if isinstance(event, FilterFailed):
            kind = getattr(errors, event.error, LogcorrError)
            raise kind(event.said)
        if isinstance(event, FilteredFiles):
            return event
        on_rows(event.rows)


def _read(stream: IO[bytes], lines: "queue.SimpleQueue[bytes]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(b"")


def _died(code: int, stderr: Path) -> LogcorrError:
    """The error for a process that ended without an event: its last line on stderr tells why."""
    words = stderr.read_bytes()[-_STDERR_END_BYTES:].decode("utf8", "replace").strip() if stderr.exists() else ""
    last = words.splitlines()[-1] if words else "it said nothing."
    if code == -9:
        last = "it was killed, most likely because the machine ran out of memory."
    return LogcorrError(f"The process that filters and sorts ended with {code}: {last}")
