"""Small logs of servers and applications in forms of the built-in catalogue, with invented values."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
# Of so many requests each tenth has no response, and each seventh fails.
REQUESTS = 60


def fastify(requests: int = REQUESTS) -> list[str]:
    """A log of fastify: a line of the start, requests and responses, a line of another logger for each fifth request."""
    lines = ["> shop@1.0.0 start"]
    for number in range(requests):
        at = int(START.timestamp() * 1000) + number * 1500
        lines.append(_fastify_request(number, at))
        if number % 5 == 0:
            lines.append(_json(at + 1, msg="cache refreshed"))
        if number % 10 != 9:
            lines.append(_fastify_response(number, at + 20 + number))
    return lines


def answered(requests: int = REQUESTS) -> int:
    """How many requests of `fastify` have a response."""
    return sum(number % 10 != 9 for number in range(requests))


def _fastify_request(number: int, at: int) -> str:
    request = {"method": "GET", "url": f"/items/{number % 3}", "remoteAddress": f"192.0.2.{number % 4}"}
    return _json(at, reqId=f"req-{number}", req=request, msg="incoming request")


def _fastify_response(number: int, at: int) -> str:
    status = 503 if number % 7 == 3 else 200
    took = {"responseTime": 19.5 + number}
    return _json(at, reqId=f"req-{number}", res={"statusCode": status}, **took, msg="request completed")


def _json(at: int, **values: object) -> str:
    return json.dumps({"level": 30, "time": at, "pid": 7, "hostname": "shop-1", **values})


def in_docker(lines: list[str]) -> list[str]:
    """The lines as Docker's json-file driver writes them."""
    stamp = START.isoformat().replace("+00:00", ".000000000Z")
    return [json.dumps({"log": f"{line}\n", "stream": "stdout", "time": stamp}) for line in lines]


def combined(requests: int = REQUESTS) -> list[str]:
    """An access log in the combined form, with a line of another kind at its end."""
    return [
        f'192.0.2.{number % 4} - - [{START + timedelta(seconds=number):%d/%b/%Y:%H:%M:%S} +0000] "GET /a/{number % 3} HTTP/1.1" '
        f'{404 if number % 7 == 3 else 200} 12 "-" "curl/8"'
        for number in range(requests)
    ] + ["server stopped"]


def morgan(requests: int = REQUESTS) -> tuple[list[str], list[str]]:
    """A log of requests and a log of responses, as morgan writes them twice."""
    asked = [f"id-{number} {_stamp(number, 0)} GET /a - -" for number in range(requests)]
    done = [f"id-{number} {_stamp(number, 20)} GET /a 200 19.250 20.100 12" for number in range(requests)]
    return asked, done


def dateless(requests: int = 3) -> list[str]:
    """Lines whose clock has no date: requests and responses of rq."""
    return [line for number in range(requests) for line in _rq(number)]


def _rq(number: int) -> Iterator[str]:
    identity = f"00000000-0000-4000-8000-{number:012d}"
    yield f"09:00:{number:02d} default: shop.send('x') ({identity})"
    yield f"09:00:{number + 1:02d} default: Job OK ({identity})"


def awslambda(requests: int = 20) -> list[str]:
    """Lines without a clock: invocations of AWS Lambda."""
    lines = []
    for number in range(requests):
        identity = f"00000000-0000-4000-8000-{number:012d}"
        lines += [f"START RequestId: {identity} Version: $LATEST", "hello", f"END RequestId: {identity}"]
        lines.append(
            f"REPORT RequestId: {identity}\tDuration: {number + 1}.25 ms\tBilled Duration: {number + 2} ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 64 MB\t"
        )
    return lines


def _stamp(second: int, ms: int) -> str:
    return f"{START + timedelta(seconds=second, milliseconds=ms):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def write(path: Path, lines: list[str]) -> str:
    """Writes lines to a file. Returns its name."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
    return str(path)


def refused(requests: int = 10) -> list[str]:
    """Lines that are recognised and cannot be joined: Rails without tags."""
    lines = []
    for number in range(requests):
        lines.append(f'Started GET "/a" for 192.0.2.19 at 2026-03-04 09:00:{number:02d} +0000')
        lines.append(f"Completed 200 OK in {number + 1}ms")
    return lines
