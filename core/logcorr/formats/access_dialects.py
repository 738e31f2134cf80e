"""The forms of access logs: where each one keeps what, and in which units."""

from typing import Literal

import msgspec

Path = tuple[str, ...]
Clock = Literal["text", "clf", "unix"]

TEXTS = ("method", "endpoint", "ip", "user_agent")


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """A form of JSON access logs: the paths of its keys; a path into a list is one to its first.

    Of several keys the first that holds a value counts. The unit of the duration is 10^`microseconds` µs. `clocks` are
    the forms that a timestamp may have, under any of its keys: their values are the choice of whoever names the keys,
    and no text is of two of the forms. `request` is a whole request line, `addresses` are paths of addresses with a
    port. A number stands for the text that it is written as, also where it is given as one.
    """

    stamp: tuple[Path, ...]
    status: tuple[Path, ...]
    duration: tuple[Path, ...]
    microseconds: int
    method: tuple[Path, ...]
    endpoint: tuple[Path, ...]
    ip: tuple[Path, ...]
    user_agent: tuple[Path, ...]
    request: tuple[Path, ...] = ()
    addresses: tuple[Path, ...] = ()
    clocks: tuple[Clock, ...] = ("text",)

    @property
    def numeric(self) -> frozenset[Path]:
        """Those of what is read as a number or an instant."""
        return frozenset((*self.stamp, *self.status, *self.duration))

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
        microseconds=3,
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
        microseconds=6,
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
        microseconds=-3,
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
        microseconds=6,
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
