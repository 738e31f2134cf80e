"""What every job on an engine does: opens store and engine, runs its phases, publishes, and leaves nothing behind."""

import uuid
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from logcorr.cluster import driver, publish
from logcorr.cluster.driver import Driver, removed
from logcorr.cluster.engines.base import Engine, open_engine
from logcorr.cluster.plan import Plan
from logcorr.cluster.sources import list_sources
from logcorr.cluster.store import FILE_SCHEME, check_creates_once, open_store
from logcorr.compute import object_storage
from logcorr.compute.object_path import REQUESTS, AnyPath, ObjectPath
from logcorr.inputs import changes, standard_input
from logcorr.inputs.files import InputFile, Resolved, of_source
from logcorr.jobs.job import Job, Result
from logcorr.model.access_report import RunReport
from logcorr.model.errors import Cancelled, EngineError, InputError, OutputError, StoreError, UsageError
from logcorr.model.ledger import Log
from logcorr.model.manifest import Manifest
from logcorr.model.options import ClusterOptions, JobOptions
from logcorr.model.report import RunInfo
from logcorr.runs import find_runs
from logcorr.runs.run_folder import MANIFEST, RunFolder
from logcorr.runs.work_folder import WorkFolder

_R = TypeVar("_R", bound=RunReport)


class OnEngine(Job[_R]):
    """A job whose run is made by steps on an engine. To be mixed into a job of this machine."""

    # What makes a run of the parts that are in the store.
    _unpublished: tuple[RunReport, Manifest] | None
    _made_now: bool

    @property
    def _cluster(self) -> ClusterOptions:
        options = self._options.cluster
        if options is None:
            message = "a job on an engine needs its options"
            raise ValueError(message)
        return options

    def result(self) -> Result[_R]:
        """As on one machine. A run that is not to be kept is removed once its outputs are written."""
        self._store = open_store(self._options.store or str(self._root))
        if not self._options.keep:
            # A run of the same logs may be kept there already.
            self._key = uuid.uuid4().hex[: len(self._key)]
        try:
            return super().result()
        finally:
            if not self._options.keep:
                driver.clean(self._store, self._key)
                self._store.delete(list(self._store.list(f"{self._key}/")))

    @staticmethod
    def _root_of(options: JobOptions) -> Path:
        return find_runs.work_root(_runs_root(options))

    def _found(self, log: Log, words: tuple[str, ...], stdin: Callable[[], Path]) -> Resolved:
        if standard_input.NAME in words:
            raise InputError(f"log {standard_input.NAME!r}: no worker reads this standard input. Save it to a file.")
        if not any(object_storage.is_uri(word) for word in words):
            return super()._found(log, words, stdin)
        found = [file for word in words for file in self._of_word(log, word, stdin)]
        files: dict[str, InputFile] = {}
        named_twice = [file.name for file in found if files.setdefault(file.place, file) is not file]
        return Resolved(list(files.values()), named_twice)

    def _of_word(self, log: Log, word: str, stdin: Callable[[], Path]) -> list[InputFile]:
        if not object_storage.is_uri(word):
            return super()._found(log, (word,), stdin).files
        with ThreadPoolExecutor(REQUESTS) as threads:
            described = partial(of_source, log, memory_bytes=self._options.memory_bytes)
            return list(threads.map(described, list_sources([word], log)))

    def _finished(self) -> RunFolder | None:
        root = _runs_root(self._options)
        return find_runs.finished_run(root, self._key) if isinstance(root, ObjectPath) else super()._finished()

    def _result(self, finished: RunFolder | None) -> Result[_R]:
        self._begin()
        try:
            return super()._result(finished)
        except Cancelled:
            if self._made_now and not self._cluster.keep_work:
                if self._unpublished is None:
                    self._store.delete([f"{self._key}/{MANIFEST}"])
                driver.clean(self._store, self._key)
            raise
        except OutputError as error:
            # What a store or an engine says tells what to do.
            if self._unpublished is None or not self._options.keep or isinstance(error, StoreError | EngineError):
                raise
            raise OutputError(
                f"{error} The run is not published, and its work is kept: start again to go on, or remove it with "
                f"`logcorr runs clean --store {self._store.uri}`."
            ) from error

    def _begin(self) -> None:
        self._unpublished, self._made_now = None, False

    def _publish_elsewhere(self) -> None:
        if self._unpublished is None or not self._options.keep:
            return
        try:
            publish.publish(self._store, self._key, *self._unpublished)
        except (EngineError, StoreError):
            # Another driver may have finished the run meanwhile: it is the same.
            if self._finished() is None:
                raise
        self._unpublished = None
        driver.clean(self._store, self._key)

    def _compute(self, work: WorkFolder) -> RunFolder:
        check_creates_once(self._store)
        engine = open_engine(self._cluster.engine)
        run = Driver(
            self._store,
            engine,
            tap=self._meter.tap,
            work_folder=work.path,
            tries=self._cluster.tries,
            patience_s=self._cluster.patience_s,
        )
        try:
            run.adopt(self._plan(engine))
            made = self._finished() if self._options.keep else None
            if made is None:
                return self._made_by(run, work)
        except (changes.CutLineError, Cancelled, UsageError) as error:
            # The same would come of it again. What began with other versions is not this run's to remove.
            engine.close()
            if run.adopted and not (self._cluster.keep_work and isinstance(error, Cancelled)):
                driver.clean(self._store, self._key)
            raise
        except (EngineError, StoreError, FileNotFoundError) as error:
            # Another driver may have finished the run meanwhile, and removed its work files.
            if run.adopted and self._options.keep and (finished := self._finished()) is not None:
                return finished
            if run.is_gone:
                raise removed(self._key) from error
            raise
        finally:
            engine.close()
        driver.clean(self._store, self._key)
        return made

    def _check_unchanged(self, plan: Plan) -> None:
        """Raises CutLineError or InputError where a file was changed while it was read."""
        for log, files in self._files.items():
            read = [msgspec.structs.replace(planned.file(), bytes=planned.end) for planned in plan.files[log]]
            changes.check_whole_lines(files, read)

    def _engine_info(self, run: Driver, info: RunInfo) -> RunInfo:
        """How the run was made, with what the engine came to."""
        phases = run.phases.values()
        return msgspec.structs.replace(
            info,
            options={**info.options, "memory_bytes": run.plan.sizes.memory_bytes},
            peak_rss_bytes=max((phase.peak_rss_bytes for phase in phases), default=info.peak_rss_bytes),
            engine=self._cluster.engine.partition(":")[0],
            steps_run=sum(phase.steps for phase in phases),
            steps_found=sum(phase.resumed for phase in phases),
            retried=sum(phase.retried for phase in phases),
        )

    @abstractmethod
    def _plan(self, engine: Engine) -> Plan:
        """The plan of the run. Raises InputError."""

    @abstractmethod
    def _made_by(self, run: Driver, work: WorkFolder) -> RunFolder:
        """Runs all phases: the parts of all views are in the store. `work` has room on this machine.

        Raises what phases raise.
        """

    def _unpublished_run(self, report: RunReport, manifest: Manifest) -> RunFolder:
        """The run in its place, to write outputs of. It is published when they are written."""
        self._unpublished, self._made_now = (report, manifest), True
        return RunFolder.unpublished(_runs_root(self._options) / self._key, manifest, report)


def _runs_root(options: JobOptions) -> AnyPath:
    """Where the runs are: a folder of this machine, or a prefix of a bucket."""
    return find_runs.root_of(options.store.removeprefix(FILE_SCHEME) if options.store else None)
