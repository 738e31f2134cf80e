"""The job that analyses an access log, stage by stage.

Each line of an access log is an exchange already, so reading it is most of the work.
"""

import threading

import polars as pl

from logcorr.compute import resources
from logcorr.compute.background_thread import read_ahead
from logcorr.compute.memory_budget import chunk_size
from logcorr.compute.parquet_slices import slices
from logcorr.figures import access_report, latency
from logcorr.figures.access_sums import AccessSums
from logcorr.figures.grid import grid
from logcorr.formats.access_dialects import TEXTS
from logcorr.formats.access_lines import AccessFormat, access_format, detect
from logcorr.formats.malformed_reasons import ACCESS_REASONS
from logcorr.inputs.line_numbers import file_of, line_of
from logcorr.inputs.reader import SideReader, SideResult, batches
from logcorr.inputs.sample_lines import MANY_LINES, SAMPLE_LINES, first_lines
from logcorr.jobs.job import Job, Result
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.write_groups import SLICE_ROWS, GroupLimits, GroupWriter, group_views
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.access_report import AccessReport
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import AccessInputs, AccessLedger
from logcorr.model.options import AnalyzeOptions
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_RUN_PER_TEXT_BYTE = 0.8
# The share of the time of a run that reading takes, as measured.
_PART_ROWS = 400_000
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
        names = ("form", "window_us", "suspicious", "collapse_ids")
        key_options = {name: getattr(options, name) for name in names}
        super().__init__(options, {"access": options.files}, key_options, meter)
        self._access_options = options

    def _compute(self, work: WorkFolder) -> RunFolder:
        """The stages of an analysis, in order. Each stage takes the results of the stages before it."""
        self._require_disk(work, _RUN_PER_TEXT_BYTE)
        form = self._format()
        views = ViewWriter(work.run, ("exchanges", "malformed", *group_views(TEXTS)))
        read = self._read(form, work, views)
        self._meter.enter("count")
        malformed = views.write_refused("access", read)
        rows = views.height("exchanges")
        self._meter.sides["access"].ledger.update(exchanges=rows, **malformed)
        sums = self._count_exchanges(read, work, views)
        options = self._access_options
        limits = GroupLimits(
            window_us=options.window_us, suspicious=options.suspicious, memory_bytes=options.memory_bytes
        )
        groups = GroupWriter(views, work.spill, self._meter, limits).write(TEXTS, sums, sums.attributes)
        figures = latency.figures(sums, lambda: views.scan("exchanges"))
        self._meter.enter("report")
        data = access_report.AccessReportData(
            sums=sums,
            figures=figures,
            rows=rows,
            groups=groups,
        )
        inputs = self._inputs(read, malformed, rows)
        report = access_report.report(data, inputs, form.name, self._run_info(1, 0))
        run = RunFolder(work.run)
        manifest = self._manifest("access", views.parts(), views.heights(), list(TEXTS), access_report.headline(report))
        run.write(manifest, report)
        return run

    def _format(self) -> AccessFormat:
        """The format of the log: of the form that the options name, or of the form that its first lines have."""
        samples = first_lines(self._files["access"], MANY_LINES)
        name = self._access_options.form or detect(samples[:SAMPLE_LINES])
        return access_format(name, samples, collapse_ids=self._access_options.collapse_ids)

    def _read(self, form: AccessFormat, work: WorkFolder, views: ViewWriter) -> SideResult:
        """Reads every line, and writes the exchanges, one part of the view after another."""
        chunk_bytes = chunk_size(self._access_options.memory_bytes)
        reader = SideReader(form, self._files["access"], work.spill / "access", chunk_bytes, self._meter)
        ledger = self._meter.sides["access"].ledger
        # Until exchanges are written, they keep the text of their chunks in memory.
        most_chunks = max(1, self._access_options.memory_bytes // (_TEXT_SHARE * chunk_bytes))
        part = 0
        for part, entries in enumerate(batches(read_ahead(reader.entries()), _PART_ROWS, most_chunks), 1):
            views.write(_stored(entries.lazy(), reader.lines_read.starts), "exchanges", f"{part:04d}")
            ledger["exchanges"] = ledger.get("exchanges", 0) + entries.height
            del entries
            resources.trim_heap()
        read = reader.finish()
        if read.first_line_entries.height or not part:
            views.write(_stored(read.first_line_entries.lazy(), read.lines_read.starts), "exchanges", "0000")
        return read

    def _count_exchanges(self, read: SideResult, work: WorkFolder, views: ViewWriter) -> AccessSums:
        """Counts all exchanges in one pass over the view."""
        sums = AccessSums(grid(read.first_us, read.last_us, self._access_options.window_us), TEXTS, work.spill)
        for exchanges in slices(views.files("exchanges"), SLICE_ROWS):
            self._meter.tap()
            sums.add(exchanges)
        return sums

    def _inputs(self, read: SideResult, malformed: dict[str, int], rows: int) -> AccessInputs:
        """The ledger of the log. Raises LedgerError where it does not close."""
        ledger = AccessLedger(
            files=self._names("access"),
            bytes=sum(file.bytes for file in self._files["access"]),
            lines=sum(read.lines_read.lines),
            blank=read.blank,
            malformed={name: malformed[name] for name in ACCESS_REASONS if name in malformed},
            exchanges=rows,
        )
        if not ledger.closes():
            message = f"the ledger of the access log does not close: {ledger}. Please report this."
            raise LedgerError(message)
        return AccessInputs(access=ledger)


def _stored(entries: pl.LazyFrame, starts: list[int]) -> pl.LazyFrame:
    """Entries as the view of exchanges stores them. `starts` are the rows at which the files start."""
    return entries.select(
        pl.col("time").cast(_INSTANT).alias("request_time"),
        "duration_us",
        "status_code",
        *TEXTS,
        file_of("row", starts).alias("file"),
        line_of("row", starts).alias("line"),
    )
