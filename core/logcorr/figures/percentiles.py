"""Exact nearest-rank percentiles from counts of durations: by population, by timeline bucket, by user."""

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import polars as pl

from logcorr.figures.latency_counts import MOST_COUNTS, LatencyCounts, bin_of
from logcorr.model.quantiles import ESTIMATED, OVER_TIME, QUANTILES, rank_of
from logcorr.model.report import Latency
from logcorr.text.quantities import ms

TIMELINE_QUANTILES = tuple(QUANTILES[name] for name in OVER_TIME)

# Reads the durations again: (at, duration_us, failure), a row for each exchange.
Durations = Callable[[], pl.LazyFrame]


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


def populations(
    latencies: LatencyCounts, durations: Durations, totals: dict[bool, DurationTotals]
) -> tuple[dict[str, Latency], int | None]:
    """The Latency of "all", "success" and "failure", and the p99.9 of all in µs; `totals` are by failure."""

    def grouped(counts: pl.LazyFrame) -> pl.LazyFrame:
        failed = pl.col("failure")
        groups = {"all": pl.lit(value=True), "success": ~failed, "failure": failed}
        return pl.concat([counts.filter(members).with_columns(group=pl.lit(name)) for name, members in groups.items()])

    # Without the timeline bucket there are fewer counts.
    counts = (
        latencies.merged().lazy().group_by("duration_us", "failure").agg(pl.col("n").sum()).collect(engine="streaming")
    )
    values = _percentiles(counts, grouped, None if latencies.exact else durations, tuple(QUANTILES.values()))
    by_group = {"success": totals[False], "failure": totals[True], "all": totals[False].plus(totals[True])}
    return {group: _latency(group, by_group[group], values) for group in by_group}, values.get(("all", 0.999))


def estimates(latencies: LatencyCounts) -> dict[str, float | None]:
    """p50, p90, p95 and p99 in ms of the exchanges so far, exact or to within a bin, by names as `p50_ms`."""
    values = _percentiles(latencies.merged(), _all, None, tuple(QUANTILES[name] for name in ESTIMATED))
    return {f"{name}_ms": ms(values.get((0, QUANTILES[name]))) for name in ESTIMATED}


def estimates_over_time(bands: pl.DataFrame, edges: list[int]) -> dict[tuple[Any, float], int]:
    """Estimates of `over_time` from counts by histogram band (at, band, n); `edges` are those of all bands in µs.

    The durations of a band are taken to be even in it. There are at most a few thousand counts, so this takes
    milliseconds for any number of exchanges.
    """
    values: dict[tuple[Any, float], int] = {}
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


def over_time(latencies: LatencyCounts, durations: Durations) -> dict[tuple[Any, float], int]:
    """The durations (µs) at TIMELINE_QUANTILES for each timeline bucket: {(at, quantile): duration_us}.

    Exchanges without a time are left out.
    """
    return _percentiles(
        latencies.merged().drop_nulls("at"), _by_at, None if latencies.exact else durations, TIMELINE_QUANTILES
    )


def of_all(latencies: LatencyCounts, durations: Durations, quantiles: tuple[float, ...]) -> dict[float, int]:
    """The durations (µs) at some quantiles of all exchanges, exact: {quantile: duration_us}; empty without durations.

    `durations` is called only where there are too many different durations to count.
    """
    values = _percentiles(latencies.merged(), _all, None if latencies.exact else durations, quantiles)
    return {quantile: value for (_, quantile), value in values.items()}


def p99_by(durations: Durations, most_counts: int, most_in_memory: int = MOST_COUNTS) -> dict[Any, int]:
    """The p99 (µs) of the durations of each `at`, which may be of any type.

    `most_counts` is how many different (at, duration_us, failure) there are at most: more than `most_in_memory`, and
    more than MOST_COUNTS, are counted by bin first.
    """
    exact = most_counts <= min(most_in_memory, MOST_COUNTS)
    rows = durations().with_columns(pl.col("duration_us") if exact else bin_of(pl.col("duration_us")))
    counts = rows.group_by("at", "duration_us", "failure").agg(pl.len().cast(pl.Int64).alias("n"))
    values = _percentiles(counts.collect(engine="streaming"), _by_at, None if exact else durations, (0.99,))
    return {at: value for (at, _), value in values.items()}


def _all(counts: pl.LazyFrame) -> pl.LazyFrame:
    return counts.with_columns(group=pl.lit(0))


def _by_at(counts: pl.LazyFrame) -> pl.LazyFrame:
    return counts.with_columns(group="at")


def _percentiles(
    counts: pl.DataFrame,
    grouped: Callable[[pl.LazyFrame], pl.LazyFrame],
    durations: Durations | None,
    quantiles: tuple[float, ...],
) -> dict[tuple[Any, float], int]:
    """{(group, quantile): duration_us} from counts by duration, with the columns that `grouped` needs.

    `grouped` gives counts a column `group`. Where counts are by bin, `durations` reads the exact durations again.
    """
    valid = pl.col("duration_us") >= 0
    running = _running(grouped(counts.lazy().filter(valid)), ["group"])
    total = pl.col("n").sum().over("group")
    at_rank = pl.concat(
        [
            running.with_columns(quantile=pl.lit(quantile), rank=rank_of(quantile, total)).pipe(_reached)
            for quantile in quantiles
        ]
    ).collect()
    if durations is not None:
        bins = at_rank.lazy().select("group", "quantile", "rank", bin="duration_us")
        rows = durations().filter(valid).with_columns(bin=bin_of(pl.col("duration_us")))
        # Only rows in the bins of the percentiles are counted, and by the column that groups are made of: few rows.
        if grouped is _by_at:
            # By hash, as a join would hold many rows in memory. The join below drops rows that only share a hash.
            hashed = pl.col("group").hash(3) ^ pl.col("duration_us").hash(5)
            by, group = "at", pl.col("at").cast(at_rank.schema["group"])
            rows = rows.filter(
                (group.hash(3) ^ pl.col("bin").hash(5)).is_in(at_rank.select(hashed).to_series().implode())
            )
        else:
            by = "failure"
            rows = rows.filter(pl.col("bin").is_in(at_rank["duration_us"].unique().implode()))
        exact = rows.group_by(by, "bin", "duration_us").agg(pl.len().cast(pl.Int64).alias("n"))
        keys = ["group", "quantile", "bin", "rank"]
        exact = grouped(exact).join(bins, on=["group", "bin"], nulls_equal=True)
        at_rank = _running(exact, keys).pipe(_reached).collect(engine="streaming")
    return {
        (group, quantile): duration
        for group, quantile, duration in at_rank.select("group", "quantile", "duration_us").iter_rows()
    }


def _running(counts: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Counts in order of duration within the keys, with `reached`: how many durations are not greater."""
    summed = counts.group_by(*keys, "duration_us").agg(pl.col("n").sum()).sort(*keys, "duration_us")
    return summed.with_columns(reached=pl.col("n").cum_sum().over(keys))


def _reached(counts: pl.LazyFrame) -> pl.LazyFrame:
    """The rows whose duration stands at `rank`; their new `rank` counts from the first duration of the row."""
    before = pl.col("reached") - pl.col("n")
    at_rank = (pl.col("reached") >= pl.col("rank")) & (before < pl.col("rank"))
    return counts.filter(at_rank).with_columns(rank=pl.col("rank") - before)


def _latency(group: str, totals: DurationTotals, values: dict[tuple[str, float], int]) -> Latency:
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
