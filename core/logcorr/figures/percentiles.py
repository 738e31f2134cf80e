"""Exact nearest-rank percentiles from counts of durations: by population, by timeline bucket, by user."""

from collections.abc import Callable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import polars as pl

from logcorr.figures.latency_counts import MOST_COUNTS, LatencyCounts, bin_of
from logcorr.figures.nearest_rank import Asked, Percentiles, asked, settled
from logcorr.model.quantiles import ESTIMATED, OVER_TIME, QUANTILES, rank_of
from logcorr.model.report import Latency
from logcorr.text.quantities import ms

TIMELINE_QUANTILES = tuple(QUANTILES[name] for name in OVER_TIME)


class DurationTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Exact totals of the durations of some exchanges.

    `count`, `total_us`, `min_us` and `max_us` are of the non-negative durations, `negative` counts all others.
    `lowest_us` is the least of all.
    """

    count: int = 0
    negative: int = 0
    total_us: int = 0
    min_us: int | None = None
    max_us: int | None = None
    lowest_us: int | None = None

    def plus(self, other: "DurationTotals") -> "DurationTotals":
        """The totals of the exchanges of both."""
        return DurationTotals(
            count=self.count + other.count,
            negative=self.negative + other.negative,
            total_us=self.total_us + other.total_us,
            min_us=_of_present(min, self.min_us, other.min_us),
            max_us=_of_present(max, self.max_us, other.max_us),
            lowest_us=_of_present(min, self.lowest_us, other.lowest_us),
        )

    def less(self, other: "DurationTotals") -> "DurationTotals | None":
        """The totals without some of the exchanges. None where the least or the greatest may be of one of these."""
        pairs = (self.min_us, other.min_us), (other.max_us, self.max_us), (self.lowest_us, other.lowest_us)
        if any(low is not None and high is not None and low >= high for low, high in pairs):
            return None
        return DurationTotals(
            count=self.count - other.count,
            negative=self.negative - other.negative,
            total_us=self.total_us - other.total_us,
            min_us=self.min_us,
            max_us=self.max_us,
            lowest_us=self.lowest_us,
        )


def duration_totals(exchanges: pl.DataFrame) -> DurationTotals:
    """The totals of exchanges (duration_us)."""
    duration = pl.col("duration_us")
    valid = duration >= 0
    row = exchanges.select(
        count=valid.sum().cast(pl.Int64),
        negative=(~valid).sum().cast(pl.Int64),
        total_us=duration.filter(valid).cast(pl.Int128).sum(),
        min_us=duration.filter(valid).min(),
        max_us=duration.filter(valid).max(),
        lowest_us=duration.min(),
    ).row(0, named=True)
    return DurationTotals(**row)


def asked_of_populations(latencies: LatencyCounts) -> Asked:
    """Where the percentiles of all exchanges, of the successes and of the failures stand."""
    # Without the timeline bucket there are fewer counts.
    counts = latencies.merged().lazy().group_by("duration_us", "failure").agg(pl.col("n").sum())
    return asked(counts.collect(engine="streaming"), "population", tuple(QUANTILES.values()), exact=latencies.exact)


def populations(values: Percentiles, totals: Mapping[bool, DurationTotals]) -> tuple[dict[str, Latency], int | None]:
    """The Latency of "all", "success" and "failure", and the p99.9 of all in µs; `totals` are by failure."""
    by_group = {"success": totals[False], "failure": totals[True], "all": totals[False].plus(totals[True])}
    return {group: _latency(group, by_group[group], values) for group in by_group}, values.get(("all", 0.999))


def estimates(latencies: LatencyCounts) -> dict[str, float | None]:
    """p50, p90, p95 and p99 in ms of the exchanges so far, exact or to within a bin, by names as `p50_ms`."""
    quantiles = tuple(QUANTILES[name] for name in ESTIMATED)
    values = settled(asked(latencies.merged(), "all", quantiles, exact=True), None)
    return {f"{name}_ms": ms(values.get((0, QUANTILES[name]))) for name in ESTIMATED}


def estimates_over_time(bands: pl.DataFrame, edges: list[int]) -> Percentiles:
    """Estimates of the percentiles of each timeline bucket from counts by histogram band (at, band, n).

    `edges` are those of all bands in µs. The durations of a band are taken to be even in it. There are at most a few
    thousand counts, so this takes milliseconds for any number of exchanges.
    """
    values: Percentiles = {}
    timed = bands.drop_nulls("at")
    for at, rows in groupby(timed.sort("at", "band").select("at", "band", "n").iter_rows(), key=itemgetter(0)):
        counts = [(band, n) for _, band, n in rows]
        total = sum(n for _, n in counts)
        for quantile in TIMELINE_QUANTILES:
            rank, before = rank_of(quantile, total), 0
            for band, n in counts:
                if before + n >= rank:
                    low, high = edges[band], edges[band + 1]
                    values[at, quantile] = low + (high - low) * (rank - before) // (n + 1)
                    break
                before += n
    return values


def asked_over_time(latencies: LatencyCounts) -> Asked:
    """Where the percentiles at TIMELINE_QUANTILES of each timeline bucket stand.

    Exchanges without a time are left out.
    """
    return asked(latencies.merged().drop_nulls("at"), "at", TIMELINE_QUANTILES, exact=latencies.exact)


def counts_by_at(durations: pl.LazyFrame, *, exact: bool) -> pl.LazyFrame:
    """Counts (at, duration_us, failure, n) of exchanges (at, duration_us, failure), where `at` is of any type.

    Unless they are to be `exact`, `duration_us` is the lower edge of a bin.
    """
    rows = durations.with_columns(pl.col("duration_us") if exact else bin_of(pl.col("duration_us")))
    return rows.group_by("at", "duration_us", "failure").agg(pl.len().cast(pl.Int64).alias("n"))


def are_few(most_counts: int, most_in_memory: int = MOST_COUNTS) -> bool:
    """Whether so many different (at, duration_us, failure) may be counted exactly."""
    return most_counts <= min(most_in_memory, MOST_COUNTS)


def asked_p99(counts: pl.DataFrame, *, exact: bool) -> Asked:
    """Where the p99 of each `at` stands, from the counts that `counts_by_at` gives."""
    return asked(counts, "at", (0.99,), exact=exact)


def p99_by_at(values: Percentiles) -> dict[Any, int]:
    """The p99 (µs) of each `at`."""
    return {at: value for (at, _), value in values.items()}


def _latency(group: str, totals: DurationTotals, values: Percentiles) -> Latency:
    mean = totals.total_us / totals.count if totals.count else None
    return Latency(
        count=totals.count,
        negative=totals.negative,
        min_ms=ms(totals.min_us),
        mean_ms=ms(mean),
        max_ms=ms(totals.max_us),
        accuracy="exact",
        **{f"{name}_ms": ms(values.get((group, quantile))) for name, quantile in QUANTILES.items()},
    )


def _of_present(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    return choose(one, other) if one is not None and other is not None else (other if one is None else one)
