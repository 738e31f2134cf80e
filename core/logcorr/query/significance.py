"""Tells what chance explains and what it does not: the one rule for what differs, findings, comparisons and limits.

A count in a part of the rows is judged by the exact tail of the hypergeometric distribution: how often a random part of
the same size has as many. That holds for the smallest counts too. Whoever looks at many values or times says how many,
and each of them must be so much less likely (Bonferroni's correction). Functions work on columns, so that one row and
ten million rows are judged alike.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from logcorr.model.diff import LEAST_SIGMA

# Where nothing differs, fewer than three looks in a thousand tell of a difference all the same, however much is looked
# at: as rarely as a change of three sigmas comes by chance.
CHANCE = 2 * (1 - NormalDist().cdf(LEAST_SIGMA))
# What so few rows show is told of nobody, however unlikely it is.
LEAST_ROWS = 5
# Below so many expected rows, a sigma is that of the exact tail.
_FEW = 5.0
# Stirling's series is exact to twelve digits from about this number on.
_SHIFT = 8

Count = pl.Expr | float
Numbers = npt.NDArray[np.float64]


def stands_out(hits: Count, with_value: Count, chosen: Count, rows: Count, looks: float) -> pl.Expr:
    """Whether more of the chosen rows have a value than chance makes of it: enough rows, and too unlikely a tail.

    Arguments as for `log_tail`. `looks` is how many values are looked at in all, those included that nobody has named.
    """
    enough = _real(hits) >= LEAST_ROWS
    return (enough & (log_tail(hits, with_value, chosen, rows) <= log_level(looks))).fill_null(value=False)


def log_level(looks: float) -> float:
    """The natural logarithm of the tail that a value must not exceed where so many are looked at."""
    return math.log(CHANCE / max(looks, 1.0))


def log_tail(hits: Count, with_value: Count, chosen: Count, rows: Count) -> pl.Expr:
    """The natural logarithm of the chance that `hits` or more of the chosen rows have a value that `with_value` have.

    `chosen` rows are drawn at random of all `rows`. Each argument is a number or an expression. The tail is its first
    term times the sum of a geometric series that is never smaller: it is never too small, and exact where `hits` is all
    there can be. It is 0 (a chance of one) where no more rows have the value than expected.
    """
    return _elementwise(_log_tails, hits, with_value, chosen, rows)


def least_sigma(looks: int) -> float:
    """The sigma that a change must reach to be significant where so many changes, of either sign, are looked at."""
    return max(LEAST_SIGMA, NormalDist().inv_cdf(1 - CHANCE / 2 / max(looks, 1)))


def rate_sigma(part_a: str, of_a: str, part_b: str, of_b: str) -> pl.Expr:
    """How far apart the rates `part_a`/`of_a` and `part_b`/`of_b` are: the signed root of the log-likelihood ratio.

    Arguments are names of columns. Unlike a z-score (the difference over its standard error), it holds for rare events
    too. Where few events are expected it is at most the sigma of the exact tail.
    """
    hit_a, all_a, hit_b, all_b = (pl.col(name).cast(pl.Float64) for name in (part_a, of_a, part_b, of_b))
    hits, every = hit_a + hit_b, all_a + all_b
    pooled = hits / every
    half_ratio = (
        _term(hit_a, all_a * pooled)
        + _term(all_a - hit_a, all_a * (1 - pooled))
        + _term(hit_b, all_b * pooled)
        + _term(all_b - hit_b, all_b * (1 - pooled))
    )
    up = hit_b * all_a > hit_a * all_b
    root = (2 * half_ratio).clip(lower_bound=0).sqrt()
    more, of_more = pl.when(up).then(hit_b).otherwise(hit_a), pl.when(up).then(all_b).otherwise(all_a)
    few = pl.min_horizontal(all_a, all_b) * pl.min_horizontal(pooled, 1 - pooled) < _FEW
    # Where more are expected, nothing is computed.
    exact = _elementwise(_sigmas, *(pl.when(few).then(count) for count in (more, hits, of_more, every)))
    size = pl.min_horizontal(root, exact)
    sign = (hit_b * all_a - hit_a * all_b).sign()
    return pl.when((all_a > 0) & (all_b > 0)).then(sign * size)


_TAIL_FROM, _FAR_FROM = math.log(0.02425), -600.0
_STEPS = 4
_MIDDLE_ABOVE = (
    *(-3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02),
    *(1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00),
)
_MIDDLE_BELOW = (
    *(-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02),
    *(6.680131188771972e01, -1.328068155288572e01, 1.0),
)
_TAIL_ABOVE = (
    *(-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00),
    *(-2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00),
)
_TAIL_BELOW = (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661907416e00, 1.0)


def _elementwise(function: Callable[..., Numbers], *counts: Count) -> pl.Expr:
    """A function of numbers, row by row. It is null where a count is, and where it is no number."""

    def values(columns: Sequence[pl.Series]) -> pl.Series:
        arrays = [column.to_numpy() for column in columns]
        (height,) = np.broadcast_shapes(*(array.shape for array in arrays))
        there = np.broadcast_to(~np.isnan(np.add.reduce(np.broadcast_arrays(*arrays))), height)
        result = np.full(height, np.nan)
        with np.errstate(all="ignore"):
            result[there] = function(*(np.broadcast_to(one, height)[there] for one in arrays))
        return pl.Series(result, nan_to_null=True)

    return pl.map_batches([_real(count) for count in counts], values, return_dtype=pl.Float64, is_elementwise=True)


def _log_tails(k: Numbers, whole: Numbers, n: Numbers, every: Numbers) -> Numbers:
    rest, missed = every - whole, n - k
    first = _log_choose(whole, k) + _log_choose(rest, missed) - _log_choose(every, n)
    ratio = (whole - k) * missed / ((k + 1) * (rest - missed + 1))
    tail = first - np.log1p(-np.minimum(ratio, 1 - 1e-12))
    return np.where(k * every <= n * whole, 0.0, np.minimum(tail, 0.0))


def _sigmas(k: Numbers, whole: Numbers, n: Numbers, every: Numbers) -> Numbers:
    return _sigmas_of(_log_tails(k, whole, n, every))


def _sigmas_of(log_chances: Numbers) -> Numbers:
    """The sigmas beyond which a normal distribution has these chances, by natural logarithms; 0 from one half on.

    By P. J. Acklam's rational approximations, one for the middle and one for the tail: less than 1e-8 off. Beyond the
    smallest floats, the tail is taken for its density divided by sigma.
    """
    from_middle = np.exp(log_chances) - 0.5
    square = from_middle**2
    middle = -from_middle * np.polyval(_MIDDLE_ABOVE, square) / np.polyval(_MIDDLE_BELOW, square)
    root = np.sqrt(-2 * log_chances)
    tail = -np.polyval(_TAIL_ABOVE, root) / np.polyval(_TAIL_BELOW, root)
    far = np.maximum(root, 1.0)
    for _ in range(_STEPS):
        far = np.sqrt(np.maximum(root**2 - math.log(2 * math.pi) - 2 * np.log(far), 1.0))
    tail = np.where(log_chances < _FAR_FROM, far, tail)
    sigmas: Numbers = np.maximum(np.where(log_chances < _TAIL_FROM, tail, middle), 0.0)
    return sigmas


def _term(observed: pl.Expr, expected: pl.Expr) -> pl.Expr:
    return pl.when(observed > 0).then(observed * (observed / expected).log()).otherwise(0.0)


def _real(count: Count) -> pl.Expr:
    return count.cast(pl.Float64) if isinstance(count, pl.Expr) else pl.lit(float(count))


def _log_choose(n: Numbers, k: Numbers) -> Numbers:
    return _log_factorial(n) - _log_factorial(k) - _log_factorial(n - k)


def _log_factorial(count: Numbers) -> Numbers:
    """ln(n!) by Stirling's series of a number that is larger by 8."""
    count = np.maximum(count, 0.0)
    product = np.ones_like(count)
    for step in range(1, _SHIFT + 1):
        product *= count + step
    large = count + _SHIFT
    series = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5)
    logs: Numbers = (large + 0.5) * np.log(large) - large + 0.5 * math.log(2 * math.pi) + series - np.log(product)
    return logs
