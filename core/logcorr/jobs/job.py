"""What every job does: check inputs and outputs, open a finished run again or make one, export, publish."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import msgspec
import polars as pl

from logcorr import __version__
from logcorr.compute import kernels, resources
from logcorr.compute.object_path import AnyPath, local
from logcorr.inputs import changes, standard_input
from logcorr.inputs.decompress import check_text
from logcorr.inputs.files import InputFile, Resolved, digested, fingerprint, resolve_all
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.access_report import RunReport
from logcorr.model.errors import DISK_FULL, InputError, LogcorrError, OutputError, UsageError, system_error
from logcorr.model.events import DoneEvent
from logcorr.model.ledger import Log
from logcorr.model.manifest import SCHEMA, Manifest
from logcorr.model.options import JobOptions, Output
from logcorr.model.report import RunInfo
from logcorr.query import narrowing
from logcorr.runs import find_runs, output_files, run_folder, views, write_csv_json_parquet
from logcorr.runs.find_runs import key_of
from logcorr.runs.ownership import check_absent_or_mine
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder
from logcorr.text.quantities import size
from logcorr.text.zones import local_zone

_R = TypeVar("_R", bound=RunReport)
_OUTPUT_PER_TEXT_BYTE = 0.9
_COLUMN_PER_TEXT_BYTE = 0.4


class StartAgain(Exception):  # noqa: N818 - it tells what to do, and nothing is wrong
    """The run cannot be made in the way that was tried: it is to be made again, from its start, in another way."""


class Result(msgspec.Struct, Generic[_R], frozen=True, kw_only=True):
    """The result of a job: the report, the place of the run (None where it is not kept), and whether it was reused.

    `grown` names the input files that have grown since the job began. What was added is not in the report.
    `named_twice` are names of files that one side has under another name too. These files are read once. `notes` are
    sentences for the user on how the logs were read.
    """

    report: _R
    place: AnyPath | None
    reused: bool
    grown: list[str]
    named_twice: list[str]
    notes: list[str] = []

    @property
    def folder(self) -> Path | None:
        """The folder of the run. Raises UsageError where the run is in a bucket."""
        return None if self.place is None else local(self.place)


class Job(ABC, Generic[_R]):
    """A job that makes one run.

    `log_words` are the files, globs and folders that the user named for each log. `key_options` are the options that
    change the result of the run: its key is a hash of inputs, key options and version.
    """

    def __init__(
        self,
        options: JobOptions,
        log_words: dict[Log, tuple[str, ...]],
        key_options: dict[str, Any],
        meter: ProgressMeter,
    ) -> None:
        self._options, self._meter = options, meter
        groups = {"collapse": options.collapse} if options.collapse else {}
        self._key_options = {**key_options, **groups, **narrowing.key(options.narrowing)}
        if options.reading.zone == "local":
            # The zone of this machine may be another one next time.
            self._key_options["reading"] = msgspec.structs.replace(options.reading, zone=local_zone())
        self._root = self._root_of(options)
        self._named_twice: list[str] = []
        narrowing.check(options.narrowing)
        _check_words(log_words, options.memory_bytes)
        with ExitStack() as opened:
            self._files = self._resolved(log_words, opened)
            _check_outputs(options, [file.path for files in self._files.values() for file in files])
            self._notes: list[str] = []
            self._key_options |= self._tell_formats()
            self._skip_before()
            # Standard input is kept until the job ends.
            self._opened = opened.pop_all()
        self._fingerprints = {log: [fingerprint(file) for file in files] for log, files in self._files.items()}
        names = {log: self._names(log) for log in self._files}
        self._key = key_of([SCHEMA, __version__, self._key_options, self._fingerprints, names])
        self._started = datetime.now(UTC)
        self._needed_bytes = 0
        self._exported: frozenset[Path] = frozenset()

    @staticmethod
    def _root_of(options: JobOptions) -> Path:
        """The folder of this machine that has work folders."""
        return find_runs.local_root_of(options.store or None)

    def result(self) -> Result[_R]:
        """Makes the run, or opens the finished run of the same key, and writes the outputs.

        Publishes everything or nothing. Raises as `correlate` does. To be called once.
        """
        with self._opened:
            return self._opened_or_made()

    def _skip_before(self) -> None:
        """Leaves out what need not be read, if the user asked for that. Raises UsageError on an engine."""
        self._floor_us: int | None = None
        if self._options.narrowing.ordered_us is None:
            return
        if self._options.cluster is not None:
            message = "--ordered: a run on an engine reads all of the logs. Leave it out, or leave --engine out."
            raise UsageError(message)
        from logcorr.jobs.skip_before import skip_before  # noqa: PLC0415 - few runs need it

        skipped = skip_before(
            self._files, self._options.narrowing, self._options.reading, self._forms_named(), shift_us=self._shift_us()
        )
        self._files, self._floor_us = skipped.files, skipped.floor_us
        self._notes += skipped.notes

    def _check_order(self, first_us: int | None) -> None:
        """Raises InputError where the first entry that was read lies too far before what was not read."""
        if self._floor_us is not None:
            from logcorr.jobs.skip_before import check_order  # noqa: PLC0415 - few runs need it

            check_order(first_us, self._floor_us, self._options.narrowing.ordered_us)

    @abstractmethod
    def _forms_named(self) -> dict[Log, str | None]:
        """The format of each log that the user named."""

    def _shift_us(self) -> int:
        """By how much times are shifted, in µs."""
        return 0

    def _resolved(self, log_words: dict[Log, tuple[str, ...]], opened: ExitStack) -> dict[Log, list[InputFile]]:
        """The input files of each log, checked. Standard input is copied to a work folder, removed with `opened`."""
        files: dict[Log, list[InputFile]] = {}

        def stdin() -> Path:
            return standard_input.spool(opened.enter_context(WorkFolder(self._root)).spill, self._meter.stop_if_asked)

        for log, words in log_words.items():
            found = self._found(log, words, stdin)
            files[log] = [digested(file) for file in found.files]
            self._named_twice += found.named_twice
            for file in files[log]:
                check_text(file)
        return files

    def _found(self, log: Log, words: tuple[str, ...], stdin: Callable[[], Path]) -> Resolved:
        """The input files of one log. Raises InputError. `stdin` copies standard input to a file."""
        return resolve_all(log, words, memory_bytes=self._options.memory_bytes, stdin=stdin)

    def _opened_or_made(self) -> Result[_R]:
        finished = self._finished() if self._options.keep else None
        if finished is None:
            return self._result(None)
        try:
            return self._result(finished)
        except (InputError, *views.UNREADABLE) as error:
            # The run is damaged in a way that only shows when its views are read.
            if any(output.path == output_files.STDOUT for output in self._options.outputs):
                raise finished.damaged("exchanges") from error  # some records may be on stdout already
            finished.remove()
            return self._result(None)

    def _finished(self) -> RunFolder | None:
        """The finished run of the same key. Raises OutputError where something else stands in its place."""
        check_absent_or_mine(self._root / self._key)
        return find_runs.finished_run(self._root, self._key)

    def _result(self, finished: RunFolder | None) -> Result[_R]:
        self._exported = frozenset()
        try:
            with WorkFolder(self._root) as work:
                run = finished or self._compute(work)
                report = cast("_R", run.report)
                self._meter.enter("export")
                targets = self._export(run, work)
                self._publish_elsewhere()
                publish = self._options.keep and run.place == work.run
                run = work.deliver(targets, self._key if publish else None) or run
        except (changes.CutLineError, StartAgain):
            # Where a line was cut, the file has grown by now, so that the end of its last whole line can be told.
            return self._result(finished)
        except (OSError, pl.exceptions.PolarsError) as error:
            os_error = system_error(error)
            if os_error is None:
                raise
            raise self._cannot_write(os_error) from error
        place = run.place if self._options.keep else None
        self._meter.tell(
            DoneEvent(run=str(place) if place else None, reused=finished is not None, seconds=self._meter.elapsed)
        )
        grown = changes.names_of_grown([file for files in self._files.values() for file in files])
        return Result(
            report=report,
            place=place,
            reused=finished is not None,
            grown=grown,
            named_twice=self._named_twice,
            notes=self._notes,
        )

    @abstractmethod
    def _compute(self, work: WorkFolder) -> RunFolder:
        """Makes the run, in the work folder or in its place. Outputs that it completes are named in `_exported`."""

    def _publish_elsewhere(self) -> None:
        """Publishes a run that was not made in the work folder, once its outputs are written beside their targets."""

    @abstractmethod
    def _tell_formats(self) -> dict[str, Any]:
        """Tells the formats of the logs by samples. Returns what of it changes the result of the run."""

    @property
    def _text_bytes(self) -> int:
        """The bytes of all logs as text, as far as can be known before they are read."""
        return sum(file.text_bytes for files in self._files.values() for file in files)

    def _require_disk(self, work: WorkFolder, factor: float) -> None:
        """Raises OutputError where a disk has no room for the run or an output. A byte of text takes `factor` bytes."""
        text = self._text_bytes
        self._needed_bytes = int(text * factor)
        resources.require_disk(work.path, self._needed_bytes, "this run", "name a folder on another disk with --store")
        for output in self._options.outputs:
            if output.path != output_files.STDOUT:
                folder = Path(output.path).absolute().parent
                needed = self._output_bytes(output) if output.view == "exchanges" else 0
                resources.require_disk(folder, needed, f"output {output.path!r}", "name another folder")

    def _output_bytes(self, output: Output) -> int:
        """About how many bytes all exchanges take as an output."""
        return int(self._text_bytes * (_OUTPUT_PER_TEXT_BYTE + _COLUMN_PER_TEXT_BYTE * len(output.columns)))

    def _export(self, run: RunFolder, work: WorkFolder) -> list[tuple[Path, Path]]:
        """Writes every output to an unfinished file beside its target.

        Returns pairs (unfinished, target), to be renamed once everything is complete.
        """
        targets = []
        for number, output in enumerate(self._options.outputs):
            self._meter.tap()
            unfinished = output_files.unfinished_path(output.path)
            if output.path != output_files.STDOUT:
                targets.append((unfinished, Path(output.path).absolute()))
                if unfinished in self._exported:
                    continue
                work.add_unfinished(unfinished)
            records = views.records(run, output.view, output.columns)
            spill = work.spill / f"sort{number}"
            write_csv_json_parquet.write(
                records,
                output.path,
                unfinished,
                spill,
                sort_time=output.sort_time,
                raw_csv=output.raw_csv,
                tap=lambda _rows: self._meter.tap(),
            )
        for document in self._options.documents:
            self._meter.tap()
            targets.append(output_files.write_unfinished(document.path, document.bytes_of(run), work))
        if self._options.report_path is not None:
            targets.append(
                output_files.write_unfinished(self._options.report_path, run_folder.encode(run.report), work)
            )
        return targets

    def _cannot_write(self, error: OSError) -> LogcorrError:
        room = (
            f" This run needs about {size(self._needed_bytes)} there."
            if error.errno in DISK_FULL and self._needed_bytes
            else ""
        )
        return OutputError(
            f"writing below {str(self._root)!r} failed: {error.strerror or error}.{room} "
            "Free some space, or name another folder with --store."
        )

    def _run_info(self, buckets: int, spilled_bytes: int) -> RunInfo:
        return RunInfo(
            version=__version__,
            kernels=kernels.loaded(),
            options={**self._key_options, "memory_bytes": self._options.memory_bytes},
            started=self._started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            seconds={name: round(value, 3) for name, value in self._meter.lap().items()},
            steps={name: round(value, 3) for name, value in self._meter.steps.items()},
            buckets=buckets,
            spilled_bytes=spilled_bytes,
            peak_rss_bytes=resources.peak_rss(),
        )

    def _manifest(
        self, kind: str, parts: dict[str, int], rows: dict[str, int], attributes: list[str], headline: dict[str, Any]
    ) -> Manifest:
        return Manifest(
            schema=SCHEMA,
            kind=kind,
            key=self._key,
            version=__version__,
            created=self._started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            options=self._key_options,
            inputs={str(log): fingerprints for log, fingerprints in self._fingerprints.items()},
            files={str(log): self._names(log) for log in self._files},
            parts=parts,
            attributes=attributes,
            rows=rows,
            headline=headline,
        )

    def _names(self, log: Log) -> list[str]:
        return [file.name for file in self._files[log]]


def _check_words(log_words: dict[Log, tuple[str, ...]], memory_bytes: int) -> None:
    """Checks standard input if it is named; and all other inputs before it is read, which may take long."""
    all_words = [word for words in log_words.values() for word in words]
    standard_input.check(all_words)
    if standard_input.NAME in all_words:
        for log, words in log_words.items():
            resolve_all(log, tuple(word for word in words if word != standard_input.NAME), memory_bytes=memory_bytes)


def _check_outputs(options: JobOptions, inputs: list[Path]) -> None:
    paths = [_comparable(output.path) for output in options.outputs]
    for output in options.outputs:
        views.check_columns(options.kind, output.view, output.columns)
        output_files.check_target(output.path, force=options.force, inputs=inputs)
    whole_files = [document.path for document in options.documents]
    if options.report_path is not None:
        whole_files.append(options.report_path)
    for path in whole_files:
        output_files.check_path(path, force=options.force, inputs=inputs)
        paths.append(_comparable(path))
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        message = f"output {twice!r} is named twice. Name two files."
        raise OutputError(message)


def _comparable(path: str) -> str:
    """The path by which outputs are compared: the same for all names of one file."""
    return path if path == output_files.STDOUT else str(Path(path).resolve())
