"""Drives a correlation through its stages: read, pair, report, export; complete at the end, or without a trace."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from logcorr.compute import memory_budget, resources
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.figures import histogram, latency, pair_report, users
from logcorr.figures.grid import Grid, grid
from logcorr.figures.percentiles import estimates
from logcorr.figures.sums import Aggregates, orphan_arrivals
from logcorr.figures.timeline import so_far
from logcorr.formats import line_format
from logcorr.formats.pair_lines import PairFormat
from logcorr.formats.timestamps import common_form
from logcorr.inputs.files import InputFile
from logcorr.inputs.reader import SideReader, SideResult
from logcorr.inputs.samples import first_lines, span
from logcorr.jobs.job import Job, Result
from logcorr.jobs.pair_while_reading import PairWhileReading
from logcorr.jobs.progress_meter import Listener, ProgressMeter
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.errors import LedgerError
from logcorr.model.events import EstimateEvent
from logcorr.model.ledger import MALFORMED_REASONS, ORPHAN_REASONS, SIDES, Inputs, Log, Orphans, Side, SideLedger
from logcorr.model.options import CorrelateOptions
from logcorr.model.report import Report
from logcorr.model.status import server_errors
from logcorr.pairing import bucket_join, buckets, oversized_ids
from logcorr.pairing.bucket_join import Paired
from logcorr.pairing.oversized_ids import PairingTask
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.rules import Rules
from logcorr.pairing.unpaired_entries import UnpairedEntries
from logcorr.runs import views
from logcorr.runs.export_while_running import ExportWhileRunning, Target, may_be
from logcorr.runs.run_folder import RunFolder
from logcorr.runs.work_folder import WorkFolder

_SPILL_PER_TEXT_BYTE = 1.3
_VIEWS_PER_TEXT_BYTE = 0.9
_ATTRIBUTES = ["user_id"]
_LEAST_EDGE_US = 1_000_000
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
        plan = memory_budget.plan(self._text_bytes, self._options.memory_bytes)
        self._require_disk(work, _VIEWS_PER_TEXT_BYTE + _SPILL_PER_TEXT_BYTE)
        shift_us: dict[Side, int] = {"request": 0, "response": self._pairing.skew_us}
        forms = {side: _pair_format(side, self._files[side], shift_us[side]) for side in SIDES}
        readers = {
            side: SideReader(forms[side], self._files[side], work.spill / side, plan.chunk_bytes, self._meter)
            for side in SIDES
        }
        folder = ViewWriter(work.run, work.spill, lambda side: readers[side].lines_read.starts)
        left = UnpairedEntries(plan, work.spill / "entries", {side: form.schema for side, form in forms.items()})
        sums = Aggregates(grid(*span(self._files), self._options.window_us), plan.users_room)

        def settled(exchanges: pl.DataFrame) -> None:
            sums.add(exchanges)
            self._fill_ledger(folder)
            self._meter.tap()
            self._tell_estimate(self._meter.share_read, sums, folder, early.alone)

        keys = RecurringIds(work.spill / "keys", plan.used_keys)
        along = self._along(work)
        early = PairWhileReading(
            plan,
            self._rules,
            folder=folder,
            left=left,
            keys=keys,
            meter=self._meter,
            along=along,
            settled=settled,
        )
        sides = early.read(readers)
        for side, of in sides.items():
            self._meter.sides[side].ledger["header"] = of.header
        changed = early.take_back()
        grid_ = _grid_of(sides, self._options.window_us)
        if changed or grid_ != sums.grid:
            # What was counted so far is not what the report is of.
            sums = Aggregates(grid_, plan.users_room)
            for part in folder.exchange_parts():
                self._meter.tap()
                sums.add(part.collect(engine="streaming"))
        self._meter.enter("pair")
        resources.give_back()
        spilled = left.spilled_bytes
        settled_early, to_settle = 2 * folder.rows["exchanges"], sum(left.height.values())
        for share, paired in self._paired(left, sides, plan, work.spill / "crowd"):
            folder.add(paired)
            along.add(folder.stored(paired.exchanges), paired.exchanges.height)
            sums.add(paired.exchanges)
            self._fill_ledger(folder)
            del paired  # not to be held while the next bucket is paired
            self._meter.tap()
            done = (settled_early + share * to_settle) / max(1, settled_early + to_settle)
            self._tell_estimate(done, sums, folder, sum(folder.open_orphans.values()))
        self._meter.enter("report")
        malformed = folder.finish_malformed(sides)
        figures = latency.figures(sums, folder.exchanges)
        edge_us = self._pairing.edge_us
        if edge_us is None:
            edge_us = max(_LEAST_EDGE_US, figures.p999_us or 0)
        folder.finish_orphans(edge_us, sides["request"].first_us, sides["response"].last_us)
        orphans = folder.orphans()
        if sums.users.full:
            # What was freed of the reading is not all given back.
            room = memory_budget.room_for_data(self._options.memory_bytes) // 2
            counted = users.count_users(folder.exchange_files(), orphans, work.spill / "users", room)
        else:
            counted = users.with_orphans(sums.users.counts(), orphans)
        counts = folder.finish_users(counted)
        folder.finish_duplicates()
        reasons = _reasons(orphans)
        inputs = self._inputs(sides, malformed, reasons, folder)
        by_bucket, by_window = orphan_arrivals(orphans, sums.grid)
        final = pair_report.correlation(
            sums,
            figures,
            pair_report.Parts(
                inputs=inputs,
                orphans=reasons,
                orphans_by_bucket=by_bucket,
                orphans_by_window=by_window,
                exchanges=folder.exchanges,
                users=users.top(counts),
                edge_us=edge_us,
                skew_us=self._pairing.skew_us,
                run=self._run_info(self._meter.buckets[1], spilled),
            ),
        )
        run = RunFolder(work.run)
        manifest = self._manifest(final.kind, folder.parts(), folder.rows, _ATTRIBUTES, _headline(final))
        run.write(manifest, final)
        self._written = along.parts
        return run

    def _along(self, work: WorkFolder) -> ExportWhileRunning:
        files = {str(side): self._names(side) for side in SIDES}
        targets = [
            Target(
                path=output.path,
                columns=views.exchange_columns(self._options.kind, _ATTRIBUTES, files, output.columns),
                needed_bytes=self._output_bytes(output),
            )
            for output in self._options.outputs
            if may_be(output)
        ]
        return ExportWhileRunning(targets, work)

    @property
    def _rules(self) -> Rules:
        return Rules(policy=self._pairing.pairing, max_duration_us=self._pairing.max_duration_us)

    def _paired(
        self, left: UnpairedEntries, sides: dict[Side, SideResult], plan: MemoryPlan, work: Path
    ) -> Iterator[tuple[float, Paired]]:
        """What is left, paired by the bucket, with the share settled by then; too large a bucket comes in chunks."""
        if not left.spilled and plan.tandem:
            self._meter.buckets = (0, 1)
            requests, responses = left.frames()
            yield 1.0, bucket_join.pair(requests, responses, self._rules)
            self._meter.buckets = (1, 1)
            return
        schemas = {side: sides[side].schema for side in SIDES}
        found = left.buckets()
        self._meter.buckets = (0, len(found))
        task = PairingTask(rules=self._rules, schemas=schemas, bucket_bytes=plan.bucket_bytes, tap=self._meter.tap)
        too_large = buckets.too_large(found, plan.bucket_bytes)
        for number, whole in enumerate(found):
            self._meter.tap()
            if too_large[number]:
                for share, paired in oversized_ids.pair(whole, work / str(number), task):
                    yield (number + share) / len(found), paired
                    del paired  # not to be held while the next chunk is made
            else:
                logs = [whole.scan(side, schemas[side]) for side in SIDES]
                yield (number + 1) / len(found), bucket_join.pair(logs[0], logs[1], self._rules)
                whole.remove()
            self._meter.buckets = (number + 1, len(found))

    def _fill_ledger(self, folder: ViewWriter) -> None:
        """Where the lines that are settled went; at the last bucket it closes."""
        for side in SIDES:
            self._meter.sides[side].ledger.update(
                redelivered=folder.repeats.get((side, "redelivered"), 0),
                superseded=folder.repeats.get((side, "superseded"), 0),
                matched=folder.rows["exchanges"],
                orphans=folder.open_orphans.get(side, 0),
            )

    def _tell_estimate(self, share: float, sums: Aggregates, folder: ViewWriter, orphans: int) -> None:
        if not self._estimates:
            return
        exchanges = folder.rows["exchanges"]
        timeline, heatmap = so_far(sums)
        self._meter.tell(
            EstimateEvent(
                share=share,
                matched=exchanges,
                orphans=orphans,
                negative=sums.spreads[False].negative + sums.spreads[True].negative,
                status=sums.status(),
                histogram=histogram.histogram(sums.bands),
                timeline=timeline,
                heatmap=heatmap,
                **estimates(sums.cells),
            )
        )

    def _inputs(
        self, sides: dict[Side, SideResult], malformed: dict[Side, dict[str, int]], orphans: Orphans, folder: ViewWriter
    ) -> Inputs:
        """The ledger of both sides. Raises LedgerError where it does not close."""
        ledgers = {}
        for side in SIDES:
            of = sides[side]
            ledgers[side] = SideLedger(
                files=self._names(side),
                bytes=sum(file.bytes for file in self._files[side]),
                lines=sum(of.lines_read.lines),
                blank=of.blank,
                header=of.header,
                malformed={name: malformed[side][name] for name in MALFORMED_REASONS if name in malformed[side]},
                redelivered=folder.repeats.get((side, "redelivered"), 0),
                superseded=folder.repeats.get((side, "superseded"), 0),
                matched=folder.rows["exchanges"],
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
    firsts = [of.first_us for of in sides.values() if of.first_us is not None]
    lasts = [of.last_us for of in sides.values() if of.last_us is not None]
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
