"""Runs one step of a run: reads what is in the store, and leaves there what it made and a note of it.

A step may be run any number of times, also at the same time. What it writes has a name of its own, and only the first
note of it counts: files that no note names are removed with the other work files.
"""

import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import polars as pl

from logcorr.cluster import canary
from logcorr.cluster.plan import Failure, Note, PlannedFile, Split, WorkNames, decoded_plan, plan_mark, plan_name
from logcorr.cluster.sources import open_source
from logcorr.cluster.store import Store, open_store
from logcorr.compute.object_storage import is_uri
from logcorr.compute.resources import peak_rss
from logcorr.compute.struct_bytes import of_bytes
from logcorr.inputs.files import InputFile
from logcorr.model.errors import EngineError, InputError, OutputError, StoreError, UsageError, system_error
from logcorr.runs import ownership
from logcorr.runs.work_folder import WorkFolder

# The function of each step, as MODULE:FUNCTION, by the kind of the run and the phase.
STEPS: dict[str, dict[str, str]] = {
    "correlation": {
        "map": "map_entries:map_split",
        "reduce": "reduce_bucket:reduce_bucket",
        "sums": "merge_pair_sums:merge_pair_sums",
        "look": "look_again:look",
        "finish": "finish_bucket:finish",
        "count": "count_parts:count_part",
        "top": "look_again:top_users",
        "looktop": "look_again:look",
        # Of the exchanges that a run leaves.
        "sums-left": "merge_pair_sums:merge_pair_sums",
        "look-left": "look_again:look",
        "top-left": "look_again:top_users",
        "looktop-left": "look_again:look",
    },
    "access": {
        "map": "map_accesses:map_split",
        "narrow": "keep_accesses:narrow",
        "finish": "keep_accesses:finish",
        "sums": "merge_accesses:merge_sums",
        "groups": "merge_accesses:merge_groups",
        "look": "look_again:look",
    },
}
_MOST_TEXT = 2_000
_T = TypeVar("_T")


class _Gone(Exception):  # noqa: N818 - nothing is wrong: nobody wants the step any more
    """The run of a step was cancelled, cleaned away, or begun anew."""


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
        return self.run.names.made(kind, f"{self.index:06d}-{self._try}{ending}")

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

    def stop_if_gone(self) -> None:
        """Ends the step where its run is gone. For steps that may take long."""
        if not self.run.is_there():
            raise _Gone

    def note(self, kind: str, name: str, size: int) -> None:
        """Names a file in the note. Several files of a kind have numbers: `kind`, `kind/1`, …"""
        number = sum(known.partition("/")[0] == kind for known in self.files)
        key = f"{kind}/{number}" if number else kind
        self.files[key], self.sizes[key] = name, size


class WorkerRun:
    """A run as a worker sees it, by its plan."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key = store, key
        self.mark, self.plan = decoded_plan(store.get(plan_name(key)))
        self.names = WorkNames(key, self.mark)
        canary.check(self.plan.canary, self.plan.versions)
        self._told: dict[str, Any] = {}

    def told(self, name: str, kind: type[_T]) -> _T:
        """What the driver told between two phases. It never changes."""
        if name not in self._told:
            self._told[name] = of_bytes(self.store.get(self.names.told(name)), kind)
        found: _T = self._told[name]
        return found

    def own(self, kind: type[_T]) -> _T:
        """What only the steps of this kind of run know."""
        return msgspec.msgpack.decode(self.plan.own, type=kind)

    def files(self, split: Split) -> dict[int, InputFile]:
        """The files of a split, by their numbers in the log, as the driver saw them.

        Raises InputError where this worker does not see one, or one was changed.
        """
        return {piece.file: _opened(self.plan.files[split.log][piece.file]) for piece in split.pieces}

    def is_there(self) -> bool:
        """Whether the run is still under way: neither cancelled, nor cleaned away, nor begun anew."""
        return plan_mark(self.store, self.key) == self.mark


def _opened(planned: PlannedFile) -> InputFile:
    file = planned.file()
    if not planned.remote:
        if not file.path.exists():
            raise InputError(
                f"worker {platform.node()} does not see {planned.place!r}. Give logs in a folder that all workers see, "
                "or in a bucket: s3://…"
            )
        return file
    source = open_source(planned.place)
    if (source.identity, source.size) != (planned.identity, planned.bytes):
        raise InputError(f"{planned.name!r}: it was written to while it was read. Run again when it is at rest.")
    return msgspec.structs.replace(file, source=source)


@lru_cache(maxsize=4)
def _run_of(uri: str, key: str, mark: str) -> WorkerRun:  # noqa: ARG001 - another plan is another run
    return WorkerRun(open_store(uri), key)


def run_step(uri: str, key: str, phase: str, index: int) -> Failure | None:
    """Runs a step, and notes it; does nothing where it is noted. Raises StoreError where the store cannot be reached.

    What goes wrong in the step is told through the store, and returned.
    """
    store = open_store(uri)
    mark = plan_mark(store, key)
    if mark is None:
        # A run that is gone wants no step any more. A store that is not there was never seen by this machine.
        if not is_uri(uri) and not Path(uri.removeprefix("file://")).is_dir():
            raise StoreError(f"store {uri!r}: no such folder on this machine. Check that it is mounted here.")
        return None
    names = WorkNames(key, mark)
    name = names.note(phase, index)
    if _is_noted(store, name):
        return None
    try:
        run = _run_of(uri, key, mark)
        # The folders of steps that were killed are removed with the next step of this machine.
        with ownership.leaving_umask(), WorkFolder(_scratch_root()) as scratch:
            note = _made(Step(run, phase, index, scratch.spill))
    except _Gone:
        return None
    except Exception as error:  # noqa: BLE001 - told to the driver, which judges it
        failure = _failure(error)
        if plan_mark(store, key) == mark:
            store.put(names.failure(phase, index), msgspec.msgpack.encode(failure))
        return failure
    # The first that ends counts. A run that is gone gets no note, and a note that came too late goes.
    if not run.is_there() or not store.create(name, msgspec.msgpack.encode(note)):
        store.delete(list(note.files.values()))
    elif not run.is_there():
        store.delete([*note.files.values(), name])
    return None


def _made(step: Step) -> Note:
    began, cpu = time.perf_counter(), time.process_time()
    try:
        facts = _function(step.plan.kind, step.phase)(step)
    except BaseException:
        step.store.delete(list(step.files.values()))
        raise
    return Note(
        facts=facts,
        files=step.files,
        sizes=step.sizes,
        seconds=time.perf_counter() - began,
        cpu_s=time.process_time() - cpu,
        peak_rss_bytes=peak_rss(),
        worker=_worker(),
        versions=canary.versions(),
    )


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


def _failure(error: Exception) -> Failure:
    """Why a try failed. Errors of input, of options and of versions would come again, so they are final."""
    text = str(error)
    if isinstance(error, OSError | pl.exceptions.PolarsError) and (cause := system_error(error)) is not None:
        text = f"the disk of worker {_worker()} could not be used: {cause.strerror or cause}."
        error = OutputError(text)
    final = isinstance(error, UsageError | EngineError)
    return Failure(kind=type(error).__name__, text=text[:_MOST_TEXT], worker=_worker(), final=final)


def _scratch_root() -> Path:
    """The folder of this user on this machine that has the folders of steps. Raises OutputError."""
    user = os.geteuid() if hasattr(os, "geteuid") else "me"
    root = Path(tempfile.gettempdir()) / f"logcorr-steps-{user}"
    root.mkdir(mode=0o700, exist_ok=True)
    if not ownership.is_mine(root):
        raise OutputError(f"{str(root)!r} is a link, or somebody else's. Set TMPDIR to another folder.")
    return root


def _worker() -> str:
    return f"{platform.node()}:{os.getpid()}"
