"""Merged aggregates and the finished views → the report."""

from collections.abc import Callable
from typing import Any, cast

import msgspec
import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.counts import Tables
from logcorr.figures.sums import FAILURE, Aggregates, Sums, band_edges_us
from logcorr.model.report import (
    SCHEMA,
    Heatmap,
    HistogramBin,
    Inputs,
    Orphans,
    Report,
    RunInfo,
    Skew,
    SlowExchange,
    Timeline,
    TimelinePoint,
    UserRow,
    Window,
)
from logcorr.text import instants
from logcorr.text.instants import ms

_BANDS_PER_HEAT_ROW = 5


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


def correlation(sums: Aggregates, figures: "Figures", parts: Parts) -> Report:
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
        skew=Skew(
            negative=everything.negative,
            share=everything.negative / exchanges if exchanges else 0.0,
            min_ms=ms(everything.lowest_us) if everything.negative else None,
            applied_ms=parts.skew_us / 1000,
        ),
        edge_ms=parts.edge_us / 1000,
        users=_users(sums, parts.users, parts.exchanges),
        slowest=_slowest(sums.slowest),
        run=parts.run,
    )


class Figures(msgspec.Struct, frozen=True):
    """Latency of all, success and failure; the p99.9 of all in µs; and {(timeline bucket, quantile): µs}."""

    populations: dict[str, Any]
    p999_us: int | None
    over_time: dict[Any, int]


def figures(sums: Sums, exchanges: Callable[[], pl.LazyFrame]) -> Figures:
    """All percentiles; reads the exchanges again only where there were too many distinct durations to count."""

    def durations() -> pl.LazyFrame:
        at = pl.col("request_time").cast(pl.Int64) // sums.grid.bucket_us
        return exchanges().select(at.alias("at"), "duration_us", FAILURE.alias("failure"))

    populations, p999_us = percentiles.populations(sums.cells, durations, sums.spreads)
    return Figures(populations, p999_us, percentiles.over_time(sums.cells, durations))


def so_far(sums: Aggregates) -> tuple[Timeline, Heatmap]:
    """Timeline and heat map of what is paired so far, without orphans; percentiles to within a histogram band."""
    found = Figures({}, None, percentiles.estimates_over_time(sums.bands.merged(), band_edges_us()))
    over_time, first = timeline(sums, found, dict(sums.responses.merged().iter_rows()), {})
    return over_time, heatmap(sums, first)


def histogram(bands: Tables) -> list[HistogramBin]:
    """Log-spaced bins from the first to the last that holds a duration, empty ones between them included."""
    counts = dict(bands.merged().group_by("band").agg(pl.col("n").sum()).iter_rows())
    if not counts:
        return []
    edges = band_edges_us()
    return [
        HistogramBin(from_ms=edges[band] / 1000, to_ms=edges[band + 1] / 1000, count=counts.get(band, 0))
        for band in range(min(counts), max(counts) + 1)
    ]


def timeline(
    sums: Sums, found: Figures, responses: dict[int, int] | None, lost: dict[int, tuple[int, int]]
) -> tuple[Timeline, int]:
    """Points from the first to the last bucket that counts anything, empty ones too; the first's number.

    Without `responses` an exchange is answered when it is asked; `lost` are orphans of requests and of responses.
    """
    width = sums.grid.bucket_us
    errors = by_status(sums.timeline)
    buckets = {*errors, *(responses or ()), *lost}
    points = []
    for at in range(min(buckets), max(buckets) + 1) if buckets else ():
        requests, client, server = errors.get(at, (0, 0, 0))
        request_orphans, response_orphans = lost.get(at, (0, 0))
        points.append(
            TimelinePoint(
                start=instants.text(at * width),
                requests=requests + request_orphans,
                responses=requests if responses is None else responses.get(at, 0) + response_orphans,
                errors_4xx=client,
                errors_5xx=server,
                orphans=request_orphans + response_orphans,
                p50_ms=ms(found.over_time.get((at, 0.5))),
                p99_ms=ms(found.over_time.get((at, 0.99))),
            )
        )
    return Timeline(bucket_s=width / instants.SECOND_US, points=points), min(buckets, default=0)


def heatmap(sums: Sums, first: int) -> Heatmap:
    """Cells by timeline bucket (counted from the first point) and latency band of half a decade."""
    bands = sums.bands.merged()
    edges = band_edges_us()
    if not bands.height:
        return Heatmap(edges_ms=[], cells=[])
    low, high = (cast("int", edge) for edge in (bands["band"].min(), bands["band"].max()))
    rows = (
        bands.with_columns(band=(pl.col("band") - low) // _BANDS_PER_HEAT_ROW)
        .group_by("at", "band")
        .agg(pl.col("n").sum())
        .sort("at", "band")
    )
    return Heatmap(
        edges_ms=[edges[band] / 1000 for band in range(low, high + _BANDS_PER_HEAT_ROW, _BANDS_PER_HEAT_ROW)],
        cells=[(at - first, band, n) for at, band, n in rows.iter_rows()],
    )


def _worst_window(sums: Aggregates, orphans: pl.DataFrame) -> Window | None:
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


def by_status(table: Tables) -> dict[int, tuple[int, int, int]]:
    """{bucket: (exchanges, 4xx, 5xx)}."""
    status, n = pl.col("status_code"), pl.col("n")
    rows = (
        table.merged()
        .group_by("at")
        .agg(
            n.sum(),
            n.filter(status.is_between(400, 499)).sum().alias("client"),
            n.filter(status.is_between(500, 599)).sum().alias("server"),
        )
    )
    return {at: (total, client, server) for at, total, client, server in rows.iter_rows()}


def _by_side(orphans: pl.DataFrame) -> dict[int, tuple[int, int]]:
    """{bucket: (request orphans, response orphans)} from counts (at, side, n)."""
    found: dict[int, tuple[int, int]] = {}
    for at, side, n in orphans.select("at", "side", "n").iter_rows():
        request, response = found.get(at, (0, 0))
        found[at] = (request + n, response) if side == "request" else (request, response + n)
    return found


def _users(sums: Aggregates, top: pl.DataFrame, exchanges: Callable[[], pl.LazyFrame]) -> list[UserRow]:
    if not top.height:
        return []

    def durations() -> pl.LazyFrame:
        rows = exchanges().select("user_id", "duration_us", FAILURE.alias("failure"))
        of_top = pl.col("user_id").is_in(top["user_id"].implode(), nulls_equal=True)
        return rows.filter(of_top).rename({"user_id": "at"})

    cells = int(top["requests"].sum())
    if sums.cells.exact:
        # Each user has no more durations than there are.
        cells = min(cells, top.height * 2 * sums.cells.merged()["duration_us"].n_unique())
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
