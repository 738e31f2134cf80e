"""A filter that somebody has written becomes an expression on the stored rows of a view of a finished run."""

import polars as pl

from logcorr.model.errors import UsageError
from logcorr.model.options import Narrowing, View
from logcorr.query import filter_language
from logcorr.query import narrowing as narrowing_
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder

# The columns that tell the time of a row. The first that a view has counts.
_TIMES = ("request_time", "time", "window_start", "response_time")


def check_expression(run: RunFolder, view: View, where: pl.Expr) -> None:
    """Raises UsageError where an expression does not fit the stored rows of a view."""
    try:
        schema = views.scan(run, view).collect_schema()
    except views.UNREADABLE as error:
        raise run.damaged(view) from error
    try:
        schema.to_frame().filter(where)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        message = f"where: {str(error).partition(chr(10))[0]}"
        raise UsageError(message) from error


def view_range(run: RunFolder, view: View, narrowing: Narrowing) -> pl.Expr | None:
    """The expression for the rows of a view between `since` and `until`; None where neither is asked for.

    Raises UsageError for a text that is no time, and for a view whose rows have no time; InputError as `view_filter`.
    """
    if narrowing.since is None and narrowing.until is None:
        return None
    narrowing_.check(narrowing)
    try:
        schema = views.scan(run, view).collect_schema()
        at = next((name for name in _TIMES if name in schema), None)
        if at is None:
            raise UsageError(f"--since and --until: rows of the view {view!r} have no time. Leave them out.")
        span = narrowing_.range_of(narrowing, *_span(run), entries=1)
    except views.UNREADABLE as error:
        raise run.damaged(view) from error
    return span.holds(at)


def _span(run: RunFolder) -> tuple[int | None, int | None]:
    """The first and the last instant (µs) of the entries of a run."""
    found: list[tuple[int | None, int | None]] = []
    for view in ("exchanges", "orphans"):
        if view not in run.manifest.rows:
            continue
        rows = views.scan(run, view)
        times = [pl.col(name).cast(pl.Int64) for name in _TIMES if name in rows.collect_schema()]
        ends = (
            pl.min_horizontal(time.min() for time in times).alias("first"),
            pl.max_horizontal(time.max() for time in times).alias("last"),
        )
        found.append(rows.select(ends).collect(engine="streaming").row(0))
    firsts, lasts = zip(*found, strict=True)
    known = [at for at in firsts if at is not None], [at for at in lasts if at is not None]
    return min(known[0], default=None), max(known[1], default=None)


def view_filter(run: RunFolder, view: View, text: str) -> pl.Expr | None:
    """The expression for the rows of a view that a filter lets through; None for a filter without terms.

    Raises UsageError where the filter cannot be read, or the run has no such view; InputError where it is damaged.
    """
    if not text.strip():
        return None
    try:
        schema = views.scan(run, view).collect_schema()
    except views.UNREADABLE as error:
        raise run.damaged(view) from error
    day, files = filter_language.day_of(run.report), run.manifest.files
    return filter_language.expression(filter_language.parse(text, schema, day, files))
