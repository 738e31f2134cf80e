"""The second phase of an analysis: exchanges and refused lines that are not in the run yet get their line numbers.

A run that is narrowed leaves exchanges out here, and counts the others.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from logcorr.cluster.access_counts import counter_of, put_counts, sums_of
from logcorr.cluster.access_plan import AccessFiles, AccessPlan
from logcorr.cluster.group_parts import StepViews
from logcorr.cluster.steps import Step
from logcorr.compute.parquet_slices import slices
from logcorr.jobs.access_exchanges import count_stored
from logcorr.query import narrowing

_REFUSED = ("malformed", "other")


def finish(step: Step) -> dict[str, Any]:
    """Gives the exchanges and the refused lines of a split their line numbers. The facts are the rows of each view."""
    told = step.run.told("files", AccessFiles)
    views = StepViews(step, ("exchanges", *_REFUSED))
    for number, rows in enumerate(_numbered(step, told, told.exchanges)):
        views.write(rows, "exchanges", f"{number:04d}")
    _write_refused(step, told, views)
    return {"rows": views.put()}


def narrow(step: Step) -> dict[str, Any]:
    """Does what `finish` does, leaves exchanges out, and counts the others."""
    own, told = step.run.own(AccessPlan), step.run.told("files", AccessFiles)
    views = StepViews(step, ("exchanges", *_REFUSED))
    sums = sums_of(counter_of(step, own), own.limits.window_us, told.grid)
    for number, rows in enumerate(_numbered(step, told, told.exchanges)):
        schema = rows.collect_schema()
        files = {"access": own.file_names}
        nulls, kept = narrowing.kept(own.narrowing, told.chosen, "exchanges", {"exchanges": schema}, files)
        views.write(rows.with_columns(nulls).filter(kept).select(schema.names()), "exchanges", f"{number:04d}")
        written = [views.files("exchanges")[-1]]
        count_stored(sums, slices(written), own.attributes, step.stop_if_gone)
    if told.lines_before[step.index]:
        _write_refused(step, told, views)
    return {**put_counts(step, sums), "rows": views.put()}


def _write_refused(step: Step, told: AccessFiles, views: StepViews) -> None:
    for view, files in zip(_REFUSED, (told.malformed, told.other), strict=True):
        for number, rows in enumerate(_numbered(step, told, files)):
            views.write(rows, view, f"{number:04d}")


def _numbered(step: Step, told: AccessFiles, files: list[list[str]]) -> Iterator[pl.LazyFrame]:
    """The rows of each file of the split, with their line numbers in the files of the log."""
    # Where lines of a file are in splits before, all of this split are of that file.
    before = pl.lit(told.lines_before[step.index], pl.UInt32)
    for name in files[step.index]:
        yield step.store.table(name).with_columns(pl.col("line") + before)
