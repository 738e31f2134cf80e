"""What happens in a generated pair of logs: which exchanges there are, when, how slow, and what befalls them.

Everything is integer arithmetic on an exchange's number and the seed, so that any stretch can be made on its own and
is the same on every run. How lines look, and what is written, is the business of `generate.py`.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import NormalDist

import msgspec
import polars as pl

from logcorr.errors import UsageError

# What befalls an exchange; an exchange has exactly one fate, so that no special case meets another.
PLAIN, NO_RESPONSE, NO_REQUEST, RETRIED, EXTRA_REQUEST, EXTRA_RESPONSE, SKEWED = range(7)

# How a timestamp is written; all but the first are rare.
MILLIS, MICROS, NANOS, OFFSET, SPACE, SECONDS = range(6)

MAX_LATENCY_MS = 60_000
MAX_SKEW_MS = 251
MAX_ROWS = 10**10
MAX_SECONDS = 10 * 366 * 86_400.0

_WORD = (1 << 64) - 1
_ID_BITS = (1 << 48) - 1
_KNOTS = 1024
_LATENCIES = 1 << 15
_STATUSES = 1 << 10
_USERS = 1 << 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# (from, to) in shares of the span, how much slower, the share of server errors. The first also holds the crash.
_INCIDENTS = ((0.53, 0.60, 12.0, 0.25), (0.825, 0.84, 4.0, 0.08))
_CRASH = (0.58, 0.59)
_STATUS_SHARES = {
    200: 0.79, 201: 0.10, 304: 0.06, 404: 0.03, 400: 0.004, 401: 0.003, 403: 0.002, 429: 0.004,
    500: 0.004, 502: 0.001, 503: 0.0015, 0: 0.0005,
}  # fmt: skip


class PairOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a generated pair of logs is to be like; everything but `directory` and `force` shapes the bytes.

    `request_orphans`, `response_orphans`, `retries` and `skew` are shares of the exchanges and add up to at most 1; of
    the retried ids four in five get a second full exchange, the others only a second request or response. A rate of
    orphans above 0 also loses the responses of the last requests, or the requests of the first responses, as a log
    that was cut out of a running service does. `malformed`, `blank` and `redelivered` are shares of the lines, of
    which at least half stay sound.
    """

    directory: str
    rows: int = 1_000_000
    seed: int = 1
    start: str = "2025-11-21T14:00:00Z"
    span_s: float = 7200.0
    users: int = 50_000
    request_orphans: float = 0.003
    response_orphans: float = 0.0005
    retries: float = 0.002
    redelivered: float = 0.001
    malformed: float = 0.0005
    disorder_s: float = 2.0
    skew: float = 0.001
    incident: bool = False
    blank: float = 0.0001
    header: bool = False
    encoding_errors: bool = True
    force: bool = False

    def check(self) -> None:
        """Raise UsageError for the first option that makes no sense."""
        for name in ("request_orphans", "response_orphans", "retries", "skew", "redelivered", "malformed", "blank"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}: a share must be from 0 to 1")
        if (fates := self.request_orphans + self.response_orphans + self.retries + self.skew) > 1 + 1e-9:
            raise UsageError(
                f"request_orphans, response_orphans, retries and skew add up to {fates:g}: lower them to 1 at most"
            )
        if self.noise > 0.5:
            raise UsageError(f"malformed, blank and redelivered add up to {self.noise:g}: lower them to 0.5 at most")
        if not 0 <= self.rows <= MAX_ROWS:
            raise UsageError(f"rows is {self.rows}: give a number from 0 to {MAX_ROWS:,}")
        if not 1 <= self.users <= MAX_ROWS:
            raise UsageError(f"users is {self.users}: give a number from 1 to {MAX_ROWS:,}")
        if not 0.001 <= self.span_s <= MAX_SECONDS:
            raise UsageError(f"span_s is {self.span_s}: give seconds from 0.001 to {MAX_SECONDS:.0f}")
        if not 0 <= self.disorder_s <= MAX_SECONDS:
            raise UsageError(f"disorder_s is {self.disorder_s}: give seconds from 0 to {MAX_SECONDS:.0f}")
        self.start_us()

    @property
    def noise(self) -> float:
        """The share of lines that are malformed, blank or a second copy."""
        return self.malformed + self.blank + self.redelivered

    def start_us(self) -> int:
        """`start` in whole milliseconds, given as microseconds since 1970; UTC where it has no zone."""
        try:
            start = datetime.fromisoformat(self.start)
            start = start if start.tzinfo else start.replace(tzinfo=UTC)
            # A day of room on both sides, for skew, slow responses and other zones.
            _ = (start - timedelta(days=1), (start + timedelta(seconds=self.span_s, days=1)).astimezone(UTC))
            return (start - _EPOCH) // timedelta(milliseconds=1) * 1000
        except (ValueError, OverflowError):
            raise UsageError(
                f"start is {self.start!r}: give a time like 2025-11-21T14:00:00Z, with the span in years 1 to 9999"
            ) from None


class Scenario:
    """The exchanges of one set of options, numbered from 0 to `count` in order of their requests."""

    def __init__(self, options: PairOptions) -> None:
        self._options = options
        self.start_us = options.start_us()
        self._span_ms = max(1, round(options.span_s * 1000))
        lost = (options.request_orphans + options.response_orphans) / 2
        self.count = round(options.rows * (1 - options.noise) / (1 + 0.9 * options.retries - lost))
        self._ends = min(max(3, int(self.count * 0.2 / options.span_s)), self.count // 50)
        self._keys = [_mixed(options.seed * 8 + lane) for lane in range(6)]
        self._knots = _knots(self._span_ms)
        incidents = _INCIDENTS if options.incident else ()
        regimes = [(1.0, 0.0), *((slower, errors) for _, _, slower, errors in incidents)]
        self._latencies = pl.Series([ms for slower, _ in regimes for ms in _latency_table(slower)])
        self._statuses = pl.Series([code for _, errors in regimes for code in _status_table(errors)])
        self._users = pl.Series([int(options.users ** (step / _USERS)) for step in range(_USERS)] + [options.users + 1])

    def earliest_us(self, number: int) -> int:
        """The instant before which neither exchange `number` nor any later one has a request."""
        if number >= self.count:
            return self.start_us + self._span_ms * 1000
        knot, rest = divmod(number * _KNOTS, self.count)
        return self.start_us + 1000 * (
            self._knots[knot] + (self._knots[knot + 1] - self._knots[knot]) * rest // self.count
        )

    def exchanges(self, first: int, end: int) -> pl.DataFrame:
        """Exchanges `first` to `end` (excluded), a row each.

        Columns: id (the 48 bits of its name), fate, user (null: none), status, request_us, request_form, response_us,
        response_form, request_bits and response_bits (64 random bits for the noise around the lines), and for a second
        request or response of the same id: again_request_us, again_response_us, again_status. What the fate rules out
        is filled in all the same, and not to be used.
        """
        number = pl.col("number")
        frame = pl.select(number=pl.int_range(first, end, dtype=pl.UInt64))
        lanes = ("base", "more", "extra", "request_bits", "response_bits")
        frame = frame.with_columns(
            self._identity(number).alias("id"),
            *(mixed(number + word(key)).alias(lane) for lane, key in zip(lanes, self._keys, strict=False)),
        )
        frame = frame.with_columns(t=self._request_ms(number, bits("extra", 0, 16)))
        frame = frame.with_columns(regime=self._regime(), fate=self._fate(number, bits("more", 0, 32)))
        frame = frame.with_columns(
            (pl.col("t") + self._shift()).alias("r"),
            self._status(bits("base", 15, 10), pl.col("regime")).alias("status"),
            self._user().alias("user"),
        )
        again = pl.col("r") + 50 + bits("more", 32, 12)
        frame = frame.with_columns(
            again.alias("again_request"),
            (again + self._latency(bits("more", 44, 15), pl.lit(0))).alias("again_response"),
            self._status(bits("extra", 54, 10), pl.lit(0)).alias("again_status"),
        )
        if self._options.incident:
            frame = frame.with_columns(fate=self._crash())
        frame = frame.with_columns(request_form=self._form("t", 16), response_form=self._form("r", 31))
        return frame.select(
            *("id", "fate", "user", "status", "again_status", "request_form", "response_form"),
            *("request_bits", "response_bits"),
            request_us=self._instant("t") + _submillis("request_form", 28),
            response_us=self._instant("r") + _submillis("response_form", 43),
            again_request_us=self._instant("again_request"),
            again_response_us=self._instant("again_response"),
        )

    def _instant(self, column: str) -> pl.Expr:
        return pl.col(column) * 1000 + self.start_us

    def _identity(self, number: pl.Expr) -> pl.Expr:
        """Every step can be undone within 48 bits, so no two numbers share an id."""
        mask = word(_ID_BITS)
        value = ((number ^ word(self._keys[5] & _ID_BITS)) * word(0x9E3779B97F4B)) & mask
        value = ((value ^ (value // word(1 << 24))) * word(0xD1B54A32D193)) & mask
        return value ^ (value // word(1 << 23))

    def _request_ms(self, number: pl.Expr, random: pl.Expr) -> pl.Expr:
        """Milliseconds after the start: along the rate curve, and up to three gaps late, as chance has it."""
        scaled = number.cast(pl.Int64) * _KNOTS
        steps = pl.Series([b - a for a, b in zip(self._knots, self._knots[1:], strict=False)])
        knot = scaled // self.count
        step = pl.lit(steps).gather(knot)
        even = pl.lit(pl.Series(self._knots)).gather(knot) + step * (scaled % self.count) // self.count
        late = random * (step * (3 * _KNOTS) // self.count) // 65_536
        return pl.min_horizontal(even + late, pl.lit(self._span_ms - 1))

    def _regime(self) -> pl.Expr:
        """0 for normal operation, or the number of the incident."""
        regime = pl.lit(0, dtype=pl.Int64)
        if self._options.incident:
            for place, (begin, end, _, _) in enumerate(_INCIDENTS, 1):
                regime = pl.when(self._within("t", begin, end)).then(place).otherwise(regime)
        return regime

    def _within(self, column: str, begin: float, end: float) -> pl.Expr:
        low, high = round(begin * self._span_ms), round(end * self._span_ms)
        return (pl.col(column) >= low) & (pl.col(column) < high)

    def _fate(self, number: pl.Expr, random: pl.Expr) -> pl.Expr:
        options, retries = self._options, self._options.retries
        fate: pl.Expr = pl.lit(PLAIN, dtype=pl.Int64)
        shares = (
            *((NO_RESPONSE, options.request_orphans), (NO_REQUEST, options.response_orphans), (SKEWED, options.skew)),
            *((RETRIED, 0.8 * retries), (EXTRA_REQUEST, 0.1 * retries), (EXTRA_RESPONSE, 0.1 * retries)),
        )
        below = sum(share for _, share in shares)
        for code, share in reversed(shares):
            fate = pl.when(random < threshold(below)).then(code).otherwise(fate)
            below -= share
        if options.response_orphans > 0:
            fate = pl.when(number < self._ends).then(NO_REQUEST).otherwise(fate)
        if options.request_orphans > 0:
            fate = pl.when(number >= self.count - self._ends).then(NO_RESPONSE).otherwise(fate)
        return fate

    def _crash(self) -> pl.Expr:
        """The fate, once a crash has taken every response of its time, and every answer to a request of its time."""
        twice = pl.col("fate").is_in([RETRIED, EXTRA_RESPONSE])
        hit = (
            self._within("t", *_CRASH) | self._within("r", *_CRASH) | (twice & self._within("again_response", *_CRASH))
        )
        return pl.when(hit).then(NO_RESPONSE).otherwise(pl.col("fate"))

    def _shift(self) -> pl.Expr:
        """Response minus request in milliseconds; at least 1 in size, so that finer digits never turn its sign."""
        skewed = -1 - bits("extra", 46, 8) % (MAX_SKEW_MS - 1)
        latency = self._latency(bits("base", 0, 15), pl.col("regime"))
        return pl.when(pl.col("fate") == SKEWED).then(skewed).otherwise(latency)

    def _latency(self, random: pl.Expr, regime: pl.Expr) -> pl.Expr:
        return pl.lit(self._latencies).gather(random + regime * _LATENCIES)

    def _status(self, random: pl.Expr, regime: pl.Expr) -> pl.Expr:
        return pl.lit(self._statuses).gather(random + regime * _STATUSES)

    def _form(self, column: str, offset: int) -> pl.Expr:
        """One line in a thousand is written in another form, and every other one that falls on a whole second."""
        rare = bits("extra", offset, 12)
        whole = ((pl.col(column) + self.start_us // 1000) % 1000 == 0) & (rare % 2 == 0)
        return pl.when(rare < SPACE).then(rare + 1).when(whole).then(SECONDS).otherwise(MILLIS)

    def _user(self) -> pl.Expr:
        """A Zipf-like rank from 1 to `users`: few are busy, most are rare; one request in 128 has none."""
        place, fine = bits("base", 25, 12), bits("base", 37, 20)
        low, high = pl.lit(self._users).gather(place), pl.lit(self._users).gather(place + 1)
        return pl.when(bits("base", 57, 7) > 0).then(low + (high - low) * fine // (1 << 20))


def word(value: int) -> pl.Expr:
    """A 64-bit unsigned literal."""
    return pl.lit(value, dtype=pl.UInt64)


def bits(column: str, offset: int, width: int) -> pl.Expr:
    """`width` bits of a 64-bit column from bit `offset` on, as a signed integer."""
    return ((pl.col(column) // word(1 << offset)) & word((1 << width) - 1)).cast(pl.Int64)


def threshold(share: float) -> int:
    """The number of 32-bit values that stand for a share."""
    return round(min(1.0, max(0.0, share)) * (1 << 32))


def mixed(value: pl.Expr) -> pl.Expr:
    """splitmix64: 64 well-mixed bits for every 64-bit integer. Unlike polars' hash it never changes."""
    value = value * word(0x9E3779B97F4A7C15)
    value = (value ^ (value // word(1 << 30))) * word(0xBF58476D1CE4E5B9)
    value = (value ^ (value // word(1 << 27))) * word(0x94D049BB133111EB)
    return value ^ (value // word(1 << 31))


def _mixed(value: int) -> int:
    """The same for a plain integer."""
    value = (value * 0x9E3779B97F4A7C15) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


def _submillis(form: str, offset: int) -> pl.Expr:
    """Microseconds beyond the millisecond, in eight steps: so durations keep few distinct values at any size."""
    return pl.when(pl.col(form).is_in([MICROS, NANOS])).then(bits("extra", offset, 3) * 125).otherwise(0)


def _knots(span_ms: int) -> list[int]:
    """The milliseconds at which equal shares of all requests have come, for a rate with a slow daily swing."""
    rates = [
        1 + 0.45 * math.sin(math.tau * (x / 4096 - 0.2)) + 0.12 * math.sin(math.tau * 3 * x / 4096) for x in range(4096)
    ]
    knots, total, done, step = [0], sum(rates), 0.0, 0
    for knot in range(1, _KNOTS):
        while step < 4096 and done + rates[step] < total * knot / _KNOTS:
            done += rates[step]
            step += 1
        knots.append(int(span_ms * (step + (total * knot / _KNOTS - done) / rates[step]) / 4096))
    return [*knots, span_ms]


@cache
def _latency_table(slower: float) -> Sequence[int]:
    """Milliseconds at equal steps of probability: a log-normal hump about 14 ms, one in 25 in a second, slow one."""
    normal, table = NormalDist(), []
    for step in range(_LATENCIES):
        share = (step + 0.5) / _LATENCIES
        if share < 0.96:
            ms = 13.3 * math.exp(0.6 * normal.inv_cdf(share / 0.96))
        else:
            ms = 450 * math.exp(0.85 * normal.inv_cdf((share - 0.96) / 0.04))
        table.append(min(MAX_LATENCY_MS, max(1, round(ms * slower))))
    return table


def _status_table(errors: float) -> list[int]:
    """Status codes at equal steps of probability, a share of them turned into server errors."""
    codes: list[int] = []
    reached = 0.0
    for code, share in {503: errors * 0.6, 500: errors * 0.3, 504: errors * 0.1}.items():
        reached += share
        codes += [code] * (round(reached * _STATUSES) - len(codes))
    for code, share in _STATUS_SHARES.items():
        reached += share * (1 - errors)
        codes += [code] * (round(reached * _STATUSES) - len(codes))
    return codes + [200] * (_STATUSES - len(codes))
