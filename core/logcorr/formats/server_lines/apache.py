"""Apache httpd's `LogFormat`, and the patterns of Tomcat's access log, which have the same directives but for a few.

https://httpd.apache.org/docs/2.4/mod/mod_log_config.html, https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html
"""

import re
from collections.abc import Iterator
from typing import Literal

from logcorr.formats.profile import Profile, Unit
from logcorr.formats.server_lines.build import text_profile
from logcorr.formats.server_lines.json_template import profile_of_json
from logcorr.formats.server_lines.variables import (
    CLF_TIME,
    DIGITS,
    LIST,
    NUMBER,
    SOLID,
    Token,
    Variable,
    java_form,
    plain,
    strftime_form,
    time_shape,
)
from logcorr.model.errors import UsageError
from logcorr.text.safe import safe

_COMMON = '%h %l %u %t "%r" %>s %b'
_NAMED = {
    "common": _COMMON,
    "combined": f'{_COMMON} "%{{Referer}}i" "%{{User-Agent}}i"',
    "vhost_combined": f'%v:%p {_COMMON} "%{{Referer}}i" "%{{User-Agent}}i"',
    "combinedio": f'{_COMMON} "%{{Referer}}i" "%{{User-Agent}}i" %I %O',
}
# LogFormat "text" name
_DIRECTIVE = re.compile(r'^\s*(?:LogFormat|CustomLog\s+\S+)\s+"((?:[^"\\]|\\.)*)".*$', re.DOTALL)
_VARIABLE = re.compile(r"%(?:!?\d+(?:,\d+)*|[<>])*(?:\{([^}]*)\})?(?:!?\d+(?:,\d+)*|[<>])*(\^t[io]|[a-zA-Z%])")

_VARIABLES: dict[str, Variable] = {
    **plain(SOLID, "A", "l", "H", "v", "V", "p", "P", "X", "L", "R", "k"),
    **plain(r"(?:\?\S*)?", "q"),
    **plain(DIGITS, "b", "B", "I", "O", "S"),
    **plain("", "f"),
    "h": Variable(name="ip", role="ip", shape=SOLID),
    "a": Variable(name="ip", role="ip", shape=SOLID),
    # A client may send any name.
    "u": Variable(name="user", role="user"),
    "r": Variable(name="request", role="request"),
    "m": Variable(name="method", role="method", shape=SOLID),
    "U": Variable(name="path", role="endpoint"),
    "s": Variable(name="status", role="status", shape=DIGITS),
    "D": Variable(name="duration", role="duration", unit="us", shape=DIGITS),
    "T": Variable(name="duration", role="duration", rank=1, unit="s", shape=NUMBER),
}
_NAMES = {"b": "bytes", "B": "bytes", "I": "bytes_in", "O": "bytes_out", "S": "bytes_all", "v": "host", "V": "host"}
_NAMES |= {"p": "port", "P": "pid", "l": "ident", "H": "protocol", "q": "query", "k": "keepalive", "L": "log_id"}
_NAMES |= {"A": "server_ip", "X": "connection", "R": "handler", "f": "file"}
_HEADERS = {
    "user-agent": Variable(name="user_agent", role="user_agent"),
    "x-forwarded-for": Variable(name="forwarded_for", role="ip", rank=1, shape=LIST),
    "x-real-ip": Variable(name="real_ip", role="ip", rank=2, shape=SOLID),
}
_TIME_UNITS: dict[str, tuple[Unit, int]] = {"us": ("us", 0), "ms": ("ms", 1), "s": ("s", 2)}
_EPOCHS = {"sec": "epoch_s", "msec": "epoch_ms", "usec": "epoch_us"}


def profile(name: str, line: str) -> Profile:
    """The profile of a `LogFormat` of Apache httpd: its text, the whole directive, or a usual name of one."""
    return _profile(name, line, "apache")


def tomcat_profile(name: str, line: str) -> Profile:
    """The profile of the pattern of Tomcat's access log. Raises UsageError where the version matters and is not told.

    The unit of `%D` is the millisecond up to Tomcat 9 and the microsecond from 10.1 on.
    """
    server = name.partition(":")[0]
    if server == "tomcat" and any(found[2] == "D" for found in _VARIABLE.finditer(line)):
        raise UsageError(
            "%D of Tomcat's pattern is in ms up to Tomcat 9 and in µs from Tomcat 10.1 on. "
            "Write tomcat9:... or tomcat10:... instead of tomcat:..."
        )
    return _profile(name, line, server)


def _profile(name: str, line: str, server: str) -> Profile:
    directive = _DIRECTIVE.match(line)
    line = directive[1] if directive else line
    line = _NAMED.get(line.strip().lower(), line)
    line = line.replace('\\"', '"').replace("\\t", "\t").replace("\\\\", "\\")
    if line.lstrip().startswith("{"):
        return profile_of_json(name, line, _VARIABLE, lambda text: tokens(text, server))
    return text_profile(name, list(tokens(line, server)))


def tokens(line: str, server: str) -> Iterator[Token]:
    """The literals and variables of a line of `apache`, `tomcat`, `tomcat9` or `tomcat10`. Raises UsageError."""
    end = 0
    for found in _VARIABLE.finditer(line):
        yield line[end : found.start()]
        end = found.end()
        argument, letter = found[1], found[2]
        if letter == "%":
            yield "%"
        elif letter == "t":
            yield from _time(argument or "", server)
        else:
            yield _variable(letter, argument, server)
    yield line[end:]


def _variable(letter: str, argument: str | None, server: str) -> Variable:
    """The meaning of `%letter` or `%{argument}letter`."""
    tomcat = server != "apache"
    if letter == "i" and argument is not None:
        return _HEADERS.get(argument.lower()) or Variable(name=argument)
    if letter in ("o", "e", "n", "C", "c", "^ti", "^to"):
        return Variable(name=argument or "")
    if letter == "T" and argument is not None:
        return _duration(argument)
    if tomcat:
        if letter == "D":
            return Variable(name="duration", role="duration", unit="ms" if server == "tomcat9" else "us", shape=DIGITS)
        if letter == "F":
            return Variable(name="commit_time", role="duration", rank=3, unit="ms", shape=DIGITS)
        if letter in ("r", "s") and argument is not None:
            # Attributes of the request and of the session.
            return Variable(name=argument)
        if letter in ("S", "X"):
            return Variable(name={"S": "session", "X": "connection"}[letter], shape=SOLID)
    if letter == "a" and argument == "c":
        return Variable(name="peer_ip", role="ip", rank=3, shape=SOLID)
    variable = _VARIABLES.get(letter)
    if variable is None:
        return Variable()
    return variable if variable.role else Variable(name=_NAMES[letter], shape=variable.shape)


def _duration(unit: str) -> Variable:
    if unit not in _TIME_UNITS:
        raise UsageError(f"the unit of %{{{safe(unit)}}}T is unknown; known are {', '.join(_TIME_UNITS)}.")
    known, rank = _TIME_UNITS[unit]
    return Variable(name="duration", role="duration", rank=rank, unit=known, shape=NUMBER)


def _time(argument: str, server: str) -> Iterator[Token]:
    """The tokens of `%t` or `%{argument}t`. Apache httpd's is the start of the request, Tomcat's its end."""
    begin, _, rest = argument.partition(":")
    told = begin in ("begin", "end")
    text = rest if told else argument
    at: Literal["start", "end"] = "start" if begin == "begin" or (server == "apache" and not told) else "end"
    if text == "" or (server != "apache" and text == "clf"):
        yield "["
        yield Variable(name="time", role="time", rank=2, form=CLF_TIME, at=at)
        yield "]"
    elif text in _EPOCHS:
        yield Variable(name=text, role="time", rank=0, form=_EPOCHS[text], at=at, shape=DIGITS)
    elif text in ("msec_frac", "usec_frac"):
        # The digits behind the second, which another %t gives: %{%s}t.%{msec_frac}t.
        yield Variable(name=text, shape=DIGITS)
    else:
        form = strftime_form(text) if server == "apache" else java_form(text)
        yield Variable(name="time", role="time", rank=1, form=form, at=at, shape=time_shape(form))
