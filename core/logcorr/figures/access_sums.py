"""What the report of an access log needs of every exchange, added up a slice at a time."""

from pathlib import Path

import polars as pl

from logcorr.compute.group_in_parts import KeyCounts
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.grid import Grid
from logcorr.figures.sums import Sums

_EXTREME = ("duration_us", "request_time", "endpoint", "method", "ip", "status_code")


class AccessSums(Sums):
    """Durations and statuses over time, values that are missing, fastest and slowest, and counts by method and agent.

    `texts` are the text columns of an exchange. Counts by agent that are too many for memory go below `folder`.
    """

    def __init__(self, grid: Grid, texts: tuple[str, ...], folder: Path) -> None:
        super().__init__(grid)
        self._texts = texts
        # In the order in which a report names them: method, endpoint and address, the time it took, all others.
        self._missing = dict.fromkeys((*texts[:3], "response_time", *texts[3:]), 0)
        self._extremes: dict[bool, list[pl.DataFrame]] = {False: [], True: []}
        names = ("method", "user_agent")
        self.by = {name: KeyCounts(name, ("requests", "errors"), folder / name) for name in names}

    def add(self, exchanges: pl.LazyFrame) -> None:
        """Adds some stored exchanges."""
        instants = exchanges.with_columns(pl.col("request_time").cast(pl.Int64))
        plans = [
            exchanges.select(
                *(pl.col(name).null_count() for name in self._texts),
                pl.col("duration_us").null_count().alias("response_time"),
            ),
            *(extreme(instants, slow=slow) for slow in self._extremes),
            *(endpoints_and_addresses.tally(exchanges, name) for name in self.by),
        ]
        missing, fastest, slowest, *rest = pl.collect_all([*plans, *self.plans(instants)], engine="streaming")
        for name, count in missing.row(0, named=True).items():
            self._missing[name] += count
        self._extremes[False].append(fastest)
        self._extremes[True].append(slowest)
        for counts in self.by.values():
            counts.add(rest.pop(0))
        self.take(*rest)

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by its name; only values that some lack."""
        return {name: count for name, count in self._missing.items() if count}

    def extreme(self, *, slow: bool) -> pl.DataFrame:
        """The slowest or fastest exchange: one row, or none."""
        return extreme(pl.concat(self._extremes[slow]).lazy(), slow=slow).collect()


def extreme(exchanges: pl.LazyFrame, *, slow: bool) -> pl.LazyFrame:
    """The slowest or fastest exchange (a row, or none); of equal ones the earliest, then by what it is, null first."""
    duration = pl.col("duration_us")
    exchanges = exchanges.filter(duration >= 0)
    bound = duration.max() if slow else duration.min()
    return exchanges.select(_EXTREME).filter(duration == bound).sort(_EXTREME, nulls_last=False).head(1)
