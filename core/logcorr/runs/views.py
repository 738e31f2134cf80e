"""The views of a finished run: as stored rows, and as records for export. All are queries; none loads a view."""

from collections.abc import Iterator, Sequence

import msgspec
import polars as pl

from logcorr.compute import parquet_slices
from logcorr.compute.object_path import AnyPath
from logcorr.model import clock_skew
from logcorr.model.errors import NoSuchView, UsageError
from logcorr.model.ledger import ONE_LOG
from logcorr.model.manifest import Manifest
from logcorr.model.options import View
from logcorr.model.status import is_failure
from logcorr.runs.run_folder import RunFolder

# What polars raises when it reads a damaged file.
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

# The folder of Parquet files that has the rows of each view. Some views are a selection of its rows.
_FOLDER_OF = {
    "exchanges": "exchanges",
    "slow": "exchanges",
    "errors": "exchanges",
    "skewed": "exchanges",
    "orphans": "orphans",
    "malformed": "malformed",
    "other": "other",
    "duplicates": "duplicates",
    "redelivered": "duplicates",
    "superseded": "duplicates",
    "users": "users",
    "endpoints": "endpoints",
    "ips": "ips",
    "windows": "windows",
}
FOLDERS = frozenset(_FOLDER_OF.values())
# The views whose rows are exchanges.
OF_EXCHANGES = frozenset(view for view, folder in _FOLDER_OF.items() if folder == "exchanges")
# The views that a run of each kind can have.
VIEWS_OF: dict[str, tuple[View, ...]] = {
    "correlation": (
        *("exchanges", "slow", "errors", "orphans", "malformed", "other"),
        *("duplicates", "redelivered", "superseded", "skewed", "users"),
        *("endpoints", "ips", "windows"),
    ),
    "access": ("exchanges", "slow", "errors", "malformed", "other", "skewed", "endpoints", "ips", "windows"),
}
# The views that only some runs have: those of attributes, and of the lines that a profile does not speak of.
OF_SOME_RUNS = ("endpoints", "ips", "windows", "other")
# The columns that records of exchanges have only if they are asked for.
EXTRA_COLUMNS: dict[str, tuple[str, ...]] = {
    "correlation": (
        *("duration_us", "request_time", "response_time"),
        *("request_file", "request_line", "response_file", "response_line"),
        *("given_ms", "given_us"),
    ),
    "access": ("duration_us", "request_time", "file", "line"),
}
# Exchanges have these columns only where responses tell durations.
_GIVEN = ("given_ms", "given_us")
_FILES = ("file", "request_file", "response_file")
_ENTRY = ("request_id", "time", "user_id", "status_code")
_RECORDS = {
    "orphans": ("side", *_ENTRY, "reason", "file", "line"),
    "malformed": ("side", "file", "line", "reason", "text", "truncated"),
    "other": ("side", "file", "line", "text", "truncated"),
    "duplicates": ("side", "kind", *_ENTRY, "file", "line"),
    "users": ("user_id", "requests", "errors", "orphans"),
    "endpoints": (
        *("endpoint", "requests", "errors", "errors_4xx", "errors_5xx"),
        *("min_us", "p50_us", "p95_us", "p99_us", "max_us"),
    ),
    "ips": (
        *("ip", "requests", "errors", "errors_4xx", "errors_5xx"),
        *("busiest_requests", "busiest_start", "suspicious"),
    ),
    "windows": ("window_start", "requests", "errors", "errors_4xx", "errors_5xx", "orphans", "suspicious_ips"),
}
# The columns that only some runs store.
_SOMETIMES = ("orphans",)
# The views that have an order of their own: the stored column that comes highest first.
_ORDERS: dict[str, str] = {"slow": "duration_us", "users": "requests", "endpoints": "requests", "ips": "requests"}
_EXCHANGE = {"correlation": ("request_id",), "access": ("request_time",)}


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """A view as records: its parts, which of the stored rows it has (None for all), and the columns of a record.

    Columns are expressions on stored rows, in order. Instants stay instants: only JSON and CSV have them as texts.
    `time` names the stored column with the instant of a record, `highest` the one that comes highest first in the order
    of the view; None where there is none.
    """

    parts: Sequence[AnyPath]
    chosen: pl.Expr | None
    columns: dict[str, pl.Expr]
    time: str | None
    highest: str | None = None

    @property
    def schema(self) -> pl.Schema:
        """The columns of a record, and their types."""
        return parquet_slices.scan(self.parts).select(**self.columns).collect_schema()

    @property
    def height(self) -> int:
        """How many records there are."""
        return parquet_slices.count(self._rows(parquet_slices.scan(self.parts))) if self.parts else 0

    def chunks(self) -> Iterator[pl.DataFrame]:
        """All records in the order in which they are stored, at most 100,000 in a frame."""
        for records in self.slices():
            yield records.collect(engine="streaming")

    def slices(self) -> Iterator[pl.LazyFrame]:
        """The same as queries, which have read nothing yet."""
        return (self._rows(rows).select(**self.columns) for rows in parquet_slices.slices(self.parts))

    def _rows(self, stored: pl.LazyFrame) -> pl.LazyFrame:
        return stored if self.chosen is None else stored.filter(self.chosen)


def scan(run: RunFolder, view: View) -> pl.LazyFrame:
    """The stored rows of a view.

    Raises UsageError if runs of this kind have no such view, InputError if its files are missing or damaged.
    """
    rows = parquet_slices.scan(_parts(run, view))
    if view == "other":
        # Other lines are stored like malformed ones, without a reason.
        rows = rows.drop("reason")
    chosen = _chosen(run, view)
    return rows if chosen is None else rows.filter(chosen)


def with_file_names(run: RunFolder, view: View) -> pl.LazyFrame:
    """The stored rows of a view with files by their names instead of their indexes. Raises as `scan` does."""
    rows = scan(run, view)
    try:
        stored = rows.collect_schema().names()
    except UNREADABLE as error:
        raise run.damaged(view) from error
    files = run.manifest.files
    return rows.with_columns(**{name: _column(name, files) for name in stored if name in _FILES})


def records(run: RunFolder, view: View, extra: Sequence[str] = ()) -> Records:
    """A view as the records that an export writes; views of exchanges may have `extra` columns.

    Raises UsageError for a view or column that there is not, InputError if files are missing or damaged.
    """
    parts = _parts(run, view)
    manifest = run.manifest
    folder = _FOLDER_OF[view]
    stored = _stored_columns(run, view, parts)
    check_columns(manifest.kind, view, extra)
    if folder == "exchanges":
        given = "given_us" in stored
        columns = exchange_columns(manifest.kind, manifest.attributes, manifest.files, extra, given=given)
    else:
        names = _entry_columns(_RECORDS[folder], manifest.attributes, stored)
        columns = {name: _column(name, manifest.files) for name in names}
    times = {"exchanges": "request_time", "orphans": "time", "duplicates": "time", "windows": "window_start"}
    return Records(
        parts=parts,
        chosen=_chosen(run, view),
        columns=columns,
        time=times.get(folder),
        highest=_ORDERS.get(view),
    )


def exchange_columns(
    kind: str,
    attributes: Sequence[str],
    files: dict[str, list[str]],
    extra: Sequence[str] = (),
    *,
    given: bool = False,
) -> dict[str, pl.Expr]:
    """The columns of exchanges as records, as expressions on stored rows; `files` names the files of each log.

    `given` says whether exchanges have the column `given_us`. Raises UsageError for an extra column that needs it.
    """
    absent = [name for name in extra if name in _GIVEN and not given]
    if absent:
        message = f"no column {absent[0]!r} in this run: its responses tell no durations. Leave the column out."
        raise UsageError(message)
    names = (*_EXCHANGE[kind], *attributes, "status_code", "duration_ms", *extra)
    return {name: _column(name, files) for name in names}


def views_of(manifest: Manifest) -> tuple[View, ...]:
    """The views that a run has, by its manifest."""
    return tuple(
        view for view in VIEWS_OF[manifest.kind] if view not in OF_SOME_RUNS or _FOLDER_OF[view] in manifest.rows
    )


def _entry_columns(names: Sequence[str], attributes: Sequence[str], stored: Sequence[str]) -> list[str]:
    """The columns of a record that is no exchange: those of `names` that are stored, and attributes of entries."""
    known = [name for name in names if name not in _SOMETIMES or name in stored]
    if "user_id" not in known or "request_id" not in known:
        return known
    own = [name for name in attributes if name in stored and name not in known]
    at = known.index("user_id") + 1
    return [*known[:at], *own, *known[at:]]


def _stored_columns(run: RunFolder, view: View, parts: list[AnyPath]) -> list[str]:
    try:
        return parquet_slices.scan(parts).collect_schema().names()
    except UNREADABLE as error:
        raise run.damaged(view) from error


def _parts(run: RunFolder, view: View) -> list[AnyPath]:
    known = views_of(run.manifest)
    if view not in known:
        message = f"no view {view!r} in this run. There are: {', '.join(known)}."
        raise NoSuchView(message)
    return run.view(_FOLDER_OF[view])


def _chosen(run: RunFolder, view: View) -> pl.Expr | None:
    """Which of the stored rows of its folder a view has; None for all."""
    if view == "slow":
        return pl.col("duration_us") > round((run.report.latency.p99_ms or 0) * 1000)
    if view == "errors":
        return is_failure(pl.col("status_code"))
    if view == "skewed":
        return clock_skew.is_skewed(pl.col("duration_us"))
    return pl.col("kind") == view if view in ("redelivered", "superseded") else None


def check_columns(kind: str, view: View, extra: Sequence[str]) -> None:
    """Raises UsageError for an extra column that a view of runs of this kind never has."""
    known = EXTRA_COLUMNS[kind] if _FOLDER_OF.get(view) == "exchanges" else ()
    unknown = [name for name in extra if name not in known]
    if unknown:
        message = f"no column {unknown[0]!r} for view {view!r}. There are: {', '.join(known) or 'no more columns'}."
        raise UsageError(message)


def whole_ms(duration_us: pl.Expr) -> pl.Expr:
    """Microseconds as whole milliseconds, rounded towards zero."""
    return pl.when(duration_us < 0).then(-(-duration_us // 1000)).otherwise(duration_us // 1000)


def _column(name: str, files: dict[str, list[str]]) -> pl.Expr:
    """A column of records as an expression on stored rows, which name files by their index in a log."""
    column = pl.col(name)
    if name == "duration_ms":
        return whole_ms(pl.col("duration_us"))
    if name == "given_ms":
        return whole_ms(pl.col("given_us"))
    if name in _FILES[1:]:
        side = name.removesuffix("_file")
        return _file_names(column, files[side if side in files else ONE_LOG])
    if name == "file":
        first, *others = files
        if not others:
            return _file_names(column, files[first])
        # One list for both logs, as two lists would be looked up for every row.
        index = pl.col("file") + pl.when(pl.col("side") == first).then(0).otherwise(len(files[first]))
        return _file_names(index, [name for side in files.values() for name in side])
    return column


def _file_names(index: pl.Expr, names: list[str]) -> pl.Expr:
    """File names by their index. Not by `replace_strict`, which would hold the whole view in memory."""
    series = pl.Series(names, dtype=pl.String)
    return index.map_batches(series.gather, is_elementwise=True, return_dtype=pl.String)
