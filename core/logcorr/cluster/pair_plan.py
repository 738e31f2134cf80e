"""What the steps of a correlation know: how its entries are read, how they pair, and what it is narrowed to."""

from collections.abc import Container

import msgspec

from logcorr.figures.grid import Grid
from logcorr.jobs.pair_reading import PairReading
from logcorr.jobs.write_groups import GroupLimits
from logcorr.model.ledger import ONE_LOG, SIDES, Log, Side
from logcorr.model.options import Narrowing
from logcorr.pairing.rules import Rules
from logcorr.query.narrowing import Range


class PairPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a correlation that steps need; `file_names` are the names of the files of each log."""

    reading: PairReading
    rules: Rules
    narrowing: Narrowing
    window_us: int
    suspicious: int
    file_names: dict[str, list[str]]

    @property
    def limits(self) -> GroupLimits:
        """What makes an address suspicious."""
        return GroupLimits(window_us=self.window_us, suspicious=self.suspicious)

    @property
    def narrowed(self) -> bool:
        """Whether the run leaves out what it has paired."""
        return self.narrowing != Narrowing()


class Shuffle(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once all lines were read.

    `blobs` are the files of the splits, `first_rows` the rows of the log at which splits begin, and `starts` those at
    which the files of a log begin. `rows` counts those of each log. `grid` spans all entries. `chosen` is what the run
    is narrowed to, which `narrowed` spans.
    """

    blobs: list[str]
    first_rows: list[int]
    starts: dict[Log, list[int]]
    rows: dict[Log, int]
    grid: Grid
    chosen: Range
    narrowed: Grid


def log_of(side: Side, logs: Container[Log]) -> Log:
    """The log that has the entries of a side, of the logs of a run."""
    return ONE_LOG if ONE_LOG in logs else side


def segment_of(bucket: int, side: Side) -> int:
    """The segment of a split's file that has the entries of one side and bucket."""
    return len(SIDES) * bucket + SIDES.index(side)


def refused_segments(buckets: int) -> tuple[int, int]:
    """The segments of a split's file that have its malformed lines, and its other lines."""
    return len(SIDES) * buckets, len(SIDES) * buckets + 1
