r"""JSON lines → the texts at paths: the careful reading, which defines what a line holds.

Servers that write JSON by text templates write `\x22`, `\xe9`, raw control characters, a bare `-` or nothing for a
number, and a comma behind the last member. All of that is read. Python and DuckDB write NaN, Infinity and -Infinity,
which are null here. A key that an object has twice with different values makes a line malformed: which of them is
meant cannot be known.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import polars as pl

OBJECT, OTHER, MALFORMED = 1, 0, 2
MISSING, NULL, STRING, NUMBER, BOOLEAN, CONTAINER = range(6)
JSON_SPACE = " \t\r\n"
_BYTE_ESCAPE = re.compile(r"(\\\\)|((?:\\x[0-9a-fA-F]{2})+)")
_WRONG_ESCAPE = re.compile(r'(\\\\)|\\([^"\\/bfnrtu])')
_EMPTY_VALUE = re.compile(r"(:\s*)(?:-(?![0-9])\s*)?(?=[,}\]])")
_EMPTY_ITEM = re.compile(r"([\[,]\s*)(?:(?:-\s*)?(?=,)|-\s*(?=\]))")
_LAST_COMMA = re.compile(r",\s*(?=[}\]])")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
Step = str | int


class Number(str):
    """A number as the text that is in the line."""

    __slots__ = ()


class _TwiceError(ValueError):
    """An object has a key twice, with different values."""


def cells(lines: pl.Series, paths: Sequence[str]) -> pl.DataFrame:
    """The texts at paths: columns `state` (UInt8), and `t0`, `k0`, `t1`, `k1`, … for each path (String, UInt8).

    `state` is OBJECT, OTHER (the line does not begin with `{`) or MALFORMED. A kind is one of MISSING to CONTAINER.
    Only strings, numbers and Booleans have a text.
    """
    steps = [path.split(".") for path in paths]
    states: list[int] = []
    texts: list[list[str | None]] = [[] for _ in paths]
    kinds: list[list[int]] = [[] for _ in paths]
    for line in lines:
        record = parse(line or "")
        states.append(OTHER if record is OTHER else MALFORMED if record is None else OBJECT)
        found = isinstance(record, dict)
        for number, path in enumerate(steps):
            text, kind = described(at(record, path)) if found else (None, MISSING)
            texts[number].append(text)
            kinds[number].append(kind)
    columns = [pl.Series("state", states, pl.UInt8)]
    for number in range(len(steps)):
        columns += [pl.Series(f"t{number}", texts[number], pl.String), pl.Series(f"k{number}", kinds[number], pl.UInt8)]
    return pl.DataFrame(columns)


_ABSENT = object()


def described(value: Any) -> tuple[str | None, int]:
    """The text of a value (None where it has none), and its kind."""
    if value is _ABSENT:
        return None, MISSING
    if value is None:
        return None, NULL
    if isinstance(value, bool):
        return ("true" if value else "false"), BOOLEAN
    if isinstance(value, Number):
        return str(value), NUMBER
    return (value, STRING) if isinstance(value, str) else (None, CONTAINER)


def at(value: Any, path: Sequence[str]) -> Any:
    """The value at a path of keys; `_ABSENT` where there is none.

    At each step the longest key that is there wins: it may have dots. In an array `0` is an element, and `*` is the
    first element that has the rest of the path.
    """
    if not path:
        return value
    if isinstance(value, dict):
        for length in range(len(path), 0, -1):
            key = ".".join(path[:length])
            if key in value:
                return at(value[key], path[length:])
        return _ABSENT
    if isinstance(value, list):
        if path[0] == "*":
            found = (at(item, path[1:]) for item in value)
            return next((item for item in found if item is not _ABSENT), _ABSENT)
        if path[0].isascii() and path[0].isdigit() and int(path[0]) < len(value):
            return at(value[int(path[0])], path[1:])
    return _ABSENT


def has(record: dict[str, Any], path: str) -> bool:
    """Whether an object has a value at a path that is not null."""
    return at(record, path.split(".")) not in (None, _ABSENT)


def parse(line: str) -> Any:
    """The object of a line; None for a line that begins with `{` and is no object; OTHER for any other line."""
    text = line.strip(JSON_SPACE)
    if not text.startswith("{"):
        return OTHER
    try:
        return _decoded(text)
    except (_TwiceError, RecursionError):
        return None
    except ValueError:
        with suppress(ValueError, RecursionError):
            return _decoded(mended(text))
    return None


def _decoded(text: str) -> dict[str, Any]:
    value = json.loads(
        text, object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_null, strict=False
    )
    if not isinstance(value, dict):
        raise ValueError(text[:20])  # noqa: TRY004 - the caller handles one kind of error
    if _SURROGATE.search(text):
        # A lone surrogate is no text: UnicodeEncodeError is a ValueError.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        for key, value in pairs:
            if record[key] != value or type(record[key]) is not type(value):
                raise _TwiceError(key)
    return record


def _null(_name: str) -> None:
    """The value of NaN, Infinity and -Infinity."""


def mended(text: str) -> str:
    """The text with what templates write outside of JSON's grammar replaced by what they mean."""
    if "\\x" in text:
        text = _STRING.sub(lambda part: _BYTE_ESCAPE.sub(_byte, part[0]), text)
    if "\\" in text:
        text = _STRING.sub(lambda part: _WRONG_ESCAPE.sub(lambda one: one[1] or f"\\\\{one[2]}", part[0]), text)
    pieces, last = [], 0
    for string in _STRING.finditer(text):
        pieces += [_outside(text[last : string.start()], closed=False), string[0]]
        last = string.end()
    return "".join([*pieces, _outside(text[last:], closed=True)])


def _outside(text: str, *, closed: bool) -> str:
    """A piece of JSON between two strings, mended."""
    text = _EMPTY_ITEM.sub(r"\1null", _EMPTY_VALUE.sub(r"\1null", text))
    return _LAST_COMMA.sub("", text) if closed or "}" in text or "]" in text else text


def _byte(escape: "re.Match[str]") -> str:
    r"""Escapes such as `\xd0\x9f` as JSON: their bytes together are UTF-8, or become U+FFFD."""
    if escape[1]:
        return escape[1]
    return json.dumps(bytes.fromhex(escape[2].replace("\\x", "")).decode(errors="replace"))[1:-1]
