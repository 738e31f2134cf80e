"""How the rows of a view are shown: which columns, in which order, with which titles, and of which kind of value."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import polars as pl

from logcorr.model.quantiles import OF_ENDPOINTS

Kind = Literal["text", "raw", "status", "duration", "instant", "number", "line", "file", "truth", "rate"]
Row = tuple[Any, ...]

_TITLES = {
    "request_id": "id",
    "user_id": "user",
    "status_code": "status",
    "duration_us": "duration",
    "given_us": "given",
    "request_time": "time",
    "response_time": "answered",
    "request_file": "req file",
    "request_line": "req line",
    "response_file": "resp file",
    "response_line": "resp line",
    "truncated": "cut",
    "user_agent": "agent",
    "errors_4xx": "4xx",
    "errors_5xx": "5xx",
    **{f"{name}_us": name for name in ("min", *OF_ENDPOINTS, "max")},
    "busiest_requests": "peak",
    "busiest_start": "peak from",
    "window_start": "window",
    "error_rate": "failed",
    "suspicious_ips": "suspicious",
}
_KINDS: dict[str, Kind] = {
    "status_code": "status",
    "duration_us": "duration",
    "text": "raw",
    "error_rate": "rate",
    "share": "rate",
    "truncated": "truth",
    "suspicious": "truth",
    **dict.fromkeys(("given_us", "min_us", "p50_us", "p95_us", "p99_us", "max_us"), "duration"),
    **dict.fromkeys(("request_time", "response_time", "time"), "instant"),
    **dict.fromkeys(("busiest_start", "window_start"), "instant"),
    **dict.fromkeys(("request_file", "response_file", "file"), "file"),
    **dict.fromkeys(("request_line", "response_line", "line"), "line"),
}
# The columns that come first, by view. The first view whose columns a schema has is the view of its rows.
_FIRST = {
    "exchanges": ("request_time", "request_id", "status_code", "duration_us"),
    "orphans": ("time", "side", "request_id", "reason"),
    "malformed": ("side", "line", "reason", "text"),
    "other": ("side", "line", "text"),
    "duplicates": ("time", "side", "request_id", "kind"),
    "users": ("user_id", "requests", "errors", "orphans"),
    "rated users": ("user_id", "requests", "errors", "error_rate", "orphans", "p50_us", "p99_us"),
    "access": ("request_time", "status_code", "duration_us", "method", "endpoint"),
    "endpoints": ("endpoint", "requests", "errors", "p50_us", "p95_us", "p99_us", "errors_4xx", "errors_5xx", "max_us"),
    "ips": ("ip", "suspicious", "requests", "errors", "busiest_requests", "busiest_start"),
    "windows": ("window_start", "requests", "errors", "errors_4xx", "errors_5xx", "suspicious_ips"),
}

# The columns of counted rows, in their order.
_COUNTS = (
    *("requests", "entries", "lines", "rows", "share", "errors", "error_rate", "p50_us", "p99_us", "max_us"),
    *("errors_4xx", "errors_5xx"),
)


class Column(msgspec.Struct, frozen=True):
    """A column of a page: its stored name, its title, and the kind of its values. Instants and durations are in µs."""

    name: str
    title: str
    kind: Kind


def title_of(column: str) -> str:
    """The heading of a stored column."""
    return _TITLES.get(column, column)


def columns_of(schema: Mapping[str, pl.DataType]) -> tuple[Column, ...]:
    """The columns of stored rows in the order in which they are shown. Columns of files come last."""
    kind, first = _first_columns(schema)
    attributes = [name for name in schema if name not in first and name not in _KINDS]
    last = [name for name in schema if name not in first and name in _KINDS]
    if kind not in ("exchanges", "malformed", "other", "users"):
        names = [*first, *attributes, *last]
    else:
        names = [*first[:2], *attributes, *first[2:], *last]
    files_last = sorted(names, key=lambda name: _KINDS.get(name) == "file")
    return tuple(Column(name, title_of(name), _kind(name, schema[name])) for name in files_last)


def _first_columns(schema: Mapping[str, pl.DataType]) -> tuple[str, tuple[str, ...]]:
    """The view of rows by their columns, and the columns that come first."""
    if "share" in schema:  # counted rows, whose last column is the counted value
        value = list(schema)[-1]
        known = [name for name in schema if name in _COUNTS]
        sums = [name for name in schema if name not in (*_COUNTS, value)]
        counts = sorted(known, key=_COUNTS.index)
        return "counted", (value, *counts[:2], *sums, *counts[2:])
    fitting = [kind for kind, names in _FIRST.items() if all(name in schema for name in names)]
    kind = max(fitting, key=lambda kind: kind == "rated users", default="users")
    return kind, _FIRST[kind]


def shown(rows: pl.LazyFrame, columns: Sequence[Column]) -> list[Row]:
    """Runs the query and returns its rows, with values in the order of `columns`. Instants are integers."""
    instants = [pl.col(column.name).cast(pl.Int64) for column in columns if column.kind == "instant"]
    return rows.select(column.name for column in columns).with_columns(instants).collect().rows()


def _kind(name: str, dtype: pl.DataType) -> Kind:
    return _KINDS.get(name) or ("number" if dtype.is_numeric() else "text")
