"""Envoy's access log format: command operators and their meaning.

https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
"""

import re
from collections.abc import Iterator

from logcorr.formats.profile import Profile
from logcorr.formats.server_lines.build import text_profile
from logcorr.formats.server_lines.json_template import profile_of_json
from logcorr.formats.server_lines.variables import (
    DIGITS,
    LIST,
    SOLID,
    Token,
    Variable,
    plain,
    strftime_form,
    time_shape,
)

_DEFAULT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
)
_ISTIO = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" '
    "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
    '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" '
    "%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME%"
)
_NAMED = {"": _DEFAULT, "default": _DEFAULT, "istio": _ISTIO}
# %NAME%, %NAME(argument)%, %NAME(argument):length%
_VARIABLE = re.compile(r"%([A-Z][A-Z0-9_]*)(?:\(((?:[^()]|\([^()]*\))*)\))?(?::(\d+))?%")

_OPERATORS: dict[str, Variable] = {
    **plain(SOLID, "PROTOCOL", "RESPONSE_FLAGS", "RESPONSE_FLAGS_LONG", "RESPONSE_CODE_DETAILS", "UPSTREAM_HOST"),
    **plain(SOLID, "UPSTREAM_CLUSTER", "UPSTREAM_CLUSTER_RAW", "UPSTREAM_LOCAL_ADDRESS", "DOWNSTREAM_LOCAL_ADDRESS"),
    **plain(SOLID, "REQUESTED_SERVER_NAME", "ROUTE_NAME", "CONNECTION_ID", "STREAM_ID", "TRACE_ID", "HOSTNAME"),
    **plain(
        SOLID, "DOWNSTREAM_TLS_VERSION", "DOWNSTREAM_TLS_CIPHER", "UPSTREAM_REMOTE_ADDRESS", "VIRTUAL_CLUSTER_NAME"
    ),
    **plain(DIGITS, "BYTES_RECEIVED", "BYTES_SENT", "UPSTREAM_WIRE_BYTES_SENT", "UPSTREAM_WIRE_BYTES_RECEIVED"),
    **plain(DIGITS, "DOWNSTREAM_WIRE_BYTES_SENT", "DOWNSTREAM_WIRE_BYTES_RECEIVED", "UPSTREAM_REQUEST_ATTEMPT_COUNT"),
    **plain(DIGITS, "REQUEST_DURATION", "REQUEST_TX_DURATION", "RESPONSE_TX_DURATION", "ROUNDTRIP_DURATION"),
    **plain(
        "", "CONNECTION_TERMINATION_DETAILS", "UPSTREAM_TRANSPORT_FAILURE_REASON", "GRPC_STATUS", "LOCAL_REPLY_BODY"
    ),
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": Variable(name="ip", role="ip", shape=SOLID),
    "DOWNSTREAM_REMOTE_ADDRESS": Variable(name="peer", role="ip", rank=1, shape=SOLID),
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT": Variable(name="direct_ip", role="ip", rank=3, shape=SOLID),
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": Variable(name="direct_peer", role="ip", rank=4, shape=SOLID),
    "RESPONSE_CODE": Variable(name="status", role="status", shape=DIGITS),
    "DURATION": Variable(name="duration", role="duration", unit="ms", shape=DIGITS),
    # Until the first byte of the answer.
    "RESPONSE_DURATION": Variable(name="response_duration", role="duration", rank=1, unit="ms", shape=DIGITS),
}
_HEADERS: dict[str, Variable] = {
    ":METHOD": Variable(name="method", role="method", shape=SOLID),
    ":PATH": Variable(name="target", role="endpoint", shape=SOLID),
    "X-ENVOY-ORIGINAL-PATH": Variable(name="target", role="endpoint", shape=SOLID),
    "USER-AGENT": Variable(name="user_agent", role="user_agent"),
    "X-FORWARDED-FOR": Variable(name="forwarded_for", role="ip", rank=2, shape=LIST),
    ":AUTHORITY": Variable(name="host", shape=SOLID),
    "X-REQUEST-ID": Variable(name="request_id", shape=SOLID),
    "X-ENVOY-UPSTREAM-SERVICE-TIME": Variable(name="upstream_time", role="duration", rank=2, unit="ms", shape=DIGITS),
}
_STARTS = ("START_TIME", "START_TIME_LOCAL")


def profile(name: str, line: str) -> Profile:
    """The profile of Envoy's access log format: its text, a JSON object, `default` or `istio`. Raises UsageError."""
    line = _NAMED.get(line.strip().lower(), line).removesuffix("\n").removesuffix("\\n")
    if line.lstrip().startswith("{"):
        return profile_of_json(name, line, _VARIABLE, tokens)
    return text_profile(name, list(tokens(line)), escapes=False)


def tokens(line: str) -> Iterator[Token]:
    """The literals and variables of a line. Raises UsageError."""
    end = 0
    for found in _VARIABLE.finditer(line):
        yield line[end : found.start()]
        end = found.end()
        yield _variable(found[1], found[2] or "")
    yield line[end:]


def _variable(operator: str, argument: str) -> Variable:
    """The meaning of `%operator(argument)%`."""
    if operator in _STARTS:
        if not argument:
            return Variable(name="time", role="time", form="rfc3339", at="start", shape=SOLID)
        form = strftime_form(argument)
        return Variable(name="time", role="time", form=form, at="start", shape=time_shape(form))
    if operator in ("REQ", "REQ_WITHOUT_QUERY", "RESP", "TRAILER"):
        # REQ(X?Y): the header X, or else Y.
        header = argument.partition("?")[0].upper()
        known = _HEADERS.get(header)
        of_request = operator.startswith("REQ") or header == "X-ENVOY-UPSTREAM-SERVICE-TIME"
        return known if known is not None and of_request else Variable(name=f"{operator}_{header}")
    known = _OPERATORS.get(operator)
    return Variable() if known is None else known
