"""Makes the report of a correlation from its sums and its finished views."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from logcorr.figures.group_figures import GroupData, group_figures
from logcorr.figures.histogram import histogram
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.pair_sums import PairSums, orphans_by_side
from logcorr.figures.timeline import heatmap, timeline
from logcorr.figures.worst_window import worst_pair_window
from logcorr.model import clock_skew
from logcorr.model.ledger import Inputs, Orphans
from logcorr.model.manifest import SCHEMA
from logcorr.model.report import Given, Report, RunInfo, SlowExchange, UserRow
from logcorr.model.status import server_errors
from logcorr.text import instants
from logcorr.text.quantities import ms


class PairReportData(msgspec.Struct, frozen=True, kw_only=True):
    """What the report of a correlation is made of beyond sums and latency.

    The counts of orphans have the columns (at, side, n); `users` are the rows of the table of users, `users_p99` are
    theirs in µs, and `all_users` is how many users there are. `given` is of the durations that responses tell. Edge and
    clock skew are in µs. `attributes` names the columns that exchanges have beside the columns of every pair; `groups`
    has their figures, and is None without them.
    """

    inputs: Inputs
    orphans: Orphans
    orphans_by_bucket: pl.DataFrame
    orphans_by_window: pl.DataFrame
    users: pl.DataFrame
    users_p99: Mapping[Any, int]
    all_users: int
    given: Given | None
    edge_us: int
    skew_us: int
    run: RunInfo
    attributes: Sequence[str] = ()
    groups: GroupData | None = None


def report(sums: PairSums, figures: LatencyFigures, data: PairReportData) -> Report:
    """The report of a correlation."""
    totals = sums.totals[False].plus(sums.totals[True])
    exchanges = totals.count + totals.negative
    responses = sums.responses
    points, first = timeline(sums, figures, responses, orphans_by_side(data.orphans_by_bucket))
    return Report(
        schema=SCHEMA,
        kind="correlation",
        inputs=data.inputs,
        orphans=data.orphans,
        latency=figures.populations["all"],
        latency_success=figures.populations["success"],
        latency_failure=figures.populations["failure"],
        status=sums.status(),
        histogram=histogram(sums.bands),
        timeline=points,
        heatmap=heatmap(sums, first),
        worst_window=worst_pair_window(sums, data.orphans_by_window),
        skew=clock_skew.skew(exchanges, totals.negative, totals.lowest_us, data.skew_us),
        edge_ms=data.edge_us / 1000,
        users=_users(data.users, data.users_p99),
        users_total=data.all_users,
        users_listed=data.users.height,
        slowest=_slowest(sums.slowest),
        slowest_total=exchanges,
        slowest_listed=sums.slowest.height,
        run=data.run,
        given=data.given,
        resolution=sums.resolution.resolution(),
        attributes=list(data.attributes),
        **(_groups(data.groups) if data.groups is not None else {}),
    )


def headline(report: Report) -> dict[str, Any]:
    """The figures of a run in a list of runs."""
    return {
        "requests": report.matched + report.request_orphans,
        "matched": report.matched,
        "orphans": report.all_orphans,
        "errors_5xx": server_errors(report.status),
        "p50_ms": report.latency.p50_ms,
        "p99_ms": report.latency.p99_ms,
    }


def _groups(groups: GroupData) -> dict[str, Any]:
    """The figures of attributes, and how many exchanges lack each attribute."""
    missing = {name: count for name, count in groups.missing.items() if count}
    return {"missing": missing, **group_figures(groups)}


def _users(top: pl.DataFrame, p99: Mapping[Any, int]) -> list[UserRow]:
    """The rows of the table of users."""
    return [
        UserRow(user_id=user, requests=requests, errors=errors, orphans=lost, p99_ms=ms(p99.get(user)))
        for user, requests, errors, lost in top.select("user_id", "requests", "errors", "orphans").iter_rows()
    ]


def _slowest(frame: pl.DataFrame) -> list[SlowExchange]:
    return [
        SlowExchange(
            request_id=row["request_id"],
            user_id=row["user_id"],
            status_code=row["status_code"],
            duration_ms=row["duration_us"] / 1000,
            request_time=instants.text_or_none(row["request_time"]),
            response_time=instants.text_or_none(row["response_time"]),
        )
        for row in frame.iter_rows(named=True)
    ]
