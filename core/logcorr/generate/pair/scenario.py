"""The exchanges of a generated pair of logs: their times, durations, statuses, users and fates.

Everything is integer arithmetic on the number of an exchange and the seed, so any range of exchanges can be made on its
own, and is the same on every run. `lines` writes the exchanges as lines.
"""

import polars as pl

from logcorr.generate import option_checks
from logcorr.generate.load_curves import INCIDENTS, STATUS_STEPS, ArrivalTimes, daily_rate, latency_table, status_table
from logcorr.generate.random_bits import bits, keys, mixed, threshold, word
from logcorr.generate.writer import MICROS, MILLIS, NANOS, SECONDS, SPACED

# The fate of an exchange. An exchange has exactly one fate, so no two special cases meet.
PLAIN, NO_RESPONSE, NO_REQUEST, RETRIED, EXTRA_REQUEST, EXTRA_RESPONSE, SKEWED = range(7)

MAX_SKEW_MS = 251

_ID_BITS = (1 << 48) - 1
_LATENCIES = 1 << 15
_USERS = 1 << 12

# Start and end, as shares of the span, within the first incident.
_CRASH = (0.58, 0.59)


class PairOptions(option_checks.GeneratorOptions, frozen=True, kw_only=True):
    """The options of a generated pair of logs. All but `directory` and `force` change the bytes of the logs.

    `request_orphans`, `response_orphans`, `retries` and `skew` are shares of the exchanges; their sum is at most 1. Of
    the retried ids, four in five have a second full exchange, the others a second request or a second response only. A
    share of orphans above 0 also removes the responses of the last requests, or the requests of the first responses, as
    in a log that was cut out of a running service. `malformed`, `blank` and `redelivered` are shares of the lines;
    their sum is at most a half.
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
        """Raises UsageError for the first option that makes no sense."""
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
        """The share of lines that are malformed, blank or redelivered."""
        return self.malformed + self.blank + self.redelivered


class Scenario:
    """The exchanges of a set of options, numbered from 0 to `count` (excluded) in order of their requests."""

    def __init__(self, options: PairOptions) -> None:
        self._options = options
        self.start_us = options.start_us()
        self._span_ms = max(1, round(options.span_s * 1000))
        lost = (options.request_orphans + options.response_orphans) / 2
        self.count = round(options.rows * (1 - options.noise) / (1 + 0.9 * options.retries - lost))
        self._ends = min(max(3, int(self.count * 0.2 / options.span_s)), self.count // 50)
        self._keys = keys(options.seed, 6)
        self._arrivals = ArrivalTimes(self.count, self._span_ms, daily_rate)
        incidents = INCIDENTS if options.incident else ()
        regimes = [(1.0, 0.0), *((slower, errors) for _, _, slower, errors in incidents)]
        self._latencies = pl.Series([ms for slower, _ in regimes for ms in latency_table(_LATENCIES, slower)])
        self._statuses = pl.Series([code for _, errors in regimes for code in status_table(errors)])
        self._users = pl.Series([int(options.users ** (step / _USERS)) for step in range(_USERS)] + [options.users + 1])

    def earliest_us(self, number: int) -> int:
        """The instant in µs before which neither exchange `number` nor any later exchange has a request."""
        return self.start_us + 1000 * self._arrivals.earliest_ms(number)

    def exchanges(self, first: int, end: int) -> pl.DataFrame:
        """Exchanges `first` to `end` (excluded), a row each.

        Columns: id (the 48 bits of its name), fate, user (null: none), status, request_us, request_form, response_us,
        response_form, request_bits and response_bits (64 random bits for the noise around the lines), and for a second
        request or response of the same id: again_request_us, again_response_us, again_status. What the fate rules out
        is filled in all the same, and not to be used.
        """
        number = pl.col("number")
        frame = pl.select(number=pl.int_range(first, end, dtype=pl.UInt64))
        streams = ("base", "more", "extra", "request_bits", "response_bits")
        frame = frame.with_columns(
            self._identity(number).alias("id"),
            *(mixed(number + word(key)).alias(stream) for stream, key in zip(streams, self._keys, strict=False)),
        )
        frame = frame.with_columns(t=self._arrivals.ms(number, bits("extra", 0, 16)))
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
        """The id of an exchange, 48 bits. Every step is reversible, so no two numbers share an id."""
        mask = word(_ID_BITS)
        value = ((number ^ word(self._keys[5] & _ID_BITS)) * word(0x9E3779B97F4B)) & mask
        value = ((value ^ (value // word(1 << 24))) * word(0xD1B54A32D193)) & mask
        return value ^ (value // word(1 << 23))

    def _regime(self) -> pl.Expr:
        """The regime of an exchange: 0 for normal operation, else the number (from 1) of the incident."""
        regime = pl.lit(0, dtype=pl.Int64)
        if self._options.incident:
            for incident, (begin, end, _, _) in enumerate(INCIDENTS, 1):
                regime = pl.when(self._within("t", begin, end)).then(incident).otherwise(regime)
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
        """The fate after the crash: no response is written during it, and no request of its time is ever answered."""
        twice = pl.col("fate").is_in([RETRIED, EXTRA_RESPONSE])
        hit = (
            self._within("t", *_CRASH) | self._within("r", *_CRASH) | (twice & self._within("again_response", *_CRASH))
        )
        return pl.when(hit).then(NO_RESPONSE).otherwise(pl.col("fate"))

    def _shift(self) -> pl.Expr:
        """Response minus request in ms. It is never 0, so that finer digits never change its sign."""
        skewed = -1 - bits("extra", 46, 8) % (MAX_SKEW_MS - 1)
        latency = self._latency(bits("base", 0, 15), pl.col("regime"))
        return pl.when(pl.col("fate") == SKEWED).then(skewed).otherwise(latency)

    def _latency(self, random: pl.Expr, regime: pl.Expr) -> pl.Expr:
        return pl.lit(self._latencies).gather(random + regime * _LATENCIES)

    def _status(self, random: pl.Expr, regime: pl.Expr) -> pl.Expr:
        return pl.lit(self._statuses).gather(random + regime * STATUS_STEPS)

    def _form(self, column: str, offset: int) -> pl.Expr:
        """The form of a timestamp: rarely another than the usual form, but often without decimals on a whole second."""
        rare = bits("extra", offset, 12)
        whole = ((pl.col(column) + self.start_us // 1000) % 1000 == 0) & (rare % 2 == 0)
        return pl.when(rare < SPACED).then(rare + 1).when(whole).then(SECONDS).otherwise(MILLIS)

    def _user(self) -> pl.Expr:
        """A user by Zipf-like rank, from 1 to `users`: few are busy, most are rare. One request in 128 has no user."""
        step, fraction = bits("base", 25, 12), bits("base", 37, 20)
        low, high = pl.lit(self._users).gather(step), pl.lit(self._users).gather(step + 1)
        return pl.when(bits("base", 57, 7) > 0).then(low + (high - low) * fraction // (1 << 20))


def _submillis(form: str, offset: int) -> pl.Expr:
    """The µs after the whole ms, in eight steps, so that a log of any size has few different durations."""
    return pl.when(pl.col(form).is_in([MICROS, NANOS])).then(bits("extra", offset, 3) * 125).otherwise(0)
