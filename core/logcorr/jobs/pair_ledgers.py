"""The ledgers of a correlation: what became of every line and of every entry, and why orphans have no partner."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import polars as pl
from msgspec import UNSET, UnsetType

from logcorr.formats.malformed_reasons import ALL_REASONS
from logcorr.inputs.files import InputFile
from logcorr.inputs.reader import SideResult
from logcorr.jobs.event_sources import SourceResult
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import ONE_LOG, SIDES, Inputs, Log, LogFormat, LogLedger, Orphans, Side, SideLedger, how_read
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS


class Written(Protocol):
    """What was written of a correlation: see `PairViews`."""

    @property
    def repeats(self) -> Mapping[tuple[str, str], int]:
        """Repeats by side and kind."""

    @property
    def exchanges_written(self) -> int:
        """How many exchanges there are, before the run is narrowed."""

    def left_out(self, side: Side, orphans: int) -> int:
        """How many entries of a side the views lack, once they were narrowed. `orphans` counts those there were."""


class PairLedgers(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledgers are made of.

    `malformed` counts lines by log and reason, `orphans` entries by side. `named` gives the format of a log. The views
    that were `written` lack entries where the run is `narrowed`.
    """

    files: Mapping[Log, Sequence[InputFile]]
    read: SourceResult
    malformed: Mapping[Log, dict[str, int]]
    orphans: Mapping[str, int]
    written: Written
    named: Callable[[Log], LogFormat | None]
    narrowed: bool

    def inputs(self) -> Inputs:
        """The ledgers. Raises LedgerError where one does not close."""
        sides = {side: self._side_ledger(side) for side in SIDES}
        log: LogLedger | UnsetType = UNSET
        if ONE_LOG in self.read.logs:
            entries = self.read.entries
            log = LogLedger(**self._lines(ONE_LOG), requests=entries["request"], responses=entries["response"])
        inputs = Inputs(log=log, requests=sides["request"], responses=sides["response"])
        if not inputs.closes():
            message = f"the ledger does not close: {inputs}. This is a fault of logcorr: report it."
            raise LedgerError(message)
        return inputs

    def _side_ledger(self, side: Side) -> SideLedger:
        written, orphans = self.written, self.orphans.get(side, 0)
        return SideLedger(
            **(self._lines(side) if side in self.read.logs else {}),
            entries=self.read.entries[side],
            redelivered=written.repeats.get((side, "redelivered"), 0),
            superseded=written.repeats.get((side, "superseded"), 0),
            surplus=written.repeats.get((side, "surplus"), 0),
            matched=written.exchanges_written,
            orphans=orphans,
            left_out=written.left_out(side, orphans) if self.narrowed else 0,
        )

    def _lines(self, log: Log) -> dict[str, Any]:
        """The counts of the lines of a log, by the names that ledgers have for them."""
        read: SideResult = self.read.logs[log]
        malformed, files = self.malformed[log], self.files[log]
        return {
            "files": [file.name for file in files],
            "bytes": sum(file.bytes for file in files),
            "lines": sum(read.lines_read.lines),
            "blank": read.blank,
            "header": read.header,
            "other": read.other,
            "malformed": {name: malformed[name] for name in ALL_REASONS if name in malformed},
            "repaired": read.repaired,
            "format": self.named(log),
            **how_read(read.clock, read.heads, read.joined),
            "skipped": sum(file.lines_before for file in files) or UNSET,
        }


def orphans_by_reason(orphans: pl.LazyFrame) -> Orphans:
    """The number of orphans of each side by reason, in the order of the reasons."""
    rows = orphans.group_by("side", "reason").len().collect(engine="streaming")
    return in_order({(side, reason): n for side, reason, n in rows.iter_rows()})


def in_order(counts: Mapping[tuple[str, str], int]) -> Orphans:
    """Numbers of orphans by side and reason, in the order of the reasons."""
    by_side = {
        side: {reason: counts[side, reason] for reason in ORPHAN_REASONS if (side, reason) in counts} for side in SIDES
    }
    return Orphans(request=by_side["request"], response=by_side["response"])
