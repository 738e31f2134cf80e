"""Any view of a finished run, as stored or as records for export. Plans only; nothing here loads a view."""

from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr import clock
from logcorr.aggregate import FAILURE
from logcorr.errors import UsageError
from logcorr.model import View
from logcorr.store import RunFolder

# How a view is kept: the Parquet folder behind it, and which of its rows.
_STORED = {
    "exchanges": "exchanges",
    "slow": "exchanges",
    "errors": "exchanges",
    "skewed": "exchanges",
    "orphans": "orphans",
    "malformed": "malformed",
    "duplicates": "duplicates",
    "redelivered": "duplicates",
    "superseded": "duplicates",
    "users": "users",
}
VIEWS = tuple(_STORED)
EXTRA_COLUMNS = (
    *("duration_us", "request_time", "response_time"),
    *("request_file", "request_line", "response_file", "response_line"),
)
_ENTRY = ("request_id", "time", "user_id", "status_code")
_RECORDS = {
    "orphans": ("side", *_ENTRY, "reason", "file", "line"),
    "malformed": ("side", "file", "line", "reason", "text", "truncated"),
    "duplicates": ("side", "kind", *_ENTRY, "file", "line"),
    "users": ("user_id", "requests", "errors", "orphans"),
}


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """A view as records: the stored rows, the columns of a record in order, and the stored column that is its time.

    The record's columns are expressions on the stored rows, so that a sort can go by instants and not by their text.
    """

    rows: pl.LazyFrame
    columns: dict[str, pl.Expr]
    time: str | None

    @property
    def frame(self) -> pl.LazyFrame:
        """The records, in the order they are stored in."""
        return self.rows.select(**self.columns)


def scan(run: RunFolder, view: View) -> pl.LazyFrame:
    """The stored rows of a view. Raises UsageError for a view there is not, InputError where its files are gone."""
    if view not in _STORED:
        message = f"no view {view!r}. There are: {', '.join(VIEWS)}."
        raise UsageError(message)
    rows = pl.scan_parquet(run.view(_STORED[view]), glob=False)
    if view == "slow":
        p99 = run.report.latency.p99_ms
        return rows.filter(pl.col("duration_us") > round((p99 or 0) * 1000))
    if view == "errors":
        return rows.filter(FAILURE)
    if view == "skewed":
        return rows.filter(pl.col("duration_us") < 0)
    if view in ("redelivered", "superseded"):
        return rows.filter(pl.col("kind") == view)
    return rows


def records(run: RunFolder, view: View, extra: Sequence[str] = ()) -> Records:
    """A view as the records that an export writes; `extra` columns only for views of exchanges. Raises UsageError."""
    manifest = run.manifest
    stored = _STORED.get(view, view)
    names: Sequence[str] = _RECORDS.get(stored, ("request_id", *manifest.attributes, "status_code", "duration_ms"))
    check_columns(view, extra)
    columns = {name: _column(name, manifest.files) for name in (*names, *extra)}
    times = {"exchanges": "request_time", "orphans": "time", "duplicates": "time"}
    return Records(rows=scan(run, view), columns=columns, time=times.get(stored))


def check_columns(view: View, extra: Sequence[str]) -> None:
    """Raises UsageError where a view has no such extra columns."""
    known = EXTRA_COLUMNS if _STORED.get(view) == "exchanges" else ()
    unknown = [name for name in extra if name not in known]
    if unknown:
        message = f"no column {unknown[0]!r} for view {view!r}. There are: {', '.join(known) or 'no more columns'}."
        raise UsageError(message)


def whole_ms(duration_us: pl.Expr) -> pl.Expr:
    """Microseconds as whole milliseconds, cut towards zero."""
    return pl.when(duration_us < 0).then(-(-duration_us // 1000)).otherwise(duration_us // 1000)


def _column(name: str, files: dict[str, list[str]]) -> pl.Expr:
    column = pl.col(name)
    if name == "duration_ms":
        return whole_ms(pl.col("duration_us"))
    if name in ("request_time", "response_time", "time"):
        return clock.text_of(column)
    if name in ("request_file", "response_file"):
        return _names(name, files[name.removesuffix("_file")])
    if name == "file":
        request = _names("file", files["request"])
        return pl.when(pl.col("side") == "request").then(request).otherwise(_names("file", files["response"]))
    return column


def _names(column: str, names: list[str]) -> pl.Expr:
    return pl.col(column).replace_strict(list(range(len(names))), names, default=None, return_dtype=pl.String)
