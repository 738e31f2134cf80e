"""Writes a pair of logs as a service does: a steady number of lines a second, each response a while after its request.

`python -m benchmarks.live_writer FOLDER LINES_A_SECOND SECONDS` tells on stdout what it wrote, a line a tick: the
monotonic clock in seconds when all of it was in the files, and how many lines both logs have. Only the standard library
is used, so that the writer takes little of the machine that is measured.
"""

import heapq
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

TICK_S = 0.01
# Of a thousand requests so many are never answered, fail, or take two seconds.
_UNANSWERED, _FAILED, _SLOW = 1, 20, 5
_USERS = 20_000


def write(folder: Path, rate: int, seconds: float) -> None:
    """Appends to requests.log and responses.log for so long. Half of the lines are requests."""
    dice = random.Random(5)  # noqa: S311 - no secret
    due: list[tuple[float, str]] = []
    lines = asked = 0
    with (folder / "requests.log").open("ab", 0) as requests, (folder / "responses.log").open("ab", 0) as responses:
        begun = time.monotonic()
        shift = time.time() - begun
        tick = 0
        while tick * TICK_S < seconds:
            tick += 1
            time.sleep(max(0.0, begun + tick * TICK_S - time.monotonic()))
            now = time.monotonic()
            text = _instant(now + shift)
            new = round((now - begun) * rate / 2) - asked
            names = [f"req-{asked + number:012x}" for number in range(new)]
            asked += new
            for name in names:
                chance = dice.randrange(1000)
                if chance >= _UNANSWERED:
                    slow = 2.0 if chance < _UNANSWERED + _SLOW else 0.0
                    heapq.heappush(due, (now + slow + dice.expovariate(40), name))
            answers = []
            while due and due[0][0] <= now:
                answers.append(heapq.heappop(due)[1])
            requests.write("".join(f"{text},{name},user-{dice.randrange(_USERS)}\n" for name in names).encode())
            responses.write("".join(f"{text},{name},{_status(dice)}\n" for name in answers).encode())
            lines += len(names) + len(answers)
            sys.stdout.write(f"{time.monotonic():.6f} {lines}\n")
            sys.stdout.flush()


def _status(dice: random.Random) -> int:
    return 503 if dice.randrange(1000) < _FAILED else 200


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
