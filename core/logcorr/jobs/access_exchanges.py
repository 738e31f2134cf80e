"""Exchanges of an access log as its view has them, and their sums counted from the view; and the ledger of the log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl
from msgspec import UNSET

from logcorr.figures.access_sums import AccessSums
from logcorr.formats.malformed_reasons import ALL_REASONS
from logcorr.inputs.line_numbers import LinePlaces
from logcorr.model.errors import LedgerError
from logcorr.model.ledger import AccessInputs, AccessLedger, ClockCounts, LogFormat, how_read

_INSTANT = pl.Datetime("us", "UTC")
_COUNTS = ("blank", "header", "other", "exchanges", "repaired")


class AccessLines(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the lines of an access log. The fields are as in `LogResult`; `malformed` counts by reason."""

    lines: int
    counts: Mapping[str, int]
    malformed: Mapping[str, int]
    clock: ClockCounts
    heads: Mapping[str, int]
    joined: int

    @property
    def unreadable(self) -> bool:
        """Whether there are lines, and none of them is an exchange."""
        return not self.counts["exchanges"] and self.lines > self.counts["blank"] + self.counts["header"]

    def inputs(
        self, *, files: Sequence[str], file_bytes: int, named: LogFormat, left_out: int, skipped: int = 0
    ) -> AccessInputs:
        """The ledger of the log: `files` are the names of its files. Raises LedgerError where it does not close."""
        counts: dict[str, Any] = {name: self.counts[name] for name in _COUNTS}
        ledger = AccessLedger(
            files=list(files),
            bytes=file_bytes,
            lines=self.lines,
            malformed={name: self.malformed[name] for name in ALL_REASONS if name in self.malformed},
            left_out=left_out,
            format=named,
            **counts,
            **how_read(self.clock, self.heads, self.joined),
            skipped=skipped or UNSET,
        )
        if not ledger.closes():
            message = f"the ledger of the access log does not close: {ledger}. This is a fault of logcorr: report it."
            raise LedgerError(message)
        return AccessInputs(access=ledger)


def stored(exchanges: pl.DataFrame, attributes: Sequence[str], places: LinePlaces) -> pl.LazyFrame:
    """Exchanges (request_time in µs, duration_us, status_code, row, attributes) in the columns of their view."""
    return exchanges.lazy().select(
        pl.col("request_time").cast(_INSTANT),
        "duration_us",
        "status_code",
        *attributes,
        places.file("row").alias("file"),
        places.line("row").alias("line"),
    )


def count_stored(
    sums: AccessSums, rows: Iterable[pl.LazyFrame], attributes: Sequence[str], tap: Callable[[], Any]
) -> None:
    """Counts exchanges of the view, some rows at a time. `tap` is called for each and may raise."""
    for some in rows:
        tap()
        entries = some.select(
            pl.col("request_time").cast(pl.Int64).alias("time"),
            pl.col("duration_us").alias("given_us"),
            "status_code",
            *attributes,
        ).collect(engine="streaming")
        with sums.counter.counting():
            sums.add(sums.counter("exchange", entries))
