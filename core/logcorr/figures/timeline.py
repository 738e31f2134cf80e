"""Timeline and heat map of a report, from counts by time."""

from typing import cast

import polars as pl

from logcorr.compute.group_in_parts import PartialCounts
from logcorr.figures import percentiles
from logcorr.figures.histogram import band_edges_us
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.pair_sums import PairSums
from logcorr.figures.sums import Sums
from logcorr.model.report import Heatmap, Timeline, TimelinePoint
from logcorr.model.status import is_client_error, is_server_error
from logcorr.text import instants
from logcorr.text.quantities import ms

_BANDS_PER_HEAT_ROW = 5


def so_far(sums: PairSums) -> tuple[Timeline, Heatmap]:
    """Timeline and heat map of what is paired so far, without orphans; percentiles to within a histogram band."""
    found = LatencyFigures({}, None, percentiles.estimates_over_time(sums.bands.merged(), band_edges_us()))
    over_time, first = timeline(sums, found, dict(sums.responses.merged().iter_rows()), {})
    return over_time, heatmap(sums, first)


def timeline(
    sums: Sums, found: LatencyFigures, responses: dict[int, int] | None, lost: dict[int, tuple[int, int]]
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
    """LatencyCounts by timeline bucket (counted from the first point) and latency band of half a decade."""
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


def by_status(table: PartialCounts) -> dict[int, tuple[int, int, int]]:
    """{bucket: (exchanges, 4xx, 5xx)}."""
    status, n = pl.col("status_code"), pl.col("n")
    rows = (
        table.merged()
        .group_by("at")
        .agg(
            n.sum(),
            n.filter(is_client_error(status)).sum().alias("client"),
            n.filter(is_server_error(status)).sum().alias("server"),
        )
    )
    return {at: (total, client, server) for at, total, client, server in rows.iter_rows()}
