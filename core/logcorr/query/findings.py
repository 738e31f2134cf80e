"""Finds what chance does not explain in a run: times with more failures, losses or slow exchanges, and who fails most.

Every sentence is of counts that are judged by `significance`, corrected for all ranges of time and all values that were
looked at. On a log in which nothing happens there is none. What is unlikely but small is not told either.
"""

from collections.abc import Callable, Sequence

import msgspec
import polars as pl

from logcorr.figures.sums import Sums
from logcorr.model.findings import MOST_FINDINGS, Finding
from logcorr.query import findings_by_group, findings_by_time
from logcorr.query.findings_by_group import Group
from logcorr.query.findings_by_time import Measure

_LOST = (pl.col("side") == "request") & (pl.col("reason") == "lost")


class FindingsData(msgspec.Struct, frozen=True, kw_only=True):
    """What findings are made of.

    `exchanges` scans all exchanges of the report, `p99_us` is the p99 of their durations. `orphans` scans the view of
    orphans with instants in µs; None where the kind of log has none. `groups` are users, endpoints and addresses.
    """

    sums: Sums
    exchanges: Callable[[], pl.LazyFrame]
    p99_us: int | None
    groups: Sequence[Group]
    orphans: pl.LazyFrame | None = None


def findings(data: FindingsData) -> list[Finding]:
    """The most telling sentences of a run, at most MOST_FINDINGS: first of times, then of who stands out."""
    measures = [*_statuses(data.sums), *_lost(data), *_slow(data)]
    families = len(measures) + findings_by_group.families(data.groups)
    exchanges = data.sums.timeline.merged().drop_nulls("at").group_by("at").agg(pl.col("n").sum())
    by_time = findings_by_time.findings(measures, exchanges, data.sums.grid.bucket_us, families)
    by_group = findings_by_group.findings(data.groups, families)
    # However much there is to say of times, one sentence is of who stands out.
    return [*by_time[: MOST_FINDINGS - min(len(by_group), 1)], *by_group][:MOST_FINDINGS]


def _statuses(sums: Sums) -> list[Measure]:
    counts = sums.timeline.merged().drop_nulls("at")
    status, n = pl.col("status_code"), pl.col("n")
    measures = []
    for first in (500, 400):
        hit = status.is_between(first, first + 99).fill_null(value=False)
        by_time = counts.group_by("at").agg(of=n.sum(), hits=n.filter(hit).sum())
        codes = counts.filter(hit).select("at", "status_code", "n")
        measures.append(Measure(name=f"{first // 100}xx", counts=by_time, codes=codes))
    return measures


def _lost(data: FindingsData) -> list[Measure]:
    """The requests without a response, without those that the ends of the logs explain."""
    if data.orphans is None:
        return []
    width = data.sums.grid.bucket_us
    at = (pl.col("time") // width).alias("at")
    rows = data.orphans.filter(_LOST & pl.col("time").is_not_null())
    lost = rows.group_by(at).agg(pl.len().cast(pl.Int64).alias("n")).collect(engine="streaming")
    answered = data.sums.timeline.merged().drop_nulls("at").group_by("at").agg(pl.col("n").sum())
    both = pl.concat([answered.with_columns(hits=pl.lit(0, pl.Int64)), lost.with_columns(hits="n")])
    counts = both.group_by("at").agg(of=pl.col("n").sum(), hits=pl.col("hits").sum())
    return [Measure(name="lost", counts=counts)]


def _slow(data: FindingsData) -> list[Measure]:
    """The exchanges that took longer than the p99 of all, which is where the view of slow exchanges begins."""
    p99_us, latencies = data.p99_us, data.sums.latencies
    if p99_us is None:
        return []
    durations = latencies.merged().drop_nulls("at").filter(pl.col("duration_us") >= 0)
    n, slow = pl.col("n"), pl.col("duration_us") > p99_us
    counts = durations.group_by("at").agg(of=n.sum(), hits=n.filter(slow).sum())
    width = data.sums.grid.bucket_us

    def rows() -> pl.LazyFrame:
        at = pl.col("request_time").cast(pl.Int64) // width
        timed = data.exchanges().filter(pl.col("request_time").is_not_null() & pl.col("duration_us").is_not_null())
        return timed.select(at.alias("at"), "duration_us", failure=pl.lit(value=False))

    exact = durations.select("at", "duration_us", "n") if latencies.exact else None
    return [Measure(name="slow", counts=counts, longer_than_us=p99_us, durations=exact, rows=rows)]
