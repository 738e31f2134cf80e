"""Counts the rows of a view by the values of one column: how many there are, how many failed, how long they took."""

from collections.abc import Mapping

import polars as pl

from logcorr.model.quantiles import QUANTILES, rank_of
from logcorr.model.status import is_client_error, is_failure, is_server_error

# The columns whose values name a row or a place of it: to count by them says nothing.
_PLACES = ("file", "line", "request_file", "request_line", "response_file", "response_line")
_USUAL = ("user_id", "endpoint", "ip", "reason", "kind", "status_code")
# The names of attributes that hold the size of a response, and of those that hold where a request came from.
SIZES = ("bytes", "size", "bytes_sent", "body_bytes_sent", "body_bytes", "response_size", "response_bytes")
REFERRERS = ("referrer", "referer", "http_referer", "http_referrer")
# What a row of a view is called where it is no exchange.
_COUNTED = {"side": "entries", "text": "lines"}


def countable(schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """The columns of a view whose values can be counted, the usual ones first."""
    own = [name for name, dtype in schema.items() if dtype == pl.String or name == "status_code"]
    last = [name for name in own if name in ("request_id", "text")]
    usual = [name for name in _USUAL if name in own]
    return (*usual, *(name for name in own if name not in (*usual, *last)), *last)


def count_by(rows: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """A row for each value of a column (null is one): the number of rows, its share of all rows, and last the value.

    Exchanges are called requests. They have errors, error_rate, durations too (µs, nearest rank, of those that are not
    negative), and the sum of each attribute that is a number or a size.
    """
    schema = dict(rows.collect_schema())
    exchanges = "duration_us" in schema
    number = "requests" if exchanges else next((name for key, name in _COUNTED.items() if key in schema), "rows")
    figures: dict[str, pl.Expr] = {number: pl.len().cast(pl.Int64)}
    if exchanges:
        figures |= _of_exchanges(schema, column)
    counted = rows.group_by(column).agg(**figures)
    rates = {"share": pl.col(number) / pl.col(number).sum()}
    if exchanges:
        rates["error_rate"] = pl.col("errors") / pl.col(number)
    # The value comes last, as equal rows of a sorted view go by the last column.
    return counted.with_columns(**rates).select(*figures, *rates, column)


def users_within(exchanges: pl.LazyFrame, orphans: pl.LazyFrame) -> pl.LazyFrame:
    """A row for each user: requests, errors, orphans, error_rate, durations as in `count_by`, and last user_id.

    An orphan is a request without a response, and counts as a request.
    """
    counted = count_by(exchanges, "user_id").drop("share", "error_rate")
    requests = orphans.filter(pl.col("side") == "request")
    lost = requests.group_by("user_id").agg(orphans=pl.len().cast(pl.Int64))
    joined = counted.join(lost, on="user_id", how="full", coalesce=True, nulls_equal=True)
    counts = [pl.col(name).fill_null(0) for name in ("requests", "errors", "errors_4xx", "errors_5xx", "orphans")]
    together = joined.with_columns(counts).with_columns(pl.col("requests") + pl.col("orphans"))
    rated = together.with_columns(error_rate=pl.col("errors") / pl.col("requests"))
    return rated.select(pl.exclude("user_id"), "user_id")


def _of_exchanges(schema: Mapping[str, pl.DataType], column: str) -> dict[str, pl.Expr]:
    failed = pl.col("status_code")
    figures: dict[str, pl.Expr] = {
        name: holds.sum().cast(pl.Int64)
        for name, holds in (
            ("errors", is_failure(failed)),
            ("errors_4xx", is_client_error(failed)),
            ("errors_5xx", is_server_error(failed)),
        )
    }
    known = pl.col("duration_us").filter(pl.col("duration_us") >= 0)
    for name in ("p50", "p99"):
        rank = rank_of(QUANTILES[name], known.len())
        figures[f"{name}_us"] = known.sort().get(rank - 1, null_on_oob=True)
    figures["max_us"] = pl.col("duration_us").max()
    for name, dtype in schema.items():
        if dtype.is_integer() and name not in (*_PLACES, column, "status_code", "duration_us", "given_us"):
            figures[name] = pl.col(name).sum().cast(pl.Int64)
        elif name in SIZES and name != column:  # an attribute of a profile is a text
            figures[name] = pl.col(name).cast(pl.Int64, strict=False).sum()
    return figures
