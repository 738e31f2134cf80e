"""The sums that the report of a correlation needs of exchanges and orphans."""

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts
from logcorr.figures.grid import Grid
from logcorr.figures.sums import TOP, Sums, aligned
from logcorr.figures.user_table import UserTable

_EMPTY_ARRIVALS = pl.DataFrame(schema={"at": pl.Int64, "n": pl.Int64})


class PairSums(Sums):
    """Everything that the report of a correlation needs of the exchanges, added up bucket by bucket."""

    def __init__(self, grid: Grid, users_room: int) -> None:
        super().__init__(grid)
        self.users = UserTable(users_room)
        self.responses = PartialCounts(["at"], _EMPTY_ARRIVALS)
        self.slowest = pl.DataFrame()

    def add(self, exchanges: pl.DataFrame) -> None:
        """Adds the exchanges of one bucket."""
        self.users.add(exchanges)
        frame = exchanges.lazy()
        own = [arrivals(frame, "response_time", self.grid.bucket_us), slowest(frame)]
        responses, slow, *shared = pl.collect_all([*own, *self.plans(frame)], engine="streaming")
        self.take(*shared)
        self.responses.add(responses)
        both = pl.concat([self.slowest, slow]) if self.slowest.height else slow
        self.slowest = slowest(both.lazy()).collect()


def arrivals(frame: pl.LazyFrame, instant: str, width_us: int) -> pl.LazyFrame:
    """(at, n): rows by bucket of one of their instants."""
    return frame.group_by(aligned(instant, width_us).alias("at")).agg(pl.len().cast(pl.Int64).alias("n"))


def slowest(exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """The TOP slowest exchanges, in a full order so that ties do not depend on the order of lines."""
    order = ["duration_us", "request_time", "request_id", "user_id", "status_code"]
    least = pl.col("duration_us").top_k(TOP).min()
    chosen = exchanges.filter(pl.col("duration_us") >= least)
    return chosen.sort(order, descending=[True, False, False, False, False], nulls_last=False).head(TOP)


def orphan_arrivals(orphans: pl.LazyFrame, grid: Grid) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orphans (at, side, n) by timeline bucket and by window."""
    plans = [
        orphans.group_by((pl.col("time") // width).alias("at"), "side").agg(pl.len().cast(pl.Int64).alias("n"))
        for width in (grid.bucket_us, grid.window_us)
    ]
    by_bucket, by_window = pl.collect_all(plans, engine="streaming")
    return by_bucket, by_window
