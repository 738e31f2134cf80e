"""The load of a generated log: when requests arrive, how long they take, and their status.

The distributions are tables at equal steps of probability or time, so that a random integer picks a value.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from statistics import NormalDist

import polars as pl

MAX_LATENCY_MS = 60_000
STATUS_STEPS = 1 << 10

# (start, end, factor, errors): start and end are shares of the span, requests take `factor` times as long, and `errors`
# is the share of server errors.
INCIDENTS = ((0.53, 0.60, 12.0, 0.25), (0.825, 0.84, 4.0, 0.08))

_KNOTS = 1024
_RATE_STEPS = 4096
_SERVER_ERRORS = {503: 0.6, 500: 0.3, 504: 0.1}
_STATUS_SHARES = {
    200: 0.79, 201: 0.10, 304: 0.06, 404: 0.03, 400: 0.004, 401: 0.003, 403: 0.002, 429: 0.004,
    500: 0.004, 502: 0.001, 503: 0.0015, 0: 0.0005,
}  # fmt: skip


class ArrivalTimes:
    """The arrival times of `count` numbered requests, in ms after the start. The rate varies over the span."""

    def __init__(self, count: int, span_ms: int, rate: Callable[[float], float]) -> None:
        """`rate` gives the relative rate of arrivals at a share of the span, from 0 to 1."""
        self._count = count
        self._span_ms = span_ms
        self._knots = _knots(span_ms, rate)

    def earliest_ms(self, number: int) -> int:
        """The time in ms before which neither request `number` nor any later request arrives."""
        if number >= self._count:
            return self._span_ms
        knot, rest = divmod(number * _KNOTS, self._count)
        return self._knots[knot] + (self._knots[knot + 1] - self._knots[knot]) * rest // self._count

    def ms(self, number: pl.Expr, random: pl.Expr) -> pl.Expr:
        """The arrival times of requests: on the curve, plus a delay of up to three gaps by 16 random bits."""
        scaled = number.cast(pl.Int64) * _KNOTS
        steps = pl.Series([b - a for a, b in zip(self._knots, self._knots[1:], strict=False)])
        knot = scaled // self._count
        step = pl.lit(steps).gather(knot)
        even = pl.lit(pl.Series(self._knots)).gather(knot) + step * (scaled % self._count) // self._count
        late = random * (step * (3 * _KNOTS) // self._count) // 65_536
        return pl.min_horizontal(even + late, pl.lit(self._span_ms - 1))


def daily_rate(share: float) -> float:
    """The relative rate of arrivals at a share of the span: it rises and falls slowly, as in the course of a day."""
    return 1 + 0.45 * math.sin(math.tau * (share - 0.2)) + 0.12 * math.sin(math.tau * 3 * share)


def _knots(span_ms: int, rate: Callable[[float], float]) -> list[int]:
    """The times in ms at which equal shares of all requests have arrived."""
    rates = [rate(x / _RATE_STEPS) for x in range(_RATE_STEPS)]
    knots, total, done, step = [0], sum(rates), 0.0, 0
    for knot in range(1, _KNOTS):
        while step < _RATE_STEPS and done + rates[step] < total * knot / _KNOTS:
            done += rates[step]
            step += 1
        knots.append(int(span_ms * (step + (total * knot / _KNOTS - done) / rates[step]) / _RATE_STEPS))
    return [*knots, span_ms]


@cache
def latency_curve(steps: int) -> Sequence[float]:
    """Durations in ms at equal steps of probability.

    Most are log-normal around 14 ms. One in 25 is of a second, slow log-normal distribution.
    """
    normal, curve = NormalDist(), []
    for step in range(steps):
        share = (step + 0.5) / steps
        if share < 0.96:
            curve.append(13.3 * math.exp(0.6 * normal.inv_cdf(share / 0.96)))
        else:
            curve.append(450 * math.exp(0.85 * normal.inv_cdf((share - 0.96) / 0.04)))
    return curve


def latency_table(steps: int, slower: float) -> Sequence[int]:
    """The latency curve in whole ms, with every duration `slower` times as long; at most MAX_LATENCY_MS."""
    return [min(MAX_LATENCY_MS, max(1, round(ms * slower))) for ms in latency_curve(steps)]


def status_table(errors: float, shares: Mapping[int, float] = _STATUS_SHARES) -> list[int]:
    """STATUS_STEPS status codes at equal steps of probability. The share `errors` is replaced by server errors."""
    codes: list[int] = []
    reached = 0.0
    for code, share in _SERVER_ERRORS.items():
        reached += errors * share
        codes += [code] * (round(reached * STATUS_STEPS) - len(codes))
    for code, share in shares.items():
        reached += share * (1 - errors)
        codes += [code] * (round(reached * STATUS_STEPS) - len(codes))
    return codes + [200] * (STATUS_STEPS - len(codes))
