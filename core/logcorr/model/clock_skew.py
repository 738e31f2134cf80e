"""Clock skew: a response whose clock is behind that of its request. Only this file says what is made of it.

A negative duration is kept, counted and shown. It is never clamped, and never corrected unasked: `--skew` shifts every
response by what the user names.
"""

from typing import TYPE_CHECKING

from logcorr.model.errors import UsageError
from logcorr.model.ledger import Side
from logcorr.model.report import Skew

if TYPE_CHECKING:
    import polars as pl

_MOST_MS = 10**12


def shift_us(side: Side, skew_us: int) -> int:
    """What is added to every instant of a side, in µs: responses are shifted, requests are not."""
    return skew_us if side == "response" else 0


def skew_us(milliseconds: float) -> int:
    """`--skew` in µs. Raises UsageError where it is beyond all reason."""
    if not abs(milliseconds) <= _MOST_MS:
        message = f"--skew must be within {_MOST_MS:,} ms either way."
        raise UsageError(message)
    return round(milliseconds * 1000)


def is_skewed(duration_us: "pl.Expr") -> "pl.Expr":
    """Whether the clocks of an exchange disagree visibly: it took less than nothing."""
    return duration_us < 0


def skew(exchanges: int, negative: int, lowest_us: int | None, applied_us: int) -> Skew:
    """What a report says of skew: of so many exchanges, so many negative durations, the lowest, and the shift."""
    return Skew(
        negative=negative,
        share=negative / exchanges if exchanges else 0.0,
        min_ms=lowest_us / 1000 if negative and lowest_us is not None else None,
        applied_ms=applied_us / 1000,
    )
