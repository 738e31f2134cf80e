"""Finds the users, endpoints and addresses whose requests fail more often than chance makes of it, and says so."""

from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.model.findings import Finding, FindingView
from logcorr.query import filter_language
from logcorr.query.loud_ranges import LEAST_RATIO
from logcorr.query.significance import LEAST_ROWS, log_level, log_tail
from logcorr.text.quantities import percent, times
from logcorr.text.safe import safe

# Less than so much of all failures is not worth a sentence.
_LEAST_PART = 0.1
_LONGEST_NAME = 80
# At most so many sentences are of one kind of group.
_MOST = 2


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of group: the column of its names, and a row for each group (requests, errors, and orphans of users).

    The requests of a user include those without a response.
    """

    column: str
    noun: str
    rows: pl.LazyFrame
    has_orphans: bool = False


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    hits: int
    of: int
    ratio: float | None
    tail: float


def families(groups: Sequence[Group]) -> int:
    """How many things are looked at."""
    return sum(1 + group.has_orphans for group in groups)


def findings(groups: Sequence[Group], in_all: int) -> list[Finding]:
    """A sentence for each group that stands out, the surest first. `in_all` is how many things are looked at in all."""
    told = []
    for group in groups:
        answered = pl.col("requests") - (pl.col("orphans") if group.has_orphans else 0)
        told += [(one.tail, _failed(group, one)) for one in _standing_out(group, pl.col("errors"), answered, in_all)]
        if group.has_orphans:
            lost = _standing_out(group, pl.col("orphans"), pl.col("requests"), in_all)
            told += [(one.tail, _lost(group, one)) for one in lost]
    return [finding for _, finding in sorted(told, key=lambda one: one[0])]


def _standing_out(group: Group, hits: pl.Expr, of: pl.Expr, in_all: int) -> list[_Found]:
    """The groups of more hits than chance makes of them, the surest first; of groups without a name none."""
    rows = group.rows.select(pl.col(group.column).alias("name"), hits=hits, of=of)
    sums = rows.select(pl.len(), pl.col("hits").sum(), pl.col("of").sum()).collect(engine="streaming")
    count, whole, every = sums.row(0)
    if count < 2 or not whole:
        return []
    enough = (pl.col("hits") >= max(LEAST_ROWS, _LEAST_PART * whole)) & pl.col("name").is_not_null()
    # Groups of most of all requests are what the others are compared with.
    few = rows.filter(enough & (pl.col("of") * 2 <= every)).collect(engine="streaming")
    tails = few.with_columns(tail=log_tail(pl.col("hits"), whole, pl.col("of"), every))
    kept = tails.filter(pl.col("tail") <= log_level(count * in_all)).sort("tail", "name")
    found = []
    for name, hits_of, of_it, tail in kept.select("name", "hits", "of", "tail").iter_rows():
        others = whole - hits_of
        ratio = hits_of * (every - of_it) / (of_it * others) if others else None
        if ratio is None or ratio >= LEAST_RATIO:
            found.append(_Found(name=name, hits=hits_of, of=of_it, ratio=ratio, tail=tail))
    return found[:_MOST]


def _failed(group: Group, one: _Found) -> Finding:
    return _finding(group, one, "failed", "errors", "")


def _lost(group: Group, one: _Found) -> Finding:
    return _finding(group, one, "got no response", "orphans", "side=request ")


def _finding(group: Group, one: _Found, what: str, view: FindingView, condition: str) -> Finding:
    compared = f"{times(one.ratio)} the share of the others" if one.ratio is not None else "none of the others"
    term = filter_language.equal(group.column, one.name, {group.column: pl.String()})
    return Finding(
        text=(
            f"{group.noun} {safe(one.name, _LONGEST_NAME)}: {one.hits:,} of {one.of:,} requests {what} "
            f"({percent(one.hits, one.of, 1)}), {compared}"
        ),
        view=view,
        filter=f"{condition}{term}",
        ratio=one.ratio,
    )
