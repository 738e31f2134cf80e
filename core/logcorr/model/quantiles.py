"""The percentiles that logcorr reports, by name, and their nearest rank.

The percentile of some values is the smallest value with at least that share of the values at or below it.
"""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

_Count = TypeVar("_Count", int, "pl.Expr")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
# The percentiles of estimates, of endpoints and of the timeline: not every report has all percentiles.
ESTIMATED = ("p50", "p90", "p95", "p99")
OF_ENDPOINTS = ("p50", "p95", "p99")
OVER_TIME = ("p50", "p99")


def rank_of(quantile: float, count: _Count) -> _Count:
    """The rank, from 1, of a quantile (a share from 0 to 1) among `count` values in ascending order."""
    return -(-round(quantile * 1000) * count // 1000)
