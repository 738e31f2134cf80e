"""nginx's `log_format`: variables and their meaning. https://nginx.org/en/docs/varindex.html"""

import re
from collections.abc import Iterator

from logcorr.formats.profile import Profile
from logcorr.formats.server_lines.build import text_profile
from logcorr.formats.server_lines.json_template import profile_of_json
from logcorr.formats.server_lines.variables import CLF_TIME, DIGITS, LIST, NUMBER, SOLID, Token, Variable, plain

_COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
# log_format NAME [escape=...] 'text' 'more text';
_DIRECTIVE = re.compile(r"^\s*log_format\s+\S+\s+(?:escape=\w+\s+)?(.*?);?\s*$", re.DOTALL)
_PART = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)

_VARIABLES: dict[str, Variable] = {
    **plain(r'[^\s/"]*', "host", "http_host", "server_name"),
    **plain(SOLID, "hostname", "server_addr", "scheme", "server_protocol"),
    **plain(SOLID, "request_id", "pipe", "args", "query_string", "gzip_ratio", "upstream_cache_status"),
    **plain(SOLID, "ssl_protocol", "ssl_cipher", "ssl_session_reused", "ssl_server_name", "nginx_version", "https"),
    **plain(SOLID, "binary_remote_addr", "content_length", "request_completion", "http_x_request_id", "http3", "http2"),
    **plain(SOLID, "proxy_upstream_name", "req_id", "namespace", "ingress_name", "service_name", "service_port"),
    **plain(SOLID, "proxy_protocol_port", "realip_remote_port", "upstream_http_x_request_id", "proxy_host"),
    **plain(DIGITS, "body_bytes_sent", "bytes_sent", "request_length", "connection", "connection_requests", "pid"),
    **plain(DIGITS, "remote_port", "server_port", "tcpinfo_rtt", "tcpinfo_rttvar", "tcpinfo_snd_cwnd"),
    **plain(NUMBER, "connection_time"),
    **plain(r"\??", "is_args"),
    **plain(LIST, "upstream_addr", "upstream_response_length", "upstream_connect_time", "upstream_bytes_received"),
    **plain(LIST, "upstream_bytes_sent", "upstream_queue_time"),
    **plain("", "http_referer", "http_cookie", "content_type", "request_body", "request_filename", "document_root"),
    **plain("", "ssl_client_s_dn", "ssl_client_i_dn", "ssl_client_verify", "proxy_alternative_upstream_name"),
    "remote_addr": Variable(name="ip", role="ip", shape=SOLID),
    "http_x_forwarded_for": Variable(name="forwarded_for", role="ip", rank=1, shape=LIST),
    "proxy_add_x_forwarded_for": Variable(name="forwarded_for", role="ip", rank=1, shape=LIST),
    "http_x_real_ip": Variable(name="real_ip", role="ip", rank=2, shape=SOLID),
    "http_cf_connecting_ip": Variable(name="connecting_ip", role="ip", rank=2, shape=SOLID),
    "proxy_protocol_addr": Variable(name="proxy_protocol_addr", role="ip", rank=3, shape=SOLID),
    "realip_remote_addr": Variable(name="realip_remote_addr", role="ip", rank=4, shape=SOLID),
    "remote_user": Variable(name="user", role="user"),
    # The clock of a line is read when the request ends.
    "msec": Variable(name="msec", role="time", rank=0, form="epoch_s", shape=NUMBER),
    "time_iso8601": Variable(name="time", role="time", rank=1, form="rfc3339", shape=SOLID),
    "time_local": Variable(name="time", role="time", rank=2, form=CLF_TIME, shape=r"\S+ \S+"),
    "request": Variable(name="request", role="request"),
    "request_method": Variable(name="method", role="method", shape=SOLID),
    "request_uri": Variable(name="target", role="endpoint", shape=SOLID),
    "uri": Variable(name="path", role="endpoint", rank=1, shape=r'[^?\s"]*'),
    "document_uri": Variable(name="path", role="endpoint", rank=1, shape=r'[^?\s"]*'),
    "http_user_agent": Variable(name="user_agent", role="user_agent"),
    "status": Variable(name="status", role="status", shape=DIGITS),
    # The last of several upstreams gave the answer.
    "upstream_status": Variable(name="upstream_status", role="status", rank=1, shape=LIST, pick=r"(\d+)\s*$"),
    "request_time": Variable(name="request_time", role="duration", unit="s", shape=NUMBER),
    "upstream_response_time": Variable(name="upstream_time", role="duration", rank=1, unit="s", shape=LIST),
    "upstream_header_time": Variable(name="upstream_header_time", role="duration", rank=2, unit="s", shape=LIST),
}
_PREFIXES = ("http_", "sent_http_", "upstream_http_", "upstream_trailer_", "sent_trailer_", "cookie_", "arg_", "ssl_")


def profile(name: str, line: str) -> Profile:
    """The profile of a `log_format`: its text, or the whole directive, or `combined`. Raises UsageError."""
    directive = _DIRECTIVE.match(line)
    if directive:
        parts = (single or double for single, double in _PART.findall(directive[1]))
        line = "".join(re.sub(r"\\(.)", r"\1", part) for part in parts)
    line = _COMBINED if line.strip() in ("", "combined") else line
    if line.lstrip().startswith("{"):
        return profile_of_json(name, line, _VARIABLE, tokens)
    return text_profile(name, list(tokens(line)))


def tokens(line: str) -> Iterator[Token]:
    """The literals and variables of a line."""
    end = 0
    for found in _VARIABLE.finditer(line):
        yield line[end : found.start()]
        end = found.end()
        variable = found[1] or found[2]
        yield _VARIABLES.get(variable) or Variable(name=variable if variable.startswith(_PREFIXES) else "")
    yield line[end:]
