"""Exchanges and orphans → partial aggregates: pure steps on lazy frames, and the sums they merge into.

In timeline and windows an exchange counts at its request's time (errors and latency too), `responses` at the
response's, an orphan at its own.
"""

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts
from logcorr.figures.grid import Grid
from logcorr.figures.histogram import banded
from logcorr.figures.latency_counts import LatencyCounts
from logcorr.figures.percentiles import Spread, spread
from logcorr.model.status import is_failure

TOP = 100

_EMPTY_LATENCIES = pl.DataFrame(schema={"at": pl.Int64, "duration_us": pl.Int64, "failure": pl.Boolean, "n": pl.Int64})
_EMPTY_STATUSES = pl.DataFrame(schema={"at": pl.Int64, "status_code": pl.Int16, "n": pl.Int64})
_EMPTY_BANDS = pl.DataFrame(schema={"at": pl.Int64, "band": pl.Int64, "n": pl.Int64})


def aligned(instant: str, width_us: int) -> pl.Expr:
    """The number of the bucket of this width in which an instant (Int64, µs) falls."""
    return pl.col(instant) // width_us


def counted(exchanges: pl.LazyFrame, grid: Grid) -> pl.LazyFrame:
    """(at, duration_us, status_code, n): exchanges by timeline bucket, exact duration and status."""
    return exchanges.group_by(aligned("request_time", grid.bucket_us).alias("at"), "duration_us", "status_code").agg(
        pl.len().cast(pl.Int64).alias("n")
    )


def cells(counts: pl.LazyFrame) -> pl.LazyFrame:
    """(at, duration_us, failure, n) of `counted` exchanges; one without a duration counts as none."""
    known = counts.filter(pl.col("duration_us").is_not_null())
    return known.group_by("at", "duration_us", is_failure(pl.col("status_code")).alias("failure")).agg(
        pl.col("n").sum()
    )


def statuses(exchanges: pl.LazyFrame, width_us: int) -> pl.LazyFrame:
    """(at, status_code, n): exchanges by bucket of the request's time and status."""
    return exchanges.group_by(aligned("request_time", width_us).alias("at"), "status_code").agg(
        pl.len().cast(pl.Int64).alias("n")
    )


def coarser(counts: pl.LazyFrame, times: int) -> pl.LazyFrame:
    """Counts by status in buckets so many times as wide."""
    return counts.group_by(pl.col("at") // times, "status_code").agg(pl.col("n").sum())


class Sums:
    """What the report of either kind needs of exchanges: durations and statuses over time, added up in any order."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.latencies = LatencyCounts(_EMPTY_LATENCIES)
        self.bands = PartialCounts(["at", "band"], _EMPTY_BANDS)
        self.timeline = PartialCounts(["at", "status_code"], _EMPTY_STATUSES)
        self.windows = PartialCounts(["at", "status_code"], _EMPTY_STATUSES)
        self.spreads = {False: Spread(), True: Spread()}

    def plans(self, exchanges: pl.LazyFrame) -> list[pl.LazyFrame]:
        """What is to be counted of some exchanges, for `take`."""
        needs_windows = self.grid.window_us % self.grid.bucket_us
        return [
            counted(exchanges, self.grid),
            *([statuses(exchanges, self.grid.window_us)] if needs_windows else []),
        ]

    def take(self, counts: pl.DataFrame, windows: pl.DataFrame | None = None) -> None:
        """Adds what came of `plans`."""
        timeline = coarser(counts.lazy(), 1).collect()
        times = self.grid.window_us // self.grid.bucket_us
        self.windows.add(coarser(timeline.lazy(), times).collect() if windows is None else windows)
        new_cells = cells(counts.lazy()).collect(engine="streaming")
        for failed in (False, True):
            self.spreads[failed] = self.spreads[failed].plus(spread(new_cells.filter(pl.col("failure") == failed)))
        self.latencies.add(new_cells)
        self.bands.add(banded(new_cells))
        self.timeline.add(timeline)

    def status(self) -> dict[str, int]:
        """Exchanges by status code so far."""
        counts = self.windows.merged().group_by("status_code").agg(pl.col("n").sum()).sort("status_code")
        return {str(code): n for code, n in counts.iter_rows()}
