"""Filters or sorts a view in a process of its own: the job for it, what it tells, and its end at once when cancelled.

Apart from the program that asks, it takes neither its memory nor its threads; a query inside could not be ended.
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

_LOOK_EVERY_S = 0.02
_SAID = "said.txt"
_SAID_MOST = 400


class FilterTask(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a run's view for which all terms hold, by a column or as stored: to be written to the folder."""

    run: str
    view: View
    terms: tuple[Term, ...]
    column: str | None
    descending: bool
    folder: str


class First(msgspec.Struct, frozen=True, tag="first"):
    """The first rows, in order; more of them may follow."""

    rows: list[Row]


class Made(msgspec.Struct, frozen=True, tag="made"):
    """All is written: the files in the folder with their rows, in order, and the most memory it took."""

    files: list[tuple[str, int]]
    peak_rss_bytes: int


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It cannot be done: the name of the error, and what it says."""

    error: str
    said: str


Event = First | Made | Failed


def filter_in_process(job: FilterTask, cancel: threading.Event, first: Callable[[list[Row]], None]) -> Made:
    """Has a process do the job, and tells the first rows. Raises what it failed of, Cancelled once `cancel` is set.

    However it ends, nobody writes to the folder any more then.
    """
    if cancel.is_set():
        raise Cancelled("The filter or sort was cancelled.")
    with (Path(job.folder) / _SAID).open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "logcorr.query.filter_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=child_process.environment(logcorr),
            start_new_session=os.name != "nt",
        )
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert process.stdin is not None  # noqa: S101 - for the types: both are pipes
    assert process.stdout is not None  # noqa: S101 - likewise
    reader = threading.Thread(target=_read, args=(process.stdout, lines), name="sift", daemon=True)
    reader.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            process.stdin.flush()
        made = _follow(lines, cancel, first)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        with contextlib.suppress(OSError):
            process.stdin.close()
    return made if made is not None else _unmade(process.returncode, Path(job.folder) / _SAID)


def _follow(
    lines: "queue.SimpleQueue[bytes]", cancel: threading.Event, first: Callable[[list[Row]], None]
) -> Made | None:
    """What the process made; None where it ended without a word."""
    decoder = msgspec.json.Decoder(Event)
    while True:
        if cancel.is_set():
            raise Cancelled("The filter or sort was cancelled.")
        try:
            line = lines.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            continue
        if not line:
            return None
        event = decoder.decode(line)
        if isinstance(event, Failed):
            kind = getattr(errors, event.error, LogcorrError)
            raise kind(event.said)
        if isinstance(event, Made):
            return event
        first(event.rows)


def _read(stream: IO[bytes], lines: "queue.SimpleQueue[bytes]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(b"")


def _unmade(code: int, said: Path) -> Made:
    words = said.read_bytes()[-_SAID_MOST:].decode("utf8", "replace").strip() if said.exists() else ""
    last = words.splitlines()[-1] if words else "it said nothing."
    if code == -9:
        last = "it was killed, most likely because the machine ran out of memory."
    raise LogcorrError(f"The process that filters and sorts ended with {code}: {last}")
