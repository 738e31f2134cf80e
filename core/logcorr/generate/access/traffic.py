"""The requests of a generated access log: their times, addresses, endpoints, durations and statuses.

Everything is integer arithmetic on the number of a line and the seed, so any range of lines can be made on its own, and
is the same on every run. `texts` has the texts, `lines` writes the lines.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from logcorr.generate.access.options import MAX_IDS, AccessOptions
from logcorr.generate.access.texts import AGENTS, AGENTS_OF_ATTACKS, METHODS, Vocabulary
from logcorr.generate.load_curves import (
    INCIDENTS,
    MAX_LATENCY_MS,
    STATUS_STEPS,
    ArrivalTimes,
    latency_curve,
    status_table,
)
from logcorr.generate.random_bits import bits, keys, mixed, threshold, word

# The kinds of lines. An odd line is valid, but written in an uncommon way.
PLAIN, ODD, INCOMPLETE, MALFORMED, BLANK = range(5)

ODD_SHARE = 1 / 64
_BURST_MS = 50_000
_LATENCIES = 1 << 13
_ROUTES = 1 << 16
_SCANS = 0.003
_AGENTS = 1 << 10
_TIME_STEPS = 1000

# (how many times slower, the share of server errors)
_SPEEDS = {"fast": (0.3, 0.0), "normal": (1.0, 0.0), "slow": (5.0, 0.005), "very slow": (20.0, 0.02)}
_RATES = {"sparse": 0.15, "normal": 1.0, "dense": 3.0}
# How many times slower one route is than another.
_CLASSES = (0.25, 0.5, 0.8, 1.0, 1.3, 2.0, 4.0, 10.0)
# The methods of a route at equal steps of probability.
_ROUTE_METHODS = (
    ("GET",) * 16,
    ("GET",) * 12 + ("POST",) * 4,
    ("POST",) * 12 + ("PUT", "PUT", "DELETE", "DELETE"),
    ("GET",) * 13 + ("HEAD", "OPTIONS", "PATCH"),
)
_SCAN_STATUSES = {404: 0.7, 403: 0.15, 400: 0.1, 200: 0.03, 500: 0.02}
_ABUSE_STATUSES = {401: 0.6, 429: 0.2, 403: 0.1, 404: 0.08, 200: 0.02}


class Phase(NamedTuple):
    """A phase of the log: its length in percent of the span, its speed (of _SPEEDS) and its rate (of _RATES)."""

    percent: int
    speed: str
    rate: str


# The incidents, if any, lie within these phases.
PHASES = (
    *(Phase(12, "normal", "normal"), Phase(10, "fast", "sparse"), Phase(8, "fast", "normal")),
    *(Phase(8, "normal", "dense"), Phase(7, "slow", "dense"), Phase(4, "very slow", "dense")),
    *(Phase(17, "normal", "normal"), Phase(7, "slow", "sparse"), Phase(8, "fast", "dense")),
    *(Phase(10, "normal", "normal"), Phase(3, "very slow", "sparse"), Phase(6, "normal", "sparse")),
)


class Traffic:
    """The lines of a set of options, numbered from 0 in order of time. Only bursts overlap the lines after them."""

    def __init__(self, options: AccessOptions, vocabulary: Vocabulary) -> None:
        self._options = options
        self._vocabulary = vocabulary
        self.count = options.rows
        self.start_us = options.start_us()
        self.span_ms = max(1, round(options.span_s * 1000))
        self.end_us = self.start_us + self.span_ms * 1000
        self._keys = keys(options.seed, 3)
        self._arrivals = ArrivalTimes(self.count, self.span_ms, _rate)
        bursts = min(self.count // 400, max(options.abusers, self.count // 20_000)) if options.abusers else 0
        self._bursts = bursts
        self._stride = self.count // bursts if bursts else self.count + 1
        incidents = INCIDENTS if options.incident else ()
        regimes = [*_SPEEDS.values(), *((slower, errors) for *_, slower, errors in incidents)]
        self._regimes = pl.Series(_regimes(incidents))
        self._latencies = _latencies([slower for slower, _ in regimes])
        statuses = [status_table(errors) for _, errors in regimes]
        statuses += [status_table(0, _SCAN_STATUSES), status_table(0, _ABUSE_STATUSES)]
        self._scan_table, self._abuse_table = len(regimes), len(regimes) + 1
        self._statuses = pl.Series([code for table in statuses for code in table])
        targets = len(vocabulary.ids)
        self._first, self._ids = pl.Series(vocabulary.first), pl.Series(vocabulary.ids)
        self._routes = pl.Series(_routes(vocabulary.routes, targets))
        self._methods = pl.Series(
            [METHODS.index(name) for route in range(targets) for name in _ROUTE_METHODS[route % len(_ROUTE_METHODS)]]
        )
        # Requests of scanners are answered fast.
        self._speeds = pl.Series(
            [(route * 5 + 3) % len(_CLASSES) if route < vocabulary.routes else 0 for route in range(targets)]
        )
        self._agents = pl.Series([step * step * len(AGENTS) // _AGENTS**2 for step in range(_AGENTS)])

    def earliest_us(self, number: int) -> int:
        """The instant in µs before which neither line `number` nor any later line has its time."""
        begin, length = self._burst(number // self._stride)
        inside = begin < number < begin + length
        return self.start_us + 1000 * self._arrivals.earliest_ms(begin if inside else number)

    def _burst(self, burst: int) -> tuple[int, int]:
        """The first line of a burst, and its number of lines. An abusive address sends a burst within a minute."""
        length = 90 + burst * 37 % 80 if burst < self._bursts else 0
        return burst * self._stride + self._stride // 3, length

    def lines(self, first: int, end: int) -> pl.DataFrame:
        """Lines `first` to `end` (excluded), in no order.

        Columns: at (instant in µs), late_us (the line stands in the log as if it were so much later), kind, status, us
        (duration in µs), numbers of the vocabulary (method, endpoint, ip, agent), and random bits that choose how the
        line is written: query (8 bits), form (4 bits), seed (64 bits).
        """
        number, is_normal = pl.col("number"), pl.col("abuser").is_null()
        frame = self._numbers(first, end).with_columns(
            mixed(number + word(key)).alias(stream)
            for stream, key in zip(("base", "more", "extra"), self._keys, strict=True)
        )
        frame = frame.with_columns(t=pl.coalesce("burst_ms", self._arrivals.ms(number, bits("base", 43, 16))))
        attack_count = len(self._vocabulary.ids) - self._vocabulary.routes
        frame = frame.with_columns(
            regime=pl.lit(self._regimes).gather(pl.col("t") * _TIME_STEPS // self.span_ms),
            route=pl.when(is_normal)
            .then(pl.lit(self._routes).gather(bits("more", 32, 16)))
            .otherwise(self._vocabulary.routes + bits("extra", 36, 10) % attack_count),
            ip=pl.when(is_normal).then(self._ip(bits("base", 23, 20))).otherwise(self._options.ips + pl.col("abuser")),
        )
        route = pl.col("route")
        normal_table = pl.when(route < self._vocabulary.routes).then("regime").otherwise(self._scan_table)
        outcome_table = pl.when(is_normal).then(normal_table).otherwise(self._abuse_table)
        speed = pl.lit(self._speeds).gather(route)
        latency = (pl.col("regime") * len(_CLASSES) + speed) * _LATENCIES + bits("base", 0, 13)
        ids = pl.lit(self._ids).gather(route)
        agent = pl.lit(self._agents).gather(pl.col("ip") * 7919 % _AGENTS)
        delay_us = bits("extra", 20, 16) * round(self._options.disorder_s * 1000) // (1 << 16) * 1000
        return frame.select(
            at=pl.col("t") * 1000 + self.start_us,
            late_us=pl.when(bits("extra", 12, 8) < 13).then(delay_us).otherwise(0),
            kind=self._kind(bits("more", 0, 32)),
            status=pl.lit(self._statuses).gather(outcome_table * STATUS_STEPS + bits("base", 13, 10)),
            us=pl.lit(self._latencies).gather(latency) * 1000,
            method=pl.lit(self._methods).gather(route * 16 + bits("more", 60, 4)),
            endpoint=pl.lit(self._first).gather(route) + bits("more", 48, 12) * ids // MAX_IDS,
            ip="ip",
            agent=pl.when(is_normal).then(agent).otherwise(len(AGENTS) + pl.col("abuser") % len(AGENTS_OF_ATTACKS)),
            query=bits("extra", 0, 8),
            form=bits("extra", 8, 4),
            seed="extra",
        )

    def _numbers(self, first: int, end: int) -> pl.DataFrame:
        """The numbers of a range of lines, with burst_ms (time) and abuser (address); both null outside of bursts."""
        normal: list[pl.Series] = []
        abusive: list[tuple[int, int, int]] = []
        next_number = first
        for burst in range(first // self._stride, (end - 1) // self._stride + 1):
            begin, length = self._burst(burst)
            low, high = max(begin, first), min(begin + length, end)
            if low >= high:
                continue
            start_ms, abuser = self._arrivals.earliest_ms(begin), burst % self._options.abusers
            for number in range(low, high):
                ms = start_ms + (number - begin) * _BURST_MS // length
                abusive.append((number, min(ms, self.span_ms - 1), abuser))
            normal.append(pl.int_range(next_number, low, eager=True))
            next_number = high
        normal.append(pl.int_range(next_number, end, eager=True))
        schema = {"number": pl.UInt64, "burst_ms": pl.Int64, "abuser": pl.Int64}
        numbers = pl.concat(normal).cast(pl.UInt64).alias("number").to_frame()
        return pl.concat([numbers, pl.DataFrame(abusive, schema=schema, orient="row")], how="diagonal")

    def _ip(self, random: pl.Expr) -> pl.Expr:
        """Random addresses. The first ones come up to three times as often as the last ones."""
        return random * (random + (1 << 20)) // (1 << 21) * self._options.ips // (1 << 20)

    def _kind(self, random: pl.Expr) -> pl.Expr:
        options = self._options
        kind: pl.Expr = pl.lit(PLAIN)
        shares = ((MALFORMED, options.malformed), (BLANK, options.blank), (INCOMPLETE, options.missing))
        below = sum(share for _, share in shares)
        kind = pl.when(random < threshold(below + ODD_SHARE)).then(ODD).otherwise(kind)
        for code, share in reversed(shares):
            kind = pl.when(random < threshold(below)).then(code).otherwise(kind)
            below -= share
        return kind


def _rate(share: float) -> float:
    return _RATES[_phase(share).rate]


def _phase(share: float) -> Phase:
    begin = 0
    for phase in PHASES:
        begin += phase.percent
        if share * 100 < begin:
            return phase
    return PHASES[-1]


def _regimes(incidents: Sequence[tuple[float, float, float, float]]) -> list[int]:
    """The regime at equal steps of the span: the index of a speed, or, from len(_SPEEDS) on, of an incident."""
    names = list(_SPEEDS)
    regimes = [names.index(_phase(step / _TIME_STEPS).speed) for step in range(_TIME_STEPS)]
    for regime, (begin, end, *_) in enumerate(incidents, len(names)):
        low, high = round(begin * _TIME_STEPS), round(end * _TIME_STEPS)
        regimes[low:high] = [regime] * (high - low)
    return regimes


def _latencies(factors: Sequence[float]) -> pl.Series:
    """Durations in ms for each regime, each class of routes and each step of probability."""
    curve = pl.Series(latency_curve(_LATENCIES))
    tables = [(curve * (slower * factor)).round() for slower in factors for factor in _CLASSES]
    return pl.concat(tables).clip(1, MAX_LATENCY_MS).cast(pl.Int64)


def _routes(routes: int, targets: int) -> list[int]:
    """Routes at equal steps of probability: few are busy, most are rare, and those of attacks are very rare."""
    weights = [1 / (route + 2) ** 0.8 for route in range(routes)]
    weights += [sum(weights) * _SCANS / (targets - routes)] * (targets - routes)
    table: list[int] = []
    reached, total = 0.0, sum(weights)
    for route, weight in enumerate(weights):
        reached += weight
        table += [route] * (round(reached / total * _ROUTES) - len(table))
    return table
