"""Servers' own lines of configuration, such as `nginx:$remote_addr ...` → profiles.

Each server has a file that tells its variables and their meaning; `build` makes the profile.
"""

from collections.abc import Callable

from logcorr.formats.profile import Profile
from logcorr.formats.server_lines import apache, envoy, gunicorn, haproxy, nginx

_SERVERS: dict[str, Callable[[str, str], Profile]] = {
    "nginx": nginx.profile,
    "apache": apache.profile,
    "haproxy": haproxy.profile,
    "envoy": envoy.profile,
    "tomcat": apache.tomcat_profile,
    "tomcat9": apache.tomcat_profile,
    "tomcat10": apache.tomcat_profile,
    "gunicorn": gunicorn.gunicorn_profile,
    "morgan": gunicorn.morgan_profile,
}
SERVERS = tuple(_SERVERS)


def is_line(name: str) -> bool:
    """Whether a name of a format is a server's line of configuration: the server, a colon, the line."""
    server, colon, _ = name.partition(":")
    return bool(colon) and server in _SERVERS


def profile(name: str) -> Profile:
    """The profile of a server's line of configuration, with the whole text as its name. Raises UsageError."""
    server, _, line = name.partition(":")
    return _SERVERS[server](name, line)
