"""The forms of access logs: the JSON keys of each form, and its units."""

from typing import Literal

import msgspec

KeyPath = tuple[str, ...]
Clock = Literal["text", "clf", "unix"]

TEXTS = ("method", "endpoint", "ip", "user_agent")


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """A form of JSON access logs: the key paths of each field. A path to a list stands for the list's first item.

    If a field has several paths, the first that holds a value counts. The unit of a duration is 10^`microseconds` µs.
    `clocks` are the forms of timestamps that are allowed under every key, as users choose the keys of their logs; no
    text fits two of the forms. `request` are paths of whole request lines, `addresses` are paths of addresses with a
    port. A field of text may be a JSON number: its digits are the text. A field of numbers may be a JSON text.
    """

    stamp: tuple[KeyPath, ...]
    status: tuple[KeyPath, ...]
    duration: tuple[KeyPath, ...]
    microseconds: int
    method: tuple[KeyPath, ...]
    endpoint: tuple[KeyPath, ...]
    ip: tuple[KeyPath, ...]
    user_agent: tuple[KeyPath, ...]
    request: tuple[KeyPath, ...] = ()
    addresses: tuple[KeyPath, ...] = ()
    clocks: tuple[Clock, ...] = ("text",)

    @property
    def numeric(self) -> frozenset[KeyPath]:
        """The paths that hold a number or an instant."""
        return frozenset((*self.stamp, *self.status, *self.duration))

    @property
    def paths(self) -> list[KeyPath]:
        """All paths of the form, each once."""
        groups = (self.stamp, self.status, self.duration, self.method, self.endpoint, self.ip, self.user_agent)
        return list(dict.fromkeys(path for group in (*groups, self.request, self.addresses) for path in group))


def _flat(*names: str) -> tuple[KeyPath, ...]:
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
    # https://nginx.org/en/docs/http/ngx_http_log_module.html, with the names of nginx's variables as keys
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
