"""Drives a correlation through its stages: read, pair, report, export; complete at the end, or without a trace."""

import threading
from typing import Any

import msgspec
import polars as pl

from logcorr.compute import memory_budget, resources
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.figures import latency, pair_report, users
from logcorr.figures.grid import Grid, grid
from logcorr.figures.sums import Aggregates, orphan_arrivals
from logcorr.formats import line_format
from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import common_form
from logcorr.inputs.files import InputFile
from logcorr.inputs.reader import SideReader, SideResult
from logcorr.inputs.samples import first_lines, span
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
# Of the time of a whole run, as measured.
_READ_SHARE = 0.9


def correlate(
    options: CorrelateOptions,
    *,
    on_event: Listener | None = None,
    estimates: bool = True,
    cancel: threading.Event | None = None,
) -> Result[Report]:
    """Correlates two logs, writes the outputs asked for, and keeps the run unless told not to.

    The same inputs and options open the finished run again. `on_event` is called from the engine's threads; without
    `estimates` it is spared those, which cost a little. Raises InputError, UsageError, OutputError, LedgerError, or
    Cancelled once `cancel` is set.
    """
    meter = ProgressMeter(on_event, cancel, options.memory_bytes, read_share=_READ_SHARE)
    return _Correlation(options, meter, estimates=estimates and on_event is not None).result()


class _Correlation(Job[Report]):
    def __init__(self, options: CorrelateOptions, meter: ProgressMeter, *, estimates: bool) -> None:
        given: dict[Log, tuple[str, ...]] = {"request": options.requests, "response": options.responses}
        super().__init__(options, given, _told(options), meter)
        self._pairing, self._estimates = options, estimates

    def _compute(self, work: WorkFolder) -> RunFolder:
        """The stages of a correlation; each takes what the stages before it have made."""
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
        edge_us = orphan_reasons.edge_us(self._pairing.edge_us, figures.p999_us)
        orphans = sinks.views.finish_orphans(edge_us, sides["request"].first_us, sides["response"].last_us)
        users = self._count_users(work, sinks, orphans)
        sinks.views.finish_duplicates()
        reasons = _reasons(orphans)
        by_bucket, by_window = orphan_arrivals(orphans, sinks.sums.grid)
        parts = pair_report.Parts(
            inputs=self._inputs(sides, malformed, reasons, sinks.views),
            orphans=reasons,
            orphans_by_bucket=by_bucket,
            orphans_by_window=by_window,
            exchanges=sinks.views.exchanges,
            users=users,
            edge_us=edge_us,
            skew_us=self._pairing.skew_us,
            run=self._run_info(self._meter.buckets[1], spilled_bytes),
        )
        return self._finish(work, sinks, pair_report.correlation(sinks.sums, figures, parts))

    def _readers(self, work: WorkFolder, plan: MemoryPlan) -> dict[Side, SideReader]:
        """A reader for each side; nothing but samples has been read yet."""
        forms = {
            side: _pair_format(side, self._files[side], clock_skew.shift_us(side, self._pairing.skew_us))
            for side in SIDES
        }
        return {
            side: SideReader(forms[side], self._files[side], work.spill / side, plan.chunk_bytes, self._meter)
            for side in SIDES
        }

    def _sinks(self, work: WorkFolder, plan: MemoryPlan, readers: dict[Side, SideReader]) -> Sinks:
        """Where entries and exchanges go while the logs are read."""
        views = PairViews(work.run, work.spill, {side: reader.lines_read for side, reader in readers.items()})
        schemas = {side: reader.schema for side, reader in readers.items()}
        return Sinks(
            views=views,
            export=self._export_while_running(work),
            sums=Aggregates(grid(*span(self._files), self._options.window_us), plan.users_room),
            recurring=RecurringIds(work.spill / "keys", plan.keys_in_memory),
            unpaired=UnpairedEntries(plan, work.spill / "entries", schemas),
            estimates=Estimates(self._meter, views, wanted=self._estimates),
            meter=self._meter,
        )

    def _read_and_pair(self, plan: MemoryPlan, readers: dict[Side, SideReader], sinks: Sinks) -> dict[Side, SideResult]:
        """Reads every line of both sides, and pairs what stands close in time."""
        pairing = PairWhileReading(self._rules, sinks, streaming=plan.streaming, part_rows=plan.part_rows)
        sides = pairing.read(readers)
        for side, read in sides.items():
            self._meter.sides[side].ledger["header"] = read.header
        return sides

    def _take_back_recurring(self, plan: MemoryPlan, sides: dict[Side, SideResult], sinks: Sinks) -> Sinks:
        """Takes back exchanges whose ids recur; counts anew where that, or the span of the logs, changes figures."""
        taken_back = take_back_recurring(sinks)
        grid_ = _grid_of(sides, self._options.window_us)
        if not taken_back and grid_ == sinks.sums.grid:
            return sinks
        sums = Aggregates(grid_, plan.users_room)
        for part in sinks.views.exchange_parts():
            self._meter.tap()
            sums.add(part.collect(engine="streaming"))
        return msgspec.structs.replace(sinks, sums=sums)

    def _pair_by_bucket(self, work: WorkFolder, plan: MemoryPlan, sides: dict[Side, SideResult], sinks: Sinks) -> None:
        """Pairs the entries that are left, and decides which of them are orphans or repeated."""
        self._meter.enter("pair")
        resources.trim_heap()
        views = sinks.views
        settled, to_settle = 2 * views.exchanges_written, sum(sinks.unpaired.height.values())
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
            del paired  # not to be held while the next bucket is paired
            done = (settled + share * to_settle) / max(1, settled + to_settle)
            sinks.estimates.tell(done, sinks.sums, sum(views.open_orphans.values()))

    def _count_users(self, work: WorkFolder, sinks: Sinks, orphans: pl.LazyFrame) -> pl.DataFrame:
        """Writes the counts of all users; returns the top of them."""
        if sinks.sums.users.full:
            # Not all memory that reading has freed is given back to the system.
            room = memory_budget.room_for_data(self._options.memory_bytes) // 2
            counted = users.count_users(sinks.views.files("exchanges"), orphans, work.spill / "users", room)
        else:
            counted = users.with_orphans(sinks.sums.users.counts(), orphans)
        return users.top(sinks.views.finish_users(counted))

    def _finish(self, work: WorkFolder, sinks: Sinks, report: Report) -> RunFolder:
        """Writes report and manifest: the run is whole then, and can be published."""
        run = RunFolder(work.run)
        manifest = self._manifest(
            report.kind, sinks.views.parts(), sinks.views.heights(), _ATTRIBUTES, _headline(report)
        )
        run.write(manifest, report)
        self._written = sinks.export.parts
        return run

    def _export_while_running(self, work: WorkFolder) -> ExportWhileRunning:
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
        return Rules(policy=self._pairing.pairing, max_duration_us=self._pairing.max_duration_us)

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


def _told(options: CorrelateOptions) -> dict[str, Any]:
    """The options that decide what a run comes to."""
    names = ("pairing", "max_duration_us", "edge_us", "skew_us", "window_us")
    return {name: getattr(options, name) for name in names}


def _headline(final: Report) -> dict[str, Any]:
    return {
        "requests": final.inputs.requests.matched + final.inputs.requests.orphans,
        "matched": final.inputs.requests.matched,
        "orphans": final.inputs.requests.orphans + final.inputs.responses.orphans,
        "errors_5xx": server_errors(final.status),
        "p50_ms": final.latency.p50_ms,
        "p99_ms": final.latency.p99_ms,
    }


def _grid_of(sides: dict[Side, SideResult], window_us: int) -> Grid:
    firsts = [read.first_us for read in sides.values() if read.first_us is not None]
    lasts = [read.last_us for read in sides.values() if read.last_us is not None]
    return grid(min(firsts, default=None), max(lasts, default=None), window_us)


def _reasons(orphans: pl.LazyFrame) -> Orphans:
    rows = orphans.group_by("side", "reason").len().collect(engine="streaming")
    found = {(side, reason): n for side, reason, n in rows.iter_rows()}
    by_side = {
        side: {reason: found[side, reason] for reason in ORPHAN_REASONS if (side, reason) in found} for side in SIDES
    }
    return Orphans(request=by_side["request"], response=by_side["response"])


def _pair_format(side: Side, files: list[InputFile], shift_us: int) -> PairFormat:
    """The format of one side's logs; µs to add to every instant."""
    stamps = [line.split(",", 1)[0].strip(line_format.SPACE) for line in first_lines(files)]
    return PairFormat(side=side, form=common_form(stamps), shift_us=shift_us)
