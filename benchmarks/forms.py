"""The same logs in other forms: gzip, JSON lines, combined, ALB, and one log of both events.

Each is made from the plain logs of data.py line by line, in plain Python, and kept beside them. What is true of a
plain log is true of its other forms.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from benchmarks import data

_VERSION = 1
# The clock of one process does not disagree with itself, so no response stands before its request.
ONE_CLOCK = (*data.CLEAN, "--skew", "0")
# Routes of the one log. A pair has none.
ROUTES = tuple(f"/api/v1/{name}" for name in ("users", "orders", "items", "carts", "search", "sessions", "reports"))

_FIELDS = re.compile(
    rb'\{"timestamp":"([^"]+)","method":"([^"]+)","endpoint":"([^"]+)","status_code":"?([0-9]{3})"?,"ip":"([^"]+)",'
    rb'"response_time":([0-9]+),"user_agent":"([^"]+)"\}'
)
_MONTHS = (b"", b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_COMBINED = b'%s - - [%s/%s/%s:%s +0000] "%s %s HTTP/1.1" %s %d "-" "%s" %d.%03d\n'
_ALB = (
    b"http %s app/shop/50dc6c495c0c9188 %s:%d 10.0.0.7:8080 0.000 %d.%03d 0.000 %s %s 318 %d "
    b'"%s http://shop.example:80%s HTTP/1.1" "%s" - - '
    b"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 "
    b'"Root=1-%08x-%024x" "-" "-" 0 %s "forward" "-" "-" "10.0.0.7:8080" "%s" "-" "-"\n'
)
_ASKED = (
    '{"level":30,"time":%d,"pid":1,"hostname":"web-1","reqId":"%s","req":{"method":"GET","url":"%s",'
    '"host":"shop.example","remoteAddress":"10.0.0.%d","remotePort":%d},"msg":"incoming request"}\n'
)
_ANSWERED = (
    '{"level":30,"time":%d,"pid":1,"hostname":"web-1","reqId":"%s","res":{"statusCode":%s},"responseTime":%d.%03d,'
    '"msg":"request completed"}\n'
)


class Logs(NamedTuple):
    """The logs of a work: by the word that commands name each with, what is true of them, which log, its lines."""

    paths: dict[str, Path]
    truth: dict[str, Any]
    of: str
    lines: int

    def places(self) -> dict[str, str]:
        """What fills the words of commands."""
        return {name: str(path.resolve()) for name, path in self.paths.items()}


def logs_of(work: str, folder: Path, rows: int) -> Logs:
    """The logs that a work reads, made unless they are there."""
    if work in _PAIRS:
        pair = _PAIRS[work](folder, rows)
        lines = _lines(pair.truth)
        truth = {"matched": pair.truth["matched"]} if work == "ndjson" else {**pair.truth, "lines": lines}
        return Logs({"requests": pair.requests, "responses": pair.responses}, truth, "pair", lines)
    log, truth = _SINGLE[work](folder, rows)
    if work == "onelog":
        return Logs({"log": log}, truth, work, _lines(truth))
    return Logs({"log": log}, {"endpoints": truth["endpoints"]}, "access", truth["lines"])


def are_there(work: str, folder: Path, rows: int) -> bool:
    """Whether the logs of a work were made before."""
    name = "pair" if work in ("full", "ndjson") else work
    return (folder / f"{name}-{rows}" / "made.json").exists()


def _lines(truth: Mapping[str, int]) -> int:
    return 2 * truth["matched"] + truth["request_orphans"] + truth["response_orphans"]


def gz(folder: Path, rows: int) -> data.Pair:
    """The pair, each log in gzip at its usual level."""

    def write(log: Path, target: Path) -> None:
        with log.open("rb") as source, target.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) as out:
            for block in data.blocks(source):
                out.write(block)

    return _pair(folder, rows, "gz", ".log.gz", write)


def json_pair(folder: Path, rows: int) -> data.Pair:
    """The pair as JSON: {"time", "request_id", "user_id" or null} and {"time", "request_id", "status_code"}."""
    return _pair(folder, rows, "json", ".ndjson", _json_lines)


def combined(folder: Path, rows: int) -> data.Access:
    """The access log in the combined form, with the time taken in seconds behind, as nginx writes it."""
    return _access(folder, rows, "combined", _combined, lambda endpoint: endpoint)


def alb(folder: Path, rows: int) -> data.Access:
    """The access log as AWS' Application Load Balancer writes it."""
    return _access(folder, rows, "alb", _alb, _one_slash)


def one_log(folder: Path, rows: int) -> data.Access:
    """One log of both events, roughly in order of time, as fastify writes it. It has no users, and one clock."""
    home = folder / f"onelog-{rows}"
    plain = data.pair(folder, rows, options=ONE_CLOCK, name="oneclock")
    log = home / "app.log"

    def write() -> dict[str, Any]:
        with plain.requests.open() as requests, plain.responses.open() as responses, log.open("w") as target:
            # Where two are of one time the request stands first.
            target.writelines(line for _, line in merge(_asked(requests), _answered(responses), key=lambda one: one[0]))
        return plain.truth

    return data.Access(log, data.kept(home, _made(plain.requests), write))


_PAIRS: dict[str, Callable[[Path, int], data.Pair]] = {
    "full": data.pair, "ndjson": data.pair, "gz": gz, "json": json_pair,
}  # fmt: skip
_SINGLE: dict[str, Callable[[Path, int], data.Access]] = {
    "onelog": one_log, "access": data.access, "combined": combined, "alb": alb,
}  # fmt: skip


def _made(plain: Path) -> dict[str, Any]:
    """A form is made anew when the plain log is, or this file's version changes."""
    told = json.loads((plain.parent / "made.json").read_text())
    return {"version": _VERSION, "of": told["made"]}


def _pair(folder: Path, rows: int, name: str, ending: str, write: Callable[[Path, Path], None]) -> data.Pair:
    plain = data.pair(folder, rows)
    home = folder / f"{name}-{rows}"
    logs = home / f"requests{ending}", home / f"responses{ending}"

    def make() -> dict[str, Any]:
        for log, target in zip(plain[:2], logs, strict=True):
            write(log, target)
        return plain.truth

    return data.Pair(*logs, data.kept(home, _made(plain.requests), make))


def _access(
    folder: Path,
    rows: int,
    name: str,
    lines: Callable[[Iterable[bytes]], Iterator[bytes]],
    endpoint_of: Callable[[str], str],
) -> data.Access:
    plain = data.access(folder, rows)
    home = folder / f"{name}-{rows}"
    log = home / "access.log"

    def make() -> dict[str, Any]:
        with plain.log.open("rb") as source, log.open("wb") as target:
            target.writelines(lines(source))
        endpoints: dict[str, list[int]] = {}
        for endpoint, (requests, errors) in plain.truth["endpoints"].items():
            sums = endpoints.setdefault(endpoint_of(endpoint), [0, 0])
            sums[:] = sums[0] + requests, sums[1] + errors
        return {"lines": plain.truth["lines"], "endpoints": endpoints}

    return data.Access(log, data.kept(home, _made(plain.log), make))


def _json_lines(log: Path, target: Path) -> None:
    asked = log.name == "requests.log"
    with log.open() as source, target.open("w") as out:
        for line in source:
            time, request_id, third = line.rstrip("\n").split(",")
            if asked:
                third = f'"{third}"' if third else "null"
            name = "user_id" if asked else "status_code"
            out.write(f'{{"time":"{time}","request_id":"{request_id}","{name}":{third}}}\n')


def _parts(lines: Iterable[bytes]) -> Iterator[tuple[int, tuple[bytes, ...], int]]:
    """The number, the fields and the milliseconds of each line of a plain access log."""
    for number, line in enumerate(lines):
        fields = _FIELDS.match(line)
        if fields is None:
            raise ValueError(f"line {number + 1} is not plain: {line!r}")
        yield number, fields.groups(), int(fields[6])


def _combined(lines: Iterable[bytes]) -> Iterator[bytes]:
    for number, (time, method, endpoint, status, ip, _, agent), ms in _parts(lines):
        date = time[8:10], _MONTHS[int(time[5:7])], time[:4], time[11:19]
        yield _COMBINED % (ip, *date, method, endpoint, status, _size(number), agent, *divmod(ms, 1000))


def _alb(lines: Iterable[bytes]) -> Iterator[bytes]:
    for number, (time, method, endpoint, status, ip, _, agent), ms in _parts(lines):
        # Tools differ in how they read IPv6 addresses with a port behind.
        client = b"10.%d.%d.%d" % tuple(crc32(ip).to_bytes(4, "big")[1:]) if b":" in ip else ip
        port = 1024 + number * 7919 % 60_000
        took = divmod(ms, 1000)
        moment = time[:-1] + b"000Z"
        target = _one_slash(endpoint.decode()).encode()
        yield _ALB % (
            moment, client, port, *took, status, status, _size(number), method, target, agent, number, number, moment,
            status,
        )  # fmt: skip


def _one_slash(endpoint: str) -> str:
    """An endpoint with one slash at its start: behind a host, logcorr takes two for one, and others do not."""
    return "/" + endpoint.lstrip("/")


def _size(number: int) -> int:
    """Bytes of a response, made up: the plain log tells none."""
    return 120 + number * 7919 % 40_000


def _asked(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        time, request_id, _ = line.split(",")
        ms = _epoch_ms(time)
        route = ROUTES[number * 31 % len(ROUTES)]
        yield ms, _ASKED % (ms, request_id, route, number % 250, 1024 + number % 60_000)


def _answered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        time, request_id, status = line.rstrip("\n").split(",")
        ms = _epoch_ms(time)
        yield ms, _ANSWERED % (ms, request_id, status, 1 + number % 60, number % 1000)


_minutes: dict[str, int] = {}


def _epoch_ms(time: str) -> int:
    """Milliseconds since 1970 of a plain time; each minute is worked out once."""
    minute = time[:16]
    if minute not in _minutes:
        _minutes[minute] = int(datetime.fromisoformat(minute).replace(tzinfo=UTC).timestamp()) * 1000
    return _minutes[minute] + int(time[17:19]) * 1000 + int(time[20:23])
