"""Reads both logs, and pairs entries that stand close in time. Other entries are left to be paired by bucket."""

from collections.abc import Iterable
from functools import partial

import msgspec
import polars as pl

from logcorr.compute.background_thread import BackgroundThread
from logcorr.figures.pair_sums import PairSums
from logcorr.jobs.estimates import Estimates
from logcorr.jobs.grow_pairs import GoingOn, GrowthWriter
from logcorr.jobs.job import StartAgain
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_views import PairViews
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import join_steps
from logcorr.pairing.join_steps import KEY
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.rules import Rules
from logcorr.pairing.streaming_join import RecentExchanges, StreamingJoin
from logcorr.pairing.unpaired_entries import UnpairedEntries
from logcorr.runs.export_while_running import ExportWhileRunning


class Sinks(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that takes entries and exchanges while both logs are read.

    `views` and `export` write exchanges, `sums` counts exchanges, and `recurring` notes the ids of exchanges.
    `unpaired` takes entries without a partner nearby. `estimates` and `meter` report progress. `growth` keeps what a
    later run can go on from, if anything is.
    """

    views: PairViews
    export: ExportWhileRunning
    sums: PairSums
    recurring: RecurringIds
    unpaired: UnpairedEntries
    estimates: Estimates
    meter: ProgressMeter
    growth: GrowthWriter | None = None


class PairWhileReading:
    """Pairs entries while both logs are read. Without `streaming` every entry is left to the buckets.

    Exchanges are written, counted and exported in parts of `part_rows` rows.
    """

    def __init__(self, rules: Rules, sinks: Sinks, *, streaming: bool, part_rows: int) -> None:
        self._sinks, self._streaming = sinks, streaming
        self._join = StreamingJoin(rules, self._leave_to_buckets)
        self._recent = RecentExchanges(rules.columns, part_rows, self._settle, self._leave_to_buckets)

    def pair(self, frames: Iterable[tuple[Side, pl.DataFrame]]) -> None:
        """Takes all entries, frame by frame, of two logs or of one log with both sides.

        After that, every entry is in a written exchange or in `Sinks.unpaired`.
        """
        with (
            BackgroundThread() as self._writer,
            BackgroundThread() as self._counter,
            BackgroundThread() as self._exporter,
        ):
            for side, entries in frames:
                if self._streaming:
                    self._pair(side, entries)
                else:
                    self._sinks.unpaired.add(side, entries)
            self._join.finish()
            self._recent.finish()

    def _pair(self, side: Side, entries: pl.DataFrame) -> None:
        with self._sinks.meter.step("pair"):
            exchanges = self._join.add(side, join_steps.keyed(entries))
            if self._join.repeats and not self._sinks.views.keeps_exchanges:
                # Logs that repeat ids nearby mostly repeat some of them far away too.
                raise StartAgain
            if exchanges is not None:
                self._recent.add(exchanges, self._join.waiting_keys, closely=self._join.repeats)

    def _leave_to_buckets(self, side: Side, entries: pl.DataFrame) -> None:
        self._recent.note_left(entries[KEY])
        self._sinks.unpaired.decided = self._join.decided
        self._sinks.unpaired.add(side, entries)

    def _settle(self, exchanges: pl.DataFrame) -> None:
        # While this part is written, counted and exported, the next chunks are read and paired.
        self._writer.do(partial(self._write, exchanges))
        self._counter.do(partial(self._count, exchanges))
        if self._sinks.export.unfinished:
            self._exporter.do(partial(self._export, exchanges))

    def _write(self, exchanges: pl.DataFrame) -> None:
        with self._sinks.meter.step("write"):
            part = self._sinks.views.add_exchanges(exchanges.drop(KEY))
            if self._sinks.growth is not None:
                self._sinks.growth.settle(part, exchanges)

    def _count(self, exchanges: pl.DataFrame) -> None:
        sinks = self._sinks
        with sinks.meter.step("count"):
            sinks.recurring.add(exchanges[KEY])
            sinks.sums.add(exchanges.select(sinks.views.columns.exchanges.names()))
            # The join gave up entries without a partner nearby: about as many will be orphans.
            sinks.estimates.tell(sinks.meter.share_read, sinks.sums, self._join.given_up)

    def _export(self, exchanges: pl.DataFrame) -> None:
        with self._sinks.meter.step("export"):
            self._sinks.export.add(self._sinks.views.stored(exchanges), exchanges.height)


def take_back_recurring(sinks: Sinks, going_on: GoingOn | None = None) -> set[str]:
    """Turns all exchanges whose ids recur anywhere in the logs back into entries. Returns the parts they were in.

    `going_on` knows the exchanges of an earlier run. Raises StartAgain where exchanges are not kept.
    """
    untouched: set[str] = set()
    with sinks.meter.step("check"):
        recurring = sinks.recurring.recurring(sinks.unpaired.keys())
        if going_on is not None:
            recurring = pl.concat([recurring, going_on.recurring()]).unique()
            untouched = {*going_on.base.growth.parts} - {*going_on.parts_of(recurring)}
    if not recurring.len():
        return set()
    if not sinks.views.keeps_exchanges:
        raise StartAgain
    taken = set()
    for part, exchanges in sinks.views.take_back(recurring, untouched):
        taken.add(part)
        if going_on is not None:
            going_on.note_taken(part, exchanges)
        if sinks.growth is not None:
            sinks.growth.take_back(part, recurring)
        sinks.export.drop()
        for side in SIDES:
            sinks.unpaired.add(side, exchanges.lazy().pipe(join_steps.entries_of, side, sinks.views.columns).collect())
    return taken
