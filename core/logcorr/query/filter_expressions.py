"""A term of a filter as understood, and the expression that holds for a row exactly when terms do. Executes nothing."""

from collections.abc import Sequence
from typing import Literal

import msgspec
import polars as pl

from logcorr.text.instants import DAY_US

Kind = Literal["text", "number", "duration", "instant", "truth", "file"]
Sign = Literal["=", "!=", "<", "<=", ">", ">=", "~"]


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, as written (`text`) and as understood.

    `value` is null for an empty one, which means "no value". Instants and durations are µs; `until` is where the
    minute or second that an instant names ends, so that `=` finds all of it. With `each_day` instants are times of the
    day. `files` gives the file numbers that are meant, by side.
    """

    text: str
    columns: tuple[str, ...]
    sign: Sign
    kind: Kind
    value: str | int | bool | None
    until: int | None = None
    each_day: bool = False
    files: dict[str, tuple[int, ...]] = {}


def expression(terms: Sequence[Term]) -> pl.Expr:
    """What holds for a row exactly when all terms hold; never null. No value is unequal to every value."""
    held = [_holds(term) for term in terms]
    return pl.all_horizontal(held) if held else pl.lit(value=True)


def _holds(term: Term) -> pl.Expr:
    tests = [_compared(term, column) for column in term.columns]
    return pl.all_horizontal(tests) if term.sign == "!=" else pl.any_horizontal(tests)


def _compared(term: Term, column: str) -> pl.Expr:
    stored = pl.col(column)
    if term.value is None:
        return stored.is_null() if term.sign == "=" else stored.is_not_null()
    if term.kind == "file":
        return _in_files(term, column)
    if term.sign == "~":
        return stored.str.contains(str(term.value), literal=True).fill_null(value=False)
    if term.kind == "instant":
        stored = stored.cast(pl.Int64)
        stored = stored % DAY_US if term.each_day else stored
        if term.sign in ("=", "!="):
            within = ((stored >= term.value) & (stored < term.until)).fill_null(value=False)
            return within if term.sign == "=" else ~within
    elif term.kind in ("number", "duration"):
        stored = stored.cast(pl.Int64)
    value = pl.lit(term.value)
    if term.sign in ("=", "!="):
        return stored.eq_missing(value) if term.sign == "=" else stored.ne_missing(value)
    compared = {"<": stored < value, "<=": stored <= value, ">": stored > value, ">=": stored >= value}
    return compared[term.sign].fill_null(value=False)


def _in_files(term: Term, column: str) -> pl.Expr:
    def among(numbers: tuple[int, ...]) -> pl.Expr:
        return pl.any_horizontal([pl.col(column) == number for number in numbers] or [pl.lit(value=False)])

    if column == "file" and len(term.files) > 1:
        found = pl.any_horizontal([(pl.col("side") == side) & among(meant) for side, meant in term.files.items()])
    elif column == "file":
        found = among(*term.files.values())
    else:
        found = among(term.files.get(column.removesuffix("_file"), ()))
    found = found.fill_null(value=False)
    return ~found if term.sign == "!=" else found
