"""Status codes: which codes are failures, the class of a code, and its name. This file holds all rules about them.

The `is_` functions take one code or a polars expression of codes. An exchange without a status has null (None) as its
code. In counts by code, whose keys are texts, it has the key NO_STATUS.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import polars as pl

NO_STATUS = "none"
# Some phrases of HTTP are too long for a table. HTTP has no phrase for 0, an exchange that a proxy aborted.
_SHORT_PHRASES = {0: "Aborted", 500: "Internal Error", 503: "Unavailable"}


@overload
def is_failure(status: int | None) -> bool: ...
@overload
def is_failure(status: "pl.Expr") -> "pl.Expr": ...
def is_failure(status: "int | pl.Expr | None") -> "bool | pl.Expr":
    """Whether a status is 400 or above, or below 100, or null. The expression is never null."""
    if status is None or isinstance(status, int):
        return status is None or status >= 400 or status < 100
    return status.is_null() | (status >= 400) | (status < 100)


@overload
def is_client_error(status: int | None) -> bool: ...
@overload
def is_client_error(status: "pl.Expr") -> "pl.Expr": ...
def is_client_error(status: "int | pl.Expr | None") -> "bool | pl.Expr":
    """Whether a status is 4xx. The expression is never null."""
    return _is_between(status, 400, 499)


@overload
def is_server_error(status: int | None) -> bool: ...
@overload
def is_server_error(status: "pl.Expr") -> "pl.Expr": ...
def is_server_error(status: "int | pl.Expr | None") -> "bool | pl.Expr":
    """Whether a status is 5xx. The expression is never null."""
    return _is_between(status, 500, 599)


def class_of(status: int | None) -> int:
    """The class of a status: 2 for 2xx up to 5 for 5xx, 0 for any other status and for none."""
    return status // 100 if status is not None and 200 <= status <= 599 else 0


def class_label(status: int | None) -> str:
    """The class of a status as a text: "2xx" to "5xx", "other" for a code of no class, "none" for no status."""
    if status is None:
        return NO_STATUS
    number = class_of(status)
    return f"{number}xx" if number else "other"


def key_of(status: int | None) -> str:
    """The key of a status in counts by code."""
    return NO_STATUS if status is None else str(status)


def code_of(key: str) -> int | None:
    """The status of a key of counts by code."""
    return None if key == NO_STATUS else int(key)


def in_order(keys: "Mapping[str, int] | list[str]") -> list[str]:
    """Keys of counts by code in ascending order; no status comes last."""
    return sorted(keys, key=lambda key: (key == NO_STATUS, code_of(key) or 0))


def failures(counts: Mapping[str, int]) -> int:
    """The number of failed exchanges in `counts`, the exchanges by status code."""
    return sum(n for key, n in counts.items() if is_failure(code_of(key)))


def client_errors(counts: Mapping[str, int]) -> int:
    """The number of 4xx exchanges in `counts`, the exchanges by status code."""
    return sum(n for key, n in counts.items() if is_client_error(code_of(key)))


def server_errors(counts: Mapping[str, int]) -> int:
    """The number of 5xx exchanges in `counts`, the exchanges by status code."""
    return sum(n for key, n in counts.items() if is_server_error(code_of(key)))


def phrase(status: int | None, *, short: bool = True) -> str:
    """The name of a status; empty if HTTP does not know the status."""
    if status is None:
        return "No status"
    if status in _SHORT_PHRASES and (short or status == 0):
        return _SHORT_PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _is_between(status: "int | pl.Expr | None", least: int, most: int) -> "bool | pl.Expr":
    if status is None or isinstance(status, int):
        return status is not None and least <= status <= most
    return ((status >= least) & (status <= most)).fill_null(value=False)
