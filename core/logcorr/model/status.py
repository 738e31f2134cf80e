"""Status codes: which codes are failures, the class of a code, and its name. This file holds all rules about them.

The `is_` functions take one code or a polars expression of codes. For a null code they give null.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

_Status = TypeVar("_Status", int, "pl.Expr")
# Some phrases of HTTP are too long for a table. HTTP has no phrase for 0, an exchange that a proxy aborted.
_SHORT_PHRASES = {0: "Aborted", 500: "Internal Error", 503: "Unavailable"}


def is_failure(status: _Status) -> _Status:
    """Whether a status is 400 or above, or below 100."""
    return (status >= 400) | (status < 100)


def is_client_error(status: _Status) -> _Status:
    """Whether a status is 4xx."""
    return (status >= 400) & (status <= 499)


def is_server_error(status: _Status) -> _Status:
    """Whether a status is 5xx."""
    return (status >= 500) & (status <= 599)


def class_of(status: int) -> int:
    """The class of a status: 2 for 2xx up to 5 for 5xx, 0 for any other status."""
    return status // 100 if 200 <= status <= 599 else 0


def server_errors(counts: dict[str, int]) -> int:
    """The number of 5xx exchanges in `counts`, the exchanges by status code."""
    return sum(n for code, n in counts.items() if is_server_error(int(code)))


def phrase(status: int, *, short: bool = True) -> str:
    """The name of a status; empty if HTTP does not know the status."""
    if status in _SHORT_PHRASES and (short or status == 0):
        return _SHORT_PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
