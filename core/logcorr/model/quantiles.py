"""Which percentiles there are, by name, and the rank of each: nearest rank, the smallest value with enough below it."""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

_Count = TypeVar("_Count", int, "pl.Expr")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
# Not all of them are told of everything.
ESTIMATED = ("p50", "p90", "p95", "p99")
OF_ENDPOINTS = ("p50", "p95", "p99")
OVER_TIME = ("p50", "p99")


def rank_of(quantile: float, count: _Count) -> _Count:
    """The rank, from 1, of a quantile among so many values: at least quantile times count values are at or below it."""
    return -(-round(quantile * 1000) * count // 1000)
