"""Files of profiles in TOML → profiles. docs/formats.md describes the keys.

Every fault in a file is an error when the file is read, but one: a profile without a time may be read, and only its use
is an error, as the time may come from a wrapper (see `profile_checks.usable`).
"""

import tomllib
from collections.abc import Callable
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

from logcorr.formats import profile_checks, profile_place, profile_values
from logcorr.formats.profile import Event, Pairing, Profile, Rule, Syntax
from logcorr.formats.profile_place import Decimal, Place, check_keys, one_of
from logcorr.formats.profile_to_toml import text

__all__ = ["UNWRAP", "read", "read_table", "text"]

UNWRAP = (
    *("docker-json", "cri", "journald-json", "syslog", "compose"),
    *("kubectl", "journald-short", "heroku", "grep", "timestamps"),
)
_ROLES = ("user", "endpoint", "method", "ip", "user_agent")
_COMMON = ("time", "zone", "id", *_ROLES, "attributes")
PROFILE_KEYS = (
    *("syntax", "columns", "separator", "quote", "fields_line", "prefix", "unwrap", "pairing", "ties", "rule"),
    *("about", "refusal", "strict", *_COMMON),
)
RULE_KEYS = ("event", "where", "match", "status", "duration", "weak", *_COMMON)
# Columns that every exchange has: no attribute may have their names.
_TAKEN = (
    *("request_id", "request_time", "response_time", "time", "duration_us", "duration_ms", "given_us", "given_ms"),
    *(
        "status_code",
        "user_id",
        "file",
        "line",
        *_ROLES,
        "side",
        "reason",
        "kind",
        "row",
        "weak",
        "line_hash",
        "number",
    ),
    *("request_row", "request_file", "request_line", "response_row", "response_file", "response_line", "response_id"),
)
_MOST_OFFSET_HOURS = 23


def read(text: str, origin: str) -> dict[str, Profile]:
    """The profiles of a file by their names, in order; `text` is the file's text, `origin` its name.

    Raises UsageError of one line that names file, profile, rule and key.
    """
    place = Place(origin=origin)
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place.fail(f"this is no TOML: {str(error).rstrip('.')}")
    profiles = {}
    for name, table in document.items():
        if not isinstance(table, dict):
            place.at(name).fail("it stands outside of a profile; a profile begins with [NAME]")
        profiles[name] = read_table(name, table, origin)
        profile_checks.check(profiles[name])
    return profiles


def read_table(name: str, table: dict[str, Any], origin: str) -> Profile:
    """The profile in a table of TOML. Only the form of each key is checked here; `profile_checks` does the rest."""
    place = Place(origin=origin, profile=name)
    check_keys(table, PROFILE_KEYS, place)
    if "syntax" not in table:
        place.at("syntax").fail(f"it is missing; it is one of {', '.join(get_args(Syntax))}")
    syntax = cast("Syntax", one_of(table["syntax"], get_args(Syntax), place.at("syntax")))
    rules = table.get("rule", [])
    if not isinstance(rules, list) or not rules:
        place.at("rule").fail(f"a profile needs rules; a rule begins with [[{name}.rule]]")
    take = _Taker(table, place)
    ties = take("ties", lambda value, at: one_of(value, ("line",), at))
    return Profile(
        name=name,
        origin=origin,
        syntax=syntax,
        rules=tuple(_rule(rule, Place(origin=origin, profile=name, rule=k)) for k, rule in enumerate(rules, 1)),
        columns=take("columns", _texts, ()),
        separator=take("separator", _character, ","),
        quote=take("quote", _character, '"'),
        fields_line=take("fields_line", profile_place.text),
        prefix=take("prefix", profile_place.text),
        unwrap=take("unwrap", _unwrap),
        time=take("time", profile_values.time),
        zone=take("zone", zone, "Z"),
        id=take("id", profile_values.id_fields, ()),
        attributes=take("attributes", _attributes, {}),
        pairing=cast("Pairing", take("pairing", lambda value, at: one_of(value, get_args(Pairing), at), "in-order")),
        ties_by_line=ties is not None,
        about=take("about", profile_place.text, ""),
        refusal=take("refusal", profile_place.text),
        strict=take("strict", profile_place.boolean, otherwise=False),
        **{role: take(role, profile_values.field) for role in _ROLES},
    )


def _rule(value: Any, place: Place) -> Rule:
    """A rule of a profile."""
    table = profile_place.table(value, place)
    check_keys(table, RULE_KEYS, place)
    if "event" not in table:
        place.at("event").fail(f"it is missing; it is one of {', '.join(get_args(Event))}")
    take = _Taker(table, place)
    return Rule(
        event=cast("Event", one_of(table["event"], get_args(Event), place.at("event"))),
        where=take("where", profile_values.conditions, ()),
        match=take("match", profile_place.text),
        status=take("status", profile_values.status),
        duration=take("duration", profile_values.duration),
        weak=take("weak", profile_place.boolean, otherwise=False),
        time=take("time", profile_values.time),
        id=take("id", profile_values.id_fields),
        zone=take("zone", zone),
        attributes=take("attributes", _attributes, {}),
        **{role: take(role, profile_values.field) for role in _ROLES},
    )


class _Taker:
    """Takes the values of a table's keys: each by a reader, or `otherwise` where the key is not there."""

    def __init__(self, table: dict[str, Any], place: Place) -> None:
        self._table, self._place = table, place

    def __call__(self, key: str, reader: Callable[[Any, Place], Any], otherwise: Any = None) -> Any:
        return reader(self._table[key], self._place.at(key)) if key in self._table else otherwise


def zone(value: Any, place: Place) -> str:
    """A zone: "Z", an offset such as "+05:30", "local", or a name of the IANA database."""
    name = profile_place.text(value, place)
    if name in ("Z", "local") or _is_offset(name):
        return name
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        place.fail(f'{name!r} is no zone; a zone is "Z", "+05:30", "Europe/Berlin" or "local"')
    return name


def _is_offset(name: str) -> bool:
    sign, hours, colon, minutes = name[:1], name[1:3], name[3:4], name[4:]
    digits = hours.isascii() and hours.isdecimal() and minutes.isascii() and minutes.isdecimal()
    whole = len(name) == len("+05:30") and sign in ("+", "-") and colon == ":" and digits
    return whole and int(hours) <= _MOST_OFFSET_HOURS and int(minutes) <= 59


def _unwrap(value: Any, place: Place) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if names == ["none"]:
        return ()
    return tuple(one_of(name, UNWRAP, place) for name in names)


def _texts(value: Any, place: Place) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        place.fail("a list of texts is wanted")
    names = tuple(profile_place.text(item, place) for item in value)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        place.fail(f"{twice!r} stands there twice; a column that is not read may have an empty name")
    return names


def _character(value: Any, place: Place) -> str:
    character = profile_place.text(value, place)
    if len(character) != 1 or not character.isascii() or character in "\r\n":
        place.fail("one ASCII character is wanted")
    return character


def _attributes(value: Any, place: Place) -> dict[str, Any]:
    fields = {}
    for name, item in profile_place.table(value, place).items():
        if name in _TAKEN:
            own = ", which has a key of its own" if name in _ROLES else ", which every exchange has"
            place.at(name).fail(f"this is the name of a column{own}")
        if not name or not name.replace("_", "a").replace("-", "a").replace(".", "a").isalnum():
            place.at(name).fail("a name has letters, digits, and _ - . alone")
        fields[name] = profile_values.field(item, place.at(name))
    return fields
