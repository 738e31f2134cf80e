"""Why an entry is an orphan: every reason, their order, and what decides between them. Only this file says so.

Two reasons are known when entries are paired: the pair was taken apart, or the id has a pair elsewhere. The others
follow from the *edge*: a request shortly before the end of the response logs may have been answered later, and a
response shortly after the start of the request logs may belong to an earlier request.
"""

from typing import TYPE_CHECKING

from logcorr.model.ledger import Side

if TYPE_CHECKING:
    import polars as pl

TOO_FAR = "too_far"
REPEATED_ID = "repeated_id"
IN_FLIGHT = "in_flight"
BEFORE_START = "before_start"
LOST = "lost"

# The first that fits is the reason.
ORPHAN_REASONS = (TOO_FAR, REPEATED_ID, IN_FLIGHT, BEFORE_START, LOST)
_EDGE_REASON: dict[Side, str] = {"request": IN_FLIGHT, "response": BEFORE_START}
_LEAST_EDGE_US = 1_000_000


def edge_us(given_us: int | None, p999_us: int | None) -> int:
    """The edge in µs: as given, or else the p99.9 of the durations, and a second at least."""
    return max(_LEAST_EDGE_US, p999_us or 0) if given_us is None else given_us


def final_reason(edge: int, first_request_us: int | None, last_response_us: int | None) -> "pl.Expr":
    """The reason of each orphan (`side`, `time`, and `reason`, which is null where the edge decides).

    Where the other side has no entry there is no instant to compare with, and the edge decides nothing.
    """
    import polars as pl  # noqa: PLC0415 - the names of the reasons are wanted without it

    time, side = pl.col("time"), pl.col("side")
    reasons = [pl.col("reason")]
    if last_response_us is not None:
        late = (side == "request") & (time > last_response_us - edge)
        reasons.append(pl.when(late).then(pl.lit(_EDGE_REASON["request"])))
    if first_request_us is not None:
        early = (side == "response") & (time < first_request_us + edge)
        reasons.append(pl.when(early).then(pl.lit(_EDGE_REASON["response"])))
    return pl.coalesce(*reasons, pl.lit(LOST))
