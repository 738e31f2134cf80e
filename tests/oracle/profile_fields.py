"""The plain oracle of profiles, third part: fields of a profile → texts of a line, and conditions on them.

It shares no code with the engine. The fields of a line are a mapping of keys to values of JSON, or to texts.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any


@cache
def pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


_MISSING = object()


def lookup(value: Any, keys: Sequence[str], missing: Any = None) -> Any:
    """The value at a path of keys; `missing` if it is not there. At each step the longest key that is there wins."""
    if not keys:
        return value
    if isinstance(value, list):
        if keys[0] == "*":
            found = (lookup(item, keys[1:], _MISSING) for item in value)
            return next((item for item in found if item is not _MISSING), missing)
        place = int(keys[0]) if keys[0].isdecimal() else len(value)
        return lookup(value[place], keys[1:], missing) if place < len(value) else missing
    if isinstance(value, dict):
        for length in range(len(keys), 0, -1):
            key = ".".join(keys[:length])
            if key in value:
                return lookup(value[key], keys[length:], missing)
    return missing


def text_of(value: Any) -> str | None:
    """The text of a value: a text, or a number as it is written; `true` and `false`; None for all else."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def field_text(fields: Mapping[str, Any], field: Any, *, an_id: bool = False) -> str | None:
    """The text of a field of a profile; None if it is not there."""
    if isinstance(field, str):
        value = lookup(fields, field.split("."))
        return None if an_id and isinstance(value, bool) else text_of(value)
    if "any" in field:
        each = (field_text(fields, part) for part in field["any"])
        return next((text for text in each if text is not None and text.strip(" \t") not in ("", "-")), None)
    if "join" in field:
        texts = [field_text(fields, part) for part in field["join"]]
        return None if None in texts else " ".join(text for text in texts if text)
    text = field_text(fields, field["field"], an_id=an_id)
    if text is None or "pick" not in field:
        return text
    found = pattern(field["pick"]).search(text)
    return found[1] if found else None


def raw_value(fields: Mapping[str, Any], field: Any) -> Any:
    """The value at the path of a field; None for a field of several."""
    path = field if isinstance(field, str) else field.get("field")
    return lookup(fields, path.split(".")) if path else None


def field_keys(table: Mapping[str, Any]) -> dict[str, Any]:
    """The field in a table that says more than where the field is: a time, a status, a duration."""
    return {key: table[key] for key in ("field", "pick", "any", "join") if key in table}


def paths(field: Any) -> list[str]:
    """The paths that a field looks at."""
    if isinstance(field, str):
        return [field]
    return [path for part in field.get("any") or field.get("join") or [field["field"]] for path in paths(part)]


def holds(fields: Mapping[str, Any], path: str, wanted: Any) -> bool:
    """Whether a condition on the value at a path holds."""
    value = lookup(fields, path.split("."))
    if isinstance(wanted, dict) and "null" in wanted:
        is_null = value is None and lookup(fields, path.split("."), missing=True) is None
        return is_null == bool(wanted["null"])
    if isinstance(wanted, dict) and "exists" in wanted:
        return (value is not None) == bool(wanted["exists"])
    text = text_of(value)
    if text is None:
        return False
    if isinstance(wanted, dict):
        if "prefix" in wanted:
            return text.startswith(wanted["prefix"])
        return pattern(wanted["match"]).match(text) is not None
    return text in [text_of(item) or str(item) for item in (wanted if isinstance(wanted, list) else [wanted])]
