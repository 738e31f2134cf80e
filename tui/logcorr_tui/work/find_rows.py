"""Finds a part of an id or a user in all views of a run. The queries read the run folder, so call them in a thread."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from logcorr.model.errors import Cancelled
from logcorr.model.options import View
from logcorr.query.filter_names import looked_in
from logcorr.query.table_columns import columns_of, shown
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.state.found_rows import FoundRows

MOST_ROWS = 100
_VIEWS: tuple[View, ...] = ("exchanges", "orphans", "duplicates", "malformed", "other")


@dataclass
class Found:
    """The first rows of a view in which a text occurs, those that are the very text first, and how many there are."""

    rows: FoundRows
    total: int


def find(run: RunFolder, text: str, cancel: threading.Event) -> Iterator[Found]:
    """What is found in each view in which something is found. Raises Cancelled once `cancel` is set."""
    manifest = run.manifest
    for view in _VIEWS:
        if cancel.is_set():
            raise Cancelled("Nobody waits for these rows any more.")
        if view not in views.views_of(manifest):
            continue
        stored = views.scan(run, view)
        schema = stored.collect_schema()
        columns = [pl.col(name) for name in looked_in(schema)]
        if not columns:
            continue
        occurs = pl.any_horizontal([column.str.contains(text, literal=True) for column in columns])
        exact = pl.any_horizontal([column == text for column in columns]).fill_null(value=False)
        matching = stored.filter(occurs.fill_null(value=False))
        counted = matching.select(total=pl.len(), exact=exact.sum()).collect(engine="streaming")
        total, whole = counted.row(0)
        if total:
            titles = columns_of(schema)
            rows = shown(matching.filter(exact).head(MOST_ROWS), titles) if whole else []
            if len(rows) < MOST_ROWS and total > whole:
                rows += shown(matching.filter(~exact).head(MOST_ROWS - len(rows)), titles)
            yield Found(FoundRows(run, view, manifest.files, titles, rows), total)
