"""The values of options become the options of a job: checked once, for the command line and for Python alike.

Values go by the names that they have in Python. Durations are µs here, sizes bytes: what people write was read before.
A front end tells how it spells a name, as errors quote it.
"""

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from logcorr.cluster import settings
from logcorr.compute import resources
from logcorr.model.errors import UsageError
from logcorr.model.options import AnalyzeOptions, CorrelateOptions, Narrowing, Output, Reading

# Gives the name of an option as a front end spells it.
Spelling = Callable[[str], str]
Values = Mapping[str, Any]

_OFFSET = re.compile(r"Z|UTC|local|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]")
_MEMBER = re.compile(r"first|last|-?[1-9][0-9]?")
_SUSPICIOUS = 25
_WINDOW_US = 60_000_000


def correlate_options(values: Values, spelled: Spelling, outputs: tuple[Output, ...] = ()) -> CorrelateOptions:
    """The options of a correlation. Values that are missing are the defaults. Raises UsageError."""
    log, form = values.get("log", ()), values.get("format")
    request_form, response_form = values.get("requests_format"), values.get("responses_format")
    if (request_form or response_form) and (log or form):
        names = f"{spelled('requests_format')} and {spelled('responses_format')}"
        raise UsageError(f"{names} are for two logs, in place of {spelled('format')}.")
    return CorrelateOptions(
        requests=values.get("requests", ()),
        responses=values.get("responses", ()),
        log=log,
        form=form,
        request_form=request_form,
        response_form=response_form,
        pairing=values.get("pairing"),
        duration=values.get("duration"),
        max_duration_us=values.get("max_duration"),
        edge_us=values.get("edge"),
        skew_us=values.get("skew", 0),
        outputs=outputs,
        **_job_fields(values, spelled),
    )


def analyze_options(values: Values, spelled: Spelling, outputs: tuple[Output, ...] = ()) -> AnalyzeOptions:
    """The options of the analysis of an access log. Values that are missing are the defaults. Raises UsageError."""
    form = values.get("format")
    return AnalyzeOptions(
        files=values["files"],
        form=None if form == "auto" else form,
        outputs=outputs,
        **_job_fields(values, spelled),
    )


def reading(values: Values, spelled: Spelling) -> Reading:
    """How lines are read. Raises UsageError."""
    zone, day, client = values.get("zone"), values.get("date"), values.get("client", "first")
    fields, wheres = values.get("fields"), (values.get("where_request"), values.get("where_response"))
    if zone is not None and not _OFFSET.fullmatch(zone) and zone not in zoneinfo.available_timezones():
        possible = "name a zone such as Europe/Berlin, an offset such as +05:30, or local."
        raise UsageError(f"{spelled('zone')} {zone!r}: {possible}")
    if day is not None and not _is_date(day):
        raise UsageError(f"{spelled('date')} {day!r}: a date is written YYYY-MM-DD.")
    if not _MEMBER.fullmatch(client):
        raise UsageError(f"{spelled('client')} {client!r}: it is first, last, or a place such as 2 or -2.")
    if fields is None and any(wheres):
        names = f"{spelled('where_request')} and {spelled('where_response')}"
        raise UsageError(f"{names} go with {spelled('fields')}.")
    if fields is not None and values.get("format") is not None:
        raise UsageError(f"{spelled('fields')} and {spelled('format')} exclude each other.")
    return Reading(
        files=tuple(values.get("formats", ())),
        zone=zone,
        date=day,
        client=client,
        unwrap=tuple(values.get("unwrap") or ()),
        fields=fields,
        where_request=wheres[0],
        where_response=wheres[1],
    )


def positive(option: str, value: int) -> int:
    """Returns the value of an option that must be more than 0. Raises UsageError where it is not."""
    if value <= 0:
        message = f"{option} must be more than 0."
        raise UsageError(message)
    return value


def _job_fields(values: Values, spelled: Spelling) -> dict[str, Any]:
    """The fields of both kinds of jobs, except the logs, their format and outputs."""
    memory, threads = values.get("memory"), values.get("threads")
    cluster, store = settings.options_of(
        values.get("engine"), values.get("store"), values.get("worker_memory"), spelled, memory
    )
    return {
        "reading": reading(values, spelled),
        "window_us": positive(spelled("window"), values.get("window", _WINDOW_US)),
        "suspicious": positive(spelled("suspicious"), values.get("suspicious", _SUSPICIOUS)),
        "collapse_ids": values.get("collapse_ids", False),
        "collapse": values.get("collapse", ()),
        "narrowing": _narrowing(values),
        "memory_bytes": values.get("held_bytes", 0)
        + (resources.default_memory() if memory is None else positive(spelled("memory"), memory)),
        "threads": None if threads is None else positive(spelled("threads"), threads),
        "store": store,
        "cluster": cluster,
        "keep": values.get("keep", True),
        "report_path": values.get("report_path"),
        "force": values.get("force", False),
    }


def _narrowing(values: Values) -> Narrowing:
    since, until = values.get("since"), values.get("until")
    zone = values.get("tz") if since or until else None
    ordered = values.get("ordered")
    return Narrowing(since=since, until=until, where=values.get("where"), zone=zone, ordered_us=ordered)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
