"""The names that a filter can use in a view: which stored columns each stands for, and what can be said of them."""

from collections.abc import Mapping

import polars as pl

from logcorr.formats.malformed_reasons import PAIR_REASONS
from logcorr.model.ledger import SIDES
from logcorr.model.quantiles import OF_ENDPOINTS
from logcorr.model.status import NO_STATUS
from logcorr.pairing.orphan_reasons import ORPHAN_REASONS
from logcorr.query.filter_expressions import Kind, Sign
from logcorr.query.table_columns import title_of

# The column whose null has a name.
STATUS = ("status_code",)
TRUTH = ("true", "false")
# The columns of durations in a row that stands for many exchanges.
_FIGURES = ("min", *OF_ENDPOINTS, "max")
# The stored columns that a short name stands for: `line` and `file` stand for all columns that the view has, other
# names for the first column that the view has.
ALIASES = {
    "status": STATUS,
    "user": ("user_id",),
    "agent": ("user_agent",),
    "id": ("request_id",),
    "duration": ("duration_us",),
    "given": ("given_us",),
    "failed": ("error_rate",),
    **{name: (f"{name}_us",) for name in _FIGURES},
    "time": ("time", "request_time", "window_start"),
    "line": ("line", "request_line", "response_line"),
    "file": ("file", "request_file", "response_file"),
}
# The columns that a bare word is looked for in: what names a request, who sent it, and the text of a line.
LOOKED_IN = ("request_id", "user_id", "ip", "endpoint", "text")
_COMPARED: tuple[Sign, ...] = ("=", "!=", "<", "<=", ">", ">=")
SIGNS: dict[Kind, tuple[Sign, ...]] = {
    "text": ("=", "!=", "~", "!~", "=~"),
    "number": _COMPARED,
    "duration": _COMPARED,
    "instant": _COMPARED,
    "rate": _COMPARED,
    "truth": ("=", "!="),
    "file": ("=", "!=", "~", "!~"),
}
EXAMPLES: dict[Kind, str] = {
    "text": 'text, quoted where it has blanks: "a b"',
    "number": "a whole number",
    "duration": "a duration such as 250us, 5ms, 2s, 3m or 1h",
    "instant": "a time such as 12:15, 12:15:30 or 2025-11-21T12:15:30Z",
    "rate": "a share such as 5% or 0.05",
    "truth": "true or false",
    "file": "the name of one of the log files",
}
# Beside the kind's example, for a status.
OF_STATUS = f"a whole number, a class such as 5xx, or {NO_STATUS}"
# What is written for a column, where the kind alone does not tell it, the most useful first.
_WRITTEN = {
    "reason": "",
    "suspicious": "suspicious=true",
    "side": "side=request",
    "kind": "kind=redelivered",
    "status": "status=5xx",
    "failed": "failed>5%",
    "p99": "p99>1s",
    "duration": "duration>1s",
    "errors": "errors>0",
    "requests": "requests>1000",
    "user": "user=user-7",
    "endpoint": "endpoint~/api",
    "ip": "ip=10.0.0.7",
    "time": "time>12:15",
    "text": "text~timeout",
}


def names(schema: Mapping[str, pl.DataType]) -> list[str]:
    """All names that a term can start with: first short names, then stored columns."""
    short = [alias for alias, columns in ALIASES.items() if any(column in schema for column in columns)]
    return [*short, *(name for name in schema if name not in short)]


def columns_named(name: str, schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """The stored columns that a name stands for: a column, a short name, or the heading of a column; else none.

    A heading is written with `_` for its blanks.
    """
    if name in schema:
        return (name,)
    columns = tuple(column for column in ALIASES.get(name, ()) if column in schema)
    if columns:
        return columns if name in ("line", "file") else columns[:1]
    return next(((column,) for column in schema if title_of(column).replace(" ", "_") == name), ())


def looked_in(schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """The columns of a view that a bare word is looked for in."""
    return tuple(column for column in LOOKED_IN if column in schema)


def short_name(column: str, schema: Mapping[str, pl.DataType]) -> str:
    """The shortest name of a stored column."""
    return next((alias for alias in ALIASES if columns_named(alias, schema) == (column,)), column)


def kind_of(name: str, columns: tuple[str, ...], schema: Mapping[str, pl.DataType]) -> Kind:
    """The kind of the values that a name stands for."""
    dtype = schema[columns[0]]
    if columns[0] in ALIASES["file"]:
        return "file"
    if name in ("duration", "given", *_FIGURES):
        return "duration"
    if isinstance(dtype, pl.Datetime):
        return "instant"
    if isinstance(dtype, pl.Boolean):
        return "truth"
    return "number" if dtype.is_integer() else "rate" if dtype.is_float() else "text"


def possible_values(columns: tuple[str, ...], schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """All values that a column can have, for columns of few values; none for other columns."""
    column = columns[0] if columns else ""
    if column == "reason":
        return PAIR_REASONS if "text" in schema else ORPHAN_REASONS
    known: dict[str, tuple[str, ...]] = {
        "side": SIDES,
        "status_code": (NO_STATUS,),
        "kind": ("redelivered", "superseded"),
        "truncated": TRUTH,
    }
    return known.get(column, ())


def examples(schema: Mapping[str, pl.DataType], most: int) -> list[str]:
    """Up to so many terms that can hold for rows of a view."""
    known = names(schema)
    written = {**_WRITTEN, "reason": "reason=fields" if "text" in schema else "reason=lost"}
    if "reason" in known:  # entries without a partner, and lines that could not be read, rarely have a status
        written.pop("status")
    return [text for name, text in written.items() if name in known][:most]
