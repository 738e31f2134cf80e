"""What the variables of servers' configuration lines mean, and what they look like in a log."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from logcorr.formats.profile import Unit
from logcorr.model.errors import UsageError
from logcorr.text.safe import safe

Role = Literal[
    "", "ip", "user", "user_agent", "time", "request", "method", "endpoint", "bare_endpoint", "status", "duration"
]

# Shapes of texts: without blanks, a number, an element or a list as of several upstreams, anything.
SOLID = r"\S*"
NUMBER = r"-?[\d.]*"
LIST = r'[^\s,"]*(?:(?:,| :)\s*[^\s,"]+)*'
DIGITS = r"-?\d*"
CLF_TIME = "%d/%b/%Y:%H:%M:%S %z"


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of a server's line.

    `name` is the group of its text; without a name the text is not kept. `role` says what it is to logcorr; where
    several variables have one role, the lowest `rank` counts. The role `bare_endpoint` is that of the target of a
    request line without a protocol. `shape` is a pattern for its text; an empty one stands for whatever comes until
    the next literal. `whole` is a pattern in place of the group, in which `{}` stands for it.
    `form` and `at` are those of a time, `unit` is that of a duration, `pick` takes a part of the text.
    """

    name: str = ""
    role: Role = ""
    rank: int = 0
    shape: str = ""
    whole: str = "{}"
    form: str = ""
    at: Literal["start", "end"] = "end"
    unit: Unit | None = None
    pick: str | None = None


# A line of configuration: literal texts and variables.
Token = str | Variable


def plain(shape: str, *names: str) -> dict[str, Variable]:
    """Variables that are only known by their name and shape."""
    return {name: Variable(name=name, shape=shape) for name in names}


# Directives of strftime, and the directives of a form that they stand for.
_STRFTIME: Mapping[str, str] = {letter: f"%{letter}" for letter in "YymdbaHIpMSfz"} | {
    "T": "%H:%M:%S",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "c": "%a %b %d %H:%M:%S %Y",
    "e": "%d",
    "h": "%b",
    "k": "%H",
    "l": "%I",
    "Z": "%z",
    "N": "%f",
    "L": "%f",
    "3": "%f",
    "6": "%f",
    "9": "%f",
}
# Letters of Java's SimpleDateFormat, and the directives that they stand for.
_JAVA: Mapping[str, str] = dict(zip("ydHhmsSaEM", (f"%{letter}" for letter in "YdHIMSfpam"), strict=True)) | {
    "u": "%Y",
    **dict.fromkeys("ZXz", "%z"),
}


def strftime_form(text: str) -> str:
    """The form of a time that C's strftime writes by `text`. Raises UsageError for a directive that cannot be read."""
    if text in ("%s", "%s.%3f", "%s.%6f", "%s.%9f"):
        return "epoch_s"
    form, k = "", 0
    while k < len(text):
        if text[k] != "%":
            form, k = form + text[k], k + 1
            continue
        letter = text[k + 1 : k + 2]
        if letter not in _STRFTIME:
            raise UsageError(f"the directive {safe(text[k : k + 2])!r} of the time {safe(text)!r} cannot be read.")
        form, k = form + _STRFTIME[letter], k + 2
        # Digits of a fraction stand before its letter.
        k += letter.isdigit() and text[k : k + 1] == "f"
    return form


_JAVA_QUOTED = re.compile(r"'((?:[^']|'')*)'")


def java_form(text: str) -> str:
    """The form of a time that Java's SimpleDateFormat writes by `text`. Raises UsageError for a letter it has not."""
    form, k = "", 0
    while k < len(text):
        if text[k] == "'":
            quoted = _JAVA_QUOTED.match(text, k)
            inside = text[k + 1 :] if quoted is None else quoted[1]
            form, k = form + (inside.replace("''", "'") or "'"), k + len(inside) + 2
            continue
        end = k + 1
        while end < len(text) and text[end] == text[k]:
            end += 1
        run, k = text[k:end], end
        if not run[0].isalpha():
            form += run
        elif run == "yy":
            form += "%y"
        elif run.startswith("MMM"):
            form += "%b"
        elif run[0] in _JAVA:
            form += _JAVA[run[0]]
        else:
            raise UsageError(f"the letters {safe(run)!r} of the time {safe(text)!r} cannot be read.")
    return form


def time_shape(form: str) -> str:
    """The pattern of a time of this form: as many words as the form has. A day may have a blank for its first digit."""
    if "%" not in form:
        return SOLID
    return " ".join(r" ?\S+" if part == "%d" else r"\S+" for part in form.split(" "))


def merged(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without empty literals, and with neighbouring literals in one."""
    merged: list[Token] = []
    for token in tokens:
        if isinstance(token, str) and merged and isinstance(merged[-1], str):
            merged[-1] += token
        elif token != "":
            merged.append(token)
    return merged
