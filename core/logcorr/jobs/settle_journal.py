"""Makes the run of a journal: an ordinary correlation or analysis, whose inputs have the names of the followed logs."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from logcorr.inputs.files import Resolved
from logcorr.jobs.analyze import Analysis
from logcorr.jobs.correlate import Correlation
from logcorr.jobs.job import Job
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.errors import Cancelled, InputError
from logcorr.model.ledger import ONE_LOG, SIDES, Log
from logcorr.model.options import AnalyzeOptions, CorrelateOptions, WatchOptions
from logcorr.runs.find_runs import finished_run
from logcorr.runs.journal_state import RUN, JournalFile, JournalRun, JournalState, read_run, read_state, write_whole
from logcorr.runs.leftovers import lock_soon
from logcorr.runs.ownership import open_privately

_LOCK = "settling"
_PATIENCE_S = 30.0


def settle(place: Path, *, memory_bytes: int, threads: int | None = None, cancel: threading.Event | None = None) -> str:
    """Makes the run of the journal in a folder, beside it, and returns its key.

    It takes the place of the run that was made of the journal before.
    A journal may grow meanwhile: the run is of whole lines that it had at the start. Raises InputError where no line
    tells what the logs are; else as `correlate` does.
    """
    with open_privately(place / _LOCK) as lock:
        _wait_for(lock, cancel or threading.Event())
        state, before = read_state(place), read_run(place)
        job = _job(place, state, memory_bytes, threads, cancel)
        size = sum((place / file.file).stat().st_size for file in job.files)
        result = job.result()
        assert result.folder is not None  # noqa: S101 - the job keeps its run
        key = result.folder.name
        write_whole(place / RUN, msgspec.json.encode(JournalRun(run=key, size=size)))
        if before is not None and before.run != key and (old := finished_run(place.parent, before.run)) is not None:
            with suppress(OSError):  # it is no run any more, or will be removed with the others
                old.remove()
        return key


def _wait_for(lock: IO[str], cancel: threading.Event) -> None:
    """Waits for another process that makes the run. Where it takes long, both make it, which does no harm.

    Raises Cancelled once `cancel` is set.
    """
    ends = time.monotonic() + _PATIENCE_S
    while not lock_soon(lock) and time.monotonic() < ends:
        if cancel.is_set():
            message = "interrupted; nothing was kept."
            raise Cancelled(message)


class _OfJournal(Job[Any]):
    """A job whose inputs are files of a journal. They have the names of the logs that were followed."""

    files: list[JournalFile]
    _words: tuple[tuple[str, ...], ...]

    def _found(self, log: Log, words: tuple[str, ...], stdin: Callable[[], Path]) -> Resolved:
        found = super()._found(log, words, stdin)
        named = {file.file: file for file in self.files}
        files = []
        for one in found.files:
            known = named.get(one.path.name)
            if known is not None:
                of_log = self._words[known.log]
                from_folder = str(Path(known.path).parent) in of_log
                one = msgspec.structs.replace(one, name=known.name, from_folder=from_folder)  # noqa: PLW2901
            files.append(one)
        return Resolved(files, found.named_twice)


class _Correlated(_OfJournal, Correlation):
    """A correlation of a journal."""

    def __init__(self, files: list[JournalFile], places: list[list[str]], *given: Any, **named: Any) -> None:
        self.files, self._words = files, tuple(map(tuple, places))
        super().__init__(*given, **named)


class _Analysed(_OfJournal, Analysis):
    """An analysis of a journal."""

    def __init__(self, files: list[JournalFile], places: list[list[str]], *given: Any) -> None:
        self.files, self._words = files, tuple(map(tuple, places))
        super().__init__(*given)


def _job(
    place: Path, state: JournalState, memory_bytes: int, threads: int | None, cancel: threading.Event | None
) -> _Correlated | _Analysed:
    """The job of a journal."""
    if state.kind is None:
        message = f"journal {place.name!r} has no line yet that tells what its logs are."
        if any((place / file.file).exists() and (place / file.file).stat().st_size for file in state.files):
            message = (
                f"journal {place.name!r}: following ended before it was known what its logs are. "
                "Follow the same logs with --resume: that goes on with it, and makes the run."
            )
        raise InputError(message)
    try:
        watched = msgspec.convert(state.options, WatchOptions)
    except msgspec.ValidationError as error:
        message = f"journal {place.name!r} was written by another version: {error}. Follow its logs anew."
        raise InputError(message) from error
    files = [file for file in state.files if (place / file.file).stat().st_size]
    meter = ProgressMeter(None, cancel, memory_bytes)
    common: dict[str, Any] = {"memory_bytes": memory_bytes, "threads": threads, "store": str(place.parent)}
    if state.kind == "access":
        analysis = AnalyzeOptions(
            files=tuple(str(place / file.file) for file in files),
            form=watched.form,
            reading=watched.reading,
            collapse=watched.collapse,
            collapse_ids=watched.collapse_ids,
            **common,
        )
        return _Analysed(files, state.places, analysis, meter)
    logs: tuple[Log, ...] = (ONE_LOG,) if state.kind == "log" else SIDES
    words = {log: _words(place, files, number) for number, log in enumerate(logs)}
    correlation: CorrelateOptions = msgspec.structs.replace(
        watched.correlation(),
        log=words.get(ONE_LOG, ()),
        requests=words.get("request", ()),
        responses=words.get("response", ()),
        **common,
    )
    return _Correlated(files, state.places, correlation, meter, estimates=False)


def _words(place: Path, files: list[JournalFile], log: int) -> tuple[str, ...]:
    """The files of a log. A log from which no line came is an empty file."""
    found = tuple(str(place / file.file) for file in files if file.log == log)
    if found:
        return found
    empty = place / f"{log}-empty.log"
    os.close(os.open(empty, os.O_WRONLY | os.O_CREAT, 0o600))
    return (str(empty),)
