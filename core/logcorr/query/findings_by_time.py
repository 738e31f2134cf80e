"""Says in sentences in which ranges of time more happens than chance makes of it, and of what."""

from collections.abc import Callable, Sequence

import msgspec
import polars as pl

from logcorr.figures import percentiles
from logcorr.figures.nearest_rank import near, settled
from logcorr.model.findings import Finding, FindingView
from logcorr.model.quantiles import rank_of
from logcorr.query.loud_ranges import LEAST_RATIO, LoudRange, loud_ranges
from logcorr.text import instants
from logcorr.text.finding_text import when
from logcorr.text.quantities import duration, times

# So many codes are named at most.
_MOST_CODES = 3


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted over time: `counts` has (at, of, hits), by the number of the timeline bucket.

    `codes` has the hits by status (at, status_code, n). Of exchanges that took longer than `longer_than_us`,
    `durations` has (at, duration_us, n) where they are exact; `rows` reads them again (at, duration_us, failure).
    """

    name: str
    counts: pl.DataFrame
    codes: pl.DataFrame | None = None
    longer_than_us: int = 0
    durations: pl.DataFrame | None = None
    rows: Callable[[], pl.LazyFrame] | None = None


class _Range(msgspec.Struct, frozen=True, kw_only=True):
    """The buckets from `first` to `last`, both included, with the hits of a measure in it and at other times.

    Other times are those in which the measure is loud nowhere: the buckets out of the range and out of `loud`.
    """

    measure: Measure
    first: int
    last: int
    loud: Sequence[LoudRange]
    log_tail: float = 0.0

    @property
    def within(self) -> pl.Expr:
        return pl.col("at").is_between(self.first, self.last)

    @property
    def without(self) -> pl.Expr:
        """Whether a bucket is of other times."""
        loud = (pl.col("at").is_between(one.first, one.last) for one in self.loud)
        return ~pl.any_horizontal(self.within, *loud)

    @property
    def hits(self) -> int:
        return int(self.measure.counts.filter(self.within)["hits"].sum())

    @property
    def ratio(self) -> float | None:
        """How many times the share of other times the share of hits is; None where at other times there is none."""
        names = ("hits", "of")
        hits, of = self.measure.counts.filter(self.within).select(pl.col(names).sum()).row(0)
        other_hits, other_of = self.measure.counts.filter(self.without).select(pl.col(names).sum()).row(0)
        return hits * other_of / (of * other_hits) if other_hits else None


class _Told(msgspec.Struct, frozen=True):
    """What happened in a range, how it compares with other times, and how many times as much it is."""

    range: _Range
    what: str
    compared: str
    ratio: float | None


def findings(measures: Sequence[Measure], exchanges: pl.DataFrame, bucket_us: int, families: int) -> list[Finding]:
    """The sentences of all incidents, the surest first: one of each, and then of each that is several things at once.

    `exchanges` has (at, n). `families` is how many things are looked at in all: each has its part of the chance.
    """
    told = []
    for measure in measures:
        loud = loud_ranges(measure.counts, families)
        ranges = (_Range(measure=measure, loud=loud, **msgspec.structs.asdict(one)) for one in loud)
        told += [what for one in ranges if (what := _told(one)) is not None]
    told.sort(key=lambda one: one.range.log_tail)
    heads, parts = [], []
    for incident in _incidents(told):
        sentences = [_finding(one.range, _sentence(one), one.ratio, bucket_us) for one in incident]
        together = _together(incident, exchanges, bucket_us)
        heads.append(together or sentences[0])
        parts += sentences if together else sentences[1:]
    return [*heads, *parts]


def _told(one: _Range) -> _Told | None:
    """What is told of a range; None where it is not enough to be told."""
    if one.measure.name == "slow":
        inside, outside = _p99s(one)
        if inside is None or not outside or inside < LEAST_RATIO * outside:
            return None
        ratio = inside / outside
        return _Told(one, f"p99 {duration(inside / 1000)}", f"{times(ratio)} that of other times", ratio)
    hits, share = one.hits, one.ratio
    if share is not None and share < LEAST_RATIO:
        return None
    compared = "none at other times" if share is None else f"{times(share)} the share of other times"
    if one.measure.name == "lost":
        return _Told(one, f"{_count(hits, 'request')} without a response", compared, share)
    return _Told(one, f"{_count(hits, 'response')} with {_codes(one)}", compared, share)


def _sentence(told: _Told) -> str:
    """What is told of a range as a sentence that counts its rows."""
    measure, what = told.range.measure, told.what
    if measure.name == "slow":
        longer = duration(measure.longer_than_us / 1000)
        what = f"{_count(_slow_rows(told.range), 'exchange')} slower than {longer}, {what}"
    return f"{what}, {told.compared}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _slow_rows(one: _Range) -> int:
    """How many exchanges of a range took longer than the least of the measure."""
    slow, measure = pl.col("duration_us") > one.measure.longer_than_us, one.measure
    if measure.durations is not None:
        return int(measure.durations.filter(one.within & slow)["n"].sum())
    if measure.rows is None:
        return one.hits
    rows = measure.rows().filter(one.within & slow)
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _codes(one: _Range) -> str:
    """The statuses of the hits: `502 or 503`; where there are many, their class, and the code that most have."""
    codes = one.measure.codes
    if codes is None:
        return one.measure.name
    rows = codes.filter(one.within).group_by("status_code").agg(pl.col("n").sum())
    if rows.height <= _MOST_CODES:
        *others, last = map(str, rows["status_code"].sort())
        return f"{', '.join(others)} or {last}" if others else last
    code, count = rows.sort("n", "status_code", descending=[True, False]).row(0)
    return one.measure.name + (f", mostly {code}" if 2 * count > one.hits else "")


def _p99s(one: _Range) -> tuple[int | None, int | None]:
    """The p99 (µs) in a range and at other times, exact."""
    durations, rows = one.measure.durations, one.measure.rows
    if durations is not None:
        return _p99(durations.filter(one.within)), _p99(durations.filter(one.without))
    if rows is None:
        return None, None
    timed = rows().filter(one.within | one.without).with_columns(at=one.within)
    asked = percentiles.asked_p99(percentiles.counts_by_at(timed, exact=False).collect(engine="streaming"), exact=False)
    p99 = percentiles.p99_by_at(settled(asked, near(timed, asked)))
    return p99.get(True), p99.get(False)


def _p99(durations: pl.DataFrame) -> int | None:
    counts = durations.group_by("duration_us").agg(pl.col("n").sum()).sort("duration_us")
    reached = counts.filter(pl.col("n").cum_sum() >= rank_of(0.99, pl.col("n").sum()))
    return reached["duration_us"].first() if reached.height else None  # type: ignore[return-value]


def _incidents(told: Sequence[_Told]) -> list[list[_Told]]:
    """What is told of ranges that meet, that of the surest first.

    Ranges meet that overlap the surest one, and are together no more than twice as long as the longest of them.
    """
    incidents = []
    left = list(told)
    while left:
        surest, *others = left
        meeting, left = [surest], []
        first, last = surest.range.first, surest.range.last
        longest = last - first + 1
        for other in others:
            one = other.range
            start, end, longer = min(first, one.first), max(last, one.last), max(longest, one.last - one.first + 1)
            if one.first <= last and one.last >= first and end - start + 1 <= 2 * longer:
                meeting.append(other)
                first, last, longest = start, end, longer
            else:
                left.append(other)
        incidents.append(meeting)
    return incidents


def _together(incident: Sequence[_Told], exchanges: pl.DataFrame, bucket_us: int) -> Finding | None:
    """The sentence of the time in which several measures meet, with all of them; None where there are not several."""
    first, last = min(one.range.first for one in incident), max(one.range.last for one in incident)
    by_measure: dict[str, _Told] = {}
    for one in incident:
        if one.range.measure.name not in by_measure:
            same = (one.range.first, one.range.last) == (first, last)
            joined = one if same else _told(msgspec.structs.replace(one.range, first=first, last=last))
            if joined is not None:
                by_measure[one.range.measure.name] = joined
    parts = list(by_measure.values())
    if len(parts) < 2:
        return None
    whats = [f"{one.what} ({times(one.ratio)})" if one.ratio is not None else one.what for one in parts]
    ratio = max((one.ratio for one in parts if one.ratio is not None), default=None)
    joined_range = parts[0].range
    count = int(exchanges.filter(joined_range.within)["n"].sum())
    text = f"{', '.join(whats)}; {_count(count, 'exchange')} in all"
    return _finding(joined_range, text, ratio, bucket_us, view="exchanges")


def _finding(
    one: _Range, text: str, ratio: float | None, bucket_us: int, *, view: FindingView | None = None
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
        text=f"{when(start, end)}: {text}",
        view=own,
        filter=f"{condition}{within}",
        start=start,
        end=end,
        ratio=ratio,
    )


def _filter_time(stamp: str) -> str:
    return stamp.removesuffix(".000000Z") + "Z"
