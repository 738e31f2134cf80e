"""The options that both generators have, and their checks."""

from datetime import UTC, datetime, timedelta

import msgspec

from logcorr.model.errors import UsageError

MAX_ROWS = 10**10
_MAX_SECONDS = 10 * 366 * 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_shares(**shares: float) -> None:
    """Raises UsageError for the first value that is not from 0 to 1."""
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise UsageError(f"{name} is {value}: a share must be from 0 to 1")


def check_sum(most: float, **shares: float) -> None:
    """Raises UsageError if the shares add up to more than `most`."""
    if (total := sum(shares.values())) > most + 1e-9:
        *names, last = shares
        raise UsageError(f"{', '.join(names)} and {last} add up to {total:g}: lower them to {most:g} at most")


def check_number(name: str, value: int, least: int, most: int = MAX_ROWS) -> None:
    """Raises UsageError for a number below `least` or above `most`."""
    if not least <= value <= most:
        raise UsageError(f"{name} is {value}: give a number from {least} to {most:,}")


def check_seconds(name: str, value: float, least: float) -> None:
    """Raises UsageError for a time span below `least` seconds or above ten years."""
    if not least <= value <= _MAX_SECONDS:
        raise UsageError(f"{name} is {value}: give seconds from {least:g} to {_MAX_SECONDS:.0f}")


class GeneratorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options that both generators have. Rates are shares from 0 to 1."""

    rows: int = 1_000_000
    seed: int = 1
    start: str = "2025-11-21T14:00:00Z"
    span_s: float = 7200.0
    malformed: float = 0.0005
    blank: float = 0.0001
    disorder_s: float = 2.0
    incident: bool = False
    encoding_errors: bool = True
    force: bool = False

    def check_times(self) -> None:
        """Raises UsageError for a span, disorder or start that makes no sense."""
        check_seconds("span_s", self.span_s, 0.001)
        check_seconds("disorder_s", self.disorder_s, 0)
        self.start_us()

    def start_us(self) -> int:
        """`start` as µs since 1970, cut to whole ms. A start without a zone is UTC. Raises UsageError."""
        try:
            moment = datetime.fromisoformat(self.start)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            # Instants may lie a day before and after the span, because of skew, slow responses and other zones.
            _ = (moment - timedelta(days=1), (moment + timedelta(seconds=self.span_s, days=1)).astimezone(UTC))
            return (moment - _EPOCH) // timedelta(milliseconds=1) * 1000
        except (ValueError, OverflowError):
            raise UsageError(
                f"start is {self.start!r}: give a time like 2025-11-21T14:00:00Z, with the span in years 1 to 9999"
            ) from None
