"""Why a line is malformed: the reasons of each kind of log, and that the first that fits is the one. Only this file
says so; what each reason means for a line is said where the line is read.
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

PAIR_REASONS = (ENCODING, FIELDS, TIMESTAMP, REQUEST_ID, STATUS_CODE)
ACCESS_REASONS = (ENCODING, JSON, FIELDS, TIMESTAMP, STATUS_CODE)


def first_reason(checks: "Sequence[tuple[pl.Expr, str]]") -> "pl.Expr":
    """The reason of each line: the first whose check holds; null for a line that passes all checks.

    `checks` are (what is wrong with the line, the reason), in the order of the reasons. A line that is `blank` has no
    reason, and one that its reader `refused` has the reader's.
    """
    import polars as pl  # noqa: PLC0415 - the names of the reasons are wanted without it

    refused = pl.col("refused")
    reason = pl.when(pl.col("blank")).then(None).when(refused.is_not_null()).then(refused)
    for wrong, name in checks:
        reason = reason.when(wrong).then(pl.lit(name))
    return reason.cast(pl.String)
