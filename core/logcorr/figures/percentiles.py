"""Counted durations → exact nearest-rank percentiles, of all exchanges, of populations of them and over time."""

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

# Looks at the durations themselves: (at, duration_us, failure), a row an exchange.
Durations = Callable[[], pl.LazyFrame]


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Exact sums over one population: how many durations are negative or not, extremes and sum of the latter."""

    count: int = 0
    negative: int = 0
    total_us: int = 0
    min_us: int | None = None
    max_us: int | None = None
    lowest_us: int | None = None

    def plus(self, other: "Spread") -> "Spread":
        """The spread of both populations together."""
        return Spread(
            count=self.count + other.count,
            negative=self.negative + other.negative,
            total_us=self.total_us + other.total_us,
            min_us=_of_known(min, self.min_us, other.min_us),
            max_us=_of_known(max, self.max_us, other.max_us),
            lowest_us=_of_known(min, self.lowest_us, other.lowest_us),
        )


def spread(cells: pl.DataFrame) -> Spread:
    """The spread of exact cells (duration_us, n)."""
    duration, n = pl.col("duration_us"), pl.col("n")
    real = duration >= 0
    row = cells.select(
        count=n.filter(real).sum(),
        negative=n.filter(~real).sum(),
        total_us=(duration.cast(pl.Int128) * n).filter(real).sum(),
        min_us=duration.filter(real).min(),
        max_us=duration.filter(real).max(),
        lowest_us=duration.min(),
    ).row(0, named=True)
    return Spread(**row)


def populations(
    cells: LatencyCounts, durations: Durations, spreads: dict[bool, Spread]
) -> tuple[dict[str, Latency], int | None]:
    """Latency of "all", "success" and "failure", and the p99.9 of all in µs; `spreads` is by whether they failed."""

    def grouped(counts: pl.LazyFrame) -> pl.LazyFrame:
        failed = pl.col("failure")
        groups = {"all": pl.lit(value=True), "success": ~failed, "failure": failed}
        return pl.concat([counts.filter(chosen).with_columns(group=pl.lit(name)) for name, chosen in groups.items()])

    # When each was does not matter here: without it they are few.
    counts = cells.merged().lazy().group_by("duration_us", "failure").agg(pl.col("n").sum()).collect(engine="streaming")
    found = _percentiles(counts, grouped, None if cells.exact else durations, tuple(QUANTILES.values()))
    of = {"success": spreads[False], "failure": spreads[True], "all": spreads[False].plus(spreads[True])}
    return {group: _latency(group, of[group], found) for group in of}, found.get(("all", 0.999))


def estimates(cells: LatencyCounts) -> dict[str, float | None]:
    """p50, p90, p95 and p99 in ms of the cells so far, to within a bin."""
    found = _percentiles(cells.merged(), _all, None, tuple(QUANTILES[name] for name in ESTIMATED))
    return {f"{name}_ms": ms(found.get((0, QUANTILES[name]))) for name in ESTIMATED}


def estimates_over_time(bands: pl.DataFrame, edges: list[int]) -> dict[tuple[Any, float], int]:
    """`over_time` from counts by histogram band (at, band, n), as if the durations of a band were spread evenly in it.

    A few thousand counts at most, so this costs milliseconds however many exchanges there are.
    """
    found: dict[tuple[Any, float], int] = {}
    for at, rows in groupby(bands.sort("at", "band").select("at", "band", "n").iter_rows(), key=itemgetter(0)):
        counts = [(band, n) for _, band, n in rows]
        total = sum(n for _, n in counts)
        for quantile in TIMELINE_QUANTILES:
            rank, before = rank_of(quantile, total), 0
            for band, n in counts:
                if before + n >= rank:
                    low, high = edges[band], edges[band + 1]
                    found[at, quantile] = low + (high - low) * (rank - before) // (n + 1)
                    break
                before += n
    return found


def over_time(cells: LatencyCounts, durations: Durations) -> dict[tuple[Any, float], int]:
    """The durations (µs) at TIMELINE_QUANTILES for each timeline bucket: {(at, quantile): duration_us}."""
    return _percentiles(cells.merged(), _by_at, None if cells.exact else durations, TIMELINE_QUANTILES)


def p99_by(durations: Durations, cells: int) -> dict[Any, int]:
    """The p99 (µs) of the durations of each `at`, which may be of any type.

    `cells` tells how many different (at, duration, failure) there may be.
    """
    exact = cells <= MOST_COUNTS
    counted = durations().with_columns(pl.col("duration_us") if exact else bin_of(pl.col("duration_us")))
    counts = counted.group_by("at", "duration_us", "failure").agg(pl.len().cast(pl.Int64).alias("n"))
    found = _percentiles(counts.collect(engine="streaming"), _by_at, None if exact else durations, (0.99,))
    return {at: value for (at, _), value in found.items()}


def _all(counts: pl.LazyFrame) -> pl.LazyFrame:
    return counts.with_columns(group=pl.lit(0))


def _by_at(counts: pl.LazyFrame) -> pl.LazyFrame:
    return counts.with_columns(group="at")


def _percentiles(
    cells: pl.DataFrame,
    grouped: Callable[[pl.LazyFrame], pl.LazyFrame],
    durations: Durations | None,
    quantiles: tuple[float, ...],
) -> dict[tuple[Any, float], int]:
    """{(group, quantile): duration_us} of cells; where they hold bins, `durations` looks at the rows themselves."""
    real = pl.col("duration_us") >= 0
    counts = _running(grouped(cells.lazy().filter(real)), ["group"])
    total = pl.col("n").sum().over("group")
    found = pl.concat(
        [
            counts.with_columns(quantile=pl.lit(quantile), rank=rank_of(quantile, total)).pipe(_reached)
            for quantile in quantiles
        ]
    ).collect()
    if durations is not None:
        bins = found.lazy().select("group", "quantile", "rank", bin="duration_us")
        rows = durations().filter(real).with_columns(bin=bin_of(pl.col("duration_us")))
        # Only what is in the bins asked for is counted, by what the groups are of: else it would be nearly everything.
        if grouped is _by_at:
            # By hash, as a join would hold many of the rows; the few too many are gone with the join below.
            at = pl.col("group").hash(3) ^ pl.col("duration_us").hash(5)
            of, group = "at", pl.col("at").cast(found.schema["group"])
            near = rows.filter((group.hash(3) ^ pl.col("bin").hash(5)).is_in(found.select(at).to_series().implode()))
        else:
            of = "failure"
            near = rows.filter(pl.col("bin").is_in(found["duration_us"].unique().implode()))
        counted = near.group_by(of, "bin", "duration_us").agg(pl.len().cast(pl.Int64).alias("n"))
        keys = ["group", "quantile", "bin", "rank"]
        counted = grouped(counted).join(bins, on=["group", "bin"], nulls_equal=True)
        found = _running(counted, keys).pipe(_reached).collect(engine="streaming")
    return {
        (group, quantile): duration
        for group, quantile, duration in found.select("group", "quantile", "duration_us").iter_rows()
    }


def _running(counts: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Counts by duration within each key, in order, with `reached`: how many are at or below."""
    summed = counts.group_by(*keys, "duration_us").agg(pl.col("n").sum()).sort(*keys, "duration_us")
    return summed.with_columns(reached=pl.col("n").cum_sum().over(keys))


def _reached(counts: pl.LazyFrame) -> pl.LazyFrame:
    """The rows whose duration is the one at `rank`; `rank` becomes that among the equal durations."""
    before = pl.col("reached") - pl.col("n")
    hit = (pl.col("reached") >= pl.col("rank")) & (before < pl.col("rank"))
    return counts.filter(hit).with_columns(rank=pl.col("rank") - before)


def _latency(group: str, spread_: Spread, values: dict[tuple[str, float], int]) -> Latency:
    mean = spread_.total_us / spread_.count if spread_.count else None
    return Latency(
        count=spread_.count,
        negative=spread_.negative,
        min_ms=ms(spread_.min_us),
        mean_ms=ms(mean),
        max_ms=ms(spread_.max_us),
        accuracy="exact",
        **{f"{name}_ms": ms(values.get((group, quantile))) for name, quantile in QUANTILES.items()},
    )


def _of_known(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    return choose(one, other) if one is not None and other is not None else (other if one is None else one)
