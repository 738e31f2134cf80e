"""The filters that hold in every view of a run that is opened with --since, --until and --where."""

import polars as pl

from logcorr.model.errors import UsageError
from logcorr.model.options import Narrowing
from logcorr.query import filter_language, narrowing
from logcorr.runs import views
from logcorr.text import instants
from logcorr_tui.state.kept_filter import KeptFilter, kept_time
from logcorr_tui.work.open_run import OpenedRun


def first_filters(opened: OpenedRun, asked: Narrowing) -> tuple[KeptFilter, ...]:
    """The filters for what is asked for; `-15m` is before the newest entry of the run. Reads instants of the run.

    Raises UsageError for a range or a condition that the run cannot have.
    """
    found = []
    covered = instants.span(opened.report.timeline)
    if asked.since is not None or asked.until is not None:
        if covered is None:
            message = "--since and --until are for runs with a clock, and no entry of this one has one."
            raise UsageError(message)
        first_us, last_us = round(covered[0] * 1e6), _newest_us(opened, round(covered[1] * 1e6))
        asked_range = narrowing.range_of(asked, first_us, last_us, entries=1)
        since = covered[0] if asked_range.since_us is None else asked_range.since_us / 1e6
        until = covered[1] if asked_range.until_us is None else asked_range.until_us / 1e6
        found.append(kept_time(since, until))
    if asked.where:
        files = opened.manifest.files
        filter_language.parse(asked.where, views.scan(opened.run, "exchanges").collect_schema(), None, files)
        found.append(KeptFilter("rows", asked.where, asked.where))
    return tuple(found)


def _newest_us(opened: OpenedRun, end_us: int) -> int:
    """The newest instant of the exchanges and orphans of a run, in µs; without any, the end of its timeline."""
    newest: list[int | None] = []
    for view in ("exchanges", "orphans"):
        if view in opened.views:
            rows = views.scan(opened.run, view)
            times = [name for name in ("request_time", "response_time", "time") if name in rows.collect_schema()]
            newest += (
                rows.select(pl.max_horizontal(pl.col(name).cast(pl.Int64).max() for name in times)).collect().row(0)
            )
    return max((at for at in newest if at is not None), default=end_us)
