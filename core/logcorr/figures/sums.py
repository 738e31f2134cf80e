"""The sums that the report of either kind needs of exchanges, and the queries that count a frame of exchanges.

All sums are integers and merge exactly in any order. `at` is the number of a timeline bucket or of a window. An
exchange, its error and its latency are counted at the time of its request. `at` is null for an exchange without a time.
"""

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts
from logcorr.figures.grid import Grid
from logcorr.figures.histogram import band_counts
from logcorr.figures.latency_counts import LatencyCounts
from logcorr.figures.percentiles import DurationTotals, duration_totals
from logcorr.model.status import is_failure, key_of

# How many rows a table of a report has.
TOP = 100

EMPTY_LATENCIES = pl.DataFrame(schema={"at": pl.Int64, "duration_us": pl.Int64, "failure": pl.Boolean, "n": pl.Int64})
_EMPTY_STATUSES = pl.DataFrame(schema={"at": pl.Int64, "status_code": pl.Int16, "n": pl.Int64})
_EMPTY_BANDS = pl.DataFrame(schema={"at": pl.Int64, "band": pl.Int64, "n": pl.Int64})


def bucket_number(instant: str, width_us: int) -> pl.Expr:
    """The number of the timeline bucket or window of this width (µs) that holds an instant, a column (Int64, µs)."""
    return pl.col(instant) // width_us


def exchange_counts(exchanges: pl.LazyFrame, grid: Grid) -> pl.LazyFrame:
    """(at, duration_us, status_code, n): exchanges by timeline bucket, exact duration and status."""
    return exchanges.group_by(
        bucket_number("request_time", grid.bucket_us).alias("at"), "duration_us", "status_code"
    ).agg(pl.len().cast(pl.Int64).alias("n"))


def latency_counts(counts: pl.LazyFrame) -> pl.LazyFrame:
    """(at, duration_us, failure, n) from `exchange_counts`, without exchanges that have no duration."""
    known = counts.filter(pl.col("duration_us").is_not_null())
    return known.group_by("at", "duration_us", is_failure(pl.col("status_code")).alias("failure")).agg(
        pl.col("n").sum()
    )


def status_counts(exchanges: pl.LazyFrame, width_us: int) -> pl.LazyFrame:
    """(at, status_code, n): exchanges by time of the request, in buckets or windows of this width, and status."""
    return exchanges.group_by(bucket_number("request_time", width_us).alias("at"), "status_code").agg(
        pl.len().cast(pl.Int64).alias("n")
    )


def in_wider_buckets(counts: pl.LazyFrame, times: int) -> pl.LazyFrame:
    """(at, status_code, n) from counts by time and status, in buckets that are `times` as wide."""
    return counts.group_by(pl.col("at") // times, "status_code").agg(pl.col("n").sum())


class Sums:
    """Durations and statuses of exchanges over time, as the report of either kind needs them.

    At most about `most_counts` counts of durations are held, see `LatencyCounts`.
    """

    def __init__(self, grid: Grid, most_counts: int | None = None) -> None:
        self.grid = grid
        self.latencies = LatencyCounts(EMPTY_LATENCIES, most_counts)
        self.bands = PartialCounts(["at", "band"], _EMPTY_BANDS)
        self.timeline = PartialCounts(["at", "status_code"], _EMPTY_STATUSES)
        self.windows = PartialCounts(["at", "status_code"], _EMPTY_STATUSES)
        # By whether the exchanges failed.
        self.totals = {False: DurationTotals(), True: DurationTotals()}

    def queries(self, exchanges: pl.LazyFrame) -> list[pl.LazyFrame]:
        """The queries that count a frame of exchanges; `add_counts` takes their results."""
        needs_windows = self.grid.window_us % self.grid.bucket_us
        return [
            exchange_counts(exchanges, self.grid),
            *([status_counts(exchanges, self.grid.window_us)] if needs_windows else []),
        ]

    def add_counts(self, counts: pl.DataFrame, windows: pl.DataFrame | None = None) -> None:
        """Adds the results of `queries`."""
        timeline = in_wider_buckets(counts.lazy(), 1).collect()
        times = self.grid.window_us // self.grid.bucket_us
        self.windows.add(in_wider_buckets(timeline.lazy(), times).collect() if windows is None else windows)
        latencies = latency_counts(counts.lazy()).collect(engine="streaming")
        for failed in (False, True):
            added = duration_totals(latencies.filter(pl.col("failure") == failed))
            self.totals[failed] = self.totals[failed].plus(added)
        self.latencies.add(latencies)
        self.bands.add(band_counts(latencies))
        self.timeline.add(timeline)

    def status(self) -> dict[str, int]:
        """How many exchanges there are so far of each status code, by the code as text, in ascending order.

        The key of no status comes last.
        """
        counts = self.windows.merged().group_by("status_code").agg(pl.col("n").sum())
        counts = counts.sort("status_code", nulls_last=True)
        return {key_of(code): n for code, n in counts.iter_rows()}
