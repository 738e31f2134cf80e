"""Drives a correlation through its stages: read, pair, report, export; complete at the end, or without a trace."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from logcorr import aggregate, bucket, crowd, ingest, partition, report
from logcorr.aggregate import Aggregates
from logcorr.bucket import Paired, Rules
from logcorr.clock import grid
from logcorr.crowd import Task
from logcorr.errors import LedgerError
from logcorr.events import EstimateEvent
from logcorr.folder import Folder, orphan_arrivals
from logcorr.ingest import Ingested
from logcorr.job import Job, Result
from logcorr.latency import estimates
from logcorr.lines import Tally
from logcorr.meter import Listener, Meter, Watched
from logcorr.model import (
    MALFORMED_REASONS,
    ORPHAN_REASONS,
    SIDES,
    CorrelateOptions,
    Inputs,
    Log,
    Orphans,
    Report,
    Side,
    SideLedger,
)
from logcorr.partition import Plan
from logcorr.store import RunFolder, WorkFolder

_SPILL_PER_TEXT_BYTE = 1.3
_VIEWS_PER_TEXT_BYTE = 0.9
_LEAST_EDGE_US = 1_000_000


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
    meter = Meter(on_event, cancel, options.memory_bytes)
    return _Correlation(options, meter, estimates=estimates and on_event is not None).result()


class _Correlation(Job[Report]):
    def __init__(self, options: CorrelateOptions, meter: Meter, *, estimates: bool) -> None:
        given: dict[Log, tuple[str, ...]] = {"request": options.requests, "response": options.responses}
        super().__init__(options, given, _told(options), meter)
        self._pairing, self._estimates = options, estimates

    def _compute(self, work: WorkFolder) -> RunFolder:
        plan = self._plan(work)
        entries = work.spill / "entries"
        for side in SIDES:
            files = self._files[side]
            self._meter.sides[side] = Watched(files=files, tally=Tally(files), ledger={"blank": 0, "malformed": 0})
        shift_us: dict[Side, int] = {"request": 0, "response": self._pairing.skew_us}
        forms = {side: ingest.pair_format(side, self._files[side], shift_us[side]) for side in SIDES}
        sides = {
            side: ingest.ingest(self._files[side], form, partial(partition.keep, plan), entries / side, self._meter)
            for side, form in forms.items()
        }
        spilled = 0 if plan.in_memory else _tree_bytes(entries)
        folder = Folder(work.run, work.spill, {side: sides[side].tally.starts for side in SIDES})
        sums = Aggregates(_grid(sides, self._options.window_us), work.spill / "users")
        self._meter.buckets = (0, plan.buckets)
        self._meter.enter("pair")
        for share, paired in self._paired(sides, plan, entries):
            folder.add(paired)
            sums.add(paired.exchanges)
            self._fill_ledger(sides, folder)
            del paired  # not to be held while the next bucket is paired
            self._meter.tap()
            if self._estimates:
                self._tell_estimate(share, sums, folder)
        self._meter.enter("report")
        malformed = folder.finish_malformed(sides)
        figures = report.figures(sums, folder.exchanges)
        edge_us = self._pairing.edge_us
        if edge_us is None:
            edge_us = max(_LEAST_EDGE_US, figures.p999_us or 0)
        folder.finish_orphans(edge_us, sides["request"].first_us, sides["response"].last_us)
        orphans = folder.orphans()
        sums.users.add(aggregate.orphan_users(orphans).collect(engine="streaming"))
        folder.finish_users(sums.users.parts())
        folder.finish_duplicates()
        reasons = _reasons(orphans)
        inputs = self._inputs(sides, malformed, reasons, folder)
        by_bucket, by_window = orphan_arrivals(orphans, sums.grid)
        final = report.correlation(
            sums,
            figures,
            report.Parts(
                inputs=inputs,
                orphans=reasons,
                orphans_by_bucket=by_bucket,
                orphans_by_window=by_window,
                exchanges=folder.exchanges,
                edge_us=edge_us,
                skew_us=self._pairing.skew_us,
                run=self._run_info(self._meter.buckets[1], spilled),
            ),
        )
        run = RunFolder(work.run)
        manifest = self._manifest(final.kind, folder.parts(), folder.rows, ["user_id"], _headline(final))
        run.write(manifest, final)
        return run

    def _plan(self, work: WorkFolder) -> Plan:
        exact = all(file.form == "plain" for files in self._files.values() for file in files)
        plan = partition.plan(self._text_bytes, self._options.memory_bytes, exact_size=exact)
        self._require_disk(work, _VIEWS_PER_TEXT_BYTE + (0 if plan.in_memory else _SPILL_PER_TEXT_BYTE))
        return plan

    def _paired(self, sides: dict[Side, Ingested], plan: Plan, entries: Path) -> Iterator[tuple[float, Paired]]:
        """Each bucket paired, with the share of all entries settled by then; one that is too large comes in chunks."""
        rules = Rules(policy=self._pairing.pairing, max_duration_us=self._pairing.max_duration_us)
        held = [sides[side].entries for side in SIDES]
        if held[0] is not None and held[1] is not None:
            self._meter.buckets = (0, 1)
            yield 1.0, bucket.pair(held[0].lazy(), held[1].lazy(), rules)
            self._meter.buckets = (1, 1)
            return
        schemas = {side: sides[side].schema for side in SIDES}
        found = partition.spilled({side: sides[side].spill for side in SIDES}, plan.buckets)
        self._meter.buckets = (0, len(found))
        task = Task(rules=rules, schemas=schemas, bucket_bytes=plan.bucket_bytes, tap=self._meter.tap)
        too_large = partition.too_large(found, plan.bucket_bytes)
        for number, whole in enumerate(found):
            self._meter.tap()
            if too_large[number]:
                for share, paired in crowd.pair(whole, entries / "crowd" / str(number), task):
                    yield (number + share) / len(found), paired
                    del paired  # not to be held while the next chunk is made
            else:
                logs = [whole.scan(side, schemas[side]) for side in SIDES]
                yield (number + 1) / len(found), bucket.pair(logs[0], logs[1], rules)
                whole.remove()
            self._meter.buckets = (number + 1, len(found))

    def _fill_ledger(self, sides: dict[Side, Ingested], folder: Folder) -> None:
        """Where the lines of the buckets that are paired went; at the last one it closes."""
        for side in SIDES:
            self._meter.sides[side].ledger.update(
                header=sides[side].header,
                redelivered=folder.repeats.get((side, "redelivered"), 0),
                superseded=folder.repeats.get((side, "superseded"), 0),
                matched=folder.rows["exchanges"],
                orphans=folder.open_orphans.get(side, 0),
            )

    def _tell_estimate(self, share: float, sums: Aggregates, folder: Folder) -> None:
        exchanges = folder.rows["exchanges"]
        timeline, heatmap = report.so_far(sums)
        self._meter.tell(
            EstimateEvent(
                share=share,
                matched=exchanges,
                orphans=sum(folder.open_orphans.values()),
                negative=sums.spreads[False].negative + sums.spreads[True].negative,
                status=sums.status(),
                histogram=report.histogram(sums.bands),
                timeline=timeline,
                heatmap=heatmap,
                **estimates(sums.cells),
            )
        )

    def _inputs(
        self, sides: dict[Side, Ingested], malformed: dict[Side, dict[str, int]], orphans: Orphans, folder: Folder
    ) -> Inputs:
        """The ledger of both sides. Raises LedgerError where it does not close."""
        ledgers = {}
        for side in SIDES:
            of = sides[side]
            ledgers[side] = SideLedger(
                files=self._names(side),
                bytes=sum(file.bytes for file in self._files[side]),
                lines=sum(of.tally.lines),
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
        "errors_5xx": sum(n for code, n in final.status.items() if 500 <= int(code) <= 599),
        "p50_ms": final.latency.p50_ms,
        "p99_ms": final.latency.p99_ms,
    }


def _grid(sides: dict[Side, Ingested], window_us: int) -> Any:
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


def _tree_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.ipc"))
