"""The terms of a filter, and the polars expression that holds for a row exactly where all terms hold.

Nothing here reads rows.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import polars as pl

from logcorr.model.ledger import ONE_LOG
from logcorr.text.instants import DAY_US

Kind = Literal["text", "number", "duration", "instant", "truth", "file", "rate"]
Sign = Literal["=", "!=", "<", "<=", ">", ">=", "~", "!~", "=~"]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a filter: its text as written, and what the text means.

    It compares `columns` with `value`; None as the value means "no value". Instants and durations are in µs, rates from
    0 to 1. An instant names a second or a minute: `until` is its end, so that `=` finds every instant in it. A class of
    statuses, such as 5xx, has an end too. With `each_day` instants are µs since midnight. `files` are the numbers of
    the files that are meant, by side. Where there are `either`, the term holds if one of these holds, and says nothing
    by itself.
    """

    text: str
    columns: tuple[str, ...]
    sign: Sign
    kind: Kind
    value: str | int | float | bool | None
    until: int | None = None
    each_day: bool = False
    files: dict[str, tuple[int, ...]] = {}
    either: tuple["Term", ...] = ()


def expression(terms: Sequence[Term]) -> pl.Expr:
    """The expression that is true for a row where all terms hold, else false; never null.

    A row without a value differs from every value, so that `!=` holds for it.
    """
    tests = [_holds(term) for term in terms]
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _holds(term: Term) -> pl.Expr:
    if term.either:
        return pl.any_horizontal([_holds(one) for one in term.either])
    tests = [_compared(term, column) for column in term.columns]
    return pl.all_horizontal(tests) if term.sign in ("!=", "!~") else pl.any_horizontal(tests)


def _compared(term: Term, column: str) -> pl.Expr:
    stored = pl.col(column)
    if term.value is None:
        return stored.is_null() if term.sign == "=" else stored.is_not_null()
    if term.kind == "file":
        return _in_files(term, column)
    if term.sign in ("~", "!~", "=~"):
        found = stored.str.contains(str(term.value), literal=term.sign != "=~").fill_null(value=False)
        return ~found if term.sign == "!~" else found
    if term.kind in ("instant", "number", "duration"):
        stored = stored.cast(pl.Int64)
        stored = stored % DAY_US if term.each_day else stored
    if term.until is not None and term.sign in ("=", "!="):
        within = ((stored >= term.value) & (stored < term.until)).fill_null(value=False)
        return within if term.sign == "=" else ~within
    value = pl.lit(term.value)
    if term.sign in ("=", "!="):
        return stored.eq_missing(value) if term.sign == "=" else stored.ne_missing(value)
    compared = {"<": stored < value, "<=": stored <= value, ">": stored > value, ">=": stored >= value}
    return compared[term.sign].fill_null(value=False)


def _in_files(term: Term, column: str) -> pl.Expr:
    def among(numbers: tuple[int, ...]) -> pl.Expr:
        return pl.any_horizontal([pl.col(column) == number for number in numbers] or [pl.lit(value=False)])

    if column == "file" and len(term.files) > 1:
        in_files = pl.any_horizontal(
            [(pl.col("side") == side) & among(numbers) for side, numbers in term.files.items()]
        )
    elif column == "file":
        in_files = among(*term.files.values())
    else:
        in_files = among(term.files.get(column.removesuffix("_file"), term.files.get(ONE_LOG, ())))
    in_files = in_files.fill_null(value=False)
    return ~in_files if term.sign in ("!=", "!~") else in_files
