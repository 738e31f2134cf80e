"""Checks of options that both generators have."""

from datetime import UTC, datetime, timedelta

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


def start_us(start: str, span_s: float) -> int:
    """A start as µs since 1970, cut to whole ms. A text without a zone is UTC. Raises UsageError for a bad start."""
    try:
        moment = datetime.fromisoformat(start)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        # Instants may lie up to a day before and after the span, because of skew, slow responses and other zones.
        _ = (moment - timedelta(days=1), (moment + timedelta(seconds=span_s, days=1)).astimezone(UTC))
        return (moment - _EPOCH) // timedelta(milliseconds=1) * 1000
    except (ValueError, OverflowError):
        raise UsageError(
            f"start is {start!r}: give a time like 2025-11-21T14:00:00Z, with the span in years 1 to 9999"
        ) from None
