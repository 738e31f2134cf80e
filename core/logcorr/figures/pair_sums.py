"""The sums that the report of a correlation needs of exchanges and orphans.

`at` is the number of a timeline bucket or of a window. A response is counted at its own time, and so is an orphan.
Without a clock there are no times, and nothing is counted by time.
"""

import msgspec
import numpy as np
import polars as pl

from logcorr.compute.count_table import CountTable, filled
from logcorr.compute.zero_copy_text import copied
from logcorr.figures.clock_resolution import ClockResolution
from logcorr.figures.given_durations import GivenDurations, PartialGiven
from logcorr.figures.grid import Grid
from logcorr.figures.sums import TOP, PartialSums, Sums, bucket_number
from logcorr.figures.user_table import UserTable


class PartialPairSums(PartialSums, frozen=True, kw_only=True):
    """The sums over some of the exchanges of a correlation, as data; without the counts of users.

    `responses` has (at, n). `slowest` has no columns where there was no exchange.
    """

    responses: pl.DataFrame
    resolution: tuple[bool, list[bool]]
    given: PartialGiven
    slowest: pl.DataFrame


class PairSums(Sums):
    """The sums over all exchanges of a correlation.

    The counts of users take at most about `users_room` bytes. At most about `most_counts` counts of durations are held.
    """

    def __init__(self, grid: Grid, users_room: int, most_counts: int | None = None, *, widens: bool = False) -> None:
        super().__init__(grid, most_counts, widens=widens)
        self.users = UserTable(users_room)
        self._responses = CountTable()
        self.resolution = ClockResolution()
        self.given = GivenDurations(most_counts)
        self.slowest = pl.DataFrame()

    def add(self, exchanges: pl.DataFrame) -> None:
        """Adds exchanges (EXCHANGE_SCHEMA of `pairing`, and `given_us` where responses tell durations)."""
        self.users.add(exchanges)
        if self._widens:
            first, last = pl.min("request_time", "response_time"), pl.max("request_time", "response_time")
            span = pl.min_horizontal(first).cast(pl.Int64).alias("first"), pl.max_horizontal(last).cast(pl.Int64)
            self._widen_to(*exchanges.select(span).row(0))
        self.resolution.add(exchanges)
        self.given.add(exchanges)
        self.count(exchanges)
        at = exchanges.select(bucket_number("response_time", self.grid.bucket_us)).to_series().drop_nulls()
        numbers = filled(at, 0)
        self._responses.add(numbers, np.zeros_like(numbers))
        self._note_slowest(exchanges)

    def partial(self) -> PartialPairSums:
        """All sums so far as data, but for the counts of users."""
        return PartialPairSums(
            **msgspec.structs.asdict(super().partial()),
            responses=self._responses.counts().select(at="first", n="n"),
            resolution=self.resolution.partial(),
            given=self.given.partial(),
            slowest=self.slowest,
        )

    def merge(self, other: PartialSums) -> None:
        super().merge(other)
        if not isinstance(other, PartialPairSums):
            raise TypeError("sums of a correlation are merged with sums of a correlation")
        times, rest = divmod(self.grid.bucket_us, other.grid.bucket_us)
        if rest:
            raise ValueError(f"counts on {other.grid} cannot be added to counts on {self.grid}")
        at = filled(other.responses["at"], 0) // times
        self._responses.add(at, np.zeros_like(at), filled(other.responses["n"], 0))
        self.resolution.merge(other.resolution)
        self.given.merge(other.given)
        self._note_slowest(other.slowest)

    def _note_slowest(self, exchanges: pl.DataFrame) -> None:
        if self.slowest.height == TOP and exchanges.height:
            exchanges = exchanges.filter(pl.col("duration_us") >= self.slowest["duration_us"].min())
        if exchanges.height:
            candidates = pl.concat([self.slowest, exchanges]) if self.slowest.height else exchanges
            self.slowest = copied(slowest(candidates.lazy()).collect())

    @property
    def responses(self) -> dict[int, int]:
        """How many responses there are by timeline bucket."""
        return dict(self._responses.counts().select("first", "n").iter_rows())

    def _widen(self, times: int) -> None:
        super()._widen(times)
        self._responses.map_first(lambda at: at // times)


def slowest(exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """The TOP slowest exchanges, the slowest first. The order is a full one, so that ties do not depend on the logs."""
    order = ["duration_us", "request_time", "request_id", "user_id", "status_code"]
    least = pl.col("duration_us").top_k(TOP).min()
    chosen = exchanges.filter(pl.col("duration_us") >= least)
    return chosen.sort(order, descending=[True, False, False, False, False], nulls_last=False).head(TOP)


def orphan_arrivals(orphans: pl.LazyFrame, grid: Grid) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(at, side, n): how many orphans with a time there are by timeline bucket, and by window."""
    timed = orphans.filter(pl.col("time").is_not_null())
    queries = [
        timed.group_by((pl.col("time") // width).alias("at"), "side").agg(pl.len().cast(pl.Int64).alias("n"))
        for width in (grid.bucket_us, grid.window_us)
    ]
    by_bucket, by_window = pl.collect_all(queries, engine="streaming")
    return by_bucket, by_window


def orphans_by_side(orphans: pl.DataFrame) -> dict[int, tuple[int, int]]:
    """{at: (request orphans, response orphans)} from counts (at, side, n)."""
    counts: dict[int, tuple[int, int]] = {}
    for at, side, n in orphans.select("at", "side", "n").iter_rows():
        request, response = counts.get(at, (0, 0))
        counts[at] = (request + n, response) if side == "request" else (request, response + n)
    return counts
