"""The job that analyses an access log, stage by stage.

Each line of an access log is an exchange already, so reading it is most of the work.
"""

import threading
from typing import Any

import polars as pl

from logcorr.compute import resources
from logcorr.compute.background_thread import read_ahead
from logcorr.compute.memory_budget import chunk_size, room_for_data
from logcorr.compute.parquet_slices import slices
from logcorr.figures import access_report, latency
from logcorr.figures.access_sums import AccessSums
from logcorr.figures.grid import grid
from logcorr.formats.malformed_reasons import ALL_REASONS
from logcorr.inputs.line_numbers import file_of, line_of
from logcorr.inputs.log_reader import LogReader, LogResult
from logcorr.inputs.reader import batches
from logcorr.jobs.access_formats import tell_access_formats
from logcorr.jobs.job import Job, Result
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.write_groups import SLICE_ROWS, GroupLimits, GroupWriter, group_views
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.access_report import AccessReport
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import AccessInputs, AccessLedger, how_read
from logcorr.model.options import AnalyzeOptions
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_RUN_PER_TEXT_BYTE = 0.8
# The share of the time of a run that reading takes, as measured.
_PART_ROWS = 400_000
# Lines of access logs are long: a chunk of this size has enough of them to be read fast.
_CHUNK_BYTES = 16 << 20
# One in so many bytes of memory may be text whose exchanges are not written yet.
_TEXT_SHARE = 8
_INSTANT = pl.Datetime("us", "UTC")


def analyze(
    options: AnalyzeOptions, *, on_event: Listener | None = None, cancel: threading.Event | None = None
) -> Result[AccessReport]:
    """Analyses an access log, writes the outputs asked for, and keeps the run unless the options say otherwise.

    Cancellation, events and errors are as for `correlate`.
    """
    return _Analysis(options, ProgressMeter(on_event, cancel, options.memory_bytes)).result()


class _Analysis(Job[AccessReport]):
    def __init__(self, options: AnalyzeOptions, meter: ProgressMeter) -> None:
        names = ("reading", "window_us", "suspicious", "collapse_ids")
        key_options = {name: getattr(options, name) for name in names}
        self._access_options = options
        super().__init__(options, {"access": options.files}, key_options, meter)

    def _tell_formats(self) -> dict[str, Any]:
        self._told = tell_access_formats(self._access_options, self._files["access"])
        self._notes += self._told.notes()
        return self._told.key()

    def _compute(self, work: WorkFolder) -> RunFolder:
        """The stages of an analysis, in order. Each stage takes the results of the stages before it."""
        self._require_disk(work, _RUN_PER_TEXT_BYTE)
        attributes = self._told.attributes
        views = ViewWriter(work.run, ("exchanges", "malformed", "other", *group_views(attributes)))
        read = self._read(work, views)
        self._meter.enter("count")
        malformed = views.write_refused("access", read)
        rows = views.height("exchanges")
        self._meter.sides["access"].ledger.update(exchanges=rows, **malformed)
        sums = self._count_exchanges(read, work, views)
        options = self._access_options
        limits = GroupLimits(
            window_us=options.window_us, suspicious=options.suspicious, memory_bytes=options.memory_bytes
        )
        groups = GroupWriter(views, work.spill, self._meter, limits).write(attributes, sums, sums.attributes)
        figures = latency.figures(sums, lambda: views.scan("exchanges"))
        self._meter.enter("report")
        data = access_report.AccessReportData(
            sums=sums,
            figures=figures,
            rows=rows,
            groups=groups,
        )
        inputs = self._inputs(read, malformed, rows)
        report = access_report.report(data, inputs, self._told.named.name, self._run_info(1, 0))
        run = RunFolder(work.run)
        headline = access_report.headline(report)
        manifest = self._manifest("access", views.parts(), views.heights(), list(attributes), headline)
        run.write(manifest, report)
        return run

    def _read(self, work: WorkFolder, views: ViewWriter) -> LogResult:
        """Reads every line, and writes the exchanges, one part of the view after another.

        Raises InputError where no line is read.
        """
        chunk_bytes = chunk_size(room_for_data(self._access_options.memory_bytes), _CHUNK_BYTES)
        files = self._files["access"]
        forms, folder = self._told.forms(), work.spill / "access"
        reader = LogReader("access", forms, files, folder, self._meter, chunk_bytes=chunk_bytes)
        # Until exchanges are written, they keep the text of their chunks in memory.
        most_chunks = max(1, self._access_options.memory_bytes // (_TEXT_SHARE * chunk_bytes))
        part = 0
        entries = (self._told.exchanges(read) for read in reader.entries())
        with read_ahead(entries) as entries_ahead:
            for part, exchanges in enumerate(batches(entries_ahead, _PART_ROWS, most_chunks), 1):
                views.write(self._stored(exchanges, reader.lines_read.starts), "exchanges", f"{part:04d}")
                del exchanges
                resources.trim_heap()
        read = reader.finish()
        if not part:
            views.write(self._stored(self._told.schema.to_frame(), read.lines_read.starts), "exchanges", "0000")
        if not read.counts["exchanges"] and sum(read.lines_read.lines) > read.counts["blank"] + read.counts["header"]:
            raise self._told.unreadable()
        return read

    def _count_exchanges(self, read: LogResult, work: WorkFolder, views: ViewWriter) -> AccessSums:
        """Counts all exchanges in one pass over the view."""
        span = grid(*read.span("exchange"), self._access_options.window_us)
        sums = AccessSums(span, self._told.attributes, work.spill)
        for exchanges in slices(views.files("exchanges"), SLICE_ROWS):
            self._meter.tap()
            sums.add(exchanges)
        return sums

    def _inputs(self, read: LogResult, malformed: dict[str, int], rows: int) -> AccessInputs:
        """The ledger of the log. Raises LedgerError where it does not close."""
        ledger = AccessLedger(
            files=self._names("access"),
            bytes=sum(file.bytes for file in self._files["access"]),
            lines=sum(read.lines_read.lines),
            blank=read.counts["blank"],
            header=read.counts["header"],
            other=read.counts["other"],
            malformed={name: malformed[name] for name in ALL_REASONS if name in malformed},
            exchanges=rows,
            repaired=read.counts["repaired"],
            format=self._told.named,
            **how_read(read.clock, read.heads, read.joined),
        )
        if not ledger.closes():
            message = f"the ledger of the access log does not close: {ledger}. Please report this."
            raise LedgerError(message)
        return AccessInputs(access=ledger)

    def _stored(self, exchanges: pl.DataFrame, starts: list[int]) -> pl.LazyFrame:
        """Exchanges as their view has them. `starts` are the rows at which the files start."""
        return exchanges.lazy().select(
            pl.col("time").cast(_INSTANT).alias("request_time"),
            pl.col("given_us").alias("duration_us"),
            "status_code",
            *self._told.attributes,
            file_of("row", starts).alias("file"),
            line_of("row", starts).alias("line"),
        )
