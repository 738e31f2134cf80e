"""The job that analyses an access log, stage by stage.

Each line of an access log is an exchange already, so reading it is most of the work.
"""

import threading
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from logcorr.compute import resources
from logcorr.compute.background_thread import BackgroundThread
from logcorr.compute.memory_budget import chunk_size, room_for_data
from logcorr.compute.parquet_slices import slices
from logcorr.compute.threads import count as count_threads
from logcorr.figures import access_report, latency
from logcorr.figures.access_report import AccessReportData
from logcorr.figures.access_sums import AccessCounter, AccessSums
from logcorr.figures.grid import grid
from logcorr.inputs.line_numbers import RowsOfFiles
from logcorr.inputs.log_reader import LogReader, LogResult
from logcorr.inputs.reader import batches
from logcorr.jobs import conclude
from logcorr.jobs.access_exchanges import AccessLines, count_stored, stored
from logcorr.jobs.access_formats import tell_access_formats
from logcorr.jobs.job import Job, Result
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.timings import Timings
from logcorr.jobs.write_groups import GroupLimits, GroupWriter, group_views, groups_of
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.access_report import AccessReport
from logcorr.model.ledger import Log
from logcorr.model.manifest import Manifest
from logcorr.model.options import AnalyzeOptions, Narrowing
from logcorr.model.report import RunInfo
from logcorr.query import narrowing
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.views import OF_EXCHANGES
from logcorr.runs.work_folder import WorkFolder

_RUN_PER_TEXT_BYTE = 0.8
_PART_ROWS = 400_000
# Lines of access logs are long: a chunk of this size has enough of them to be read fast.
_CHUNK_BYTES = 8 << 20
# One in so many bytes of memory may be text whose exchanges are not written yet.
_TEXT_SHARE = 8
# One in so many bytes of the room for data may be counts by endpoint and address, and times and durations.
_GROUPS_SHARE, _TIMINGS_SHARE = 3, 16
# Threads that share a counter wait for each other; counters that are not shared each know all texts.
_THREADS_A_COUNTER = 4


def analyze(
    options: AnalyzeOptions, *, on_event: Listener | None = None, cancel: threading.Event | None = None
) -> Result[AccessReport]:
    """Analyses an access log, writes the outputs asked for, and keeps the run unless the options say otherwise.

    Cancellation, events and errors are as for `correlate`.
    """
    return Analysis(options, ProgressMeter(on_event, cancel, options.memory_bytes)).result()


class Analysis(Job[AccessReport]):
    """The job of an analysis."""

    def __init__(self, options: AnalyzeOptions, meter: ProgressMeter) -> None:
        names = ("reading", "window_us", "suspicious", "collapse_ids")
        key_options = {name: getattr(options, name) for name in names}
        self._access_options = options
        self._narrowed = options.narrowing != Narrowing()
        super().__init__(options, {"access": options.files}, key_options, meter)

    def _tell_formats(self) -> dict[str, Any]:
        self._told = tell_access_formats(self._access_options, self._files["access"])
        self._files = {"access": self._told.files}
        self._notes += self._told.notes()
        return self._told.key()

    def _forms_named(self) -> dict[Log, str | None]:
        return {"access": self._access_options.form}

    def _compute(self, work: WorkFolder) -> RunFolder:
        """The stages of an analysis, in order. Each stage takes the results of the stages before it."""
        self._require_disk(work, _RUN_PER_TEXT_BYTE)
        attributes = self._told.attributes
        views = ViewWriter(work.run, ("exchanges", "malformed", "other", *group_views(attributes)))
        self._check_narrowing()
        timings = Timings(work.spill / "timings", self._access_options.memory_bytes // _TIMINGS_SHARE)
        read, sums = self._read(work, views, timings)
        resources.trim_heap()
        self._meter.enter("count")
        malformed = views.write_refused("access", read)
        exchanges = read.counts["exchanges"]
        self._meter.sides["access"].ledger.update(exchanges=exchanges, **malformed)
        scan = timings.scan
        if self._narrowed:
            sums = self._narrow(work, views, read)
            scan = partial(views.scan, "exchanges")
        rows = views.height("exchanges") if self._narrowed else exchanges
        options = self._access_options
        limits = GroupLimits(window_us=options.window_us, suspicious=options.suspicious)
        groups = GroupWriter(views, work.spill, self._meter, limits).write(attributes, sums, sums.counter.groups)
        figures = latency.figures(sums, scan)
        self._meter.enter("report")
        data = AccessReportData(
            sums=sums,
            figures=figures,
            rows=rows,
            groups=groups,
        )
        report = self._report(data, _lines(read, malformed), self._run_info(1, 0))
        report = conclude.access_report(report, sums, scan, groups_of(views.scan, attributes))
        run = RunFolder(work.run)
        run.write(self._access_manifest(report, views.parts(), views.heights()), report)
        return run

    def _read(self, work: WorkFolder, views: ViewWriter, timings: Timings) -> tuple[LogResult, AccessSums]:
        """Reads every line and counts its exchange. The exchanges are written, a part after another, if they are kept.

        Raises InputError where no line is read.
        """
        threads = count_threads(self._options.memory_bytes, self._options.threads)
        room = room_for_data(self._access_options.memory_bytes)
        chunk_bytes = chunk_size(room, _CHUNK_BYTES, threads=threads)
        files = self._files["access"]
        shared = -(-threads // _THREADS_A_COUNTER)
        counters = [self._counter(work.spill / f"groups{number}", room // shared) for number in range(shared)]
        reader = LogReader(
            "access",
            self._told.forms(),
            files,
            work.spill / "access",
            self._meter,
            chunk_bytes=chunk_bytes,
            threads=threads,
            counters=[counters[number % shared] for number in range(threads)],
        )
        # Until exchanges are written, they are in memory.
        most_chunks = max(1, self._access_options.memory_bytes // (_TEXT_SHARE * chunk_bytes))
        part = 0
        sums = AccessSums(grid(None, None, self._access_options.window_us), counters[0], widens=True)
        with BackgroundThread() as writer, BackgroundThread() as by_time, closing(reader.entries()) as entries:
            exchanges = (one for read in entries for one in read.get("exchange", ()))
            for part, rows in enumerate(batches(timings.noting(exchanges), _PART_ROWS, most_chunks), 1):
                by_time.do(partial(sums.add, rows))
                if self._keeps_exchanges:
                    stored_rows = stored(rows, self._told.attributes, reader.lines_read.places)
                    writer.do(partial(views.write, stored_rows, "exchanges", f"{part:04d}"))
        read = reader.finish()
        if not part or not self._keeps_exchanges:
            views.write(self._no_exchanges(), "exchanges", "0000")
        if _lines(read, {}).unreadable:
            raise self._told.unreadable()
        for other in counters[1:]:
            self._meter.tap()
            counters[0].merge(other)
        return read, self._on_grid(sums, read, timings)

    def _on_grid(self, sums: AccessSums, read: LogResult, timings: Timings) -> AccessSums:
        """The sums on the grid of the log."""
        grid_ = grid(*read.span("exchange"), self._access_options.window_us)
        if sums.widen(grid_):
            return sums
        anew = AccessSums(grid_, sums.counter)
        for exchanges in timings.frames():
            self._meter.tap()
            anew.add(exchanges)
        return anew

    def _check_narrowing(self) -> None:
        """Raises UsageError where the filter of the job is none, or names no column."""
        schema = self._no_exchanges().collect_schema()
        names = {"access": self._names("access")}
        narrowing.kept(self._options.narrowing, narrowing.Range(None, None), "exchanges", {"exchanges": schema}, names)

    def _narrow(self, work: WorkFolder, views: ViewWriter, read: LogResult) -> AccessSums:
        """Leaves out of the view what the run is narrowed to leave out. Returns the sums of the rest."""
        exchanges = read.counts["exchanges"]
        self._check_order(read.span("exchange")[0])
        asked = narrowing.range_of(self._options.narrowing, *read.span("exchange"), entries=exchanges)
        schemas = {"exchanges": views.scan("exchanges").collect_schema()}
        names = {"access": self._names("access")}
        views.narrow("exchanges", *narrowing.kept(self._options.narrowing, asked, "exchanges", schemas, names))
        counter = self._counter(work.spill / "narrowed", room_for_data(self._options.memory_bytes))
        grid_ = grid(*asked.within(*read.span("exchange")), self._access_options.window_us)
        sums = AccessSums(grid_, counter)
        count_stored(sums, slices(views.files("exchanges")), self._told.attributes, self._meter.tap)
        return sums

    def _counter(self, folder: Path, room: int) -> AccessCounter:
        return AccessCounter(
            self._told.attributes,
            self._access_options.window_us,
            room // _GROUPS_SHARE,
            folder,
            with_texts=self._keeps_exchanges,
        )

    @property
    def _keeps_exchanges(self) -> bool:
        """Whether anybody will read the exchanges again."""
        wanted = any(output.view in OF_EXCHANGES for output in self._options.outputs)
        reads = any(document.reads_exchanges for document in self._options.documents)
        return self._options.keep or self._narrowed or wanted or reads

    def _no_exchanges(self) -> pl.LazyFrame:
        """The view of exchanges without rows."""
        return stored(self._told.schema.to_frame(), self._told.attributes, RowsOfFiles([0]))

    def _report(self, data: AccessReportData, lines: AccessLines, run: RunInfo) -> AccessReport:
        """The report of the log. Raises LedgerError where its ledger does not close."""
        inputs = lines.inputs(
            files=self._names("access"),
            file_bytes=sum(file.bytes for file in self._files["access"]),
            named=self._told.named,
            left_out=lines.counts["exchanges"] - data.rows,
            skipped=sum(file.lines_before for file in self._files["access"]),
        )
        return access_report.report(data, inputs, self._told.named.name, run)

    def _access_manifest(self, report: AccessReport, parts: dict[str, int], rows: dict[str, int]) -> Manifest:
        """The manifest of the run: `parts` are the bytes of the parts of views, `rows` are those of each view."""
        attributes = list(self._told.attributes)
        return self._manifest("access", parts, rows, attributes, access_report.headline(report))


def _lines(read: LogResult, malformed: Mapping[str, int]) -> AccessLines:
    return AccessLines(
        lines=sum(read.lines_read.lines),
        counts=read.counts,
        malformed=malformed,
        clock=read.clock,
        heads=read.heads,
        joined=read.joined,
    )
