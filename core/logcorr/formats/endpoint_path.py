"""The endpoint of a request: its path without query string, and with a star for each id."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from logcorr.model.errors import UsageError

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID_SEGMENT = rf"^(?:[0-9]+|[0-9a-fA-F]*[0-9][0-9a-fA-F]*|{_UUID})$"
_LEAST_HEX = 8
# The same ids as a regular expression without look-ahead: of hex digits, by the place of the first digit 0-9.
_FIRST_DIGITS = (rf"[a-fA-F]{{{n}}}[0-9][0-9a-fA-F]{{{_LEAST_HEX - 1 - n},}}" for n in range(_LEAST_HEX - 1))
_ANY_ID = "|".join(["[0-9]+", _UUID, *_FIRST_DIGITS, rf"[a-fA-F]{{{_LEAST_HEX - 1},}}[0-9][0-9a-fA-F]*"])
_WITH_HOST = r"^(?i:https?|wss?)://[^/?#]*/?"


def path(target: pl.Expr) -> pl.Expr:
    """The path of a request target: the target without its query; null if nothing is left."""
    held = pl.when(target != "-").then(target)
    before = held.str.splitn("?", 2).struct.field("field_0")
    return pl.when(before != "").then(before)


def paths(targets: pl.Series) -> pl.Series:
    """The paths of request targets: see `path`. Scheme and host of a target go: a proxy writes them."""
    whole = targets.str.contains(_WITH_HOST)
    if whole.any():
        without_host = targets.str.replace(_WITH_HOST, "/").str.replace("^//", "/")
        targets = targets.zip_with(~whole.fill_null(value=False), without_host)
    return targets.to_frame("text").select(path(pl.col("text"))).to_series()


class EndpointGroup(NamedTuple):
    """Endpoints in which a pattern is found are counted under one name."""

    pattern: str
    name: str


def endpoint_groups(words: Sequence[str]) -> tuple[EndpointGroup, ...]:
    """The groups that are written as `REGEX=NAME`. The last `=` parts them. Raises UsageError."""
    groups = []
    for word in words:
        pattern, separator, name = word.rpartition("=")
        if not (pattern and name and separator):
            message = f"--collapse {word!r}: write REGEX=NAME, such as '^/users/[^/]+$=/users/:id'."
            raise UsageError(message)
        try:
            pl.Series([""]).str.contains(pattern)
        except pl.exceptions.ComputeError as error:
            said = [line.strip().removeprefix("error: ") for line in str(error).splitlines() if "error: " in line]
            why = f": {said[-1]}" if said else ""
            message = f"--collapse {word!r}: {pattern!r} is no regular expression{why}."
            raise UsageError(message) from error
        groups.append(EndpointGroup(pattern, name))
    return tuple(groups)


def grouped(path: pl.Expr, groups: Sequence[EndpointGroup], *, collapse_ids: bool) -> pl.Expr:
    """Paths by the name of the first group that fits. Others stay, or are `collapsed`."""
    names = collapsed(path) if collapse_ids else path
    for group in reversed(groups):
        names = pl.when(path.str.contains(group.pattern)).then(pl.lit(group.name)).otherwise(names)
    return names


def collapsed(path: pl.Expr) -> pl.Expr:
    """Paths with `*` for each segment that is an id: digits, a UUID, or eight or more hex digits with a digit 0-9."""
    segment = pl.element()
    is_id = segment.str.contains(_ID_SEGMENT) & (
        segment.str.contains("^[0-9]+$") | (segment.str.len_bytes() >= _LEAST_HEX)
    )
    return path.str.split("/").list.eval(pl.when(is_id).then(pl.lit("*")).otherwise(segment)).list.join("/")


def pattern_of(name: str) -> str:
    """A regular expression that is found in exactly the paths that `collapsed` gives this name."""
    segments = (rf"(?:{_ANY_ID}|\*)" if segment == "*" else re.escape(segment) for segment in name.split("/"))
    return f"^{'/'.join(segments)}$"
