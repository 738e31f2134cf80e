"""HAProxy's `log-format`: aliases and their meaning. https://docs.haproxy.org/3.0/configuration.html#8.2.6"""

import re
from collections.abc import Iterator

import msgspec

from logcorr.formats.profile import Profile
from logcorr.formats.server_lines.build import json_profile, text_profile
from logcorr.formats.server_lines.variables import CLF_TIME, NUMBER, SOLID, Token, Variable, plain

_HTTPLOG = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
_NAMED = {
    "httplog": _HTTPLOG,
    "httpslog": (
        f"{_HTTPLOG} %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
        "%[ssl_fc_sni]/%sslv/%sslc"
    ),
    "tcplog": "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
    "clf": (
        '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc '
        "%ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"
    ),
}
# log-format "text"
_DIRECTIVE = re.compile(r"^\s*log-format\s+(?:\"((?:[^\"\\]|\\.)*)\"|(.*))$", re.DOTALL)
_VARIABLE = re.compile(
    r"%(?:\(([^):]*)(?::\w+)?\))?(?:\{([^}]*)\})?(?:\(([^):]*)(?::\w+)?\))?(?:\[((?:[^\]\\]|\\.)*)\]|([A-Za-z]+|%))"
)
_MS_TIME = "%d/%b/%Y:%H:%M:%S.%f"
_SIGNED = r"[+-]?\d*"
# -1 stands where a phase was not reached, + where the line was written before the end.
_MS, _TIMER = r"\d+", r"(?:\+?{}|-1|)"

_ALIASES: dict[str, Variable] = {
    **plain(SOLID, "ci", "cp", "ft", "f", "fi", "fp", "b", "bi", "bp", "s", "si", "sp", "CC", "CS", "tsc", "ts", "pid"),
    **plain(_SIGNED, "B", "U", "ac", "fc", "bc", "sc", "rc", "sq", "bq", "ms", "lc", "rt", "Th", "Ti", "Tu"),
    **plain(SOLID, "H", "ID", "HV", "sslc", "sslv", "HPO", "HQ", "trace"),
    "ci": Variable(name="ip", role="ip", shape=SOLID),
    "tr": Variable(name="time", role="time", rank=1, form=_MS_TIME, at="start", shape=SOLID),
    "t": Variable(name="accepted", role="time", rank=2, form=_MS_TIME, at="start", shape=SOLID),
    "trg": Variable(name="time", role="time", rank=3, form=CLF_TIME, at="start", shape=r"\S+ \S+"),
    "trl": Variable(name="time", role="time", rank=3, form=CLF_TIME, at="start", shape=r"\S+ \S+"),
    "T": Variable(name="accepted", role="time", rank=4, form=CLF_TIME, at="start", shape=r"\S+ \S+"),
    "Tl": Variable(name="accepted", role="time", rank=4, form=CLF_TIME, at="start", shape=r"\S+ \S+"),
    "Ts": Variable(name="accepted_s", role="time", rank=5, form="epoch_s", at="start", shape=NUMBER),
    "r": Variable(name="request", role="request"),
    "HM": Variable(name="method", role="method", shape=SOLID),
    "HU": Variable(name="target", role="endpoint", shape=SOLID),
    "HP": Variable(name="path", role="endpoint", rank=1, shape=SOLID),
    # -1 and 0 stand for no status.
    "ST": Variable(name="status", role="status", shape=r"[1-9]\d*", whole=r"(?:{}|-1|0|-|)"),
    "Ta": Variable(name="ta", role="duration", unit="ms", shape=_MS, whole=_TIMER),
    "Tt": Variable(name="tt", role="duration", rank=1, unit="ms", shape=_MS, whole=_TIMER),
    # Where there is no total, the phases are added up.
    "TR": Variable(name="tr_request", role="duration", rank=2, unit="ms", shape=_MS, whole=_TIMER),
    "Tw": Variable(name="tw", role="duration", rank=2, unit="ms", shape=_MS, whole=_TIMER),
    "Tc": Variable(name="tc", role="duration", rank=2, unit="ms", shape=_MS, whole=_TIMER),
    "Tr": Variable(name="tr_response", role="duration", rank=2, unit="ms", shape=_MS, whole=_TIMER),
    "Td": Variable(name="td", role="duration", rank=2, unit="ms", shape=_MS, whole=_TIMER),
    "Tq": Variable(name="tq", shape=_SIGNED),
}
# Captured headers: nothing is written where none are captured, neither the blank before them.
_OPTIONAL = ("hr", "hs")
_SAMPLES = {
    "src": "ci",
    "method": "HM",
    "path": "HP",
    "pathq": "HU",
    "url": "HU",
    "status": "ST",
}
_USER_AGENT = re.compile(r"req\.(?:f?hdr)\(user-agent\)", re.IGNORECASE)


def profile(name: str, line: str) -> Profile:
    """The profile of a `log-format`: its text, the whole directive, or httplog, httpslog, tcplog, clf."""
    directive = _DIRECTIVE.match(line)
    if directive:
        line = (directive[1] or directive[2] or "").replace('\\"', '"').replace("\\ ", " ")
    line = _NAMED.get(line.strip(), line)
    found = list(_VARIABLE.finditer(line))
    if any(variable[5] == "o" and "+json" in (variable[2] or "") for variable in found):
        keys = {variable[1] or variable[3]: variable[0] for variable in found if variable[1] or variable[3]}
        return json_profile(name, keys, lambda text: [_as_value(token) for token in tokens(text)])
    return text_profile(name, list(tokens(line)))


def tokens(line: str) -> Iterator[Token]:
    """The literals and variables of a line."""
    end, quote_all = 0, False
    for found in _VARIABLE.finditer(line):
        literal, end = line[end : found.start()], found.end()
        flags, sample, alias = found[2] or "", found[4], found[5]
        if alias == "o":
            quote_all = "+Q" in flags
            yield literal
        elif alias == "%":
            yield f"{literal}%"
        elif alias in _OPTIONAL:
            yield literal.removesuffix(" ")
            yield Variable(name=f"captured_{alias}", shape=r"\{.*?\}", whole="(?: {})?")
        else:
            quoted = "+Q" in flags or (quote_all and "-Q" not in flags)
            yield literal
            yield from _quoted(_meaning(alias, sample)) if quoted else (_meaning(alias, sample),)
    yield line[end:]


def _as_value(token: Token) -> Token:
    """A variable as it stands in JSON: alone, so what is no status or no duration is told apart by `pick`."""
    picks = {"status": r"^([1-9]\d*)$", "duration": r"^(\d+)$"}
    return token if isinstance(token, str) else msgspec.structs.replace(token, pick=picks.get(token.role))


def _quoted(variable: Variable) -> Iterator[Token]:
    """A variable in quotes. HAProxy cuts long lines, so the closing quote may be missing."""
    cut = Variable(
        **{key: getattr(variable, key) for key in ("name", "role", "rank", "form", "at", "unit", "pick")},
        shape='[^"]*',
        whole='"{}"?',
    )
    yield cut


def _meaning(alias: str | None, sample: str | None) -> Variable:
    """The meaning of an alias, or of a sample expression in brackets."""
    if alias is None:
        fetch = (sample or "").partition(",")[0].strip()
        if _USER_AGENT.fullmatch(fetch):
            return Variable(name="user_agent", role="user_agent")
        return _ALIASES[_SAMPLES[fetch]] if fetch in _SAMPLES else Variable()
    return _ALIASES.get(alias) or Variable()
