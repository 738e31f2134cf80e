"""Profiles → text in TOML that reads back to the same profiles."""

import re
from collections.abc import Mapping
from typing import Any

from logcorr.formats.profile import Condition, Duration, Field, Profile, Rule, Status, Time
from logcorr.text.safe import safe

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ROLES = ("user", "endpoint", "method", "ip", "user_agent")


def text(profile: Profile) -> str:
    """A profile as a file of TOML. Its origin is not part of the text."""
    lines = [f"[{_key(profile.name)}]"]
    lines += [f"{key} = {_value(value)}" for key, value in _profile(profile).items()]
    for rule in profile.rules:
        lines += ["", f"[[{_key(profile.name)}.rule]]"]
        lines += [f"{key} = {_value(value)}" for key, value in _rule(rule).items()]
    return "\n".join(lines) + "\n"


def _profile(profile: Profile) -> dict[str, Any]:
    """The keys and values of a profile, without those that are as they are by default."""
    csv = profile.syntax == "csv"
    unwrap = "none" if profile.unwrap == () else profile.unwrap
    values = {
        "about": profile.about or None,
        "refusal": profile.refusal,
        "syntax": profile.syntax,
        "columns": list(profile.columns) or None,
        "separator": profile.separator if csv and profile.separator != "," else None,
        "quote": profile.quote if csv and profile.quote != '"' else None,
        "fields_line": profile.fields_line,
        "prefix": profile.prefix,
        "unwrap": list(unwrap) if isinstance(unwrap, tuple) else unwrap,
        "time": _time(profile.time),
        "zone": profile.zone if profile.zone != "Z" else None,
        "id": _id(profile.id) if profile.id else None,
        **_fields(profile),
        "pairing": profile.pairing if profile.pairing != "in-order" else None,
        "ties": "line" if profile.ties_by_line else None,
        "strict": True if profile.strict else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _rule(rule: Rule) -> dict[str, Any]:
    values = {
        "event": rule.event,
        "where": dict(_condition(condition) for condition in rule.where) or None,
        "match": rule.match,
        "time": _time(rule.time),
        "zone": rule.zone,
        "id": None if rule.id is None else _id(rule.id),
        "status": None if rule.status is None else _status(rule.status),
        "duration": None if rule.duration is None else _duration(rule.duration),
        **_fields(rule),
        "weak": True if rule.weak else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _fields(holder: Profile | Rule) -> dict[str, Any]:
    """The named attributes of a profile or a rule, and the table of its own."""
    named = {role: getattr(holder, role) for role in _ROLES}
    fields = {role: _field(field) for role, field in named.items() if field is not None}
    own = {name: _field(field) for name, field in holder.attributes.items()}
    return {**fields, "attributes": own or None}


def _field(field: Field) -> Any:
    keys = _field_keys(field)
    return keys["field"] if keys.keys() == {"field"} else keys


def _field_keys(field: Field) -> dict[str, Any]:
    """The keys that tell a field within a table."""
    if field.any_of:
        return {"any": [_field(item) for item in field.any_of]}
    if field.join_of:
        return {"join": [_field(item) for item in field.join_of]}
    return {"field": field.path} if field.pick is None else {"field": field.path, "pick": field.pick}


def _id(fields: tuple[Field, ...]) -> Any:
    return _field(fields[0]) if len(fields) == 1 else [_field(field) for field in fields]


def _time(time: Time | None) -> Any:
    if time is None:
        return None
    if time.kind != "field":
        return time.kind
    at = {"at": "start"} if time.at == "start" else {}
    if time.any_of:
        return {"any": [_time(item) for item in time.any_of], **at}
    # A time with `any` has several times, so a field of several fields stands in a table of its own.
    place = {"field": _field(time.field)} if time.field.any_of else _field_keys(time.field)
    return {**place, "form": time.form, **at}


def _condition(condition: Condition) -> tuple[str, Any]:
    if condition.values is not None:
        values = list(condition.values)
        return condition.path, values[0] if len(values) == 1 else values
    kinds = {"prefix": condition.prefix, "match": condition.match, "exists": condition.exists, "null": condition.null}
    return condition.path, {key: value for key, value in kinds.items() if value is not None}


def _status(status: Status) -> Any:
    if status.field is None:
        return status.always
    values = {
        **_field_keys(status.field),
        "map": status.codes,
        "else": status.otherwise,
        "null": "none" if status.null_is_none else status.null,
    }
    keys = {key: value for key, value in values.items() if value is not None}
    return keys["field"] if keys.keys() == {"field"} else keys


def _duration(duration: Duration) -> Any:
    fields = {"sum": [_field(field) for field in duration.sum_of]} if duration.sum_of else _field_keys(duration.field)
    values = {
        **fields,
        "unit": duration.unit,
        "unit_field": None if duration.unit_field is None else _field(duration.unit_field),
        "units": dict(duration.units) or None,
        "else": "none" if duration.lenient else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _value(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return quoted(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else quoted(key, lines=False)


def quoted(value: str, *, lines: bool = True) -> str:
    """A text in TOML: in double quotes, or unescaped in single ones where that is easier to read.

    A text that could control a terminal, or look like another one, is always escaped. `lines` allows three quotes,
    which a key may not have.
    """
    harmless = safe(value, len(value)) == value
    if ("\\" in value or '"' in value) and harmless:
        if "'" not in value:
            return f"'{value}'"
        if lines and "'''" not in value and not value.endswith("'"):
            return f"'''{value}'''"
    escaped = "".join(_ESCAPES.get(char) or (char if harmless else _escaped(char)) for char in value)
    return f'"{escaped}"'


def _escaped(char: str) -> str:
    if char.isprintable() and char.isascii():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
