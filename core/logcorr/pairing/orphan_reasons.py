"""Why an entry is an orphan: all reasons, their order, and what decides between them. No other file decides this.

Two reasons are known when entries are paired: the pair lasts too long, or other entries of the id are a pair. All
other reasons follow from the *edge*, which is a duration. A request that comes less than the edge before the end of the
response logs may have been answered later. A response that comes less than the edge after the start of the request logs
may answer an earlier request.
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

# The first reason that fits an entry is its reason.
ORPHAN_REASONS = (TOO_FAR, REPEATED_ID, IN_FLIGHT, BEFORE_START, LOST)
_EDGE_REASON: dict[Side, str] = {"request": IN_FLIGHT, "response": BEFORE_START}
_LEAST_EDGE_US = 1_000_000


def edge_us(option_us: int | None, p999_us: int | None) -> int:
    """The edge in µs: the option if it was given, else the p99.9 of all durations, but at least a second."""
    return max(_LEAST_EDGE_US, p999_us or 0) if option_us is None else option_us


def final_reason(edge: int, first_request_us: int | None, last_response_us: int | None) -> "pl.Expr":
    """The reason of each orphan, from its columns `side`, `time` (µs) and `reason`.

    `reason` is null where the edge (µs) is to decide. Where the other side has no entry, its instant is None: then no
    entry is near an edge.
    """
    import polars as pl  # noqa: PLC0415 - commands that only name the reasons start without polars

    time, side = pl.col("time"), pl.col("side")
    reasons = [pl.col("reason")]
    if last_response_us is not None:
        late = (side == "request") & (time > last_response_us - edge)
        reasons.append(pl.when(late).then(pl.lit(_EDGE_REASON["request"])))
    if first_request_us is not None:
        early = (side == "response") & (time < first_request_us + edge)
        reasons.append(pl.when(early).then(pl.lit(_EDGE_REASON["response"])))
    return pl.coalesce(*reasons, pl.lit(LOST))
