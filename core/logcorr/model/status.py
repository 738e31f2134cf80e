"""Status codes: which of them are failures, of which class they are, and what they are called. Only this file says so.

The tests take one code, or a column of codes of polars; what they give for null is null.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

_Status = TypeVar("_Status", int, "pl.Expr")
# HTTP's own phrases are too long for a table, and it has none for an exchange that a proxy ended.
_SHORT_PHRASES = {0: "Aborted", 500: "Internal Error", 503: "Unavailable"}


def is_failure(status: _Status) -> _Status:
    """Whether a status is 400 and over, or under 100."""
    return (status >= 400) | (status < 100)


def is_client_error(status: _Status) -> _Status:
    """Whether a status is 4xx."""
    return (status >= 400) & (status <= 499)


def is_server_error(status: _Status) -> _Status:
    """Whether a status is 5xx."""
    return (status >= 500) & (status <= 599)


def class_of(status: int) -> int:
    """2 for 2xx, and so on up to 5; 0 for any other status."""
    return status // 100 if 200 <= status <= 599 else 0


def server_errors(counts: dict[str, int]) -> int:
    """How many exchanges of counts by status are 5xx."""
    return sum(n for code, n in counts.items() if is_server_error(int(code)))


def phrase(status: int, *, short: bool = True) -> str:
    """What a status is called; nothing for one that HTTP does not know."""
    if status in _SHORT_PHRASES and (short or status == 0):
        return _SHORT_PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
