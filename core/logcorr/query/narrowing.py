"""`--since`, `--until` and `--where` of a job: which rows of the views its report and its exports are of.

Nothing here reads rows.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta, tzinfo

import msgspec
import polars as pl

from logcorr.model.errors import UsageError
from logcorr.model.options import Narrowing
from logcorr.query import filter_language
from logcorr.query.filter_expressions import Term, expression
from logcorr.text import instants
from logcorr.text.quantities import duration, duration_us
from logcorr.text.safe import safe
from logcorr.text.zones import local_zone, zone_of

_BEFORE_NEWEST = re.compile(r"-([0-9].*)")
_FORMS = "a time such as 12:15, 12:15:30 or 2025-11-21T12:15:30Z, or -15m for 15 minutes before the newest entry"
_ANY_DAY = date(2000, 1, 1)
# The columns of a row that tell its time, by view.
_TIMES = {"exchanges": "request_time", "orphans": "time"}


class Range(msgspec.Struct, frozen=True):
    """The instants from `since_us` on and before `until_us`, in µs; None has no end there."""

    since_us: int | None
    until_us: int | None

    def within(self, first_us: int | None, last_us: int | None) -> tuple[int | None, int | None]:
        """The first and the last instant (µs) of those between `first_us` and `last_us` that lie in the range."""
        if first_us is None or last_us is None:
            return first_us, last_us
        first = first_us if self.since_us is None else max(first_us, self.since_us)
        last = last_us if self.until_us is None else min(last_us, self.until_us - 1)
        return first, max(first, last)

    def holds(self, column: str) -> pl.Expr:
        """Whether the instant in a column lies in the range; false where there is none."""
        at = pl.col(column).cast(pl.Int64)
        ends = [at.is_not_null()]
        ends += [] if self.since_us is None else [at >= self.since_us]
        ends += [] if self.until_us is None else [at < self.until_us]
        return pl.all_horizontal(ends).fill_null(value=False)


def check(narrowing: Narrowing) -> None:
    """Raises UsageError where an instant is in no form that is known, or the range must be empty."""
    if narrowing.ordered_us is not None and (narrowing.since is None or _is_clock(narrowing.since)):
        message = "--ordered: what lies before --since is not read. Give --since with a date too, or as -15m."
        raise UsageError(message)
    zone = zone_of(narrowing.zone or "UTC")
    named = {option: (text, _instant(option, text, _ANY_DAY, 0, zone)) for option, text in _instants(narrowing)}
    whole = {option: at for option, (text, at) in named.items() if not _BEFORE_NEWEST.fullmatch(text)}
    # Clocks without a date may be of two days.
    if len(whole) == 2 and not any(_is_clock(text) for text, _ in named.values()):
        _check_order(narrowing, whole["--since"], whole["--until"])


def key(narrowing: Narrowing) -> dict[str, str]:
    """What is asked for, by the names of the options, as far as it leaves anything out."""
    names = "since", "until", "where", "zone"
    named = {"tz" if name == "zone" else name: getattr(narrowing, name) for name in names}
    # The zone of this machine may be another one next time.
    named["tz"] = local_zone() if named["tz"] == "local" else named["tz"]
    ordered = {} if narrowing.ordered_us is None else {"ordered": duration(narrowing.ordered_us / 1000)}
    return {name: text for name, text in named.items() if text is not None} | ordered


def range_of(narrowing: Narrowing, first_us: int | None, newest_us: int | None, *, entries: int) -> Range:
    """The range that is asked for, of logs whose entries lie between two instants (µs), and are so many.

    `12:15` is of the day of the logs; raises UsageError where they are of several days, or have no clock.
    """
    if _instants(narrowing) and newest_us is None and entries:
        message = "--since and --until are for logs with a clock, and no line of these has one. Leave them out."
        raise UsageError(message)
    zone = zone_of(narrowing.zone or "UTC")
    day = _day(first_us, newest_us, zone)
    found = {"--since": None, "--until": None} | {
        option: _instant(option, text, day, newest_us, zone) for option, text in _instants(narrowing)
    }
    since, until = found["--since"], found["--until"]
    _check_order(narrowing, since, until)
    return Range(since, until)


def since_us(narrowing: Narrowing, newest_us: int) -> int | None:
    """The instant of `--since` (µs), of logs whose newest entry is at `newest_us`. None without one, or for a clock."""
    if narrowing.since is None or _is_clock(narrowing.since):
        return None
    return _instant("--since", narrowing.since, None, newest_us, zone_of(narrowing.zone or "UTC"))


def kept(
    narrowing: Narrowing,
    span: Range,
    view: str,
    schemas: Mapping[str, Mapping[str, pl.DataType]],
    files: Mapping[str, Sequence[str]],
) -> tuple[list[pl.Expr], pl.Expr]:
    """Which rows of a view of a run are kept: columns that its rows lack, all null, and the expression on both.

    `schemas` are the columns of the views that are narrowed. A condition may name columns of any of them; a row has no
    value in a column that its view does not have. `files` are the names of the log files by side. Raises UsageError.
    """
    own = schemas[view]
    # A short name means the column that the view has.
    hidden = {"time", "line", "file"}
    more = {name: dtype for one in schemas.values() for name, dtype in one.items() if name not in own}
    lacking = {name: dtype for name, dtype in more.items() if name not in hidden}
    terms = _terms(narrowing.where or "", {**own, **lacking}, files)
    at = pl.col(_TIMES[view]).cast(pl.Int64)
    tests = [expression(terms)]
    if span.since_us is not None:
        tests.append((at >= span.since_us).fill_null(value=False))
    if span.until_us is not None:
        tests.append((at < span.until_us).fill_null(value=False))
    named = {column for term in terms for column in term.columns}
    nulls = [pl.lit(None, dtype).alias(name) for name, dtype in lacking.items() if name in named]
    return nulls, pl.all_horizontal(tests)


def _terms(where: str, schema: Mapping[str, pl.DataType], files: Mapping[str, Sequence[str]]) -> list[Term]:
    try:
        return filter_language.parse(where, schema, None, files)
    except UsageError as error:
        message = f"--where: {error}"
        raise UsageError(message) from error


def _check_order(narrowing: Narrowing, since: int | None, until: int | None) -> None:
    if since is not None and until is not None and since >= until:
        message = f"--since {narrowing.since} is not before --until {narrowing.until}: nothing lies between them."
        raise UsageError(message)


def _is_clock(text: str) -> bool:
    """Whether a text is a time of a day without a date."""
    return text[2:3] == ":"


def _instants(narrowing: Narrowing) -> list[tuple[str, str]]:
    named = ("--since", narrowing.since), ("--until", narrowing.until)
    return [(option, text) for option, text in named if text is not None]


def _instant(option: str, text: str, day: date | None, newest_us: int | None, zone: tzinfo) -> int | None:
    """An instant in µs; None for one before the newest entry where there is none. `zone` is of a text that names none.

    Of an hour that a zone has twice, the first is meant.
    """
    before = _BEFORE_NEWEST.fullmatch(text)
    try:
        if before:
            distance = duration_us(before[1])
            return None if newest_us is None else newest_us - distance
        first, _, each_day = instants.time_range(text, day)
    except (UsageError, ValueError, OverflowError) as error:
        message = f"{option} {safe(text, 60)!r} is no time. Write {_FORMS}."
        raise UsageError(message) from error
    if each_day:
        message = f"{option} {text}: the logs are of several days. Write the date too, as in 2025-11-21T{text}."
        raise UsageError(message)
    if zone is UTC or instants.NAMES_ZONE.search(text):
        return first
    moment = (instants.EPOCH + timedelta(microseconds=first)).replace(tzinfo=zone)
    return (moment - instants.EPOCH) // timedelta(microseconds=1)


def _day(first_us: int | None, newest_us: int | None, zone: tzinfo) -> date | None:
    """The day of logs that are of one day in a zone; None where they are of several. Empty logs have any day."""
    if first_us is None or newest_us is None:
        return _ANY_DAY
    try:
        days = {(instants.EPOCH + timedelta(microseconds=at)).astimezone(zone).date() for at in (first_us, newest_us)}
    except OverflowError:  # beyond the years 1 to 9999
        return None
    return days.pop() if len(days) == 1 else None
