"""Profiles from a few words of the command line, for JSON, logfmt and csv without a file of profiles.

--fields 'time=ts:epoch_ms id=rid status=code duration=took:ms endpoint=url'
--where-request 'event=start' --where-response 'event=end'
"""

import shlex
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from logcorr.formats import profile_checks, profile_toml, profile_values
from logcorr.formats.profile import ATTRIBUTES, Profile, Rule
from logcorr.formats.profile_place import nearest
from logcorr.model.errors import UsageError
from logcorr.text.safe import safe

NAME = "fields"
_ORIGIN = "--fields"
_KNOWN = ("time", "id", "status", "duration", "user", *ATTRIBUTES)


def profile(
    fields: str,
    where_request: str | None = None,
    where_response: str | None = None,
    syntax: str = "json",
    *,
    side: Literal["request", "response"] | None = None,
) -> Profile:
    """The profile that the words of `--fields` tell, in a log of this syntax: json, logfmt or csv.

    With the two conditions the log holds requests and responses. Without them its lines are exchanges, or they are all
    requests or all responses where `side` says so. Raises UsageError that names the option and the word.
    """
    if syntax == "text":
        raise UsageError(
            "--fields is for JSON, logfmt and csv; a log of text wants a profile: `logcorr formats new LOG`."
        )
    if (where_request is None) != (where_response is None):
        missing = "--where-request" if where_request is None else "--where-response"
        raise UsageError(f"{missing} is missing: requests and responses are told apart by both.")
    words = _words(fields)
    rules: list[dict[str, Any]]
    if where_request is not None and where_response is not None:
        rules = [
            {"event": "request", "where": _where(where_request, "--where-request")},
            {"event": "response", "where": _where(where_response, "--where-response")},
        ]
    else:
        rules = [{"event": side or "exchange"}]
    table: dict[str, Any] = {"syntax": syntax, "rule": rules}
    for rule in rules:
        if rule["event"] != "request":
            rule |= {key: words[key] for key in ("status", "duration") if key in words}
    table |= {key: words[key] for key in words if key in _KNOWN and key not in ("status", "duration")}
    own = {key: words[key] for key in words if key not in _KNOWN}
    if own:
        table["attributes"] = own
    read = profile_toml.read_table(NAME, table, _ORIGIN)
    _check(read, side)
    return read


def _check(read: Profile, side: str | None) -> None:
    """Checks a profile. One of a single side lacks the other side's rules, and has an id all the same."""
    if side is None:
        profile_checks.check(read)
        return
    other = Rule(event="response" if side == "request" else "request")
    profile_checks.check(msgspec.structs.replace(read, rules=(*read.rules, other)))


def _words(fields: str) -> dict[str, Any]:
    """The words `name=path` as the keys and values of a profile."""
    try:
        parts = shlex.split(fields)
    except ValueError as error:
        raise UsageError(f"--fields: {str(error).lower().rstrip('.')}.") from None
    words: dict[str, Any] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--fields: {safe(part)!r} is not NAME=PATH{nearest(name, _KNOWN)}.")
        if name in words:
            raise UsageError(f"--fields: {safe(name)!r} stands there twice.")
        words[name] = _VALUES.get(name, _path)(value)
    if not words:
        raise UsageError("--fields names no field; for example --fields 'time=ts:epoch_ms id=rid status=code'.")
    return words


def _path(value: str) -> str:
    return value


def _time(value: str) -> Any:
    """PATH, PATH:FORM, or one of the words previous and none."""
    if value in ("previous", "none"):
        return value
    path, colon, form = value.partition(":")
    return {"field": path, "form": form if colon else "rfc3339"}


def _id(value: str) -> Any:
    """PATH, or several with commas between them for an id of several parts."""
    parts = value.split(",")
    return parts if len(parts) > 1 else value


def _status(value: str) -> Any:
    """PATH, or a number that is always the status."""
    return int(value) if value.isascii() and value.isdecimal() else {"field": value, "null": "none"}


def _duration(value: str) -> Any:
    """PATH:UNIT."""
    path, colon, unit = value.rpartition(":")
    if not colon:
        units = ", ".join(profile_values.UNITS)
        raise UsageError(f"--fields: duration={safe(value)} lacks its unit, as in duration={safe(value)}:ms ({units}).")
    return {"field": path, "unit": unit}


_VALUES: dict[str, Callable[[str], Any]] = {"time": _time, "id": _id, "status": _status, "duration": _duration}


def _where(text: str, option: str) -> dict[str, Any]:
    """Conditions with commas between them: `path=value`, `path^=prefix`, or `path` alone for what exists."""
    where: dict[str, Any] = {}
    for part in text.split(","):
        path, equals, value = part.strip().partition("=")
        is_prefix = bool(equals) and path.endswith("^")
        path = path.removesuffix("^") if is_prefix else path
        if not path:
            raise UsageError(f"{option}: {safe(part)!r} is not PATH=VALUE, PATH^=PREFIX or PATH.")
        if path in where:
            raise UsageError(f"{option}: {safe(path)!r} stands there twice.")
        where[path] = {"prefix": value} if is_prefix else value if equals else {"exists": True}
    return where
