"""The forms of access logs: where each one keeps what, and in which units."""

from typing import Literal

import msgspec

Path = tuple[str, ...]
Clock = Literal["text", "clf", "unix"]

TEXTS = ("method", "endpoint", "ip", "user_agent")


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """A form of JSON access logs: the paths of its keys, the first present one counts; a path into a list its first.

    `duration_us` is the unit of the duration in µs; `clocks` are the forms that a timestamp may have; `request` is a
    whole request line, `addresses` are paths of addresses with a port.
    """

    stamp: tuple[Path, ...]
    status: tuple[Path, ...]
    duration: tuple[Path, ...]
    duration_us: float
    method: tuple[Path, ...]
    endpoint: tuple[Path, ...]
    ip: tuple[Path, ...]
    user_agent: tuple[Path, ...]
    request: tuple[Path, ...] = ()
    addresses: tuple[Path, ...] = ()
    clocks: tuple[Clock, ...] = ("text",)

    @property
    def paths(self) -> list[Path]:
        """All paths that are read, each once."""
        groups = (self.stamp, self.status, self.duration, self.method, self.endpoint, self.ip, self.user_agent)
        return list(dict.fromkeys(path for group in (*groups, self.request, self.addresses) for path in group))


def _flat(*names: str) -> tuple[Path, ...]:
    return tuple((name,) for name in names)


DIALECTS: dict[str, Dialect] = {
    "ndjson": Dialect(
        stamp=_flat("timestamp"),
        status=_flat("status_code"),
        duration=_flat("response_time"),
        duration_us=1_000,
        method=_flat("method"),
        endpoint=_flat("endpoint"),
        ip=_flat("ip"),
        user_agent=_flat("user_agent"),
    ),
    # https://caddyserver.com/docs/caddyfile/directives/log
    "caddy": Dialect(
        stamp=_flat("ts"),
        status=_flat("status"),
        duration=_flat("duration"),
        duration_us=1_000_000,
        method=(("request", "method"),),
        endpoint=(("request", "uri"),),
        ip=(("request", "client_ip"), ("request", "remote_ip")),
        user_agent=(("request", "headers", "User-Agent"),),
        addresses=(("request", "remote_addr"),),
        clocks=("unix", "text"),
    ),
    # https://doc.traefik.io/traefik/observability/access-logs/
    "traefik": Dialect(
        stamp=_flat("StartUTC", "time"),
        status=_flat("DownstreamStatus"),
        duration=_flat("Duration"),
        duration_us=0.001,
        method=_flat("RequestMethod"),
        endpoint=_flat("RequestPath"),
        ip=_flat("ClientHost"),
        user_agent=_flat("request_User-Agent"),
        addresses=_flat("ClientAddr"),
    ),
    # https://nginx.org/en/docs/http/ngx_http_log_module.html, with the variables' own names as keys
    "nginx": Dialect(
        stamp=_flat("time_iso8601", "time_local", "time", "timestamp", "@timestamp", "msec"),
        status=_flat("status"),
        duration=_flat("request_time"),
        duration_us=1_000_000,
        method=_flat("request_method", "method"),
        endpoint=_flat("request_uri", "uri"),
        ip=_flat("remote_addr", "client_ip"),
        user_agent=_flat("http_user_agent", "user_agent", "agent"),
        request=_flat("request"),
        clocks=("text", "clf", "unix"),
    ),
}
JSON_FORMS = tuple(DIALECTS)
FORMS = (*JSON_FORMS, "common", "combined")
