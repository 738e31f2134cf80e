"""What every job does around its own work: check inputs and outputs, open a finished run again, export, publish."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import msgspec
import polars as pl

from logcorr import __version__
from logcorr.compute import kernels, resources
from logcorr.inputs import changes
from logcorr.inputs.files import digested, fingerprint, resolve
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.model.access_report import RunReport
from logcorr.model.errors import DISK_FULL, InputError, LogcorrError, OutputError, cannot_write, system_error
from logcorr.model.events import DoneEvent
from logcorr.model.ledger import Log
from logcorr.model.manifest import SCHEMA, Manifest
from logcorr.model.options import JobOptions, Output
from logcorr.model.report import RunInfo
from logcorr.runs import output_files, run_folder, views, write_records
from logcorr.runs.ownership import claim
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder
from logcorr.text.quantities import size

_R = TypeVar("_R", bound=RunReport)
_OUTPUT_PER_TEXT_BYTE = 0.9
_COLUMN_PER_TEXT_BYTE = 0.4


class Result(msgspec.Struct, Generic[_R], frozen=True, kw_only=True):
    """A finished job: its report, its folder (None when none was kept), and whether it was there already.

    `grown` names the input files to which more was written since the job began; that is not part of it.
    """

    report: _R
    folder: Path | None
    reused: bool
    grown: list[str]


class Job(ABC, Generic[_R]):
    """One run over `given` logs. `told` are the options that decide what it comes to: with the inputs, they name it."""

    def __init__(
        self, options: JobOptions, given: dict[Log, tuple[str, ...]], told: dict[str, Any], meter: ProgressMeter
    ) -> None:
        self._options, self._told, self._meter = options, told, meter
        self._files = {log: [digested(file) for file in resolve(log, names)] for log, names in given.items()}
        _check_outputs(options, [file.path for files in self._files.values() for file in files])
        self._prints = {log: [fingerprint(file) for file in files] for log, files in self._files.items()}
        names = {log: self._names(log) for log in self._files}
        self._key = run_folder.key_of([SCHEMA, __version__, told, self._prints, names])
        self._root = Path(options.store) if options.store else run_folder.default_root()
        self._started = datetime.now(UTC)
        self._needed = 0
        self._written: frozenset[Path] = frozenset()

    def result(self) -> Result[_R]:
        """Does the work, or opens what was done before; complete at the end, or without a trace."""
        if self._options.keep:
            claim(self._root / self._key)
        done = run_folder.finished_run(self._root, self._key) if self._options.keep else None
        if done is None:
            return self._result(None)
        try:
            return self._result(done)
        except (InputError, *views.UNREADABLE) as error:
            # It is damaged in a way that only shows where it is read.
            if any(output.path == output_files.STDOUT for output in self._options.outputs):
                raise done.damaged("exchanges") from error  # part of it may be out already
            done.remove()
            return self._result(None)

    def _result(self, done: RunFolder | None) -> Result[_R]:
        self._written = frozenset()
        try:
            with WorkFolder(self._root) as work:
                run = done or self._compute(work)
                final = cast("_R", run.report)
                self._meter.enter("export")
                targets = self._export(run, work)
                made = self._options.keep and done is None
                run = work.deliver(targets, self._key if made else None) or run
        except changes.CutLineError:
            # By now it is known where the whole lines of that file end.
            return self._result(done)
        except (OSError, pl.exceptions.PolarsError) as error:
            refused = system_error(error)
            if refused is None:
                raise
            raise self._cannot_write(refused) from error
        folder = run.path if self._options.keep else None
        self._meter.tell(
            DoneEvent(run=str(folder) if folder else None, reused=done is not None, seconds=self._meter.elapsed)
        )
        grown = changes.grown([file for files in self._files.values() for file in files])
        return Result(report=final, folder=folder, reused=done is not None, grown=grown)

    @abstractmethod
    def _compute(self, work: WorkFolder) -> RunFolder:
        """Makes the run in the work folder; unfinished outputs that are whole by then are in `_written`."""

    @property
    def _text_bytes(self) -> int:
        """What the logs are as text, as far as can be known before they are read."""
        return sum(file.text_bytes for files in self._files.values() for file in files)

    def _require_disk(self, work: WorkFolder, factor: float) -> None:
        """Raises OutputError where there is no room for so many bytes of a run for each of text, or for the outputs."""
        text = self._text_bytes
        self._needed = int(text * factor)
        resources.require_disk(work.path, self._needed, "this run", "name a folder on another disk with --store")
        for output in self._options.outputs:
            if output.path != output_files.STDOUT:
                place = Path(output.path).absolute().parent
                needed = self._output_bytes(output) if output.view == "exchanges" else 0
                resources.require_disk(place, needed, f"output {output.path!r}", "name another folder")

    def _output_bytes(self, output: Output) -> int:
        """About what all exchanges take as an output."""
        return int(self._text_bytes * (_OUTPUT_PER_TEXT_BYTE + _COLUMN_PER_TEXT_BYTE * len(output.columns)))

    def _export(self, run: RunFolder, work: WorkFolder) -> list[tuple[Path, Path]]:
        """Writes every output beside its target; returns the (part, target) pairs to rename once all is complete."""
        targets = []
        for number, output in enumerate(self._options.outputs):
            self._meter.tap()
            part = output_files.part_of(output.path)
            if output.path != output_files.STDOUT:
                targets.append((part, Path(output.path).absolute()))
                if part in self._written:
                    continue
                work.add_part(part)
            found = views.records(run, output.view, output.columns)
            spill = work.spill / f"sort{number}"
            write_records.write(
                found,
                output.path,
                part,
                spill,
                sort_time=output.sort_time,
                raw_csv=output.raw_csv,
                tap=self._meter.tap,
            )
        if self._options.report_path is not None:
            part = output_files.part_of(self._options.report_path)
            work.add_part(part)
            targets.append((part, Path(self._options.report_path).absolute()))
            text = run_folder.encode(run.report)
            try:
                part.write_bytes(text)
            except OSError as error:
                raise cannot_write(self._options.report_path, error, size(len(text))) from error
        return targets

    def _cannot_write(self, error: OSError) -> LogcorrError:
        room = f" This run needs about {size(self._needed)} there." if error.errno in DISK_FULL and self._needed else ""
        return OutputError(
            f"writing below {str(self._root)!r} failed: {error.strerror or error}.{room} "
            "Free some space, or name another folder with --store."
        )

    def _run_info(self, buckets: int, spilled: int) -> RunInfo:
        return RunInfo(
            version=__version__,
            kernels=kernels.loaded(),
            options={**self._told, "memory_bytes": self._options.memory_bytes},
            started=self._started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            seconds={name: round(value, 3) for name, value in self._meter.lap().items()},
            steps={name: round(value, 3) for name, value in self._meter.steps.items()},
            buckets=buckets,
            spilled_bytes=spilled,
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
            options=self._told,
            inputs={str(log): prints for log, prints in self._prints.items()},
            files={str(log): self._names(log) for log in self._files},
            parts=parts,
            attributes=attributes,
            rows=rows,
            headline=headline,
        )

    def _names(self, log: Log) -> list[str]:
        return [file.name for file in self._files[log]]


def _check_outputs(options: JobOptions, inputs: list[Path]) -> None:
    paths = [_one_name(output.path) for output in options.outputs]
    for output in options.outputs:
        views.check_columns(options.kind, output.view, output.columns)
        output_files.check_target(output.path, force=options.force, inputs=inputs)
    if options.report_path is not None:
        output_files.check_place(options.report_path, force=options.force, inputs=inputs)
        paths.append(_one_name(options.report_path))
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        message = f"output {twice!r} is named twice. Name two files."
        raise OutputError(message)


def _one_name(path: str) -> str:
    """The same for all names of one file."""
    return path if path == output_files.STDOUT else str(Path(path).resolve())
