"""Timeline and heat map of a report, from counts by timeline bucket."""

from typing import cast

import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.latency_counts import band_edges_us
from logcorr.figures.pair_sums import PairSums
from logcorr.figures.sums import Sums
from logcorr.model.report import NO_CLOCK, Heatmap, Timeline, TimelinePoint
from logcorr.model.status import is_client_error, is_server_error
from logcorr.text import instants
from logcorr.text.quantities import ms

_BANDS_PER_HEAT_ROW = 5


def timeline_so_far(sums: PairSums) -> tuple[Timeline, Heatmap]:
    """Timeline and heat map of the exchanges so far, without orphans. Percentiles are exact to a histogram band."""
    figures = LatencyFigures({}, None, percentiles.estimates_over_time(sums.bands.merged(), band_edges_us()))
    points, first = timeline(sums, figures, sums.responses, {})
    return points, heatmap(sums, first)


def timeline(
    sums: Sums, figures: LatencyFigures, responses: dict[int, int] | None, orphans: dict[int, tuple[int, int]]
) -> tuple[Timeline, int]:
    """The points from the first to the last bucket with any count, and the number of the first bucket.

    `responses` has counts by bucket; if it is None, a response counts at the time of its request. `orphans` has the
    orphans of requests and of responses by bucket. There are no points where the log has no clock.
    """
    width = sums.grid.bucket_us
    statuses = requests_and_errors(sums.timeline.merged())
    buckets = {*statuses, *(responses or ()), *orphans}
    points = []
    for at in range(min(buckets), max(buckets) + 1) if buckets else ():
        requests, client, server = statuses.get(at, (0, 0, 0))
        request_orphans, response_orphans = orphans.get(at, (0, 0))
        points.append(
            TimelinePoint(
                start=instants.text(at * width),
                requests=requests + request_orphans,
                responses=requests if responses is None else responses.get(at, 0) + response_orphans,
                errors_4xx=client,
                errors_5xx=server,
                orphans=request_orphans + response_orphans,
                p50_ms=ms(figures.over_time.get((at, 0.5))),
                p99_ms=ms(figures.over_time.get((at, 0.99))),
            )
        )
    reason = NO_CLOCK if not buckets and sums.timeline.merged().height else None
    return Timeline(bucket_s=width / instants.SECOND_US, points=points, reason=reason), min(buckets, default=0)


def heatmap(sums: Sums, first: int) -> Heatmap:
    """Counts by timeline bucket, numbered from the bucket `first`, and by latency band of half a decade."""
    bands = sums.bands.merged().drop_nulls("at")
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


def requests_and_errors(counts: pl.DataFrame) -> dict[int, tuple[int, int, int]]:
    """{at: (exchanges, 4xx, 5xx)} from counts (at, status_code, n). Exchanges without a time are left out."""
    status, n = pl.col("status_code"), pl.col("n")
    rows = (
        counts.drop_nulls("at")
        .group_by("at")
        .agg(
            n.sum(),
            n.filter(is_client_error(status)).sum().alias("client"),
            n.filter(is_server_error(status)).sum().alias("server"),
        )
    )
    return {at: (total, client, server) for at, total, client, server in rows.iter_rows()}
