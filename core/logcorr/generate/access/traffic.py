"""What happens in a generated access log: which requests come, when, from whom, for what, how slow, and how they end.

Everything is integer arithmetic on a line's number and the seed, so that any stretch can be made on its own and is the
same on every run. The texts are in `wording.py`; how lines look is the business of `access_lines.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from logcorr.generate.access.options import MAX_IDS, AccessOptions
from logcorr.generate.access.texts import AGENTS, AGENTS_OF_ATTACKS, METHODS, Words
from logcorr.generate.load_curves import INCIDENTS, MAX_LATENCY_MS, STATUS_STEPS, Pace, latency_curve, status_table
from logcorr.generate.random_bits import bits, keys, mixed, threshold, word

# What becomes of a line. Odd ones are sound, but written in an uncommon way.
PLAIN, ODD, INCOMPLETE, MALFORMED, BLANK = range(5)

ODD_SHARE = 1 / 64
_BURST_MS = 50_000
_LATENCIES = 1 << 13
_ROUTES = 1 << 16
_SCANS = 0.003
_AGENTS = 1 << 10
_MOMENTS = 1000

# How much slower, and the share of server errors.
_SPEEDS = {"fast": (0.3, 0.0), "normal": (1.0, 0.0), "slow": (5.0, 0.005), "very slow": (20.0, 0.02)}
_RATES = {"sparse": 0.15, "normal": 1.0, "dense": 3.0}
# How many times slower one route is than another.
_CLASSES = (0.25, 0.5, 0.8, 1.0, 1.3, 2.0, 4.0, 10.0)
# The methods of a route at equal steps of probability.
_USED = (
    ("GET",) * 16,
    ("GET",) * 12 + ("POST",) * 4,
    ("POST",) * 12 + ("PUT", "PUT", "DELETE", "DELETE"),
    ("GET",) * 13 + ("HEAD", "OPTIONS", "PATCH"),
)
_SCANNED = {404: 0.7, 403: 0.15, 400: 0.1, 200: 0.03, 500: 0.02}
_HAMMERED = {401: 0.6, 429: 0.2, 403: 0.1, 404: 0.08, 200: 0.02}


class Phase(NamedTuple):
    """A stretch of the span, in percent of it, with its speed and rate."""

    percent: int
    speed: str
    rate: str


# The incidents, if any, fall into the ordinary phases.
PHASES = (
    *(Phase(12, "normal", "normal"), Phase(10, "fast", "sparse"), Phase(8, "fast", "normal")),
    *(Phase(8, "normal", "dense"), Phase(7, "slow", "dense"), Phase(4, "very slow", "dense")),
    *(Phase(17, "normal", "normal"), Phase(7, "slow", "sparse"), Phase(8, "fast", "dense")),
    *(Phase(10, "normal", "normal"), Phase(3, "very slow", "sparse"), Phase(6, "normal", "sparse")),
)


class Traffic:
    """The lines of one set of options, numbered in order of their time, but that a burst lasts as long as it does."""

    def __init__(self, options: AccessOptions, words: Words) -> None:
        self._options = options
        self._words = words
        self.count = options.rows
        self.start_us = options.start_us()
        self.span_ms = max(1, round(options.span_s * 1000))
        self.end_us = self.start_us + self.span_ms * 1000
        self._keys = keys(options.seed, 3)
        self._pace = Pace(self.count, self.span_ms, _rate)
        bursts = min(self.count // 400, max(options.abusers, self.count // 20_000)) if options.abusers else 0
        self._bursts = bursts
        self._stride = self.count // bursts if bursts else self.count + 1
        incidents = INCIDENTS if options.incident else ()
        regimes = [*_SPEEDS.values(), *((slower, errors) for *_, slower, errors in incidents)]
        self._regimes = pl.Series(_regimes(incidents))
        self._latencies = _latencies([slower for slower, _ in regimes])
        statuses = [status_table(errors) for _, errors in regimes]
        statuses += [status_table(0, _SCANNED), status_table(0, _HAMMERED)]
        self._scanned, self._hammered = len(regimes), len(regimes) + 1
        self._statuses = pl.Series([code for table in statuses for code in table])
        targets = len(words.ids)
        self._first, self._ids = pl.Series(words.first), pl.Series(words.ids)
        self._routes = pl.Series(_routes(words.routes, targets))
        self._methods = pl.Series(
            [METHODS.index(name) for route in range(targets) for name in _USED[route % len(_USED)]]
        )
        # The pages that scanners ask for are answered fast.
        self._speeds = pl.Series(
            [(route * 5 + 3) % len(_CLASSES) if route < words.routes else 0 for route in range(targets)]
        )
        self._agents = pl.Series([place * place * len(AGENTS) // _AGENTS**2 for place in range(_AGENTS)])

    def earliest_us(self, number: int) -> int:
        """The instant before which neither line `number` nor any later one has its time."""
        begin, length = self._burst(number // self._stride)
        inside = begin < number < begin + length
        return self.start_us + 1000 * self._pace.earliest_ms(begin if inside else number)

    def _burst(self, place: int) -> tuple[int, int]:
        """The first line of a burst, and how many there are: an abusive address has them within a minute."""
        length = 90 + place * 37 % 80 if place < self._bursts else 0
        return place * self._stride + self._stride // 3, length

    def lines(self, first: int, end: int) -> pl.DataFrame:
        """Lines `first` to `end` (excluded), a row each, in no order.

        Columns: at (µs), late_us (how far down the log it comes), kind, status, us (its duration), numbers of Words
        (method, endpoint, ip, agent), and for the way it is written: query (8 bits), form (4 bits), seed (64 bits).
        """
        number, calm = pl.col("number"), pl.col("abuser").is_null()
        frame = self._numbers(first, end).with_columns(
            mixed(number + word(key)).alias(lane)
            for lane, key in zip(("base", "more", "extra"), self._keys, strict=True)
        )
        frame = frame.with_columns(t=pl.coalesce("burst_ms", self._pace.ms(number, bits("base", 43, 16))))
        attack = len(self._words.ids) - self._words.routes
        frame = frame.with_columns(
            regime=pl.lit(self._regimes).gather(pl.col("t") * _MOMENTS // self.span_ms),
            route=pl.when(calm)
            .then(pl.lit(self._routes).gather(bits("more", 32, 16)))
            .otherwise(self._words.routes + bits("extra", 36, 10) % attack),
            ip=pl.when(calm).then(self._ip(bits("base", 23, 20))).otherwise(self._options.ips + pl.col("abuser")),
        )
        route = pl.col("route")
        scanned = pl.when(route < self._words.routes).then("regime").otherwise(self._scanned)
        state = pl.when(calm).then(scanned).otherwise(self._hammered)
        speed = pl.lit(self._speeds).gather(route)
        latency = (pl.col("regime") * len(_CLASSES) + speed) * _LATENCIES + bits("base", 0, 13)
        ids = pl.lit(self._ids).gather(route)
        agent = pl.lit(self._agents).gather(pl.col("ip") * 7919 % _AGENTS)
        moved = bits("extra", 20, 16) * round(self._options.disorder_s * 1000) // (1 << 16) * 1000
        return frame.select(
            at=pl.col("t") * 1000 + self.start_us,
            late_us=pl.when(bits("extra", 12, 8) < 13).then(moved).otherwise(0),
            kind=self._kind(bits("more", 0, 32)),
            status=pl.lit(self._statuses).gather(state * STATUS_STEPS + bits("base", 13, 10)),
            us=pl.lit(self._latencies).gather(latency) * 1000,
            method=pl.lit(self._methods).gather(route * 16 + bits("more", 60, 4)),
            endpoint=pl.lit(self._first).gather(route) + bits("more", 48, 12) * ids // MAX_IDS,
            ip="ip",
            agent=pl.when(calm).then(agent).otherwise(len(AGENTS) + pl.col("abuser") % len(AGENTS_OF_ATTACKS)),
            query=bits("extra", 0, 8),
            form=bits("extra", 8, 4),
            seed="extra",
        )

    def _numbers(self, first: int, end: int) -> pl.DataFrame:
        """The numbers of a stretch, with the time (burst_ms) and the address (abuser) of those in a burst."""
        calm: list[pl.Series] = []
        hammered: list[tuple[int, int, int]] = []
        at = first
        for place in range(first // self._stride, (end - 1) // self._stride + 1):
            begin, length = self._burst(place)
            low, high = max(begin, first), min(begin + length, end)
            if low >= high:
                continue
            start_ms, abuser = self._pace.earliest_ms(begin), place % self._options.abusers
            for number in range(low, high):
                ms = start_ms + (number - begin) * _BURST_MS // length
                hammered.append((number, min(ms, self.span_ms - 1), abuser))
            calm.append(pl.int_range(at, low, eager=True))
            at = high
        calm.append(pl.int_range(at, end, eager=True))
        schema = {"number": pl.UInt64, "burst_ms": pl.Int64, "abuser": pl.Int64}
        numbers = pl.concat(calm).cast(pl.UInt64).alias("number").to_frame()
        return pl.concat([numbers, pl.DataFrame(hammered, schema=schema, orient="row")], how="diagonal")

    def _ip(self, random: pl.Expr) -> pl.Expr:
        """The first addresses come up to three times as often as the last."""
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
    """Which regime holds at equal steps of the span: a speed, or after those an incident."""
    names = list(_SPEEDS)
    regimes = [names.index(_phase(moment / _MOMENTS).speed) for moment in range(_MOMENTS)]
    for place, (begin, end, *_) in enumerate(incidents, len(names)):
        low, high = round(begin * _MOMENTS), round(end * _MOMENTS)
        regimes[low:high] = [place] * (high - low)
    return regimes


def _latencies(factors: Sequence[float]) -> pl.Series:
    """Milliseconds for each regime, class of routes and step of probability."""
    curve = pl.Series(latency_curve(_LATENCIES))
    tables = [(curve * (slower * factor)).round() for slower in factors for factor in _CLASSES]
    return pl.concat(tables).clip(1, MAX_LATENCY_MS).cast(pl.Int64)


def _routes(routes: int, targets: int) -> list[int]:
    """Routes at equal steps of probability: few are busy, most are rare; the last, that scanners ask for, very rare."""
    weights = [1 / (route + 2) ** 0.8 for route in range(routes)]
    weights += [sum(weights) * _SCANS / (targets - routes)] * (targets - routes)
    table: list[int] = []
    reached, total = 0.0, sum(weights)
    for route, weight in enumerate(weights):
        reached += weight
        table += [route] * (round(reached / total * _ROUTES) - len(table))
    return table
