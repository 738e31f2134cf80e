"""What chance alone makes of two samples: how far apart rates and percentiles are, in standard deviations.

Pure steps on columns, so that one row and ten million are judged alike. Every sigma is positive where B has more than
A, turns its sign when the two are swapped, and is null where either of them has nothing.
"""

from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from statistics import NormalDist

import polars as pl

from logcorr.model.diff import LEAST_RATIO, LEAST_SIGMA

_RISK = 0.05
_STEPS_US = (1_000, 1_000_000)


def least_sigma(groups: int) -> float:
    """What one of so many groups must reach, so that in one comparison of twenty chance gets any of them there."""
    return max(LEAST_SIGMA, NormalDist().inv_cdf(1 - _RISK / 2 / max(groups, 1)))


def rate_sigma(part_a: str, of_a: str, part_b: str, of_b: str) -> pl.Expr:
    """How far apart the rates of four columns are: the signed root of the log-likelihood ratio.

    Unlike the usual difference over its standard error, it holds for rare events too.
    """
    hit_a, all_a, hit_b, all_b = (pl.col(name).cast(pl.Float64) for name in (part_a, of_a, part_b, of_b))
    pooled = (hit_a + hit_b) / (all_a + all_b)
    found = (
        _term(hit_a, all_a * pooled)
        + _term(all_a - hit_a, all_a * (1 - pooled))
        + _term(hit_b, all_b * pooled)
        + _term(all_b - hit_b, all_b * (1 - pooled))
    )
    sign = (hit_b * all_a - hit_a * all_b).sign()
    return pl.when((all_a > 0) & (all_b > 0)).then(sign * (2 * found).clip(lower_bound=0).sqrt())


def with_slower(rows: pl.LazyFrame, quantiles: dict[str, float], of: str) -> pl.LazyFrame:
    """Adds `slower_NAME` for each named quantile but the ends, and `slower`, the strongest of them.

    `quantiles` are known of both samples in the columns NAME_a and NAME_b, in order: the first is the minimum (0), the
    last the maximum (1), in µs; `of` likewise names the columns of how many durations there are. A quantile is held
    against what of the other sample lies beyond it; between the known ones, durations are taken to be spread evenly
    over their logarithm. That makes too much of it on one side of a quantile and too little on the other, so the two
    ways are multiplied. It goes by steps: one expression of all would grow beyond measure.
    """
    inner = [(name, quantile) for name, quantile in quantiles.items() if 0 < quantile < 1]
    before = rows.collect_schema().names()
    scaled = [pl.col(f"{n}_{s}").cast(pl.Float64).log1p().alias(f"_{n}_{s}") for n in quantiles for s in "ab"]
    near = [
        _nearer(name, *sides).log1p().alias(f"_at_{name}_{sides[0]}") for name, _ in inner for sides in ("ab", "ba")
    ]
    beyond = []
    for name, quantile in inner:
        for own, other in ("ab", "ba"):
            usual = (1 - quantile) * pl.col(f"{of}_{own}")
            below = _below(f"_at_{name}_{own}", [(q, f"_{n}_{other}") for n, q in quantiles.items()], quantile)
            beyond.append(usual.alias(f"_usual_{name}_{own}"))
            beyond.append(((1 - below) * pl.col(f"{of}_{other}")).alias(f"_beyond_{name}_{other}"))
    ways, each = [], []
    for name, _ in inner:
        forth = rate_sigma(f"_usual_{name}_a", f"{of}_a", f"_beyond_{name}_b", f"{of}_b")
        back = rate_sigma(f"_usual_{name}_b", f"{of}_b", f"_beyond_{name}_a", f"{of}_a")
        ways += [forth.alias(f"_forth_{name}"), back.alias(f"_back_{name}")]
        there, again = pl.col(f"_forth_{name}"), -pl.col(f"_back_{name}")
        both = (there * again).clip(lower_bound=0).sqrt().abs()
        each.append(pl.when(both != 0).then(both * there.sign()).otherwise(both).alias(f"slower_{name}"))
    names = [f"slower_{name}" for name, _ in inner]
    steps = rows.with_columns(*scaled, *near).with_columns(beyond).with_columns(ways).with_columns(each)
    return steps.with_columns(slower=_strongest(names)).select(*before, *names, "slower")


def turn(a: str, b: str, sigma: str, least: float) -> pl.Expr:
    """1 where column `b` is higher than `a` beyond doubt, -1 where it is lower, 0 where neither; none is negative."""
    up = (pl.col(sigma) >= least) & (pl.col(b) > pl.col(a) * LEAST_RATIO)
    down = (pl.col(sigma) <= -least) & (pl.col(a) > pl.col(b) * LEAST_RATIO)
    return pl.when(up.fill_null(value=False)).then(1).when(down.fill_null(value=False)).then(-1).otherwise(0)


def _nearer(name: str, own: str, other: str) -> pl.Expr:
    """A quantile of one sample, nearer to that of the other by the step in which the logs tell time.

    Where both are whole milliseconds, or seconds, two that differ by one may lie as close as you like.
    """
    here, there = (pl.col(f"{name}_{side}").cast(pl.Float64) for side in (own, other))
    step = pl.lit(0.0)
    for width in _STEPS_US:
        step = pl.when((here % width == 0) & (there % width == 0)).then(float(width)).otherwise(step)
    apart = there - here
    return here + apart.sign() * pl.min_horizontal(apart.abs(), step)


def _term(seen: pl.Expr, expected: pl.Expr) -> pl.Expr:
    return pl.when(seen > 0).then(seen * (seen / expected).log()).otherwise(0.0)


def _strongest(sigmas: Iterable[str]) -> pl.Expr:
    """The one farthest from zero; 0 where one to either side is as far, which says nothing."""
    names = list(sigmas)
    most, least = pl.max_horizontal(names), pl.min_horizontal(names)
    far = pl.when(most.abs() >= least.abs()).then(most).otherwise(least)
    return pl.when((most == -least) & (most != least)).then(0.0).otherwise(far)


def _below(at: str, points: list[tuple[float, str]], quantile: float) -> pl.Expr:
    """The share of a sample at or below `at`: where many are equal, the nearest to `quantile` of all that it may be."""
    spans = list(pairwise((q, pl.col(name)) for q, name in points))
    here, first, last = pl.col(at), pl.col(points[0][1]), pl.col(points[-1][1])

    def between(span: tuple[tuple[float, pl.Expr], tuple[float, pl.Expr]]) -> pl.Expr:
        (q, value), (next_q, next_value) = span
        return q + (next_q - q) * (here - value) / (next_value - value)

    most = reduce(lambda so_far, s: pl.when(here >= s[0][1]).then(between(s)).otherwise(so_far), spans, pl.lit(0.0))
    most = pl.when(here >= last).then(1.0).otherwise(most)
    least = reduce(
        lambda so_far, s: pl.when(here <= s[1][1]).then(between(s)).otherwise(so_far), reversed(spans), pl.lit(1.0)
    )
    least = pl.when(here <= first).then(0.0).otherwise(least)
    known = pl.all_horizontal(pl.col(name).is_not_null() for _, name in points)
    return pl.when(known).then(pl.min_horizontal(pl.max_horizontal(least, pl.lit(quantile)), most))
