"""Servers' own configuration lines: the lines that they write are read with the right fields and units."""

from typing import Any

import polars as pl
import pytest

from logcorr.formats import profile_checks, profile_toml, server_lines
from logcorr.formats.profile_reader import ProfileReader
from logcorr.formats.server_lines.variables import java_form, strftime_form
from logcorr.model.errors import UsageError
from logcorr.text import instants


def read(name: str, line: str) -> dict[str, Any]:
    """What the profile of a server's line reads of a line that the server wrote; nothing where it takes no line."""
    profile = server_lines.profile(name)
    profile_checks.check(profile)
    assert profile_toml.read(profile_toml.text(profile), "built in") == {name: profile}
    frame = pl.DataFrame({"line": [line], "row": [0]}, schema={"line": pl.String, "row": pl.UInt32})
    row = ProfileReader(profile).classify(frame).row(0, named=True)
    if row["kind"] != "exchange":
        return {"kind": row["kind"]}
    if row["reason"] is not None:
        return {"reason": row["reason"]}
    wanted = ("method", "endpoint", "ip", "user_agent", "status_code", "given_us", "user_id")
    fields = {key: row[key] for key in wanted if row.get(key) is not None}
    return fields | ({"time": instants.text(row["time"])} if row["time"] is not None else {})


GET = {"method": "GET", "endpoint": "/a", "status_code": 200}
AT = {"time": "2026-03-04T05:06:07.000000Z"}
CLF = "04/Mar/2026:05:06:07 +0000"
CASES = [
    (
        "nginx:combined",
        f'192.0.2.1 - ann [{CLF}] "GET /a HTTP/1.1" 200 5 "x \\"y\\" z" "y"',
        GET | AT | {"ip": "192.0.2.1", "user_id": "ann", "user_agent": "y"},
    ),
    # A request that is none has neither method nor endpoint.
    ("nginx:combined", f'192.0.2.1 - - [{CLF}] "\\x16\\x03" 400 0 "-" "-"', AT | {"ip": "192.0.2.1", "status_code": 400}),
    ("nginx:combined", f'192.0.2.1 - - [{CLF}] "" 400 0 "-" "-"', AT | {"ip": "192.0.2.1", "status_code": 400}),
    # Old servers allow blanks in a target; HTTP/0.9 has no protocol.
    ('nginx:"$request" $status', '"GET /a b HTTP/1.1" 200', GET | {"endpoint": "/a b"}),
    ("nginx:$request_method $uri$is_args$args $status", "GET /a?b=1 200", GET),
    ('nginx:"$request" $status', '"GET /a" 200', GET),
    ('nginx:"$request" $status', '"GET HTTP/1.1" 200', {"method": "GET", "status_code": 200}),
    ('nginx:"$request" $status', '"GET /a b" 200', {"status_code": 200}),
    ('nginx:"$request" $status', '"GET /a HTTP/1.1" 2x0', {"kind": "other"}),
    (
        "nginx:$remote_user@$remote_addr $msec $request_time $upstream_response_time $upstream_addr $unknown_one $status",
        "x y@192.0.2.1 1772600767.250 0.012 0.001, 0.010 : 0.001 a:1, b:2 what ever 499",
        {"ip": "192.0.2.1", "user_id": "x y", "given_us": 12000, "status_code": 499, "time": "2026-03-04T05:06:07.250000Z"},
    ),
    ("nginx:$upstream_response_time $upstream_status", "0.001, 0.010 502, 200", {"given_us": 11000, "status_code": 200}),
    (
        'nginx:{"t":"$time_iso8601","r":"$request","s":$status,"d":"$request_time","u":"$scheme://$host$request_uri",}',
        '{"t":"2026-03-04T05:06:07+00:00","r":"GET /a HTTP/1.1","s":200,"d":"0.5","u":"http://h/b"}',
        GET | AT | {"given_us": 500000, "endpoint": "/b"},
    ),
    (
        "nginx:log_format main escape=json '$remote_addr [$time_local] ' '\"$request\" $status';",
        f'192.0.2.1 [{CLF}] "GET /a HTTP/1.1" 200',
        GET | AT | {"ip": "192.0.2.1"},
    ),
    (
        'apache:%h %l %u %t "%r" %>s %b %D',
        f'192.0.2.1 - a b [{CLF}] "GET /a HTTP/1.1" 200 - 1500',
        GET | AT | {"ip": "192.0.2.1", "user_id": "a b", "given_us": 1500},
    ),
    (
        "apache:vhost_combined",
        f'shop:80 192.0.2.1 - - [{CLF}] "GET /a HTTP/1.1" 200 5 "-" "x"',
        GET | AT | {"ip": "192.0.2.1", "user_agent": "x"},
    ),
    ("apache:%{%Y-%m-%d %H:%M:%S}t %m %U%q %s %T", "2026-03-04 05:06:07 GET /a?b=1 200 2", GET | AT | {"given_us": 2000000}),
    ("apache:%{ms}T %{us}T %{begin:msec}t %>s", "7 7100 1772600767000 200", AT | {"given_us": 7100, "status_code": 200}),
    ('apache:LogFormat "%h \\"%{User-Agent}i\\" %>s" x', '192.0.2.1 "y" 200', {"ip": "192.0.2.1", "user_agent": "y", "status_code": 200}),
    ("apache:%{X-Forwarded-For}i %400,501{Foo}i %s 50%%", "192.0.2.9, 10.0.0.1 foo 200 50%", {"ip": "192.0.2.9", "status_code": 200}),
    ("tomcat9:%s %D", "200 15", {"status_code": 200, "given_us": 15000}),
    ("tomcat10:%s %D", "200 15", {"status_code": 200, "given_us": 15}),
    ("tomcat:%{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}t %s %F", "2026-03-04T05:06:07.000Z 200 3", AT | {"status_code": 200, "given_us": 3000}),
    (
        "haproxy:httplog",
        '192.0.2.1:999 [04/Mar/2026:05:06:07.000] web~ app/one 1/0/2/30/33 200 5 - - ---- 1/1/1/1/0 0/0 {a b|c} "GET /a HTTP/1.1"',
        GET | AT | {"ip": "192.0.2.1", "given_us": 33000},
    ),
    (
        "haproxy:httplog",
        '192.0.2.1:999 [04/Mar/2026:05:06:07.000] web web/<NOSRV> -1/-1/-1/-1/+4 -1 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>"',
        AT | {"ip": "192.0.2.1", "given_us": 4000},
    ),
    ("haproxy:%TR/%Tw/%Tc/%Tr %ST", "1/2/3/4 200", {"given_us": 10000, "status_code": 200}),
    (
        "haproxy:%{+json}o %(ip)ci %(at)Ts %(took)Ta %(code)ST %(verb)HM %(to)HU",
        '{"ip": "192.0.2.1", "at": 1772600767, "took": 5, "code": 200, "verb": "GET", "to": "/a"}',
        GET | AT | {"ip": "192.0.2.1", "given_us": 5000},
    ),
    (
        "haproxy:%{+json}o %(at)Ts %(took)Ta %(code)ST",
        '{"at": 1772600767, "took": -1, "code": -1}',
        AT,
    ),
    ("haproxy:%Ts %ST %Ta", "1772600767 -1 -1", AT),
    (
        "envoy:default",
        '[2026-03-04T05:06:07.000Z] "GET /a HTTP/1.1" 200 - 0 6 4 3 "192.0.2.1" "a "b" c" "id" "host" "10.0.0.1:80"',
        GET | AT | {"ip": "192.0.2.1", "user_agent": 'a "b" c', "given_us": 4000},
    ),
    (
        'envoy:{"at":"%START_TIME(%s.%3f)%","code":"%RESPONSE_CODE%","took":"%DURATION%","peer":"%DOWNSTREAM_REMOTE_ADDRESS%"}',
        '{"at":"1772600767.000","code":200,"took":4,"peer":"192.0.2.1:80"}',
        AT | {"status_code": 200, "given_us": 4000, "ip": "192.0.2.1"},
    ),
    (
        'gunicorn:%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(D)s',
        f'192.0.2.1 - - [{CLF}] "GET /a HTTP/1.1" 200 5 "-" "x" 250',
        GET | AT | {"ip": "192.0.2.1", "user_agent": "x", "given_us": 250},
    ),
    ("gunicorn:%(m)s %(U)s %(s)s %(L)s %({x-forwarded-for}i)s", "GET /a 200 0.25 192.0.2.1", GET | {"given_us": 250000, "ip": "192.0.2.1"}),
    ("morgan:dev", "GET /a 200 1.250 ms - 5", GET | {"given_us": 1250}),
    ("morgan:tiny", "GET /a - - - - ms", {"method": "GET", "endpoint": "/a"}),
    (
        "morgan:short",
        "::1 - GET /a HTTP/1.1 200 5 - 1.5 ms",
        GET | {"ip": "::1", "given_us": 1500},
    ),
    (
        "morgan:combined",
        f'192.0.2.1 - - [{CLF}] "GET /a HTTP/1.1" 200 5 "-" "x"',
        GET | AT | {"ip": "192.0.2.1", "user_agent": "x"},
    ),
    ("morgan::date[iso] :method :url :status :total-time[0] :res[x-a]", "2026-03-04T05:06:07.000Z GET /a 200 12 -", GET | AT | {"given_us": 12000}),
    ("morgan::date[web] :status", "Wed, 04 Mar 2026 05:06:07 GMT 200", AT | {"status_code": 200}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "line", "wanted"), CASES)
def test_lines_are_read(name: str, line: str, wanted: dict[str, Any]) -> None:
    assert read(name, line) == wanted


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tomcat:%h %D", "Write tomcat9:... or tomcat10:..."),
        ("nginx:hello", "names no variable that is known"),
        ("nginx:{$status", "begins like a JSON object, but is none"),
        ("apache:%{%U}t", "the directive '%U' of the time '%U' cannot be read"),
        ("apache:%{min}T", "the unit of %{min}T is unknown; known are us, ms, s"),
        ("tomcat:%{yyyy-ww}t", "the letters 'ww' of the time 'yyyy-ww' cannot be read"),
    ],
)
def test_lines_that_are_none(name: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        server_lines.profile(name)
    assert said in str(error.value)


def test_only_names_of_servers_are_lines() -> None:
    assert server_lines.is_line("nginx:$status")
    assert not server_lines.is_line("nginx")
    assert not server_lines.is_line("squid:%a")


def test_times_of_other_languages() -> None:
    assert strftime_form("%d/%b/%Y:%T %z") == "%d/%b/%Y:%H:%M:%S %z"
    assert strftime_form("%FT%T.%3fZ") == "%Y-%m-%dT%H:%M:%S.%fZ"
    assert strftime_form("%s") == "epoch_s"
    assert java_form("dd/MMM/yyyy:HH:mm:ss Z") == "%d/%b/%Y:%H:%M:%S %z"
    assert java_form("yy-M-d hh 'o''clock' a") == "%y-%m-%d %I o'clock %p"
