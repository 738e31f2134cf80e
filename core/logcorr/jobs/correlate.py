"""The job that correlates a request log and a response log, stage by stage."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import polars as pl
from msgspec import UNSET, UnsetType

from logcorr.compute import memory_budget, resources
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.compute.threads import count as count_threads
from logcorr.figures import latency, pair_report, users
from logcorr.figures.grid import Grid, grid
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.group_figures import GroupData
from logcorr.figures.pair_sums import PairSums, orphan_arrivals
from logcorr.inputs.sample_lines import time_span
from logcorr.jobs import conclude, folder_files
from logcorr.jobs.base_run import BaseRun, find_base_run
from logcorr.jobs.estimates import Estimates
from logcorr.jobs.event_sources import EventSource, SourceResult
from logcorr.jobs.grow_pairs import LEAST_MEMORY, GoingOn, GrowthWriter, may_grow
from logcorr.jobs.grown_source import GrownSource
from logcorr.jobs.job import Job, Result, StartAgain
from logcorr.jobs.pair_by_bucket import pair_by_bucket
from logcorr.jobs.pair_formats import PairFormats, as_one_log, tell_pair_formats
from logcorr.jobs.pair_ledgers import PairLedgers, orphans_by_reason
from logcorr.jobs.pair_reading import PairReading, ReadingPlace
from logcorr.jobs.pair_while_reading import PairWhileReading, Sinks
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.settled_sums import counted_anew, settled
from logcorr.jobs.write_groups import GroupLimits, GroupWriter, count_groups, group_views, groups_of
from logcorr.jobs.write_views import PairViews
from logcorr.model import clock_skew
from logcorr.model.errors import UsageError
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.model.options import CorrelateOptions, Narrowing
from logcorr.model.report import Report
from logcorr.pairing import orphan_reasons
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.unpaired_entries import UnpairedEntries
from logcorr.query import narrowing
from logcorr.runs import views
from logcorr.runs.export_while_running import ExportWhileRunning, Target, can_export_while_running
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder
from logcorr.text.quantities import size

_SPILL_PER_TEXT_BYTE = 1.3
_VIEWS_PER_TEXT_BYTE = 0.9
_ATTRIBUTES = ["user_id"]


def correlate(
    options: CorrelateOptions,
    *,
    on_event: Listener | None = None,
    estimates: bool = True,
    cancel: threading.Event | None = None,
) -> Result[Report]:
    """Correlates two logs, writes the outputs asked for, and keeps the run unless the options say otherwise.

    The same inputs and options open the finished run again. `on_event` is called in any thread. Without `estimates` it
    gets no EstimateEvent, which saves some work. Raises InputError, UsageError, OutputError or LedgerError; Cancelled
    once `cancel` is set.
    """
    meter = ProgressMeter(on_event, cancel, options.memory_bytes)
    return Correlation(options, meter, estimates=estimates and on_event is not None).result()


class Correlation(Job[Report]):
    """One correlation on this machine: see `correlate`."""

    def __init__(self, options: CorrelateOptions, meter: ProgressMeter, *, estimates: bool) -> None:
        log_words: dict[Log, tuple[str, ...]] = {"request": options.requests, "response": options.responses}
        self._pair_options, self._with_estimates = options, estimates
        self._told: PairFormats
        self._threads = count_threads(options.memory_bytes, options.threads)
        # An export alone needs no view. But where exchanges are taken back, the run is made again with one.
        outputs = options.outputs
        self._narrowed = options.narrowing != Narrowing()
        self._going_on: GoingOn | None = None
        self._may_go_on = True
        self._keeps_exchanges = (
            options.keep
            or self._narrowed
            or any(document.reads_exchanges for document in options.documents)
            or any(output.view in views.OF_EXCHANGES and not can_export_while_running(output) for output in outputs)
        )
        super().__init__(options, {ONE_LOG: options.log} if options.log else log_words, _key_options(options), meter)

    def _tell_formats(self) -> dict[str, Any]:
        own = folder_files.own_logs(self._pair_options, as_one_log(self._pair_options, self._files))
        self._told = tell_pair_formats(self._pair_options, own.files)
        chosen = folder_files.read_by(self._told.told, self._told.teller, own.files)
        self._files = chosen.files
        if "other" not in self._told.more_views and any(output.view == "other" for output in self._options.outputs):
            message = "--other: the format logcorr has no other lines, only entries and malformed lines. Leave it out."
            raise UsageError(message)
        self._notes += [*self._told.notes(), *folder_files.notes([*own.left_out, *chosen.left_out])]
        self._rules = self._told.rules(self._pair_options)
        return {**self._told.key(), "pairing": self._rules.policy, "duration": self._rules.duration}

    def _forms_named(self) -> dict[Log, str | None]:
        options = self._pair_options
        of_side = {"request": options.request_form, "response": options.response_form}
        return {log: of_side.get(log) or options.form for log in self._files}

    def _shift_us(self) -> int:
        return self._pair_options.skew_us

    def _compute(self, work: WorkFolder) -> RunFolder:
        """The stages of a correlation, in order. Each stage takes the results of the stages before it."""
        try:
            return self._made(work)
        except StartAgain:
            self._keeps_exchanges = True
            self._may_go_on = False
            raise
        except (OSError, pl.exceptions.PolarsError, msgspec.MsgspecError) as error:
            if self._going_on is None or self._going_on.is_whole(error):
                raise
            self._may_go_on = False
            raise StartAgain from error

    def _made(self, work: WorkFolder) -> RunFolder:
        plan = memory_budget.plan(self._options.memory_bytes, self._threads)
        self._require_disk(work, _VIEWS_PER_TEXT_BYTE + _SPILL_PER_TEXT_BYTE)
        reading = self._reading()
        source = self._source(work, plan, reading)
        sinks = self._sinks(work, plan, source, reading)
        self._check_narrowing(sinks.views)
        read = self._read_and_pair(plan, source, sinks)
        sinks = settled(sinks, self._going_on, grid_of(read, self._options.window_us), self._no_sums(plan))
        before = self._going_on.malformed if self._going_on is not None else {}
        malformed = {log: sinks.views.write_refused(log, lines, before.get(log)) for log, lines in read.logs.items()}
        if sinks.growth is not None:
            views, unpaired, sums = sinks.views, sinks.unpaired, sinks.sums
            sinks.growth.finish(read, self._files, malformed, views=views, unpaired=unpaired, sums=sums)
        spilled_bytes = sinks.unpaired.spilled_bytes
        self._pair_by_bucket(work, plan, source.schemas, sinks)
        self._meter.enter("report")
        figures = latency.figures(sinks.sums, sinks.views.exchanges)
        edge_us = orphan_reasons.edge_us(self._pair_options.edge_us, figures.p999_us)
        orphans = sinks.views.finish_orphans(edge_us, read.spans["request"][0], read.spans["response"][1])
        orphans_of_side = dict(orphans.group_by("side").len().collect(engine="streaming").iter_rows())
        if self._narrowed:
            sinks = self._narrow(plan, read, sinks)
            orphans = sinks.views.orphans()
            figures = latency.figures(sinks.sums, sinks.views.exchanges)
        top_users = self._count_users(work, sinks, orphans)
        sinks.views.finish_duplicates()
        ledgers = PairLedgers(
            files=self._files,
            read=read,
            malformed=malformed,
            orphans=orphans_of_side,
            written=sinks.views,
            named=self._told.named,
            narrowed=self._narrowed,
        )
        reasons = orphans_by_reason(orphans)
        by_bucket, by_window = orphan_arrivals(orphans, sinks.sums.grid)
        data = pair_report.PairReportData(
            inputs=ledgers.inputs(),
            orphans=reasons,
            orphans_by_bucket=by_bucket,
            orphans_by_window=by_window,
            users=top_users,
            users_p99=users.p99_of(sinks.sums, top_users, sinks.views.exchanges),
            all_users=sinks.views.height("users"),
            given=sinks.sums.given.given(self._rules.duration, sinks.views.exchanges),
            edge_us=edge_us,
            skew_us=self._pair_options.skew_us,
            run=self._run_info(self._meter.buckets[1], spilled_bytes),
            attributes=self._rules.columns.attributes,
            groups=self._write_groups(work, sinks, by_window),
        )
        report = pair_report.report(sinks.sums, figures, data)
        self._meter.tap()
        report = conclude.pair_report(
            report,
            sinks.sums,
            self._files,
            exchanges=sinks.views.exchanges,
            orphans=orphans,
            users=sinks.views.scan("users"),
            groups=groups_of(sinks.views.scan, self._rules.columns.attributes),
        )
        return self._finish(work, sinks, report)

    def _source(self, work: WorkFolder, plan: MemoryPlan, reading: PairReading) -> EventSource:
        """Where entries come from. Only samples of the logs are read here."""
        where = ReadingPlace(
            folder=work.spill, chunk_bytes=plan.chunk_bytes, progress=self._meter, threads=self._threads
        )
        base = self._base_run(plan, reading)
        if base is None:
            return reading.source(self._files, where)
        new = {log: tail.files for log, tail in base.tails.items()}
        source = GrownSource(base, reading.source(new, where))
        self._going_on = GoingOn(base, source)
        return source

    def _base_run(self, plan: MemoryPlan, reading: PairReading) -> BaseRun | None:
        """The run of the same logs, before they grew, that this one goes on from."""
        self._going_on = None
        if not self._may_go_on or self._options.memory_bytes < LEAST_MEMORY or not self._grows(plan, reading):
            return None
        return find_base_run(self._root, self._key_options, self._files, self._fingerprints)

    def _grows(self, plan: MemoryPlan, reading: PairReading) -> bool:
        """Whether this run may go on from an earlier one, and a later one from this."""
        return self._options.keep and not self._narrowed and plan.streaming and may_grow(self._files, reading)

    def _reading(self) -> PairReading:
        """How entries are read. Only samples of the logs are read here."""
        shifts = {side: clock_skew.shift_us(side, self._pair_options.skew_us) for side in SIDES}
        return self._told.reading(self._files, shifts)

    def _sinks(self, work: WorkFolder, plan: MemoryPlan, source: EventSource, reading: PairReading) -> Sinks:
        """Everything that takes entries and exchanges while the logs are read."""
        columns = self._rules.columns
        more = (*group_views(columns.attributes), *self._told.more_views)
        keeps = self._keeps_exchanges or bool(columns.attributes)
        views = PairViews(work.run, work.spill, source.lines_read, columns, more, keeps_exchanges=keeps)
        span = self._told.span() or time_span(self._files)
        # Of a compressed log only the start was looked at.
        ends_known = all(file.compression == "plain" for files in self._files.values() for file in files)
        growth = GrowthWriter(work.run) if self._grows(plan, reading) else None
        if self._going_on is not None:
            self._going_on.adopt(views, growth)
        return Sinks(
            views=views,
            export=self._export_while_running(work),
            sums=PairSums(
                grid(*span, self._options.window_us), plan.users_room, plan.most_counts, widens=not ends_known
            ),
            recurring=RecurringIds(work.spill / "keys", plan.keys_in_memory),
            unpaired=UnpairedEntries(plan, work.spill / "entries", source.schemas, lambda: self._meter.share_read),
            estimates=Estimates(self._meter, views, wanted=self._with_estimates),
            meter=self._meter,
            growth=growth,
        )

    def _read_and_pair(self, plan: MemoryPlan, source: EventSource, sinks: Sinks) -> SourceResult:
        """Reads every line, and pairs entries that stand close in time. Raises InputError where no line is read."""
        pairing = PairWhileReading(self._rules, sinks, streaming=plan.streaming, part_rows=plan.part_rows)
        pairing.pair(source.frames())
        read = source.finish()
        for side, entries in read.late.items():
            sinks.unpaired.add(side, entries)
        if self._going_on is not None:
            for side, entries in self._going_on.source.older():
                sinks.unpaired.add(side, entries)
        self._check_read(read)
        return read

    def _check_read(self, read: SourceResult) -> None:
        """Raises InputError where there are lines and none is an entry. Tells the meter of headers."""
        for log, lines in read.logs.items():
            self._meter.sides[log].ledger["header"] = lines.header
        unread = sum(sum(lines.lines_read.lines) - lines.blank - lines.header for lines in read.logs.values())
        if unread and not sum(read.entries.values()):
            raise self._told.unreadable()

    def _no_sums(self, plan: MemoryPlan) -> Callable[[Grid], PairSums]:
        """Makes the sums of no exchanges on a grid."""
        return partial(PairSums, users_room=plan.users_room, most_counts=plan.most_counts)

    def _check_narrowing(self, written: PairViews) -> None:
        """Raises UsageError where the filter of the job is none, or names no column."""
        nowhere = narrowing.Range(None, None)
        schemas = written.schemas()
        for view in schemas:
            narrowing.kept(self._options.narrowing, nowhere, view, schemas, self._file_names)

    def _narrow(self, plan: MemoryPlan, read: SourceResult, sinks: Sinks) -> Sinks:
        """Leaves out of the views what the run is narrowed to leave out. Returns the sinks with the sums of the rest.

        What was paired, and why an orphan is one, stays as it was.
        """
        first, last = span_of(read)
        entries = sum(read.entries.values())
        self._check_order(first)
        asked = narrowing.range_of(self._options.narrowing, first, last, entries=entries)
        schemas = sinks.views.schemas()
        for view in schemas:
            self._meter.tap()
            sinks.views.narrow(view, *narrowing.kept(self._options.narrowing, asked, view, schemas, self._file_names))
        grid_ = grid(*asked.within(first, last), self._options.window_us)
        return counted_anew(sinks, self._no_sums(plan)(grid_))

    @property
    def _file_names(self) -> dict[str, list[str]]:
        return {str(log): self._names(log) for log in self._files}

    def _pair_by_bucket(self, work: WorkFolder, plan: MemoryPlan, schemas: dict[Side, pl.Schema], sinks: Sinks) -> None:
        """Pairs the unpaired entries, and decides which entries are orphans and which are repeated."""
        self._meter.enter("pair")
        resources.trim_heap()
        views = sinks.views
        settled_entries, open_entries = 2 * views.exchanges_written, sum(sinks.unpaired.height.values())
        task = PairingTask(
            rules=self._rules,
            schemas=schemas,
            bucket_bytes=plan.bucket_bytes,
            tap=self._meter.tap,
        )
        spilled = sinks.unpaired.spilled or not plan.streaming
        for share, paired in pair_by_bucket(
            sinks.unpaired, task, self._meter, work.spill / "oversized", spilled=spilled
        ):
            views.add(paired)
            sinks.export.add(views.stored(paired.exchanges), paired.exchanges.height)
            sinks.sums.add(paired.exchanges)
            del paired  # frees memory before the next bucket is paired
            share_done = (settled_entries + share * open_entries) / max(1, settled_entries + open_entries)
            sinks.estimates.tell(share_done, sinks.sums, sum(views.open_orphans.values()))

    def _count_users(self, work: WorkFolder, sinks: Sinks, orphans: pl.LazyFrame) -> pl.DataFrame:
        """Writes the counts of all users. Returns the users with the most requests."""
        if sinks.sums.users.full:
            # The system does not get back all the memory that reading has freed.
            room = memory_budget.room_for_data(self._options.memory_bytes) // 2
            counted = users.count_users(sinks.views.files("exchanges"), orphans, work.spill / "users", room)
        else:
            counted = users.with_orphans(sinks.sums.users.counts(), orphans)
        return users.top(sinks.views.finish_users(counted))

    def _write_groups(self, work: WorkFolder, sinks: Sinks, orphans_by_window: pl.DataFrame) -> GroupData | None:
        """Writes the views by endpoint, address and window, where exchanges have these attributes."""
        attributes = self._rules.columns.attributes
        if not attributes:
            return None
        window_us = self._options.window_us
        room = memory_budget.room_for_data(self._options.memory_bytes) // 2
        counts = count_groups(sinks.views, GroupCounts(attributes, window_us, room, work.spill / "groups"), self._meter)
        limits = GroupLimits(window_us=window_us, suspicious=self._pair_options.suspicious)
        writer = GroupWriter(sinks.views, work.spill, self._meter, limits)
        return writer.write(attributes, sinks.sums, counts, orphans_by_window)

    @property
    def _attributes(self) -> list[str]:
        """The names of the columns of exchanges beside those of every pair."""
        return [*_ATTRIBUTES, *self._rules.columns.attributes]

    def _finish(self, work: WorkFolder, sinks: Sinks, report: Report) -> RunFolder:
        """Writes report and manifest. After that the run is complete and can be published."""
        run = RunFolder(work.run)
        # Making the report takes memory too: its last figures read exchanges again.
        run_info = msgspec.structs.replace(
            report.run, peak_rss_bytes=resources.peak_rss(), grown_from=self._grown_from()
        )
        report = msgspec.structs.replace(report, run=run_info)
        manifest = self._manifest(
            report.kind, sinks.views.parts(), sinks.views.heights(), self._attributes, pair_report.headline(report)
        )
        run.write(manifest, report)
        self._exported = sinks.export.unfinished
        return run

    def _grown_from(self) -> str | UnsetType:
        """The name of the run that this one has gone on from. Tells the user of it."""
        if self._going_on is None:
            return UNSET
        base = self._going_on.base
        self._notes.append(f"went on from run {base.run.name[:8]}, as the logs have grown by {size(base.new_bytes)}.")
        return base.run.name

    def _export_while_running(self, work: WorkFolder) -> ExportWhileRunning:
        """The outputs that can be written while the logs are read."""
        given = self._rules.columns.given
        targets = [
            Target(
                path=output.path,
                columns=views.exchange_columns(
                    self._options.kind, self._attributes, self._file_names, output.columns, given=given
                ),
                needed_bytes=self._output_bytes(output),
            )
            for output in self._options.outputs
            if can_export_while_running(output) and not self._narrowed and self._going_on is None
        ]
        return ExportWhileRunning(targets, work)


def _key_options(options: CorrelateOptions) -> dict[str, Any]:
    """The options that change the result of a run, so that they are part of its key."""
    names = (
        *("max_duration_us", "edge_us", "skew_us", "window_us"),
        *("suspicious", "collapse_ids", "reading"),
    )
    return {name: getattr(options, name) for name in names}


def grid_of(read: SourceResult, window_us: int) -> Grid:
    """The grid that spans all entries of both sides."""
    return grid(*span_of(read), window_us)


def span_of(read: SourceResult) -> tuple[int | None, int | None]:
    """The instants (µs) between which all entries of both sides lie."""
    firsts = [first for first, _ in read.spans.values() if first is not None]
    lasts = [last for _, last in read.spans.values() if last is not None]
    return min(firsts, default=None), max(lasts, default=None)
