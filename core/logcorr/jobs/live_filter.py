"""`--where` of logs that are followed: which exchanges and requests are reported. What is paired is not narrowed."""

from collections.abc import Sequence

import polars as pl

from logcorr.model.live import Exchange
from logcorr.query import filter_language
from logcorr.query.filter_expressions import expression

_INSTANT = pl.Datetime("us", "UTC")
_OF_REQUESTS: dict[str, pl.DataType] = {"request_id": pl.String(), "request_time": _INSTANT}
_OF_RESPONSES: dict[str, pl.DataType] = {
    "response_time": _INSTANT,
    "status_code": pl.Int16(),
    "duration_us": pl.Int64(),
}


class LiveFilter:
    """A filter on exchanges, whose columns are those of a run. `attributes` are the columns that requests have besides.

    A request without a response is reported where the conditions hold that speak of requests alone.
    """

    def __init__(self, where: str, attributes: Sequence[str]) -> None:
        """Raises UsageError for a filter that cannot be read, or that names other columns."""
        own = {**_OF_REQUESTS, **{name: pl.String() for name in attributes}}
        self._attributes = tuple(attributes)
        terms = filter_language.parse(where, {**own, **_OF_RESPONSES}, None, {})
        self._exchange = expression(terms)
        self._request = expression([term for term in terms if {*term.columns} <= own.keys()])

    def of_requests(self, entries: pl.DataFrame) -> list[bool]:
        """Whether each request is reported; entries have `time` (µs), `request_id` and attributes."""
        there = [name for name in self._attributes if name in entries.columns]
        lacking = [pl.lit(None, pl.String).alias(name) for name in self._attributes if name not in there]
        time = pl.col("time").cast(_INSTANT).alias("request_time")
        frame = entries.select("request_id", time, *there, *lacking)
        return _held(frame, self._request)

    def of_exchanges(self, exchanges: Sequence[Exchange]) -> list[bool]:
        """Whether each exchange is reported."""
        if not exchanges:
            return []
        columns = {
            "request_id": pl.Series([one.request.request_id for one in exchanges], dtype=pl.String),
            "request_time": pl.Series([one.request.time_us for one in exchanges], dtype=pl.Int64).cast(_INSTANT),
            "response_time": pl.Series([one.response.time_us for one in exchanges], dtype=pl.Int64).cast(_INSTANT),
            "status_code": pl.Series([one.response.status for one in exchanges], dtype=pl.Int16),
            "duration_us": pl.Series([one.duration_us for one in exchanges], dtype=pl.Int64),
            **{
                name: pl.Series([one.request.values[number] for one in exchanges], dtype=pl.String)
                for number, name in enumerate(self._attributes)
            },
        }
        return _held(pl.DataFrame(columns), self._exchange)


def _held(frame: pl.DataFrame, condition: pl.Expr) -> list[bool]:
    """Whether a condition holds for each row, also where it names no column."""
    held: list[bool] = frame.with_columns(condition.alias(":held"))[":held"].to_list()
    return held
