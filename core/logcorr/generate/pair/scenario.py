"""What happens in a generated pair of logs: which exchanges there are, when, how slow, and what befalls them.

Everything is integer arithmetic on an exchange's number and the seed, so that any stretch can be made on its own and
is the same on every run. How lines look, and what is written, is the business of `generate.py`.
"""

import polars as pl

from logcorr.generate import option_checks
from logcorr.generate.load_curves import INCIDENTS, STATUS_STEPS, Pace, latency_table, status_table, swing
from logcorr.generate.random_bits import bits, keys, mixed, threshold, word
from logcorr.generate.writer import MICROS, MILLIS, NANOS, SECONDS, SPACE

# What befalls an exchange; an exchange has exactly one fate, so that no special case meets another.
PLAIN, NO_RESPONSE, NO_REQUEST, RETRIED, EXTRA_REQUEST, EXTRA_RESPONSE, SKEWED = range(7)

MAX_SKEW_MS = 251

_ID_BITS = (1 << 48) - 1
_LATENCIES = 1 << 15
_USERS = 1 << 12

# In shares of the span, within the first incident.
_CRASH = (0.58, 0.59)


class PairOptions(option_checks.GeneratorOptions, frozen=True, kw_only=True):
    """What a generated pair of logs is to be like; everything but `directory` and `force` shapes the bytes.

    `request_orphans`, `response_orphans`, `retries` and `skew` are shares of the exchanges and add up to at most 1; of
    the retried ids four in five get a second full exchange, the others only a second request or response. A rate of
    orphans above 0 also loses the responses of the last requests, or the requests of the first responses, as a log
    that was cut out of a running service does. `malformed`, `blank` and `redelivered` are shares of the lines, of
    which at least half stay sound.
    """

    directory: str
    users: int = 50_000
    request_orphans: float = 0.003
    response_orphans: float = 0.0005
    retries: float = 0.002
    redelivered: float = 0.001
    skew: float = 0.001
    header: bool = False

    def check(self) -> None:
        """Raise UsageError for the first option that makes no sense."""
        fates = {name: getattr(self, name) for name in ("request_orphans", "response_orphans", "retries", "skew")}
        noise = {name: getattr(self, name) for name in ("malformed", "blank", "redelivered")}
        option_checks.check_shares(**fates, **noise)
        option_checks.check_sum(1, **fates)
        option_checks.check_sum(0.5, **noise)
        option_checks.check_number("rows", self.rows, 0)
        option_checks.check_number("users", self.users, 1)
        self.check_times()

    @property
    def noise(self) -> float:
        """The share of lines that are malformed, blank or a second copy."""
        return self.malformed + self.blank + self.redelivered


class Scenario:
    """The exchanges of one set of options, numbered from 0 to `count` in order of their requests."""

    def __init__(self, options: PairOptions) -> None:
        self._options = options
        self.start_us = options.start_us()
        self._span_ms = max(1, round(options.span_s * 1000))
        lost = (options.request_orphans + options.response_orphans) / 2
        self.count = round(options.rows * (1 - options.noise) / (1 + 0.9 * options.retries - lost))
        self._ends = min(max(3, int(self.count * 0.2 / options.span_s)), self.count // 50)
        self._keys = keys(options.seed, 6)
        self._pace = Pace(self.count, self._span_ms, swing)
        incidents = INCIDENTS if options.incident else ()
        regimes = [(1.0, 0.0), *((slower, errors) for _, _, slower, errors in incidents)]
        self._latencies = pl.Series([ms for slower, _ in regimes for ms in latency_table(_LATENCIES, slower)])
        self._statuses = pl.Series([code for _, errors in regimes for code in status_table(errors)])
        self._users = pl.Series([int(options.users ** (step / _USERS)) for step in range(_USERS)] + [options.users + 1])

    def earliest_us(self, number: int) -> int:
        """The instant before which neither exchange `number` nor any later one has a request."""
        return self.start_us + 1000 * self._pace.earliest_ms(number)

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
        frame = frame.with_columns(t=self._pace.ms(number, bits("extra", 0, 16)))
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

    def _regime(self) -> pl.Expr:
        """0 for normal operation, or the number of the incident."""
        regime = pl.lit(0, dtype=pl.Int64)
        if self._options.incident:
            for place, (begin, end, _, _) in enumerate(INCIDENTS, 1):
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
        return pl.lit(self._statuses).gather(random + regime * STATUS_STEPS)

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


def _submillis(form: str, offset: int) -> pl.Expr:
    """Microseconds beyond the millisecond, in eight steps: so durations keep few distinct values at any size."""
    return pl.when(pl.col(form).is_in([MICROS, NANOS])).then(bits("extra", offset, 3) * 125).otherwise(0)
