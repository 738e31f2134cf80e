"""The logs that every contender reads: from logcorr's own generator, then made plain, and kept for the next run.

The generator writes a line in a thousand in an uncommon form, which only some rivals can read. Here every timestamp
gets one form, and access logs lose their odd lines, so that all contenders can agree on every count. What is counted
along the way is told by plain Python, not by logcorr's engine.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

CORE = Path(__file__).resolve().parent.parent / "core"
SEED = 11
USERS = 1_000_000
# Ids are unique and every line is sound; orphans of both sides, clock skew and disorder stay as they are.
CLEAN = ("--retries", "0", "--redelivered", "0", "--malformed", "0", "--blank", "0", "--utf8-only")
# Few enough endpoints for a report that a person reads.
FEW = ("--endpoints", "40", "--ids", "4", "--missing", "0", "--malformed", "0", "--blank", "0", "--utf8-only")

_BLOCK = 1 << 23
_VERSION = 1
_UNCOMMON = re.compile(rb"(?m)^(?!.{23}Z,)([^,\n]*)(,.*)$")
_PLAIN = re.compile(
    rb'(?m)^\{"timestamp":"[-0-9]{10}T[:0-9]{8}\.[0-9]{3}Z","method":"[A-Z]+","endpoint":"([A-Za-z0-9/_.-]+)'
    rb'(?:\?[^"\\#\s]*)?","status_code":"?([0-9]{3})"?,"ip":"[0-9a-f.:]+","response_time":[0-9]+,'
    rb'"user_agent":"[^"\\]+"\}\n'
)


class Pair(NamedTuple):
    """A pair of logs and what is true of them: matched, request_orphans, response_orphans."""

    requests: Path
    responses: Path
    truth: dict[str, int]


class Access(NamedTuple):
    """One log and what is true of it: of an access log lines, and requests and errors of every endpoint."""

    log: Path
    truth: dict[str, Any]


def pair(folder: Path, rows: int, *, seed: int = SEED, options: tuple[str, ...] = CLEAN, name: str = "pair") -> Pair:
    """The pair of logs of so many rows, made unless it is there already with the same parameters."""
    home = folder / f"{name}-{rows}"
    made = {"version": _VERSION, "rows": rows, "seed": seed, "users": USERS, "options": list(options)}

    def make() -> dict[str, Any]:
        raw = home / "raw"
        generate("pair", raw, "--rows", rows, "--seed", seed, "--users", USERS, *options)
        for log in ("requests.log", "responses.log"):
            with (raw / log).open("rb") as source, (home / log).open("wb") as target:
                target.writelines(_UNCOMMON.sub(_common, block) for block in blocks(source))
        told = json.loads((raw / "truth.json").read_text())
        shutil.rmtree(raw)
        sides = told["inputs"]
        return {
            "matched": told["pairs"],
            "request_orphans": sides["requests"]["orphans"],
            "response_orphans": sides["responses"]["orphans"],
        }

    return Pair(home / "requests.log", home / "responses.log", kept(home, made, make))


def access(folder: Path, rows: int, *, seed: int = SEED) -> Access:
    """The access log of about so many rows, made unless it is there already with the same parameters."""
    home = folder / f"access-{rows}"
    made = {"version": _VERSION, "rows": rows, "seed": seed, "options": list(FEW)}

    def make() -> dict[str, Any]:
        raw = home / "raw"
        # One line in six is odd in some way, mostly in its user agent, and left out below.
        generate("access", raw / "access.ndjson", "--rows", round(rows * 1.2), "--seed", seed, *FEW)
        requests: Counter[bytes] = Counter()
        errors: Counter[bytes] = Counter()
        lines = 0
        with (raw / "access.ndjson").open("rb") as source, (home / "access.ndjson").open("wb") as target:
            for block in blocks(source):
                for line in _PLAIN.finditer(block):
                    target.write(line[0])
                    lines += 1
                    requests[line[1]] += 1
                    errors[line[1]] += int(line[2]) >= 400
        shutil.rmtree(raw)
        endpoints = {name.decode(): [requests[name], errors[name]] for name in sorted(requests)}
        return {"lines": lines, "endpoints": endpoints}

    return Access(home / "access.ndjson", kept(home, made, make))


def kept(home: Path, made: dict[str, Any], make: Callable[[], dict[str, Any]]) -> Any:
    """The truth of the logs in a folder, which `make` fills and tells unless they are there with these parameters."""
    try:
        told = json.loads((home / "made.json").read_text())
        if told["made"] == made:
            return told["truth"]
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    # What was made is said last, so that a folder half done is never taken for whole.
    truth = make()
    (home / "made.json").write_text(json.dumps({"made": made, "truth": truth}))
    return truth


def generate(kind: str, where: Path, *words: object) -> None:
    """Run the project's generator, which may take a while; what it says is told only where it fails."""
    command = [str(word) for word in (sys.executable, "-m", "logcorr", "generate", kind, where, *words, "--force")]
    environment = {**os.environ, "PYTHONPATH": str(CORE)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"the generator failed: {done.stderr.strip()[-500:]}")


def blocks(file: Any) -> Iterator[bytes]:
    """A binary file in blocks of whole lines."""
    rest = b""
    while block := file.read(_BLOCK):
        end = block.rfind(b"\n") + 1
        yield rest + block[:end]
        rest = block[end:]
    if rest:
        yield rest + b"\n"


def _common(line: re.Match[bytes]) -> bytes:
    moment = datetime.fromisoformat(line[1].decode())
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime(f"%Y-%m-%dT%H:%M:%S.{moment.microsecond // 1000:03d}Z").encode() + line[2]
