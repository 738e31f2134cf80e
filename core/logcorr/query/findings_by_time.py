"""Finds the ranges of time in which more happens than chance makes of it, and says so in sentences.

All ranges of whole timeline buckets are looked at, as long as they hold no more than half of the exchanges.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.latency_counts import MOST_COUNTS
from logcorr.model.findings import Finding, FindingView
from logcorr.model.quantiles import rank_of
from logcorr.query.significance import LEAST_ROWS, log_level, log_tail
from logcorr.text import instants
from logcorr.text.quantities import duration, times

# What is not at least so many times as frequent, or as slow, as at other times is not worth a sentence.
_LEAST_RATIO = 2.0
# So many codes are named at most.
_MOST_CODES = 3


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted over time: `counts` has (at, of, hits), by the number of the timeline bucket.

    `codes` has the hits by status (at, status_code, n). `durations` has (at, duration_us, n) where they are exact;
    `rows` reads them again (at, duration_us, failure).
    """

    name: str
    counts: pl.DataFrame
    codes: pl.DataFrame | None = None
    durations: pl.DataFrame | None = None
    rows: Callable[[], pl.LazyFrame] | None = None


class _Range(msgspec.Struct, frozen=True, kw_only=True):
    """The buckets from `first` to `last`, both included, with the hits of a measure in it and at other times."""

    measure: Measure
    first: int
    last: int
    hits: int
    of: int
    other_hits: int
    other_of: int
    log_tail: float

    @property
    def ratio(self) -> float | None:
        """How many times the share of other times the share of hits is; None where at other times there is none."""
        return self.hits * self.other_of / (self.of * self.other_hits) if self.other_hits else None


def findings(measures: Sequence[Measure], bucket_us: int, families: int) -> list[Finding]:
    """A sentence for each measure that has a range, the surest first; before them one of the time where they meet.

    `families` is how many things are looked at in all: each has its part of the chance.
    """
    found = [best for measure in measures if (best := _best(measure, families)) is not None]
    found.sort(key=lambda one: one.log_tail)
    told = [(one, _what(one)) for one in found]
    kept = [(one, *what) for one, what in told if what is not None]
    sentences = [_finding(one, f"{what}, {more}", bucket_us, ratio) for one, what, more, ratio in kept]
    return [*_together([one for one, *_ in kept], bucket_us), *sentences]


def _best(measure: Measure, families: int) -> _Range | None:
    """The least likely range of a measure; None where chance explains all ranges, or the ratio is small."""
    ranges = _ranges(measure.counts)
    if ranges is None:
        return None
    counts = measure.counts
    whole, every = int(counts["hits"].sum()), int(counts["of"].sum())
    looks = ranges.height * families
    candidates = ranges.filter((pl.col("hits") >= LEAST_ROWS) & (pl.col("of") * 2 <= every))
    judged = candidates.with_columns(tail=log_tail(pl.col("hits"), whole, pl.col("of"), every))
    best = judged.sort("tail", pl.col("last") - pl.col("first"), "first").head(1)
    if not best.height or best["tail"].item() > log_level(looks):
        return None
    return _range(measure, best["first"].item(), best["last"].item(), best["tail"].item())


def _ranges(counts: pl.DataFrame) -> pl.DataFrame | None:
    """(first, last, of, hits) of all ranges of buckets; None where there is one bucket or none."""
    if counts.height < 2:
        return None
    rows = counts.sort("at")
    at = rows["at"].to_numpy()
    before = {name: np.concatenate([[0], rows[name].to_numpy().cumsum()]) for name in ("of", "hits")}
    first, last = np.triu_indices(at.size)
    sums = {name: sums[last + 1] - sums[first] for name, sums in before.items()}
    return pl.DataFrame({"first": at[first], "last": at[last], **sums})


def _range(measure: Measure, first: int, last: int, tail: float = 0.0) -> _Range:
    within = pl.col("at").is_between(first, last)
    names = ("hits", "of")
    inside = measure.counts.filter(within).select(pl.col(names).sum()).row(0)
    outside = measure.counts.filter(~within).select(pl.col(names).sum()).row(0)
    return _Range(
        measure=measure,
        first=first,
        last=last,
        hits=inside[0],
        of=inside[1],
        other_hits=outside[0],
        other_of=outside[1],
        log_tail=tail,
    )


def _what(one: _Range) -> tuple[str, str, float | None] | None:
    """What happened in a range, how it compares with other times, and how many times as much it is.

    None where it is not enough to be told.
    """
    if one.measure.name == "slow":
        inside, outside = _p99s(one)
        if inside is None or not outside or inside < _LEAST_RATIO * outside:
            return None
        ratio = inside / outside
        return f"p99 {duration(inside / 1000)}", f"{times(ratio)} that of other times", ratio
    if one.ratio is not None and one.ratio < _LEAST_RATIO:
        return None
    compared = "none at other times" if one.ratio is None else f"{times(one.ratio)} the share of other times"
    if one.measure.name == "lost":
        return f"{one.hits:,} requests without a response", compared, one.ratio
    return f"{one.hits:,} responses with {_codes(one)}", compared, one.ratio


def _codes(one: _Range) -> str:
    """The statuses of the hits: `502 or 503`; where there are many, their class, and the code that most have."""
    codes = one.measure.codes
    if codes is None:
        return one.measure.name
    rows = codes.filter(pl.col("at").is_between(one.first, one.last)).group_by("status_code").agg(pl.col("n").sum())
    if rows.height <= _MOST_CODES:
        *others, last = map(str, rows["status_code"].sort())
        return f"{', '.join(others)} or {last}" if others else last
    code, count = rows.sort("n", "status_code", descending=[True, False]).row(0)
    return one.measure.name + (f", mostly {code}" if 2 * count > one.hits else "")


def _p99s(one: _Range) -> tuple[int | None, int | None]:
    """The p99 (µs) in a range and at other times, exact."""
    within = pl.col("at").is_between(one.first, one.last)
    durations, rows = one.measure.durations, one.measure.rows
    if durations is not None:
        return _p99(durations.filter(within)), _p99(durations.filter(~within))
    if rows is None:
        return None, None
    p99 = percentiles.p99_by(lambda: rows().with_columns(at=within), MOST_COUNTS + 1)
    return p99.get(True), p99.get(False)


def _p99(durations: pl.DataFrame) -> int | None:
    counts = durations.group_by("duration_us").agg(pl.col("n").sum()).sort("duration_us")
    reached = counts.filter(pl.col("n").cum_sum() >= rank_of(0.99, pl.col("n").sum()))
    return reached["duration_us"].first() if reached.height else None  # type: ignore[return-value]


def _together(found: Sequence[_Range], bucket_us: int) -> list[Finding]:
    """The sentence of the time in which several measures meet, with all of them; none where there are not several.

    Ranges meet that overlap the surest one, and are together no more than twice as long as the longest of them.
    """
    if not found:
        return []
    first, last = found[0].first, found[0].last
    longest = last - first + 1
    meeting = [found[0]]
    for one in found[1:]:
        start, end, longer = min(first, one.first), max(last, one.last), max(longest, one.last - one.first + 1)
        if one.first <= last and one.last >= first and end - start + 1 <= 2 * longer:
            meeting.append(one)
            first, last, longest = start, end, longer
    parts = [what for one in meeting if (what := _what(_range(one.measure, first, last))) is not None]
    if len(parts) < 2:
        return []
    whats = [f"{what} ({times(ratio)})" if ratio is not None else what for what, _, ratio in parts]
    ratio = max((ratio for *_, ratio in parts if ratio is not None), default=None)
    joined = _range(found[0].measure, first, last)
    return [_finding(joined, ", ".join(whats), bucket_us, ratio, view="exchanges")]


def _finding(
    one: _Range, text: str, bucket_us: int, ratio: float | None, *, view: FindingView | None = None
) -> Finding:
    start_us, end_us = one.first * bucket_us, (one.last + 1) * bucket_us
    start, end = (instants.text(at) for at in (start_us, end_us))
    within = f"time>={_filter_time(start)} time<{_filter_time(end)}"
    views: dict[str, tuple[FindingView, str]] = {
        "lost": ("orphans", "side=request reason=lost "),
        "slow": ("slow", ""),
        "5xx": ("exchanges", "status>=500 status<600 "),
        "4xx": ("exchanges", "status>=400 status<500 "),
    }
    own, condition = views[one.measure.name] if view is None else (view, "")
    return Finding(
        text=f"{_when(start_us, end_us)}: {text}",
        view=own,
        filter=f"{condition}{within}",
        start=start,
        end=end,
        ratio=ratio,
    )


def _filter_time(stamp: str) -> str:
    return stamp.removesuffix(".000000Z") + "Z"


def _when(start_us: int, end_us: int) -> str:
    """A range of time for people, with its zone: `15:03 to 15:11 UTC`, with days where they are two."""
    first, last = start_us / instants.SECOND_US, end_us / instants.SECOND_US
    clock = "%H:%M" if not (first % 60 or last % 60) else "%H:%M:%S"
    days = [instants.strftime(at, "%d %b") for at in (first, last)]
    form = clock if days[0] == days[1] else f"%d %b {clock}"
    return f"{instants.strftime(first, form)} to {instants.strftime(last, form)} {instants.zone_label(first)}"
