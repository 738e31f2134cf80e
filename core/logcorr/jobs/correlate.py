"""The job that correlates a request log and a response log, stage by stage."""

import threading
from typing import Any

import msgspec
import polars as pl

from logcorr.compute import memory_budget, resources
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.figures import latency, pair_report, users
from logcorr.figures.grid import Grid, grid
from logcorr.figures.pair_sums import PairSums, orphan_arrivals
from logcorr.formats import line_format
from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import common_form
from logcorr.inputs.files import InputFile
from logcorr.inputs.reader import SideReader, SideResult
from logcorr.inputs.sample_lines import first_lines, time_span
from logcorr.jobs.estimates import Estimates
from logcorr.jobs.job import Job, Result
from logcorr.jobs.pair_by_bucket import pair_by_bucket
from logcorr.jobs.pair_while_reading import PairWhileReading, Sinks, take_back_recurring
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.write_views import PairViews
from logcorr.model import clock_skew
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import SIDES, Inputs, Log, Orphans, Side, SideLedger
from logcorr.model.options import CorrelateOptions
from logcorr.model.report import Report
from logcorr.model.status import server_errors
from logcorr.pairing import orphan_reasons
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.rules import Rules
from logcorr.pairing.unpaired_entries import UnpairedEntries
from logcorr.runs import views
from logcorr.runs.export_while_running import ExportWhileRunning, Target, can_export_while_running
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_SPILL_PER_TEXT_BYTE = 1.3
_VIEWS_PER_TEXT_BYTE = 0.9
_ATTRIBUTES = ["user_id"]
# The share of the time of a run that reading takes, as measured.


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
    return _Correlation(options, meter, estimates=estimates and on_event is not None).result()


class _Correlation(Job[Report]):
    def __init__(self, options: CorrelateOptions, meter: ProgressMeter, *, estimates: bool) -> None:
        log_words: dict[Log, tuple[str, ...]] = {"request": options.requests, "response": options.responses}
        super().__init__(options, log_words, _key_options(options), meter)
        self._pair_options, self._with_estimates = options, estimates

    def _compute(self, work: WorkFolder) -> RunFolder:
        """The stages of a correlation, in order. Each stage takes the results of the stages before it."""
        plan = memory_budget.plan(self._text_bytes, self._options.memory_bytes)
        self._require_disk(work, _VIEWS_PER_TEXT_BYTE + _SPILL_PER_TEXT_BYTE)
        readers = self._readers(work, plan)
        sinks = self._sinks(work, plan, readers)
        sides = self._read_and_pair(plan, readers, sinks)
        sinks = self._take_back_recurring(plan, sides, sinks)
        spilled_bytes = sinks.unpaired.spilled_bytes
        self._pair_by_bucket(work, plan, sides, sinks)
        self._meter.enter("report")
        malformed = {side: sinks.views.write_malformed(side, sides[side]) for side in SIDES}
        figures = latency.figures(sinks.sums, sinks.views.exchanges)
        edge_us = orphan_reasons.edge_us(self._pair_options.edge_us, figures.p999_us)
        orphans = sinks.views.finish_orphans(edge_us, sides["request"].first_us, sides["response"].last_us)
        users = self._count_users(work, sinks, orphans)
        sinks.views.finish_duplicates()
        reasons = _reasons(orphans)
        by_bucket, by_window = orphan_arrivals(orphans, sinks.sums.grid)
        data = pair_report.PairReportData(
            inputs=self._inputs(sides, malformed, reasons, sinks.views),
            orphans=reasons,
            orphans_by_bucket=by_bucket,
            orphans_by_window=by_window,
            exchanges=sinks.views.exchanges,
            users=users,
            edge_us=edge_us,
            skew_us=self._pair_options.skew_us,
            run=self._run_info(self._meter.buckets[1], spilled_bytes),
        )
        return self._finish(work, sinks, pair_report.report(sinks.sums, figures, data))

    def _readers(self, work: WorkFolder, plan: MemoryPlan) -> dict[Side, SideReader]:
        """A reader for each side. Only samples of the logs are read here."""
        forms = {
            side: _pair_format(side, self._files[side], clock_skew.shift_us(side, self._pair_options.skew_us))
            for side in SIDES
        }
        return {
            side: SideReader(forms[side], self._files[side], work.spill / side, plan.chunk_bytes, self._meter)
            for side in SIDES
        }

    def _sinks(self, work: WorkFolder, plan: MemoryPlan, readers: dict[Side, SideReader]) -> Sinks:
        """Everything that takes entries and exchanges while the logs are read."""
        views = PairViews(work.run, work.spill, {side: reader.lines_read for side, reader in readers.items()})
        schemas = {side: reader.schema for side, reader in readers.items()}
        return Sinks(
            views=views,
            export=self._export_while_running(work),
            sums=PairSums(grid(*time_span(self._files), self._options.window_us), plan.users_room),
            recurring=RecurringIds(work.spill / "keys", plan.keys_in_memory),
            unpaired=UnpairedEntries(plan, work.spill / "entries", schemas),
            estimates=Estimates(self._meter, views, wanted=self._with_estimates),
            meter=self._meter,
        )

    def _read_and_pair(self, plan: MemoryPlan, readers: dict[Side, SideReader], sinks: Sinks) -> dict[Side, SideResult]:
        """Reads every line of both sides, and pairs entries that stand close in time."""
        pairing = PairWhileReading(self._rules, sinks, streaming=plan.streaming, part_rows=plan.part_rows)
        sides = pairing.read(readers)
        for side, read in sides.items():
            self._meter.sides[side].ledger["header"] = read.header
        return sides

    def _take_back_recurring(self, plan: MemoryPlan, sides: dict[Side, SideResult], sinks: Sinks) -> Sinks:
        """Turns exchanges whose ids recur back into entries, and returns the sinks with the right sums.

        The exchanges are counted anew where some were taken back, and where the logs span another time than their
        samples told.
        """
        taken_back = take_back_recurring(sinks)
        grid_ = _grid_of(sides, self._options.window_us)
        if not taken_back and grid_ == sinks.sums.grid:
            return sinks
        sums = PairSums(grid_, plan.users_room)
        for part in sinks.views.exchange_parts():
            self._meter.tap()
            sums.add(part.collect(engine="streaming"))
        return msgspec.structs.replace(sinks, sums=sums)

    def _pair_by_bucket(self, work: WorkFolder, plan: MemoryPlan, sides: dict[Side, SideResult], sinks: Sinks) -> None:
        """Pairs the unpaired entries, and decides which entries are orphans and which are repeated."""
        self._meter.enter("pair")
        resources.trim_heap()
        views = sinks.views
        settled_entries, open_entries = 2 * views.exchanges_written, sum(sinks.unpaired.height.values())
        task = PairingTask(
            rules=self._rules,
            schemas={side: sides[side].schema for side in SIDES},
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

    def _finish(self, work: WorkFolder, sinks: Sinks, report: Report) -> RunFolder:
        """Writes report and manifest. After that the run is complete and can be published."""
        run = RunFolder(work.run)
        manifest = self._manifest(
            report.kind, sinks.views.parts(), sinks.views.heights(), _ATTRIBUTES, _headline(report)
        )
        run.write(manifest, report)
        self._exported = sinks.export.unfinished
        return run

    def _export_while_running(self, work: WorkFolder) -> ExportWhileRunning:
        """The outputs that can be written while the logs are read."""
        files = {str(side): self._names(side) for side in SIDES}
        targets = [
            Target(
                path=output.path,
                columns=views.exchange_columns(self._options.kind, _ATTRIBUTES, files, output.columns),
                needed_bytes=self._output_bytes(output),
            )
            for output in self._options.outputs
            if can_export_while_running(output)
        ]
        return ExportWhileRunning(targets, work)

    @property
    def _rules(self) -> Rules:
        return Rules(policy=self._pair_options.pairing, max_duration_us=self._pair_options.max_duration_us)

    def _inputs(
        self,
        sides: dict[Side, SideResult],
        malformed: dict[Side, dict[str, int]],
        orphans: Orphans,
        written: PairViews,
    ) -> Inputs:
        """The ledger of both sides. Raises LedgerError where it does not close."""
        ledgers = {}
        for side in SIDES:
            read = sides[side]
            ledgers[side] = SideLedger(
                files=self._names(side),
                bytes=sum(file.bytes for file in self._files[side]),
                lines=sum(read.lines_read.lines),
                blank=read.blank,
                header=read.header,
                malformed={name: malformed[side][name] for name in PAIR_REASONS if name in malformed[side]},
                redelivered=written.repeats.get((side, "redelivered"), 0),
                superseded=written.repeats.get((side, "superseded"), 0),
                matched=written.exchanges_written,
                orphans=sum((orphans.request if side == "request" else orphans.response).values()),
            )
            if not ledgers[side].closes():
                message = f"the ledger of the {side} logs does not close: {ledgers[side]}. Please report this."
                raise LedgerError(message)
        return Inputs(requests=ledgers["request"], responses=ledgers["response"])


def _key_options(options: CorrelateOptions) -> dict[str, Any]:
    """The options that change the result of a run, so that they are part of its key."""
    names = ("pairing", "max_duration_us", "edge_us", "skew_us", "window_us")
    return {name: getattr(options, name) for name in names}


def _headline(report: Report) -> dict[str, Any]:
    """The figures that the list of runs shows."""
    return {
        "requests": report.inputs.requests.matched + report.inputs.requests.orphans,
        "matched": report.inputs.requests.matched,
        "orphans": report.inputs.requests.orphans + report.inputs.responses.orphans,
        "errors_5xx": server_errors(report.status),
        "p50_ms": report.latency.p50_ms,
        "p99_ms": report.latency.p99_ms,
    }


def _grid_of(sides: dict[Side, SideResult], window_us: int) -> Grid:
    """The grid that spans all entries of both sides."""
    firsts = [read.first_us for read in sides.values() if read.first_us is not None]
    lasts = [read.last_us for read in sides.values() if read.last_us is not None]
    return grid(min(firsts, default=None), max(lasts, default=None), window_us)


def _reasons(orphans: pl.LazyFrame) -> Orphans:
    """The number of orphans of each side by reason, in the order of the reasons."""
    rows = orphans.group_by("side", "reason").len().collect(engine="streaming")
    counts = {(side, reason): n for side, reason, n in rows.iter_rows()}
    by_side = {
        side: {reason: counts[side, reason] for reason in ORPHAN_REASONS if (side, reason) in counts} for side in SIDES
    }
    return Orphans(request=by_side["request"], response=by_side["response"])


def _pair_format(side: Side, files: list[InputFile], shift_us: int) -> PairFormat:
    """The format of the logs of one side. `shift_us` is added to every instant."""
    stamps = [line.split(",", 1)[0].strip(line_format.SPACE) for line in first_lines(files)]
    return PairFormat(side=side, form=common_form(stamps), shift_us=shift_us)
