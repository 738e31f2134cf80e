"""Runs one step of a run: reads what is in the store, and leaves there what it made and a note of it.

A step may be run any number of times, also at the same time. What it writes has a name of its own, and only the first
note of it counts: files that no note names are removed with the other work files.
"""

import os
import platform
import resource
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from logcorr.cluster import canary
from logcorr.cluster.plan import Failure, Note, Plan, note_name, work
from logcorr.cluster.sources import open_source
from logcorr.cluster.store import Store, open_store
from logcorr.compute.resources import peak_rss
from logcorr.inputs.files import InputFile
from logcorr.model.errors import LogcorrError, OutputError, UsageError, system_error
from logcorr.model.ledger import Log

# The function of each step, as MODULE:FUNCTION, by the kind of the run and the phase.
STEPS: dict[str, dict[str, str]] = {
    "correlation": {
        "map": "map_entries:map_split",
        "reduce": "reduce_bucket:reduce_bucket",
        "look": "look_again:look",
        "finish": "finish_bucket:finish",
        "count": "count_parts:count_part",
        "top": "look_again:top_users",
    },
}
_MOST_TEXT = 2_000


class Made(NamedTuple):
    """What a step made: facts for the driver, and files by what is in them (`Step.put`)."""

    facts: dict[str, Any]


class Step:
    """One try of a step, as the function of the step sees it."""

    def __init__(self, run: "WorkerRun", phase: str, index: int, scratch: Path) -> None:
        self.run, self.phase, self.index, self.scratch = run, phase, index, scratch
        self.plan, self.store = run.plan, run.store
        self._try = uuid.uuid4().hex[:8]
        self.files: dict[str, str] = {}
        self.sizes: dict[str, int] = {}

    def work_name(self, kind: str, ending: str = "") -> str:
        """The name of a work file of this try."""
        return work(self.run.key, kind, f"{self.index:06d}-{self._try}{ending}")

    def part_name(self, view: str, number: int = 0) -> str:
        """The name of a part of a view, which is of this try alone."""
        return f"{self.run.key}/{view}/{self.index:06d}-{number:04d}-{self._try}.parquet"

    def put(self, kind: str, data: bytes) -> None:
        """Writes a work file, and names it in the note."""
        name = self.work_name(kind)
        self.store.put(name, data)
        self.note(kind, name, len(data))

    def put_file(self, kind: str, name: str, path: Path) -> None:
        """Writes a local file into the store, and names it in the note."""
        self.note(kind, name, self.store.put_file(name, path))

    def note(self, kind: str, name: str, size: int) -> None:
        """Names a file in the note. Several files of a kind have numbers: `kind`, `kind/1`, …"""
        number = sum(known.partition("/")[0] == kind for known in self.files)
        key = f"{kind}/{number}" if number else kind
        self.files[key], self.sizes[key] = name, size


class WorkerRun:
    """A run as a worker sees it. Raises FileNotFoundError where it is not there any more."""

    def __init__(self, uri: str, key: str) -> None:
        self.store: Store = open_store(uri)
        self.key = key
        self.plan = msgspec.msgpack.decode(self.store.get(work(key, "told", "plan")), type=Plan)
        canary.check(self.plan.canary, self.plan.versions)
        self._told: dict[str, Any] = {}

    def told(self, name: str) -> Any:
        """What the driver told between two phases. It never changes."""
        if name not in self._told:
            self._told[name] = msgspec.msgpack.decode(self.store.get(work(self.key, "told", name)))
        return self._told[name]

    def own(self, kind: type[Any]) -> Any:
        """What only the steps of this kind of run know."""
        return msgspec.msgpack.decode(self.plan.own, type=kind)

    def files(self, log: Log) -> list[InputFile]:
        """The input files of a log, as the driver saw them. Raises InputError where one is gone or was changed."""
        found = []
        for planned in self.plan.files[log]:
            file = planned.file()
            if planned.remote:
                source = open_source(planned.place)
                file = msgspec.structs.replace(file, source=source)
            found.append(file)
        return found

    def is_there(self) -> bool:
        """Whether the run is still under way: neither cancelled nor cleaned away."""
        try:
            self.store.get(work(self.key, "told", "plan"))
        except FileNotFoundError:
            return False
        return True


@lru_cache(maxsize=4)
def _run_of(uri: str, key: str) -> WorkerRun:
    return WorkerRun(uri, key)


def run_step(uri: str, key: str, phase: str, index: int) -> None:
    """Runs a step, and notes it; does nothing where it is noted. Raises StoreError where the store cannot be reached.

    What goes wrong in the step is told through the store.
    """
    store = open_store(uri)
    name = note_name(key, phase, index)
    if _is_noted(store, name):
        return
    try:
        with tempfile.TemporaryDirectory(prefix="logcorr-step-") as scratch:
            step, note = _made(uri, key, phase, index, Path(scratch))
    except Exception as error:  # noqa: BLE001 - told to the driver, which judges it
        _tell_failure(store, key, phase, index, error)
        return
    # The first that ends counts; so do files of a run that is gone: they are not left behind.
    if not step.run.is_there() or not store.create(name, msgspec.msgpack.encode(note)):
        store.delete(list(note.files.values()))
    if not step.run.is_there():
        store.delete([*note.files.values(), name])


def _made(uri: str, key: str, phase: str, index: int, scratch: Path) -> tuple[Step, Note]:
    began, cpu = time.perf_counter(), _cpu_s()
    run = _run_of(uri, key)
    step = Step(run, phase, index, scratch)
    try:
        facts = _function(run.plan.kind, phase)(step)
    except BaseException:
        step.store.delete(list(step.files.values()))
        raise
    note = Note(
        facts=facts,
        files=step.files,
        sizes=step.sizes,
        seconds=time.perf_counter() - began,
        cpu_s=_cpu_s() - cpu,
        peak_rss_bytes=peak_rss(),
        worker=_worker(),
        versions=canary.versions(),
    )
    return step, note


def _function(kind: str, phase: str) -> Callable[[Step], dict[str, Any]]:
    module, _, name = STEPS[kind][phase].partition(":")
    function: Callable[[Step], dict[str, Any]] = getattr(import_module(f"logcorr.cluster.{module}"), name)
    return function


def _is_noted(store: Store, name: str) -> bool:
    try:
        store.get(name)
    except FileNotFoundError:
        return False
    return True


def _tell_failure(store: Store, key: str, phase: str, index: int, error: Exception) -> None:
    """Writes why a try failed. Errors of input and of options would come again, so they are final."""
    text = str(error)
    if isinstance(error, OSError | pl.exceptions.PolarsError) and (cause := system_error(error)) is not None:
        text = f"the disk of worker {_worker()} could not be used: {cause.strerror or cause}."
        error = OutputError(text)
    failure = Failure(
        kind=type(error).__name__,
        text=text[:_MOST_TEXT],
        worker=_worker(),
        final=isinstance(error, LogcorrError) and isinstance(error, UsageError),
    )
    name = work(key, "failed", phase, f"{index:06d}-{uuid.uuid4().hex[:8]}")
    store.put(name, msgspec.msgpack.encode(failure))


def _worker() -> str:
    return f"{platform.node()}:{os.getpid()}"


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
