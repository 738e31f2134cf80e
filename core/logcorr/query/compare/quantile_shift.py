"""How far apart the percentiles of two samples are, in sigmas, where only some percentiles of each are known.

A sigma is a standard deviation. It is positive where B has more than A, changes its sign when A and B are swapped, and
is null where A or B is empty. All functions work on columns, so that one row and ten million rows are judged alike.
"""

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise

import polars as pl

from logcorr.model.diff import LEAST_RATIO
from logcorr.query.significance import rate_sigma

_STEPS_US = (1_000, 1_000_000)


def with_slower(rows: pl.LazyFrame, quantiles: dict[str, float], of: str) -> pl.LazyFrame:
    """Adds the sigma of each quantile (`slower_NAME`), and `slower`, the sigma that is farthest from 0.

    `quantiles` are in order, from the minimum (0) to the maximum (1), which get no sigma. Both samples have them in the
    columns NAME_a and NAME_b, in µs. `of` names the columns of the number of durations in the same way.

    A quantile of one sample is compared with the share of the other sample that lies beyond it. Between known
    quantiles, durations are taken to be spread evenly over their logarithm. The error of this is opposite for A against
    B and for B against A, so the sigma is the geometric mean of both.
    """
    inner = [(name, quantile) for name, quantile in quantiles.items() if 0 < quantile < 1]
    # In steps: one expression for all of it would grow without bound.
    columns = rows.collect_schema().names()
    scaled = [pl.col(f"{n}_{s}").cast(pl.Float64).log1p().alias(f"_{n}_{s}") for n in quantiles for s in "ab"]
    near = [
        _nearer(name, *sides).log1p().alias(f"_at_{name}_{sides[0]}") for name, _ in inner for sides in ("ab", "ba")
    ]
    beyond = []
    for name, quantile in inner:
        for own, other in ("ab", "ba"):
            expected = (1 - quantile) * pl.col(f"{of}_{own}")
            below = _below(f"_at_{name}_{own}", [(q, f"_{n}_{other}") for n, q in quantiles.items()], quantile)
            beyond.append(expected.alias(f"_usual_{name}_{own}"))
            beyond.append(((1 - below) * pl.col(f"{of}_{other}")).alias(f"_beyond_{name}_{other}"))
    both_ways, slower = [], []
    for name, _ in inner:
        forth = rate_sigma(f"_usual_{name}_a", f"{of}_a", f"_beyond_{name}_b", f"{of}_b")
        back = rate_sigma(f"_usual_{name}_b", f"{of}_b", f"_beyond_{name}_a", f"{of}_a")
        both_ways += [forth.alias(f"_forth_{name}"), back.alias(f"_back_{name}")]
        a_to_b, b_to_a = pl.col(f"_forth_{name}"), -pl.col(f"_back_{name}")
        mean = (a_to_b * b_to_a).clip(lower_bound=0).sqrt().abs()
        slower.append(pl.when(mean != 0).then(mean * a_to_b.sign()).otherwise(mean).alias(f"slower_{name}"))
    names = [f"slower_{name}" for name, _ in inner]
    steps = rows.with_columns(*scaled, *near).with_columns(beyond).with_columns(both_ways).with_columns(slower)
    return steps.with_columns(slower=_strongest(names)).select(*columns, *names, "slower")


def turn(a: str, b: str, sigma: str, least: float) -> pl.Expr:
    """1 where column `b` is significantly higher than column `a`, -1 where it is significantly lower, else 0.

    No value of the columns is negative. `sigma` is a column, `least` the sigma of a significant change.
    """
    up = (pl.col(sigma) >= least) & (pl.col(b) > pl.col(a) * LEAST_RATIO)
    down = (pl.col(sigma) <= -least) & (pl.col(a) > pl.col(b) * LEAST_RATIO)
    return pl.when(up.fill_null(value=False)).then(1).when(down.fill_null(value=False)).then(-1).otherwise(0)


def _nearer(name: str, own: str, other: str) -> pl.Expr:
    """A quantile of the sample `own`, moved by the resolution of the logs towards the same quantile of the other.

    Where both are whole milliseconds (or seconds), quantiles that differ by one step may be almost equal in truth.
    """
    own_value, other_value = (pl.col(f"{name}_{side}").cast(pl.Float64) for side in (own, other))
    step = pl.lit(0.0)
    for width in _STEPS_US:
        step = pl.when((own_value % width == 0) & (other_value % width == 0)).then(float(width)).otherwise(step)
    difference = other_value - own_value
    return own_value + difference.sign() * pl.min_horizontal(difference.abs(), step)


def _strongest(sigmas: Iterable[str]) -> pl.Expr:
    """The sigma farthest from 0; 0 where a positive and a negative sigma are equally far, which proves nothing."""
    names = list(sigmas)
    most, least = pl.max_horizontal(names), pl.min_horizontal(names)
    farthest = pl.when(most.abs() >= least.abs()).then(most).otherwise(least)
    return pl.when((most == -least) & (most != least)).then(0.0).otherwise(farthest)


def _below(at: str, points: list[tuple[float, str]], quantile: float) -> pl.Expr:
    """The share of a sample at or below `at`, by linear interpolation between `points` (quantile, column of its value).

    Where quantiles are equal, a range of shares is possible: the result is the share nearest to `quantile`.
    """
    intervals = list(pairwise((q, pl.col(name)) for q, name in points))
    value_at, first, last = pl.col(at), pl.col(points[0][1]), pl.col(points[-1][1])

    def between(interval: tuple[tuple[float, pl.Expr], tuple[float, pl.Expr]]) -> pl.Expr:
        (q, value), (next_q, next_value) = interval
        return q + (next_q - q) * (value_at - value) / (next_value - value)

    most = reduce(
        lambda so_far, s: pl.when(value_at >= s[0][1]).then(between(s)).otherwise(so_far), intervals, pl.lit(0.0)
    )
    most = pl.when(value_at >= last).then(1.0).otherwise(most)
    least = reduce(
        lambda so_far, s: pl.when(value_at <= s[1][1]).then(between(s)).otherwise(so_far),
        reversed(intervals),
        pl.lit(1.0),
    )
    least = pl.when(value_at <= first).then(0.0).otherwise(least)
    known = pl.all_horizontal(pl.col(name).is_not_null() for _, name in points)
    return pl.when(known).then(pl.min_horizontal(pl.max_horizontal(least, pl.lit(quantile)), most))
