"""The timeline and the heat map of a part of a finished run, counted anew in narrower buckets."""

from collections.abc import Callable

import msgspec
import polars as pl

from logcorr.compute import parquet_slices
from logcorr.figures import latency, nearest_rank, percentiles, timeline
from logcorr.figures.grid import grid
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.pair_sums import orphan_arrivals, orphans_by_side
from logcorr.figures.sums import Sums
from logcorr.model.report import Heatmap, Timeline
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

_SLICE_ROWS = 500_000


class FinerTimeline(msgspec.Struct, frozen=True):
    """A timeline and its heat map."""

    timeline: Timeline
    heatmap: Heatmap


def finer_timeline(run: RunFolder, start_us: int, end_us: int, check: Callable[[], None]) -> FinerTimeline:
    """What happened from one instant on and before another (µs since 1970), in buckets of a second or more.

    There are at most 240 buckets. All counts and percentiles are exact. `check` is called between slices of rows, and
    may raise to end the work. Raises InputError where the run is damaged.
    """
    sums = Sums(grid(start_us, end_us - 1, end_us - start_us))
    try:
        for rows in parquet_slices.slices(run.view("exchanges"), _SLICE_ROWS):
            check()
            exchanges = _within(rows, "request_time", start_us, end_us).collect(engine="streaming")
            if exchanges.height:
                sums.count(exchanges)
        asked = percentiles.asked_over_time(sums.latencies)
        near = None if asked.exact else nearest_rank.near(_durations(run, sums, start_us, end_us), asked)
        over_time = nearest_rank.settled(asked, near)
        orphans = _orphans(run, sums, start_us, end_us)
    except views.UNREADABLE as error:
        raise run.damaged("exchanges") from error
    points, first = timeline.timeline(sums, LatencyFigures({}, None, over_time), None, orphans)
    return FinerTimeline(points, timeline.heatmap(sums, first))


def _within(rows: pl.LazyFrame, instant: str, start_us: int, end_us: int) -> pl.LazyFrame:
    """The rows of that time, with instants as Int64 (µs)."""
    at = pl.col(instant).cast(pl.Int64)
    return rows.with_columns(at).filter(pl.col(instant).is_between(start_us, end_us, closed="left"))


def _durations(run: RunFolder, sums: Sums, start_us: int, end_us: int) -> pl.LazyFrame:
    """The durations once more, where there are too many different durations to count."""
    rows = _within(parquet_slices.scan(run.view("exchanges")), "request_time", start_us, end_us)
    return latency.durations(rows, sums.grid.bucket_us)


def _orphans(run: RunFolder, sums: Sums, start_us: int, end_us: int) -> dict[int, tuple[int, int]]:
    if "orphans" not in run.manifest.rows:
        return {}
    rows = _within(parquet_slices.scan(run.view("orphans")), "time", start_us, end_us)
    by_bucket, _ = orphan_arrivals(rows, sums.grid)
    return orphans_by_side(by_bucket)
