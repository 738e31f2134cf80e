"""Heads before lines are told by their shape, and a line's own start is never taken for one."""

import json
from collections.abc import Callable

import pytest

from logcorr.inputs.heads import detect

ACCESS = '192.0.2.7 - - [01/Mar/2026:10:00:0%d +0000] "GET /a HTTP/1.1" 200 12 "-" "x"'
JSON = '{"time":179000000%d,"msg":"incoming request"}'
TEXT = "worker took job %d"
INNER = {"access": ACCESS, "json": JSON, "text": TEXT}


def docker(text: str) -> str:
    return json.dumps({"log": text + "\n", "stream": "stderr", "time": "2026-03-01T10:00:00.5Z"})


def journal(text: str) -> str:
    return json.dumps({"_HOSTNAME": "h", "__REALTIME_TIMESTAMP": "1790000000000001", "MESSAGE": text})


HEADED: dict[str, Callable[[str], str]] = {
    "docker-json": docker,
    "journald-json": journal,
    "cri": lambda text: f"2026-03-01T10:00:00.123456789Z stdout F {text}",
    "cri with a tag": lambda text: f"2026-03-01T11:00:00.1+01:00 stderr F:1 {text}",
    "kubectl": lambda text: f"[pod/shop-7d9f/web] {text}",
    "compose": lambda text: f"web-1    | {text}",
    "compose coloured": lambda text: f"\x1b[36mshop_web_1  | \x1b[0m{text}",
    "compose by name": lambda text: f"proxy  | {text}",
    "syslog": lambda text: f"Mar  1 10:00:00 node1 web[77]: {text}",
    "syslog without a process": lambda text: f"Mar  1 10:00:00 node1 nginx: {text}",
    "syslog with priority": lambda text: f"<134>Mar  1 10:00:00 node1 haproxy[77]: {text}",
    "syslog without a host": lambda text: f"<134>Mar  1 10:00:00 haproxy[77]: {text}",
    "syslog of rsyslog": lambda text: f"2026-03-01T10:00:00.123456+00:00 node1 web[77]: {text}",
    "syslog of RFC 5424": lambda text: f"<165>1 2026-03-01T10:00:00.123Z node1 web 77 ID47 - {text}",
    "syslog with data": lambda text: f'<165>1 2026-03-01T10:00:00Z node1 web - - [a@1 b="[\\"\\]"][c] {text}',
    "syslog with a count": lambda text: f"83 <165>1 2026-03-01T10:00:00Z node1 web - - - \ufeff{text}",
    "syslog without a time": lambda text: f"<165>1 - node1 web - - - {text}",
    "syslog of a host named host": lambda text: f"<190>1 2026-03-01T10:00:00Z host app 12 - - {text}",
    "syslog with data of a host named host": lambda text: f'<1>1 2026-03-01T10:00:00Z host app 12 - [a@1 b="c"] {text}',
    "heroku": lambda text: f"2026-03-01T10:00:00.123456+00:00 app[web.1]: {text}",
    "heroku drain": lambda text: f"89 <45>1 2026-03-01T10:00:00.1+00:00 host app web.3 - {text}",
    "journald-short full": lambda text: f"Sun 2026-03-01 10:00:00 UTC node1 web[77]: {text}",
    "journald-short unix": lambda text: f"1790000000.123456 node1 web[77]: {text}",
    "journald-short monotonic": lambda text: f"[   12.345678] node1 web[77]: {text}",
    "journald-short delta": lambda text: f"[   12.345678 <    0.000001 >] node1 web[77]: {text}",
    "grep": lambda text: f"logs/web1/access.log:{text}",
    "grep of a rotated log": lambda text: f"/var/log/web/access.log.2:{text}",
    "grep of a system log": lambda text: f"/var/log/messages:{text}",
}


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("name", HEADED)
def test_a_head_is_told_by_its_shape(name: str, inner: str) -> None:
    lines = [HEADED[name](INNER[inner] % number).encode() for number in range(9)]
    assert detect(lines) == (name.split(maxsplit=1)[0],)
    assert detect([line + b"\r" for line in lines[:3]]) == (name.split(maxsplit=1)[0],)


OWN = {
    "access": ACCESS,
    "json": JSON,
    "text": TEXT,
    "host and port": 'shop.example:8%d 192.0.2.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1',
    "client and port": "192.0.2.7:5472%d [01/Mar/2026:10:00:00.286] web app/one 0/0/0/1/1 200 73",
    "comma before the fraction": "2026-03-01 10:00:00,51%d INFO worker: started",
    "pair line": "2026-03-01T10:00:00.51%dZ,req-1,200",
    "level and module": "2026-03-01T10:00:0%dZ INFO worker: started",
    "upper case level": "2026-03-01T10:00:0%dZ ERROR worker: failed",
    "levels for programs": "2026-03-01T10:00:0%dZ worker WARN: slow",
    "two words": "2026-03-01T10:00:0%dZ worker queue: started",
    "key and value": "2026-03-01T10:00:0%d.771Z pid=24 tid=jrz INFO: Booting",
    "dnsmasq": "Mar  1 10:00:0%d dnsmasq[77]: 4 192.0.2.7/53 query[A] shop.example from 192.0.2.7",
    "MySQL": "2026-03-01T10:00:00.12345%dZ 12 [Note] ready",
    "gin": "[GIN] 2026/03/01 - 10:00:0%d | 200 |  48.261µs | 192.0.2.7 | GET",
    "loguru": "2026-03-01 10:00:00.51%d | INFO     | web:get:12 - done",
    "table with levels": "INFO | 10:00:0%d | done",
    "table": "shop | 10:00:0%d | GET / | 200",
    "table of numbers": "1%d | 10:00:00 | 200",
    "table of ids": "req-%d | GET / | 200",
    "table of dates": "2026-03-01 | 10:00:0%d | 200",
    "level before a colon": "INFO:     192.0.2.7:4267%d - GET / 200 OK",
    "file of a warning": "/srv/app/web.py:%d: SecurityWarning: a root",
    "clock": "10:00:0%d GET / 200",
    "envoy": '[2026-03-01T10:00:00.52%dZ] "GET / HTTP/1.1" 200',
    "kernel": "[   12.34567%d] usb 1-1: new device",
    "another log in JSON": '{"log":"x%d\\n","stream":"stdout","time":"t","kubernetes":{}}',
    "no log in JSON": '{"log":%d,"stream":"stdout","time":"t"}',
    "a time in brackets": "[pod] 10:00:0%d started",
    "squid": "179000000%d.550      4 192.0.2.7 TCP_MISS/200 190 GET http://shop.example/ -",
    "a worker like a dyno": "2026-03-01T10:00:0%dZ worker[main]: started",
}


@pytest.mark.parametrize("name", OWN)
def test_the_start_of_a_line_is_no_head(name: str) -> None:
    lines = [(OWN[name] % number).encode() for number in range(9)]
    assert detect(lines) == ()
    assert detect(lines[:2]) == ()


def test_heads_within_heads_are_told_outermost_first() -> None:
    lines = [
        f"access.log:{docker(f'<134>Mar  1 10:00:00 n web[7]: {ACCESS % number}')}".encode() for number in range(9)
    ]
    assert detect(lines) == ("grep", "docker-json", "syslog")


@pytest.mark.parametrize("head", ["[pod/shop/web] ", "web-1  | "])
def test_a_time_behind_a_name_is_a_head_where_the_line_has_another(head: str) -> None:
    name = "kubectl" if head.startswith("[") else "compose"
    for inner, heads in ((ACCESS, (name, "timestamps")), (JSON, (name, "timestamps")), (TEXT, (name,))):
        lines = [f"{head}2026-03-01T10:00:00.123456789Z {inner % number}".encode() for number in range(9)]
        assert detect(lines) == heads
        assert detect([line.removeprefix(head.encode()) for line in lines]) == ()


def test_a_few_lines_may_have_no_head() -> None:
    lines = [f"Mar  1 10:00:00 node1 web[7]: {number}".encode() for number in range(100)]
    notes = [b"-- Journal begins at Sun 2026-03-01 --"] * 50
    assert detect([*notes, *lines, b"", b"  "]) == ("syslog",)
    assert detect([*lines, *[b"no head"] * 5]) == ("syslog",)
    assert detect([*lines, *[b"no head"] * 50]) == ()
    assert detect([b"no head", *lines[:3]]) == ()


def test_no_lines_have_no_head() -> None:
    assert detect([]) == ()
    assert detect([b"", b" \t"]) == ()


def test_many_hosts_before_a_colon_are_no_syslog() -> None:
    assert detect([f"Mar  1 10:00:00 thread{number} job: x".encode() for number in range(50)]) == ()
