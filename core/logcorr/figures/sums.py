"""The sums that the report of either kind needs of exchanges, and the queries that count a frame of exchanges.

All sums are integers and merge exactly in any order. `at` is the number of a timeline bucket or of a window. An
exchange, its error and its latency are counted at the time of its request. `at` is null for an exchange without a time.
"""

import msgspec
import polars as pl

from logcorr.compute.count_table import NamedCounts, filled
from logcorr.figures.grid import Grid, divisor, grid
from logcorr.figures.latency_counts import LatencyCounts, bins_and_bands
from logcorr.figures.percentiles import DurationTotals, duration_totals
from logcorr.model.status import is_failure, key_of

# How many rows a table of a report has.
TOP = 100

_STATUSES = ("at", "status_code")


def bucket_number(instant: str, width_us: int) -> pl.Expr:
    """The number of the timeline bucket or window of this width (µs) that holds an instant, a column (Int64, µs)."""
    return pl.col(instant) // width_us


class PartialSums(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over some of the exchanges, as data: what `Sums.merge` adds up.

    The tables have the columns that the sums have. `windows` has no rows where they follow from the timeline. `totals`
    are those of successes and of failures as JSON, as a total may have more than 64 bits. `first_us` and `last_us` are
    the instants that the grid has been widened for.
    """

    grid: Grid
    first_us: int | None
    last_us: int | None
    exact: bool
    latencies: pl.DataFrame
    bands: pl.DataFrame
    timeline: pl.DataFrame
    windows: pl.DataFrame
    totals: bytes


class Sums:
    """Durations and statuses of exchanges over time, as the report of either kind needs them.

    `timeline` has (at, status_code, n), `bands` (at, band, n). `totals` are those of durations, by whether the
    exchanges failed. At most about `most_counts` counts of durations are held, see `LatencyCounts`.

    With `widens`, the grid is the one that the exchanges so far need: where nobody knows yet when the logs end. Then
    `widen` can make it that of the logs.
    """

    def __init__(self, grid: Grid, most_counts: int | None = None, *, widens: bool = False) -> None:
        self.grid = divisor(grid) if widens else grid
        self._widens = widens
        self._first_us: int | None = None
        self._last_us: int | None = None
        self.latencies = LatencyCounts(most_counts)
        self.bands = NamedCounts(("at", "band"), pl.Int64())
        self.timeline = NamedCounts(_STATUSES, pl.Int16())
        self._own_windows = NamedCounts(_STATUSES, pl.Int16())
        self.totals = {False: DurationTotals(), True: DurationTotals()}

    def count(self, exchanges: pl.DataFrame) -> None:
        """Counts exchanges (request_time in µs, duration_us, status_code)."""
        width = self.grid.bucket_us
        rows = exchanges.select(
            bucket_number("request_time", width).alias("at"),
            "duration_us",
            is_failure(pl.col("status_code")).alias("failure"),
        )
        self.timeline.add(rows["at"], exchanges["status_code"])
        if not self._in_buckets:
            at = exchanges.select(bucket_number("request_time", self.grid.window_us)).to_series()
            self._own_windows.add(at, exchanges["status_code"])
        timed = rows.drop_nulls("duration_us") if rows["duration_us"].null_count() else rows
        for failed in (False, True):
            self.totals[failed] = self.totals[failed].plus(duration_totals(timed.filter(pl.col("failure") == failed)))
        durations = filled(timed["duration_us"], 0)
        bins, bands = bins_and_bands(durations)
        self.latencies.add(timed["at"], durations, timed["failure"], bins)
        valid = pl.Series("band", bands)
        at = timed["at"]
        if (negative := valid < 0).any():
            at, valid = at.filter(~negative), valid.filter(~negative)
        self.bands.add(at, valid)

    @property
    def windows(self) -> pl.DataFrame:
        """(at, status_code, n): exchanges by window and status."""
        if not self._in_buckets:
            return self._own_windows.merged()
        times = self.grid.window_us // self.grid.bucket_us
        return self.timeline.merged().group_by(pl.col("at") // times, "status_code").agg(pl.col("n").sum())

    @property
    def _in_buckets(self) -> bool:
        """Whether a window is made of whole buckets."""
        return self.grid.window_us % self.grid.bucket_us == 0

    def partial(self) -> PartialSums:
        """All sums so far as data."""
        return PartialSums(
            grid=self.grid,
            first_us=self._first_us,
            last_us=self._last_us,
            exact=self.latencies.exact,
            latencies=self.latencies.merged(),
            bands=self.bands.merged(),
            timeline=self.timeline.merged(),
            windows=self._own_windows.merged(),
            totals=msgspec.json.encode([self.totals[False], self.totals[True]]),
        )

    def merge(self, other: PartialSums) -> None:
        """Adds sums over other exchanges. In any order, they give what all exchanges at once would give.

        With `widens`, both may have different grids, and get that of the exchanges of both. Raises ValueError for a
        grid that does not fit.
        """
        if self._widens:
            self._widen_to(other.first_us, other.last_us)
        if other.grid != self.grid:
            other = _widened(other, self.grid)
        self.latencies.add_counts(other.latencies, exact=other.exact)
        self.bands.add_counts(other.bands)
        self.timeline.add_counts(other.timeline)
        self._own_windows.add_counts(other.windows)
        both = msgspec.json.decode(other.totals, type=tuple[DurationTotals, DurationTotals])
        for failed, totals in zip((False, True), both, strict=True):
            self.totals[failed] = self.totals[failed].plus(totals)

    def widen(self, grid: Grid) -> bool:
        """Adds the counts up to those of a grid with wider buckets. Returns False where these are not several buckets.

        Then nothing is changed.
        """
        times, rest = divmod(grid.bucket_us, self.grid.bucket_us)
        if rest or not times or grid.window_us != self.grid.window_us:
            return False
        if times > 1:
            self._widen(times)
        self.grid = grid
        return True

    def _widen_to(self, first_us: int | None, last_us: int | None) -> None:
        """Widens the buckets as far as exchanges between two instants need it."""
        self._first_us = min((time for time in (self._first_us, first_us) if time is not None), default=None)
        self._last_us = max((time for time in (self._last_us, last_us) if time is not None), default=None)
        needed = divisor(grid(self._first_us, self._last_us, self.grid.window_us))
        if needed.bucket_us > self.grid.bucket_us:
            self.widen(needed)

    def _widen(self, times: int) -> None:
        if self._in_buckets:
            # A window may be no whole number of wider buckets.
            self._own_windows.replace(self.windows)
        self.latencies.widen(times)
        self.bands.map_first(lambda at: at // times)
        self.timeline.map_first(lambda at: at // times)

    def status(self) -> dict[str, int]:
        """How many exchanges there are so far of each status code, by the code as text, in ascending order.

        The key of no status comes last.
        """
        counts = self.timeline.merged().group_by("status_code").agg(pl.col("n").sum())
        counts = counts.sort("status_code", nulls_last=True)
        return {key_of(code): n for code, n in counts.iter_rows()}


def _widened(partial: PartialSums, grid: Grid) -> PartialSums:
    """The same sums on a grid with wider buckets. Raises ValueError where these are not made up of theirs."""
    sums = Sums(partial.grid)
    sums.merge(partial)
    if not sums.widen(grid):
        raise ValueError(f"counts on {partial.grid} cannot be added to counts on {grid}")
    return sums.partial()
