"""The plain oracle of profiles, first part: one line → its fields, for JSON, logfmt and csv.

It shares no code with the engine. A number is a `Number`: the text as it is written in the line.
"""

import re
from typing import Any

SPACE = " \t"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null|NaN|-?Infinity")
_MEANT = {"true": True, "false": False, **dict.fromkeys(("null", "NaN", "Infinity", "-Infinity"))}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LOGFMT = re.compile(r"""(?:^|(?<=[ \t]))([^\s="']+)(?:=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S*))?""", re.DOTALL)


class JsonError(ValueError):
    """The line is no JSON object, or one of its objects has a key twice with different values."""


class Number(str):
    """A number as it is written in a line."""

    __slots__ = ()


class _Reader:
    """A reader of JSON that servers write by text templates: see `json_object`."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def peek(self) -> str:
        """The next character after blanks; an empty text at the end."""
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1
        return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        char = self.peek()
        if char == '"':
            return self.string()
        if char == "{":
            return self.object()
        if char == "[":
            return self.array()
        if char in ",}]" and char:
            return None
        for pattern in (_WORD, _NUMBER):
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return _MEANT.get(found[0], Number(found[0]))
        if char == "-":
            self.at += 1
            return None
        raise JsonError

    def object(self) -> dict[str, Any]:
        self.at += 1
        fields: dict[str, Any] = {}
        while self.peek() != "}":
            if self.peek() != '"':
                raise JsonError
            key = self.string()
            if self.peek() != ":":
                raise JsonError
            self.at += 1
            value = self.value()
            if key in fields and not same(fields[key], value):
                raise JsonError
            fields[key] = value
            self.comma("}")
        self.at += 1
        return fields

    def array(self) -> list[Any]:
        self.at += 1
        items = []
        while self.peek() != "]":
            items.append(self.value())
            self.comma("]")
        self.at += 1
        return items

    def comma(self, end: str) -> None:
        if self.peek() == ",":
            self.at += 1
        elif self.peek() != end:
            raise JsonError

    def string(self) -> str:
        self.at += 1
        out = bytearray()
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                return out.decode(errors="replace")
            out += self.escape() if char == "\\" else char.encode()
        raise JsonError

    def escape(self) -> bytes:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char in _ESCAPES:
            return _ESCAPES[char].encode()
        if char == "x" and re.match("[0-9a-fA-F]{2}", self.text[self.at :]):
            return bytes([self.hexadecimal(2)])
        if char != "u":
            return f"\\{char}".encode()
        code = self.hexadecimal(4)
        if 0xD800 <= code < 0xDC00 and self.text.startswith("\\u", self.at):
            self.at += 2
            low = self.hexadecimal(4)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00).encode()
        if 0xD800 <= code < 0xE000:
            raise JsonError
        return chr(code).encode()

    def hexadecimal(self, digits: int) -> int:
        text = self.text[self.at : self.at + digits]
        if not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", text):
            raise JsonError
        self.at += digits
        return int(text, 16)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same. A text is no number, and a number is the text that it is written as."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def json_object(text: str) -> dict[str, Any]:
    r"""The object that a JSON text is; JsonError for any other text.

    Also read are `\xHH` (a byte), a backslash before any other letter (as it stands), raw control characters in texts,
    a bare `-`, nothing, NaN, Infinity or -Infinity for a value (null), a comma behind the last item, and a key that is twice there with the same
    value.
    """
    reader = _Reader(text)
    if reader.peek() != "{":
        raise JsonError
    try:
        fields = reader.object()
    except RecursionError:
        raise JsonError from None
    if reader.peek():
        raise JsonError
    return fields


def logfmt_fields(text: str) -> dict[str, Any]:
    """The fields of a logfmt line; values may be in double quotes, or in single quotes as Python writes them.

    Of a key that comes twice, the last counts.
    """
    fields: dict[str, Any] = {}
    for found in _LOGFMT.finditer(text):
        key, value = found[1], found[2]
        if value is None:
            continue
        if value[:1] in ("'", '"') and len(value) > 1 and value[-1] == value[0]:
            fields[key] = _unquoted(value[1:-1])
        else:
            fields[key] = None if value in ("None", "null", "nil") else value
    return fields


def _unquoted(text: str) -> str:
    plain = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda found: plain.get(found[1], found[1]), text, flags=re.DOTALL)


def csv_fields(line: str, separator: str, quote: str) -> list[str]:
    """The fields of a csv line. In quotes, a separator is text and two quotes are one.

    A quote that is not closed is text. A separator of one blank stands for any number of blanks and tabs.
    """
    if separator == " ":
        line = re.sub("[ \t]+", " ", line.strip(SPACE))
    mark, cut, blank = re.escape(quote), re.escape(separator), "[" + SPACE.replace(separator, "") + "]"
    quoted = re.compile(rf"{blank}*{mark}((?:[^{mark}]|{mark}{mark})*){mark}(?!{mark})(.*?)(?:{cut}|$)", re.DOTALL)
    fields, rest, more = [], line, True
    while more:
        found = quoted.match(rest)
        if found:
            fields.append(found[1].replace(quote * 2, quote))
            more, rest = found[0].endswith(separator), rest[found.end() :]
        else:
            text, more_text, rest = rest.partition(separator)
            fields.append(text.strip(SPACE.replace(separator, "")))
            more = bool(more_text)
    return fields
