"""Clock skew: the clock of the responses is late against the clock of the requests. This file holds all rules about it.

Skew shows as negative durations. A negative duration is kept, counted and shown. It is never clamped, and corrected
only on demand: `--skew` shifts every response by a time that the user names.
"""

from typing import TYPE_CHECKING

from logcorr.model.errors import UsageError
from logcorr.model.ledger import Side
from logcorr.model.report import Skew

if TYPE_CHECKING:
    import polars as pl

_MOST_MS = 10**12


def shift_us(side: Side, skew_us: int) -> int:
    """The µs that are added to every instant of a side. Only responses are shifted."""
    return skew_us if side == "response" else 0


def skew_us(milliseconds: float) -> int:
    """`--skew` as whole µs. Raises UsageError if it is no number or beyond 10^12 ms either way."""
    if not abs(milliseconds) <= _MOST_MS:
        message = f"--skew must be within {_MOST_MS:,} ms either way."
        raise UsageError(message)
    return round(milliseconds * 1000)


def is_skewed(duration_us: "pl.Expr") -> "pl.Expr":
    """Whether the clocks of an exchange disagree visibly: its duration is negative. An expression of Booleans."""
    return duration_us < 0


def skew(exchanges: int, negative: int, lowest_us: int | None, applied_us: int) -> Skew:
    """The skew of a report, from counts of exchanges and of negative durations, the lowest duration, and the shift."""
    return Skew(
        negative=negative,
        share=negative / exchanges if exchanges else 0.0,
        min_ms=lowest_us / 1000 if negative and lowest_us is not None else None,
        applied_ms=applied_us / 1000,
    )
