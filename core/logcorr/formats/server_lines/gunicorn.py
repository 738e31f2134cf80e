"""gunicorn's `access_log_format` and morgan's formats: their atoms, tokens and meaning.

https://docs.gunicorn.org/en/stable/settings.html#access-log-format, https://github.com/expressjs/morgan#tokens
"""

import re
from collections.abc import Iterator

from logcorr.formats.profile import Profile
from logcorr.formats.server_lines.build import text_profile
from logcorr.formats.server_lines.json_template import profile_of_json
from logcorr.formats.server_lines.variables import CLF_TIME, DIGITS, LIST, NUMBER, SOLID, Token, Variable, plain

_DEFAULT = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
_ATOM = re.compile(r"%\(([^)]*)\)[-+ #0-9.]*[a-z]")
_ATOMS: dict[str, Variable] = {
    **plain(SOLID, "l", "q", "H", "p"),
    **plain(DIGITS, "b", "B"),
    **plain("", "f"),
    "h": Variable(name="ip", role="ip", shape=SOLID),
    "u": Variable(name="user", role="user"),
    # The brackets are part of the atom. The clock is read when the line is written.
    "t": Variable(name="time", role="time", form=CLF_TIME, shape=r"[^\]]*", whole=r"\[{}\]"),
    "r": Variable(name="request", role="request"),
    "m": Variable(name="method", role="method", shape=SOLID),
    "U": Variable(name="path", role="endpoint", shape=SOLID),
    "s": Variable(name="status", role="status", shape=DIGITS),
    "a": Variable(name="user_agent", role="user_agent"),
    "D": Variable(name="duration", role="duration", unit="us", shape=DIGITS),
    "L": Variable(name="duration", role="duration", rank=1, unit="s", shape=NUMBER),
    "M": Variable(name="duration", role="duration", rank=2, unit="ms", shape=NUMBER),
    "T": Variable(name="duration", role="duration", rank=3, unit="s", shape=NUMBER),
    "{x-forwarded-for}i": Variable(name="forwarded_for", role="ip", rank=1, shape=LIST),
    "{x-real-ip}i": Variable(name="real_ip", role="ip", rank=2, shape=SOLID),
    "{user-agent}i": Variable(name="user_agent", role="user_agent"),
}
_NAMES = {"l": "ident", "q": "query", "H": "protocol", "p": "pid", "b": "bytes", "B": "bytes", "f": "referer"}

_MORGAN_COMMON = (
    ':remote-addr - :remote-user [:date[clf]] ":method :url HTTP/:http-version" :status :res[content-length]'
)
_MORGAN_NAMED = {
    "tiny": ":method :url :status :res[content-length] - :response-time ms",
    "short": (
        ":remote-addr :remote-user :method :url HTTP/:http-version :status :res[content-length] - :response-time ms"
    ),
    "dev": ":method :url :status :response-time ms - :res[content-length]",
    "common": _MORGAN_COMMON,
    "combined": f'{_MORGAN_COMMON} ":referrer" ":user-agent"',
    "default": f'{_MORGAN_COMMON} ":referrer" ":user-agent"',
}
_TOKEN = re.compile(r":([-\w]{2,})(?:\[([^\]]+)\])?")
_TOKENS: dict[str, Variable] = {
    **plain(SOLID, "http-version", "pid"),
    **plain("", "referrer"),
    "method": Variable(name="method", role="method", shape=SOLID),
    "url": Variable(name="target", role="endpoint", shape=SOLID),
    "status": Variable(name="status", role="status", shape=DIGITS),
    "response-time": Variable(name="duration", role="duration", unit="ms", shape=NUMBER),
    "total-time": Variable(name="total", role="duration", rank=1, unit="ms", shape=NUMBER),
    "remote-addr": Variable(name="ip", role="ip", shape=SOLID),
    "remote-user": Variable(name="user", role="user"),
    "user-agent": Variable(name="user_agent", role="user_agent"),
}
_DATES = {
    "iso": Variable(name="time", role="time", form="rfc3339", shape=SOLID),
    "clf": Variable(name="time", role="time", form=CLF_TIME, shape=r"\S+ \S+"),
    "web": Variable(name="time", role="time", form="%a, %d %b %Y %H:%M:%S GMT", shape=r"\w+, .*? GMT"),
}
_REQUEST_HEADERS = {
    "x-forwarded-for": Variable(name="forwarded_for", role="ip", rank=1, shape=LIST),
    "x-real-ip": Variable(name="real_ip", role="ip", rank=2, shape=SOLID),
    "user-agent": Variable(name="user_agent", role="user_agent"),
}


def gunicorn_profile(name: str, line: str) -> Profile:
    """The profile of gunicorn's `access_log_format`, or of its default (`default`)."""
    line = _DEFAULT if line.strip() in ("", "default", "combined") else line
    if line.lstrip().startswith("{"):
        return profile_of_json(name, line, _ATOM, gunicorn_tokens)
    return text_profile(name, list(gunicorn_tokens(line)))


def gunicorn_tokens(line: str) -> Iterator[Token]:
    """The literals and atoms of a line."""
    end = 0
    for found in _ATOM.finditer(line):
        yield line[end : found.start()].replace("%%", "%")
        end = found.end()
        yield _atom(found[1])
    yield line[end:].replace("%%", "%")


def _atom(atom: str) -> Variable:
    """The meaning of `%(atom)s`. Headers are `{name}i` and `{name}o`, variables are `{name}e`."""
    known = _ATOMS.get(atom) or _ATOMS.get(atom.lower() if atom.startswith("{") else "")
    if known is not None:
        return known if known.role else Variable(name=_NAMES[atom], shape=known.shape)
    return Variable(name=atom[1:-2]) if atom.startswith("{") else Variable()


def morgan_profile(name: str, line: str) -> Profile:
    """The profile of a format of morgan: its text, or tiny, short, dev, common, combined."""
    line = _MORGAN_NAMED.get(line.strip(), line)
    if line.lstrip().startswith("{"):
        return profile_of_json(name, line, _TOKEN, morgan_tokens)
    return text_profile(name, list(morgan_tokens(line)), escapes=False)


def morgan_tokens(line: str) -> Iterator[Token]:
    """The literals and tokens of a line."""
    end = 0
    for found in _TOKEN.finditer(line):
        yield line[end : found.start()]
        end = found.end()
        yield _token(found[1], found[2] or "")
    yield line[end:]


def _token(name: str, argument: str) -> Variable:
    """The meaning of `:name` or `:name[argument]`."""
    if name == "date":
        return _DATES.get(argument or "web", Variable())
    if name == "req":
        return _REQUEST_HEADERS.get(argument.lower()) or Variable(name=argument)
    if name == "res":
        return Variable(name=argument, shape=SOLID)
    return _TOKENS.get(name) or Variable()
