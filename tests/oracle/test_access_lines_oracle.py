"""The oracle of access logs itself: what each line is, worked out by hand from the SPEC."""

import json
import re
from pathlib import Path

import pytest

from tests.oracle.access_lines_oracle import (
    DIALECTS,
    FORMATS,
    UNIX,
    Exchange,
    address,
    classify,
    clock,
    detect,
    path_of,
)
from tests.oracle.access_oracle import analyze
from tests.oracle.profile_syntax import Number
from tests.support.access_pools import (
    ABSENT_STATUS_TOKENS,
    BYSTANDERS,
    DURATION_TOKENS,
    EDGE_UNIX,
    NANOSECONDS,
    NO_CLF_TIMES,
    NO_DURATION_TOKENS,
    NO_JSON,
    NO_STATUS_TOKENS,
    NO_UNIX,
    STATUS_TOKENS,
    WHOLE,
)
from tests.support.pair_strategies import BOM, EDGE_TIMES, NO_TIMES

GOLDEN = Path(__file__).parents[1] / "golden_access"
# Instants outside of the years 1 to 9999 in UTC, and times that only profiles read.
BEYOND_YEARS = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59")
OF_OTHER_READERS = (
    *("2025-03-01T12:00:00,5Z", "2025-03-01T12:00:00.12 Z", "2025-03-01T12:00:00 Z", "2025-03-01T12:00:00 +01:00"),
    "2025-03-01T12:00:00UTC",
)
CLF_FORM = "%d/%b/%Y:%H:%M:%S %z"
T = '"timestamp":"2025-06-02T09:00:00Z"'
TS = '"ts":1748854800'
UTC9 = 1_748_854_800_000_000  # 2025-06-02T09:00:00Z
CLF = "192.0.2.1 - - [02/Jun/2025:09:00:00 +0000]"
HALF = '"StartUTC":"2025-06-02T09:00:00Z","DownstreamStatus":200'


def exchange(line: str, form: str = "ndjson", *, collapse_ids: bool = False) -> Exchange:
    verdict = classify(line.encode(), form, collapse_ids=collapse_ids)
    assert isinstance(verdict, Exchange), (verdict, line)
    return verdict


@pytest.mark.parametrize(
    ("line", "form", "verdict"),
    [
        (b"", "ndjson", "blank"),
        (b" \t", "combined", "blank"),
        (b"\r", "ndjson", "json"),
        (b"\xff", "ndjson", "json"),
        (b"{} \xed\xa0\x80", "caddy", "json"),
        (b"\xff", "combined", "fields"),
        (b"[]", "ndjson", "json"),
        (b"{}", "ndjson", "timestamp"),
        (b"{}", "nginx", "other"),
        (b"{}", "caddy", "other"),
        (b'{"status":200,"ts":1,"request":{},"msg":"x"}', "caddy", "other"),
        (b'{"time":"2025-06-02T09:00:00Z","status":200,"latency_human":"1ms","request_uri":"/"}', "nginx", "other"),
        (b'{"@timestamp":"2025-06-02T09:00:00Z","status":200,"method":"GET","path":"/"}', "nginx", "other"),
        (b'{"timestamp":1748854800,"status_code":200}', "ndjson", "timestamp"),
        (b'{"timestamp":null,"status_code":"x"}', "ndjson", "timestamp"),
        (f"{{{T}}}".encode(), "ndjson", "status_code"),
        (f'{{{T},"status_code":200,"status_code":null}}'.encode(), "ndjson", "json"),
        (f'{{{T},"status_code":[200]}}'.encode(), "ndjson", "status_code"),
        (f'{{{TS},"request":{{}}}}'.encode(), "caddy", "status_code"),
        (b'{"StartUTC":"x","time":"y","DownstreamStatus":200}', "traefik", "timestamp"),
        (b'{"time":1748854800000,"status":200,"request":""}', "nginx", "timestamp"),
        (b"192.0.2.1 - - x", "combined", "fields"),
        (f'{CLF} "GET / HTTP/1.1" 200'.encode(), "common", "fields"),
        (b'192.0.2.1 - [02/Jun/2025:09:00:00 +0000] "GET / HTTP/1.1" 200 1', "common", "fields"),
        (f'{CLF} "GET /"x" HTTP/1.1" 200 1'.encode(), "combined", "fields"),
        (f'[2025-06-02 x] {CLF} "GET / HTTP/1.1" 200 1'.encode(), "combined", "fields"),
        (b'192.0.2.1 - - [-] "GET / HTTP/1.1" x 1', "combined", "timestamp"),
        (f'{CLF} "GET / HTTP/1.1" 2x 1'.encode(), "combined", "status_code"),
    ],
)
def test_what_is_no_exchange(line: bytes, form: str, verdict: str) -> None:
    assert classify(line, form) == verdict


def test_pools_of_tokens_are_what_they_say() -> None:
    rest = f'{{{T},"status_code":200'
    for token in STATUS_TOKENS:
        exchange(f'{{{T},"status_code":{token}}}')
    for token in NO_STATUS_TOKENS:
        verdict = classify(f'{{{T},"status_code":{token}}}'.encode(), "ndjson")
        absent = isinstance(verdict, Exchange) and verdict.status is None
        assert absent if token in ABSENT_STATUS_TOKENS else verdict == "status_code", token
    for tokens, known in ((DURATION_TOKENS, True), (NO_DURATION_TOKENS, False)):
        took = {token: exchange(f'{rest},"response_time":{token}}}').took is not None for token in tokens}
        assert set(took.values()) == {known}, took
    assert None not in {exchange(f'{{{HALF},"Duration":{token}}}', "traefik").took for token in NANOSECONDS}
    for token in BYSTANDERS:
        exchange(f'{rest},"pad":{token}}}')
    assert {classify(f'{rest},"pad":{token}}}'.encode(), "ndjson") for token in NO_JSON} == {"json"}
    found = {classify(line.encode(), form) for line in WHOLE for form in FORMATS}
    assert found == {"json", "fields", "timestamp", "other"}


def test_pools_of_times_are_what_they_say() -> None:
    for time in EDGE_TIMES:
        if time in BEYOND_YEARS:
            continue
        exchange(f'{{"timestamp":" {time} ","status_code":200}}')
    lines = [
        json.dumps({"timestamp": time, "status_code": 200}).encode()
        for time in NO_TIMES
        if time not in OF_OTHER_READERS
    ]
    assert {classify(line, "ndjson") for line in lines} == {"timestamp"}
    for token in EDGE_UNIX:
        exchange(f'{{"ts":{token},"status":200,"request":{{}}}}', "caddy")
    # Of these numbers Caddy's are ms.
    none = [token for token in NO_UNIX if not re.match("-?[0-9]{9,}[.0-9]*$", token)]
    lines = [f'{{"ts":{token},"status":200,"request":{{}}}}'.encode() for token in none]
    assert {classify(line, "caddy") for line in lines} == {"timestamp"}
    assert {clock(CLF_FORM)(time) for time in NO_CLF_TIMES if not re.match("1/|.* Z$|.*[+]00:00$", time)} == {None}


@pytest.mark.parametrize(
    "line",
    [
        "{%s}{%s}",
        "{%s},{%s}",
        "{%s},",
        "[{%s}]",
        '{%s,"a":"\\ud800"}',
        '{%s,"\\udfff":1}',
        '{%s,"a":["\\ud800"],"a":1}',
        '{%s,"a":nan}',
        '{%s,"a":-NaN}',
        '{%s,"a":01}',
        "{%s} // x",
        "\ufeff{%s}",
    ],
)
def test_what_is_no_json(line: str) -> None:
    assert classify(line.replace("%s", f'{T},"status_code":200').encode(), "ndjson") == "json"


def test_an_object_torn_in_two_is_two_malformed_lines() -> None:
    whole = f'{{{T},"status_code":200}}'
    torn = f'{{{T},"x":[{{}}\n{{}}],"status_code":200}}\n'
    ledger = analyze([("a", f"{whole},{whole}\n{torn}{whole}".encode())])["inputs"]["access"]
    assert (ledger["lines"], ledger["malformed"], ledger["exchanges"]) == (4, {"json": 3}, 1)


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ('" GET "', "GET"),
        ('"\\u0047ET"', "GET"),
        ('"a\\u0000b"', "a\x00b"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\u00a0"', "\u00a0"),
        ("1.50", "1.50"),
        ("1E400", "1E400"),
        ("-0", "-0"),
        ("true", "true"),
        ('"null"', "null"),
        *((token, None) for token in ("null", '""', '" "', '"-"', '" - "', "{}", '["GET"]')),
    ],
)
def test_texts(token: str, value: str | None) -> None:
    row = exchange(f'{{{T},"status_code":200,"method":{token},"ip":{token},"user_agent":{token}}}')
    assert (row.method, row.ip, row.user_agent, row.endpoint) == (value, value, value, None)


@pytest.mark.parametrize(
    ("token", "micros"),
    [
        ("12.5", 12_500),
        ('" 12.5 "', 12_500),
        ("0.0004", 0),
        ("0.0006", 1),
        ("-0.0004", 0),
        ("-3", -3000),
        ("1e3", 1_000_000),
        ("9e15", None),
        ("9.3e15", None),
        ("9.1e12", None),
        ("9.0e12", 9_000_000_000_000_000),
        ('"1e3"', 1_000_000),
        ('"1,017"', 1_017_000),
        ("true", None),
        ("1e400", None),
    ],
)
def test_durations(token: str, micros: int | None) -> None:
    assert exchange(f'{{{T},"status_code":200,"response_time":{token}}}').took == micros


@pytest.mark.parametrize(
    ("form", "took", "micros"),
    [
        ("caddy", '"duration":0.004251583', 4252),
        ("caddy", '"duration":"1.5ms"', 1500),
        ("caddy", '"duration":12345678', 12346),
        ("caddy", '"duration":12', 12_000),
        ("caddy", '"duration":-0.5', -500_000),
        ("nginx", '"request_time":"0.005"', 5000),
        ("nginx", '"request_time":"0.002, 0.001"', 3000),
        ("traefik", '"Duration":188279', 188),
        ("traefik", '"Duration":500', 0),
        ("traefik", '"Duration":1500', 2),
        ("traefik", '"Duration":2500', 2),
        ("traefik", '"Duration":2500.001', 3),
    ],
)
def test_durations_have_the_unit_of_their_dialect(form: str, took: str, micros: int | None) -> None:
    rest = {"caddy": f'{TS},"request":{{}},"status":200', "nginx": '"msec":1,"status":200', "traefik": HALF}[form]
    assert exchange(f"{{{rest},{took}}}", form).took == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1748854800", UTC9),
        ("1748854799.9999999", UTC9 - 1),
        ("1.7488548E9", UTC9),
        ("-0.5", -500_000),
        ("253402300799.9999999", 253_402_300_799_999_999),
        ("253402300800", None),
        ("1748854800000", None),
        ("1e400", None),
    ],
)
def test_unix_seconds_are_cut_to_the_microsecond(text: str, micros: int | None) -> None:
    assert UNIX(Number(text)) == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("02/Jun/2025:09:00:00 +0000", UTC9),
        (" 02/Jun/2025:05:00:00 -0400\t", UTC9),
        ("02/Jun/2025:14:30:00 +0530", UTC9),
        ("29/Feb/2000:00:00:00 +0000", 951_782_400_000_000),
    ],
)
def test_times_of_the_common_log_format(text: str, micros: int) -> None:
    assert clock(CLF_FORM)(text) == micros


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("192.0.2.1:80", "192.0.2.1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1%eth0, 192.0.2.2", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("-", None),
        (None, None),
    ],
)
def test_ports_are_no_part_of_an_address(told: str | None, found: str | None) -> None:
    assert address(told) == found


@pytest.mark.parametrize(
    ("target", "path", "collapsed"),
    [
        ("/users/12?x=1", "/users/12", "/users/*"),
        ("/a?b?c", "/a", "/a"),
        ("?x", None, None),
        ("12/34/", "12/34/", "*/*/"),
        ("/deadbeef/dead1eef/DEAD1EEF0/dead1ee", *("/deadbeef/dead1eef/DEAD1EEF0/dead1ee", "/deadbeef/*/*/dead1ee")),
        ("/123e4567-e89b-12d3-a456-426614174000/x", "/123e4567-e89b-12d3-a456-426614174000/x", "/*/x"),
        ("/ABCDEFAB-abcd-abcd-abcd-abcdefabcdef", "/ABCDEFAB-abcd-abcd-abcd-abcdefabcdef", "/*"),
        ("/12.json/-12/{12}/٣", "/12.json/-12/{12}/٣", "/12.json/-12/{12}/٣"),
    ],
)
def test_endpoints(target: str, path: str | None, collapsed: str | None) -> None:
    assert path_of(target, collapse_ids=False) == path
    assert path_of(target, collapse_ids=True) == collapsed


@pytest.mark.parametrize(
    ("request_line", "method", "endpoint"),
    [
        ("GET /a?x HTTP/1.1", "GET", "/a"),
        ("GET /a", "GET", "/a"),
        ("M-SEARCH * HTTP/1.1", "M-SEARCH", "*"),
        ('GET /\\"a\\\\\\x22 HTTP/1.1', "GET", '/"a\\\\x22'),
        ("GET /a b HTTP/1.1", "GET", "/a b"),
        ("GET \t /a  HTTP/2", "GET", "/a"),
        (" GET / RTSP/1.0 ", "GET", "/"),
        ("GET  HTTP/1.1", "GET", None),
        ("GET HTTP/1.1", "GET", None),
        ("GET ?x HTTP/1.1", "GET", None),
        *(
            (line, None, None)
            for line in ("-", "", "GET", "GET /a b", "GET / http/1.1", "\\x16\\x03 /", "GET / HTTP/1.1 x")
        ),
    ],
)
def test_request_lines(request_line: str, method: str | None, endpoint: str | None) -> None:
    for form, tail in (("common", ""), ("combined", ' "-" "-"')):
        row = exchange(f'{CLF} "{request_line}" 200 1{tail}', form)
        assert (row.method, row.endpoint, row.ip, row.at) == (method, endpoint, "192.0.2.1", UTC9)


@pytest.mark.parametrize(
    ("tail", "agent"),
    [
        ("", None),
        (' "-" "-"', None),
        (' "-" "curl"', "curl"),
        (' "a \\" b" "c \\" \\\\ \\t"', 'c " \\ \\t'),
        (' "-" "curl"x', None),
        (' "-"  "curl"', None),
        (' 17 "-" "curl"', None),
        (' "-" "curl" "192.0.2.9" rt=0.1', "curl"),
        (' "-" "curl', None),
        (' "-"', None),
    ],
)
def test_the_tail_of_a_line_may_be_anything(tail: str, agent: str | None) -> None:
    for form in ("common", "combined"):
        assert exchange(f'{CLF} "GET / HTTP/1.1" 200 -{tail}', form).user_agent == agent


@pytest.mark.parametrize(
    "user", ["-", "ann", "John Doe", "", " -", '""', "-x y", "a - [b] c", "[x]", '\\"', "zo\u00eb"]
)
def test_a_user_may_hold_blanks(user: str) -> None:
    line = f'  gate.example - {user} [02/Jun/2025:09:00:00 +0000] "GET / HTTP/1.1" 200 - [x] "y" 1 2\t'
    assert exchange(line, "common")[:2] == (UTC9, 200)
    assert exchange(line, "common").ip == "gate.example"


def test_of_several_places_the_first_that_holds_a_value_counts() -> None:
    request = '"request":{"client_ip":"-","remote_ip":{},"remote_addr":"[::1]:5","headers":{"User-Agent":["a","b"]}}'
    row = exchange(f'{{{TS},"status":"200",{request}}}', "caddy")
    assert (row.ip, row.user_agent, row.method, row.took) == ("::1", "a", None, None)
    late = '{"StartUTC":"","time":"2025-06-02T09:00:00Z","DownstreamStatus":200,"ClientHost":"-","ClientAddr":"a:1"}'
    assert exchange(late, "traefik")[:3] == (UTC9, 200, None)
    assert exchange(late, "traefik").ip == "a"
    times = '"time_iso8601":"-","time_local":null,"time":{},"timestamp":"","@timestamp":[],"msec":"1748854800.000"'
    row = exchange(
        f'{{{times},"status":"200","method":"","request":"PUT /x?y HTTP/1.1","uri":"?","agent":"z"}}', "nginx"
    )
    assert (row.at, row.method, row.endpoint, row.user_agent) == (UTC9, "PUT", None, "z")
    assert exchange(f'{{{TS},"status":200,"request":[1]}}', "caddy").ip is None


@pytest.mark.parametrize("form", FORMATS)
def test_golden_files_are_recognized(form: str) -> None:
    raw = (GOLDEN / f"{form}.log").read_bytes()
    assert detect([(form, raw)]) == ("combined" if form == "common" else form)
    ledger = analyze([("a", raw)])["inputs"]["access"]
    assert ledger["lines"] == ledger["blank"] + ledger["other"] + ledger["exchanges"] + sum(
        ledger["malformed"].values()
    )
    expected = {
        "ndjson": ({"json": 1, "timestamp": 1, "status_code": 1}, 10),
        "caddy": ({}, 10),
        "traefik": ({"json": 1}, 9),
        "nginx": ({}, 13),
        "common": ({"fields": 1, "timestamp": 1}, 13),
        "combined": ({"fields": 1, "timestamp": 1}, 13),
    }
    assert (ledger["malformed"], ledger["exchanges"]) == expected[form]


def test_detection() -> None:
    bare, tail = f'{CLF} "GET / HTTP/1.1" 200 1\n'.encode(), f'{CLF} "GET / HTTP/1.1" 200 1 "-" "-"\n'.encode()
    both = f'{{{T},"status_code":200,{TS},"request":{{}},"status":200}}\n'.encode()
    caddy = f'{{{TS},"request":{{}},"status":200}}\n'.encode()
    assert detect([("a", b"x\n")]) == "combined"
    assert detect([]) == detect([("a", b"\n \n")]) == "ndjson"
    assert detect([("a", b"x\n \t{\n")]) == "ndjson"
    assert detect([("a", bare)]) == "combined"
    assert detect([("a", bare * 9 + tail)]) == "combined"
    assert detect([("a", caddy + tail)]) == "caddy"
    assert detect([("a", both)]) == "ndjson"
    assert detect([("a", both), ("b", BOM + caddy)]) == "caddy"
    assert detect([("a", b"\n" * 500 + caddy * 50 + bare * 51)]) == "caddy"
    assert detect([("a", b"x\n" * 100 + caddy)]) == "combined"
    assert set(DIALECTS) < set(FORMATS)
