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


def slowness(column: int, p50: int, p95: int, p99: int) -> tuple[int, float]:
    """How slow a column of a latency axis is, given the columns of the percentiles: a step, and a share of the next.

    (0, 0) is up to the p50, (1, 0) at the p95, (1, 1) at the p99; beyond it the share is above 1.
    """
    if column <= p50:
        return 0, 0.0
    if column <= p95:
        return 0, (column - p50) / max(p95 - p50, 1)
    return 1, (column - p95) / max(p99 - p95, 1)
