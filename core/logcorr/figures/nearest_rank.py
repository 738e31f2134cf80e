"""Exact nearest-rank percentiles by group, from counts of durations, in one look at the exchanges or in two.

`asked` finds each percentile in the counts. Where these are by bin, it finds its bin alone: then `near` counts the
exact durations of the exchanges in these bins, and `settled` finds the percentiles among them. Counts of `near` may
come from any parts of the exchanges, in any order.
"""

from typing import Any, Literal

import msgspec
import polars as pl

from logcorr.figures.latency_counts import bin_of
from logcorr.model.quantiles import rank_of

# What percentiles are of: all exchanges alike; each value of `at`; or all, the successes and the failures.
Grouping = Literal["all", "at", "population"]
# Durations in µs, by group and quantile.
Percentiles = dict[tuple[Any, float], int]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Where percentiles stand: (group, quantile, duration_us, rank), a row for each.

    Where they are `exact`, `duration_us` is the percentile. Else it is the lower edge of a bin, and `rank` counts from
    the first duration of this bin.
    """

    by: Grouping
    exact: bool
    found: pl.DataFrame


def asked(counts: pl.DataFrame, by: Grouping, quantiles: tuple[float, ...], *, exact: bool) -> Asked:
    """Where the percentiles of each group stand, from counts (at, failure, duration_us, n) as far as `by` needs them.

    Unless the counts are `exact`, `duration_us` is the lower edge of a bin.
    """
    running = _running(_grouped(counts.lazy().filter(pl.col("duration_us") >= 0), by), ["group"])
    total = pl.col("n").sum().over("group")
    at_rank = pl.concat(
        [
            running.with_columns(quantile=pl.lit(quantile), rank=rank_of(quantile, total)).pipe(_reached)
            for quantile in quantiles
        ]
    ).collect()
    return Asked(by=by, exact=exact, found=at_rank.select("group", "quantile", "duration_us", "rank"))


def near(durations: pl.LazyFrame, asked_for: Asked) -> pl.LazyFrame:
    """Counts (at or failure, bin, duration_us, n) of the durations in the bins of the percentiles.

    `durations` are exchanges (at, duration_us, failure).
    """
    rows = durations.filter(pl.col("duration_us") >= 0).with_columns(bin=bin_of(pl.col("duration_us")))
    found = asked_for.found
    # Only rows in the bins of the percentiles are counted, and by the column that groups are made of: few rows.
    if asked_for.by == "at":
        # By hash, as a join would hold many rows in memory. `settled` drops rows that only share a hash.
        hashed = pl.col("group").hash(3) ^ pl.col("duration_us").hash(5)
        group = pl.col("at").cast(found.schema["group"])
        rows = rows.filter((group.hash(3) ^ pl.col("bin").hash(5)).is_in(found.select(hashed).to_series().implode()))
    else:
        rows = rows.filter(pl.col("bin").is_in(found["duration_us"].unique().implode()))
    column = "at" if asked_for.by == "at" else "failure"
    return rows.group_by(column, "bin", "duration_us").agg(pl.len().cast(pl.Int64).alias("n"))


def settled(asked_for: Asked, counts: pl.LazyFrame | None) -> Percentiles:
    """The percentiles. `counts` are all that `near` has counted; they are not read where `asked_for` is exact."""
    found = asked_for.found
    if not asked_for.exact:
        if counts is None:
            raise ValueError("percentiles that stand in bins need the counts of their durations")
        bins = found.lazy().select("group", "quantile", "rank", bin="duration_us")
        counted = _grouped(counts, asked_for.by).join(bins, on=["group", "bin"], nulls_equal=True)
        keys = ["group", "quantile", "bin", "rank"]
        found = _running(counted, keys).pipe(_reached).collect(engine="streaming")
    return {
        (group, quantile): duration
        for group, quantile, duration in found.select("group", "quantile", "duration_us").iter_rows()
    }


def _grouped(counts: pl.LazyFrame, by: Grouping) -> pl.LazyFrame:
    """The counts with a column `group`. Counts that are in several groups come several times."""
    if by == "all":
        return counts.with_columns(group=pl.lit(0))
    if by == "at":
        return counts.with_columns(group="at")
    failed = pl.col("failure")
    groups = {"all": pl.lit(value=True), "success": ~failed, "failure": failed}
    return pl.concat([counts.filter(members).with_columns(group=pl.lit(name)) for name, members in groups.items()])


def _running(counts: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Counts in order of duration within the keys, with `reached`: how many durations are not greater."""
    summed = counts.group_by(*keys, "duration_us").agg(pl.col("n").sum()).sort(*keys, "duration_us")
    return summed.with_columns(reached=pl.col("n").cum_sum().over(keys))


def _reached(counts: pl.LazyFrame) -> pl.LazyFrame:
    """The rows whose duration stands at `rank`; their new `rank` counts from the first duration of the row."""
    before = pl.col("reached") - pl.col("n")
    at_rank = (pl.col("reached") >= pl.col("rank")) & (before < pl.col("rank"))
    return counts.filter(at_rank).with_columns(rank=pl.col("rank") - before)
