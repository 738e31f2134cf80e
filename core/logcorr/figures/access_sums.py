"""The sums that the report of an access log needs of exchanges, added up a slice at a time."""

from pathlib import Path

import polars as pl

from logcorr.compute.group_in_parts import KeyCounts
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.grid import Grid
from logcorr.figures.sums import Sums

_EXTREME = ("duration_us", "request_time", "endpoint", "method", "ip", "status_code")


class AccessSums(Sums):
    """Durations and statuses over time, missing values, the fastest and slowest exchange, counts by method and agent.

    `texts` are the text columns of an exchange. Counts of too many agents for memory are spilled below `folder`.
    """

    def __init__(self, grid: Grid, texts: tuple[str, ...], folder: Path) -> None:
        super().__init__(grid)
        self._texts = texts
        # In the order of a report: method, endpoint, address, then the response time, then all other texts.
        self._missing = dict.fromkeys((*texts[:3], "response_time", *texts[3:]), 0)
        # By whether the slowest exchanges are meant, or the fastest.
        self._extremes: dict[bool, list[pl.DataFrame]] = {False: [], True: []}
        names = ("method", "user_agent")
        self.counts_by = {name: KeyCounts(name, ("requests", "errors"), folder / name) for name in names}

    def add(self, exchanges: pl.LazyFrame) -> None:
        """Adds a slice of exchanges as they are stored."""
        rows = exchanges.with_columns(pl.col("request_time").cast(pl.Int64))
        queries = [
            exchanges.select(
                *(pl.col(name).null_count() for name in self._texts),
                pl.col("duration_us").null_count().alias("response_time"),
            ),
            *(extreme(rows, slow=slow) for slow in self._extremes),
            *(endpoints_and_addresses.requests_and_errors_by(name, exchanges) for name in self.counts_by),
        ]
        results = pl.collect_all([*queries, *self.queries(rows)], engine="streaming")
        missing, fastest, slowest, *results = results
        for name, count in missing.row(0, named=True).items():
            self._missing[name] += count
        self._extremes[False].append(fastest)
        self._extremes[True].append(slowest)
        for counts in self.counts_by.values():
            counts.add(results.pop(0))
        self.add_counts(*results)

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by the name of the value; without values that no exchange lacks."""
        return {name: count for name, count in self._missing.items() if count}

    def extreme(self, *, slow: bool) -> pl.DataFrame:
        """The slowest or fastest exchange: one row, or none."""
        return extreme(pl.concat(self._extremes[slow]).lazy(), slow=slow).collect()


def extreme(exchanges: pl.LazyFrame, *, slow: bool) -> pl.LazyFrame:
    """The slowest or fastest exchange: one row, or none. On a tie it is the earliest, then the first by all columns."""
    duration = pl.col("duration_us")
    exchanges = exchanges.filter(duration >= 0)
    bound = duration.max() if slow else duration.min()
    return exchanges.select(_EXTREME).filter(duration == bound).sort(_EXTREME, nulls_last=False).head(1)
