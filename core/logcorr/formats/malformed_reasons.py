"""Why a line is malformed: the reasons of each kind of log, and their order. This file holds both.

The first reason that applies to a line is its reason. The formats say when a reason applies.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

ENCODING = "encoding"
JSON = "json"
FIELDS = "fields"
TIMESTAMP = "timestamp"
REQUEST_ID = "request_id"
STATUS_CODE = "status_code"
DURATION = "duration"

# Texts that are no request id, in any case.
NO_IDS = ("", "-", "null", "none", "nil", "undefined")

PAIR_REASONS = (ENCODING, FIELDS, TIMESTAMP, REQUEST_ID, STATUS_CODE)
ACCESS_REASONS = (ENCODING, JSON, FIELDS, TIMESTAMP, STATUS_CODE)
ALL_REASONS = (ENCODING, JSON, FIELDS, TIMESTAMP, REQUEST_ID, STATUS_CODE, DURATION)


def first_reason(checks: "Sequence[tuple[pl.Expr, str]]") -> "pl.Expr":
    """The reason of each line: the reason of the first check that holds; null if no check holds.

    A check is (what is wrong with a line, the reason); checks are in the order of the reasons. A `blank` line has no
    reason. A line that its reader `refused` has the reason of the reader.
    """
    import polars as pl  # noqa: PLC0415 - the names of the reasons are also used without polars

    refused = pl.col("refused")
    reason = pl.when(pl.col("blank")).then(None).when(refused.is_not_null()).then(refused)
    for wrong, name in checks:
        reason = reason.when(wrong).then(pl.lit(name))
    return reason.cast(pl.String)
