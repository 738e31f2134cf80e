"""Services that write logs in a process of their own, as fast or as slowly as they are told.

`python -m tests.support.live_writers KIND FOLDER COUNT`: each kind writes COUNT exchanges, and then ends.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

START_MS = 1_763_733_600_000
HALF = b'{"level":30,"time":1763733600'
_PAUSE_S = 0.002


def _stamp(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def fastify(folder: Path, count: int) -> None:
    """One log with both events. Lines are written in halves, with a pause after each half; the last one has no end."""
    with (folder / "app.log").open("ab", 0) as log:
        for number in range(count):
            head = {"level": 30, "pid": 1, "hostname": "c1", "reqId": f"req-{number}"}
            request = {"method": "GET", "url": f"/items/{number % 7}"}
            asked = {**head, "time": START_MS + 10 * number, "req": request, "msg": "incoming request"}
            status = 500 if number % 10 == 0 else 200
            answered = {**head, "time": START_MS + 10 * number + 5, "res": {"statusCode": status}, "responseTime": 5.0}
            lines = [json.dumps(line).encode() + b"\n" for line in (asked, {**answered, "msg": "request completed"})]
            for line in lines:
                _in_halves(log, line)
        log.write(HALF)


def pair(folder: Path, count: int, skew_ms: float = 0.0) -> None:
    """A pair of logs. Requests have a second line in a hundred that is broken. Responses take 20 ms."""
    with (folder / "requests.log").open("ab", 0) as requests, (folder / "responses.log").open("ab", 0) as responses:
        for number in range(count):
            at = START_MS + 10 * number
            broken = b"what is this\n" if number % 100 == 0 else b""
            requests.write(f"{_stamp(at)},req-{number},user-{number % 5}\n".encode() + broken)
            responses.write(f"{_stamp(at + 20 + skew_ms)},req-{number},{503 if number % 10 == 0 else 200}\n".encode())
            if number % 20 == 0:
                time.sleep(_PAUSE_S)


def skewed(folder: Path, count: int) -> None:
    """As `pair`, but the clock of the responses is 200 ms behind."""
    pair(folder, count, -200)


def _in_halves(log: BinaryIO | RawIOBase, line: bytes) -> None:
    for half in (line[: len(line) // 3], line[len(line) // 3 :]):
        log.write(half)
        time.sleep(_PAUSE_S)


KINDS: dict[str, Callable[[Path, int], None]] = {"fastify": fastify, "pair": pair, "skewed": skewed}

if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
