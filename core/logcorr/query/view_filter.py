"""A filter that somebody has written becomes an expression on the stored rows of a view of a finished run."""

import polars as pl

from logcorr.model.errors import UsageError
from logcorr.model.options import View
from logcorr.query import filter_language
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder


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
