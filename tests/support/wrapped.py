"""Puts the heads of collectors before lines, as docker, the kubelet, syslog and others do."""

import json
from collections.abc import Callable, Mapping, Sequence

Wrap = Callable[[bytes, int], bytes]


def _json(line: bytes, **keys: str) -> bytes:
    text = line.decode(errors="replace")
    return json.dumps({key: value.replace("{line}", text) for key, value in keys.items()}, ensure_ascii=False).encode()


def _docker(line: bytes, number: int) -> bytes:
    return _json(line, log="{line}\n", stream="stdout", time=f"2026-02-03T10:00:{number % 60:02}.000000001Z")


def _journald_json(line: bytes, number: int) -> bytes:
    keys = {"__REALTIME_TIMESTAMP": f"{1_770_112_800_000_000 + number}", "SYSLOG_IDENTIFIER": "app", "_PID": "812"}
    return _json(line, **keys, MESSAGE="{line}")


def _with(head: str) -> Wrap:
    return lambda line, number: head.format(s=f"{number % 60:02}").encode() + line


# For each name of a head the ways to write it.
WRAPS: Mapping[str, Sequence[Wrap]] = {
    "docker-json": (_docker,),
    "journald-json": (_journald_json,),
    "cri": (_with("2026-02-03T10:00:{s}.000000001Z stdout F "), _with("2026-02-03T10:00:{s}.1+01:00 stderr F ")),
    "kubectl": (_with("[pod/app-7d9f/web] "),),
    "heroku": (_with("2026-02-03T10:00:{s}.123456+00:00 app[web.1]: "),),
    "syslog": (
        _with("Feb  3 10:00:{s} web-1 app[812]: "),
        _with("<134>Feb  3 10:00:{s} web-1 app: "),
        _with("<134>1 2026-02-03T10:00:{s}.123Z web-1 app 812 - - "),
        _with('<134>1 2026-02-03T10:00:{s}.123Z web-1 app 812 ID47 [a@1 b="c \\"]\\" d"] '),
        _with("2026-02-03T10:00:{s}.123456+01:00 web-1 app[812]: "),
    ),
    "journald-short": (
        _with("Tue 2026-02-03 10:00:{s} CET web-1 app[812]: "),
        _with("1770112800.0000{s} web-1 app[812]: "),
    ),
    "compose": (_with("app-1  | "), _with("\x1b[36mapp-1  |\x1b[0m ")),
    "grep": (_with("logs/app.log:"), _with("app.log.old:4{s}:")),
}


def wrapped(lines: Sequence[bytes], wrap: Wrap) -> bytes:
    """A log of lines with a head before each."""
    return b"".join(wrap(line, number) + b"\n" for number, line in enumerate(lines))
