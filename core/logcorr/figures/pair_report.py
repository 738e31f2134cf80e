"""Merged aggregates and the finished views → the report."""

from collections.abc import Callable

import msgspec
import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.histogram import histogram
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.pair_sums import PairSums
from logcorr.figures.timeline import by_status, heatmap, timeline
from logcorr.model import clock_skew
from logcorr.model.ledger import Inputs, Orphans
from logcorr.model.manifest import SCHEMA
from logcorr.model.report import (
    Report,
    RunInfo,
    SlowExchange,
    UserRow,
    Window,
)
from logcorr.model.status import is_failure
from logcorr.text import instants
from logcorr.text.quantities import ms


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the report of a correlation is made of beside the aggregates: orphans, top users, looks at the views."""

    inputs: Inputs
    orphans: Orphans
    orphans_by_bucket: pl.DataFrame
    orphans_by_window: pl.DataFrame
    exchanges: Callable[[], pl.LazyFrame]
    users: pl.DataFrame
    edge_us: int
    skew_us: int
    run: RunInfo


def correlation(sums: PairSums, figures: LatencyFigures, parts: Parts) -> Report:
    """The report of a correlation."""
    everything = sums.spreads[False].plus(sums.spreads[True])
    exchanges = everything.count + everything.negative
    responses = dict(sums.responses.merged().iter_rows())
    over_time, first = timeline(sums, figures, responses, _by_side(parts.orphans_by_bucket))
    return Report(
        schema=SCHEMA,
        kind="correlation",
        inputs=parts.inputs,
        orphans=parts.orphans,
        latency=figures.populations["all"],
        latency_success=figures.populations["success"],
        latency_failure=figures.populations["failure"],
        status=sums.status(),
        histogram=histogram(sums.bands),
        timeline=over_time,
        heatmap=heatmap(sums, first),
        worst_window=_worst_window(sums, parts.orphans_by_window),
        skew=clock_skew.skew(exchanges, everything.negative, everything.lowest_us, parts.skew_us),
        edge_ms=parts.edge_us / 1000,
        users=_users(sums, parts.users, parts.exchanges),
        slowest=_slowest(sums.slowest),
        run=parts.run,
    )


def _worst_window(sums: PairSums, orphans: pl.DataFrame) -> Window | None:
    errors, lost = by_status(sums.windows), _by_side(orphans)
    windows = []
    for at in {*errors, *lost}:
        requests, client, server = errors.get(at, (0, 0, 0))
        request_orphans, response_orphans = lost.get(at, (0, 0))
        both = request_orphans + response_orphans
        windows.append((-(client + server + both), at, requests + request_orphans, client, server, both))
    if not windows:
        return None
    _, at, requests, client, server, both = min(windows)
    width = sums.grid.window_us
    return Window(
        start=instants.text(at * width),
        end=instants.text((at + 1) * width),
        total_requests=requests,
        errors_4xx=client,
        errors_5xx=server,
        orphans=both,
    )


def _by_side(orphans: pl.DataFrame) -> dict[int, tuple[int, int]]:
    """{bucket: (request orphans, response orphans)} from counts (at, side, n)."""
    found: dict[int, tuple[int, int]] = {}
    for at, side, n in orphans.select("at", "side", "n").iter_rows():
        request, response = found.get(at, (0, 0))
        found[at] = (request + n, response) if side == "request" else (request, response + n)
    return found


def _users(sums: PairSums, top: pl.DataFrame, exchanges: Callable[[], pl.LazyFrame]) -> list[UserRow]:
    if not top.height:
        return []

    def durations() -> pl.LazyFrame:
        rows = exchanges().select("user_id", "duration_us", is_failure(pl.col("status_code")).alias("failure"))
        of_top = pl.col("user_id").is_in(top["user_id"].implode(), nulls_equal=True)
        return rows.filter(of_top).rename({"user_id": "at"})

    cells = int(top["requests"].sum())
    if sums.latencies.exact:
        # Each user has no more durations than there are.
        cells = min(cells, top.height * 2 * sums.latencies.merged()["duration_us"].n_unique())
    p99 = percentiles.p99_by(durations, cells)
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
            request_time=instants.text(row["request_time"]),
            response_time=instants.text(row["response_time"]),
        )
        for row in frame.iter_rows(named=True)
    ]
