"""Reads both logs and pairs what it can on the way; what is in doubt is left for the buckets, which see all of it."""

from collections.abc import Callable
from functools import partial

import polars as pl

from logcorr.compute.background import BackgroundThread
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.inputs.both_sides import in_time_order
from logcorr.inputs.reader import SideReader, SideResult
from logcorr.jobs.progress_meter import ProgressMeter
from logcorr.jobs.write_views import ViewWriter
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import steps
from logcorr.pairing.recent_exchanges import RecentExchanges
from logcorr.pairing.recurring_ids import RecurringIds
from logcorr.pairing.rules import Rules
from logcorr.pairing.steps import KEY
from logcorr.pairing.streaming_join import StreamingJoin
from logcorr.pairing.unpaired_entries import UnpairedEntries
from logcorr.runs.export_while_running import ExportWhileRunning


class PairWhileReading:
    """The pairing while reading. `settled` gets each part of exchanges that was written to the folder."""

    def __init__(
        self,
        plan: MemoryPlan,
        rules: Rules,
        *,
        folder: ViewWriter,
        left: UnpairedEntries,
        keys: RecurringIds,
        meter: ProgressMeter,
        along: ExportWhileRunning,
        settled: Callable[[pl.DataFrame], None],
    ) -> None:
        self._plan, self._folder, self._left, self._keys, self._settled = plan, folder, left, keys, settled
        self._meter, self._along = meter, along
        self._tandem = StreamingJoin(rules, self._leave)
        self._settling = RecentExchanges(plan.part_rows, self._settle, self._leave)

    @property
    def alone(self) -> int:
        """How many entries so far had no partner nearby: about how many orphans there are."""
        return self._tandem.given_up

    def read(self, readers: dict[Side, SideReader]) -> dict[Side, SideResult]:
        """Reads both sides whole; every entry is in an exchange that was settled, or left."""
        with BackgroundThread() as self._behind, BackgroundThread() as self._beside:
            for side, entries in in_time_order({side: reader.entries() for side, reader in readers.items()}):
                if self._plan.tandem:
                    self._pair(side, entries)
                else:
                    self._left.add(side, entries)
            self._tandem.finish()
            self._settling.finish()
        sides = {side: reader.finish() for side, reader in readers.items()}
        for side in SIDES:
            self._left.add(side, sides[side].late)
        return sides

    def _pair(self, side: Side, entries: pl.DataFrame) -> None:
        with self._meter.step("pair"):
            exchanges = self._tandem.add(side, steps.keyed(entries))
            if exchanges is not None:
                self._settling.add(exchanges, self._tandem.waiting_keys, closely=self._tandem.repeats)

    def take_back(self) -> bool:
        """Leaves the entries of all exchanges whose ids come again, however far away; tells whether there were any."""
        with self._meter.step("check"):
            again = self._keys.again(self._left.keys())
        if not again.len():
            return False
        changed = False
        for exchanges in self._folder.take_back(again):
            changed = True
            self._along.drop()
            for side in SIDES:
                self._left.add(side, exchanges.lazy().pipe(steps.taken_back, side).collect())
        return changed

    def _leave(self, side: Side, entries: pl.DataFrame) -> None:
        self._settling.note_left(entries[KEY])
        self._left.add(side, entries)

    def _settle(self, exchanges: pl.DataFrame) -> None:
        # While this part is written and counted, the next ones are read and paired.
        self._behind.do(partial(self._keep, exchanges))
        if self._along.parts:
            self._beside.do(partial(self._export, exchanges))

    def _keep(self, exchanges: pl.DataFrame) -> None:
        self._keys.add(exchanges[KEY])
        part = exchanges.drop(KEY)
        with self._meter.step("write"):
            self._folder.add_exchanges(part)
        with self._meter.step("count"):
            self._settled(part)

    def _export(self, exchanges: pl.DataFrame) -> None:
        with self._meter.step("export"):
            self._along.add(self._folder.stored(exchanges), exchanges.height)
