"""What people give as options in Python, and how it is read: durations, sizes, paths, names that are misspelled."""

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, get_args

from logcorr.compute import resources
from logcorr.formats.profile_place import nearest
from logcorr.model import clock_skew
from logcorr.model.errors import UnknownOption, UsageError
from logcorr.model.options import Pairing
from logcorr.text import quantities

PathLike = str | Path
Paths = PathLike | Sequence[PathLike]
Duration = str | dt.timedelta
Instant = str | dt.datetime
Size = str | int
DurationChoice = Literal["events", "given"]

_MICROSECOND = dt.timedelta(microseconds=1)
_CHOICES: dict[str, tuple[str, ...]] = {"pairing": get_args(Pairing), "duration": get_args(DurationChoice)}
_TEXTS = (
    "format",
    "requests_format",
    "responses_format",
    "fields",
    "where_request",
    "where_response",
    "zone",
    "since",
    "until",
    "tz",
    "where",
    "engine",
)
_COUNTS = ("threads", "suspicious")
_SWITCHES = ("keep", "collapse_ids")


class ReadingKeywords(TypedDict, total=False):
    """How lines are read. Without any of it the lines tell.

    `formats`: files of formats. `fields`: the names of fields in place of a format, as in `time=ts:epoch_ms id=rid
    status=code`, with `where_request` and `where_response`. `zone`: the zone of stamps that name none. `date`: the date
    of the first line, for clocks without a date. `unwrap`: heads of collectors to take off, "none" for no head.
    `client`: which of several addresses is the client: "first", "last" or a place.
    """

    formats: Paths
    fields: str | None
    where_request: str | None
    where_response: str | None
    zone: str | None
    date: str | dt.date | None
    unwrap: str | Sequence[str]
    client: str | int


class AnalyzeKeywords(ReadingKeywords, total=False):
    """The options of `analyze`.

    `format`: the name of a format, or a server's own line (`nginx:...`); without it the lines tell the format.
    `window`: the width of the worst window (1 minute). `memory`: the most that the run may take beside what the process
    holds when it begins: "512MB", or bytes (a quarter of the machine's, 512 MB to 4 GB). `threads`: how many threads
    read (one for each usable core). `store`: the folder of runs (the platform's cache folder). `keep`: False removes
    the run once nothing refers to it any more. `suspicious`: more requests in a window make an address suspicious (25).
    `collapse_ids`: write * for numbers, hex and UUIDs in the paths of endpoints. `collapse`: groups of endpoints, each
    as `REGEX=NAME`. `since`, `until`, `where`: what the report and the views are narrowed to, an instant that names no
    zone being one of `tz` (UTC). `ordered`: do not read what lies before `since`; no line is further out of order, and
    no exchange takes longer. `engine`: makes the run by steps on an engine, such as "processes:8" or
    "dask:tcp://HOST:8786", whose workers see `store` and take `worker_memory` each, or share `memory` as those of
    "processes" do; "local" is this machine.
    """

    format: str | None
    window: Duration
    memory: Size
    threads: int | None
    store: PathLike | None
    keep: bool
    suspicious: int
    collapse_ids: bool
    collapse: str | Sequence[str]
    since: Instant | None
    until: Instant | None
    tz: str | None
    where: str | None
    ordered: Duration | None
    engine: str | None
    worker_memory: Size | None


class CorrelateKeywords(AnalyzeKeywords, total=False):
    """The options of `correlate`.

    `requests_format`, `responses_format`: the formats of two logs that are of two formats, in place of `format`.
    `pairing`: how the entries of one id pair (as the format says, else "in-order"). `duration`: which duration counts,
    "events" or the one that responses tell, "given". `max_duration`: take pairs apart that last longer, either way.
    `edge`: how near an end of the logs an orphan is excused (the p99.9, at least 1 s). `skew`: what is added to every
    response's time; may be negative.
    """

    requests_format: str | None
    responses_format: str | None
    pairing: Pairing | None
    duration: DurationChoice | None
    max_duration: Duration | None
    edge: Duration | None
    skew: Duration


def as_keyword(name: str) -> str:
    """The name of an option as Python spells it."""
    return name


def values_of(function: str, given: Mapping[str, Any], known: type) -> dict[str, Any]:
    """The values of options as `logcorr.api.options` takes them. None stands for the default.

    `known` is the class that names the options. Raises UnknownOption for any other name, UsageError for a value that
    cannot be read.
    """
    names = tuple(known.__annotations__)
    for name in given:
        if name not in names:
            raise UnknownOption(f"{function}() has no option {name!r}{nearest(name, names)}.")
    values = {name: _value(name, value) for name, value in given.items() if value is not None}
    if "memory" in names:
        # The process may hold much already that is not of the run.
        values["held_bytes"] = resources.rss()
    return values


def words(name: str, paths: Paths | None) -> tuple[str, ...]:
    """Files, globs and folders as texts; none for None. Raises UsageError for anything else."""
    if paths is None:
        return ()
    several = (paths,) if isinstance(paths, str | os.PathLike) else paths
    try:
        return tuple(os.fsdecode(path) for path in several)
    except TypeError:
        raise UsageError(f"{name}: give a path, or a list of paths, not {paths!r}.") from None


def _path(name: str, path: Any) -> str:
    try:
        return os.fsdecode(path)
    except TypeError:
        raise UsageError(f"{name}: give a path, not {path!r}.") from None


def _store(value: Any) -> str:
    """The folder of runs, or the URI of a bucket. Frames of the run outlive a change of the working folder."""
    place = _path("store", value)
    if "://" in place:
        return place
    return os.path.abspath(place)  # noqa: PTH100 - a link stays a link, and ".." goes


def _value(name: str, value: Any) -> Any:
    if name in ("window", "max_duration", "edge", "ordered"):
        amount = _duration_us(name, value)
        if amount < 0:
            raise UsageError(f"{name} must not be negative.")
        return amount
    if name == "skew":
        return clock_skew.skew_us(_signed_us(name, value) / 1000)
    if name in ("memory", "worker_memory"):
        return _size_bytes(name, value)
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UsageError(f"{name} {value!r}: it is {', '.join(_CHOICES[name][:-1])} or {_CHOICES[name][-1]}.")
    if name == "formats":
        return words(name, value)
    if name == "store":
        return _store(value)
    if name in ("since", "until") and isinstance(value, dt.datetime):
        return value.isoformat()
    if name in ("unwrap", "collapse"):
        return (value,) if isinstance(value, str) else tuple(value)
    if name == "client":
        return str(value)
    if name == "date" and isinstance(value, dt.date):
        return value.isoformat()
    return _checked(name, value)


def _checked(name: str, value: Any) -> Any:
    """A value of which only its type is checked."""
    kinds: tuple[tuple[tuple[str, ...], type, str], ...] = (
        (_TEXTS, str, "a text"),
        (_COUNTS, int, "a whole number"),
        (_SWITCHES, bool, "True or False"),
    )
    for names, kind, what in kinds:
        if name in names and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise UsageError(f"{name}: give {what}, not {value!r}.")
    return value


def _duration_us(name: str, value: Any) -> int:
    if isinstance(value, dt.timedelta):
        return value // _MICROSECOND
    if not isinstance(value, str):
        raise UsageError(f"{name}: write a duration such as '30s', or give a timedelta, not {value!r}.")
    return _read(name, value, quantities.duration_us)


def _signed_us(name: str, value: Any) -> int:
    negative = isinstance(value, str) and value.startswith("-")
    amount = _duration_us(name, value[1:] if negative else value)
    return -amount if negative else amount


def _size_bytes(name: str, value: Any) -> int:
    if isinstance(value, str):
        value = _read(name, value, quantities.size_bytes)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{name}: write a size such as '512MB', or give bytes, not {value!r}.")
    if value <= 0:
        raise UsageError(f"{name} must be more than 0.")
    return value


def _read(name: str, text: str, read: Callable[[str], int]) -> int:
    try:
        return read(text)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
