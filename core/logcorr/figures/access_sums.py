"""The sums that the report of an access log needs of exchanges, added up a slice at a time."""

from pathlib import Path

import polars as pl

from logcorr.figures.attribute_counts import AttributeCounts
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
        self._without_duration = 0
        # By whether the slowest exchanges are meant, or the fastest.
        self._extremes: dict[bool, list[pl.DataFrame]] = {False: [], True: []}
        self.attributes = AttributeCounts(texts, folder)

    def add(self, exchanges: pl.LazyFrame) -> None:
        """Adds a slice of exchanges as they are stored."""
        rows = exchanges.with_columns(pl.col("request_time").cast(pl.Int64))
        own = [rows.select(pl.col("duration_us").null_count()), *(extreme(rows, slow=slow) for slow in self._extremes)]
        by_attribute = self.attributes.queries(exchanges)
        results = pl.collect_all([*own, *by_attribute, *self.queries(rows)], engine="streaming")
        untimed, fastest, slowest, *results = results
        self._without_duration += int(untimed.item())
        self._extremes[False].append(fastest)
        self._extremes[True].append(slowest)
        self.attributes.add(results[: len(by_attribute)])
        self.add_counts(*results[len(by_attribute) :])

    @property
    def missing(self) -> dict[str, int]:
        """How many exchanges lack a value, by the name of the value; without values that no exchange lacks.

        In the order of a report: method, endpoint, address, then the response time, then all other texts.
        """
        counts = self.attributes.missing
        names = (*self._texts[:3], "response_time", *self._texts[3:])
        counts["response_time"] = self._without_duration
        return {name: counts[name] for name in names if counts[name]}

    def extreme(self, *, slow: bool) -> pl.DataFrame:
        """The slowest or fastest exchange: one row, or none."""
        return extreme(pl.concat(self._extremes[slow]).lazy(), slow=slow).collect()


def extreme(exchanges: pl.LazyFrame, *, slow: bool) -> pl.LazyFrame:
    """The slowest or fastest exchange: one row, or none. On a tie it is the earliest, then the first by all columns."""
    duration = pl.col("duration_us")
    exchanges = exchanges.filter(duration >= 0)
    bound = duration.max() if slow else duration.min()
    return exchanges.select(_EXTREME).filter(duration == bound).sort(_EXTREME, nulls_last=False).head(1)
