"""Lines of request and response logs: what the engine makes of each of them, and of all together, against the oracle."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import drawn, mutated
from tests.oracle.pair_oracle import lines_of
from tests.oracle.test_correlate_equals_oracle import compare
from tests.support.pair_strategies import BOM, Case, cases

_PLAIN = tuple(f"2025-03-01T12:00:{second:02}.{second * 7:03}Z" for second in range(60))


def make(chance: Random) -> Batch:
    """A few hundred to a few thousand lines: those of many small cases, mutated, in among ordinary ones."""
    found = drawn(cases(), chance.choice((10, 20, 40)), chance)
    options = found[0].options() | {"buckets": chance.randint(1, 5)}
    if chance.random() < 0.5:
        options |= {"skew_us": 0, "max_duration_us": None, "edge_us": None}
    share = chance.choice((0.0, 0.05, 0.3, 0.7))
    ordinary = chance.choice((0, 0, 1000, 3000))
    pieces: list[list[str]] = []
    for side in ("request", "response"):
        raw = [
            line
            for case in found
            for _, data in (case.requests if side == "request" else case.responses)
            for line in data.splitlines(keepends=True)
        ]
        spoilt = [mutated(line, chance, raw) if chance.random() < share else line for line in raw]
        for number in range(ordinary):
            value = f"u{number % 9}" if side == "request" else chance.choice(("200", "200", "404", "503"))
            spoilt.append(f"{chance.choice(_PLAIN)},q{chance.randrange(ordinary)},{value}\n".encode())
        chance.shuffle(spoilt)
        # Most logs start with an ordinary line, from which the common form is told.
        if ordinary and chance.random() < 0.8:
            spoilt.insert(0, f"{_PLAIN[0]},q0,{'u' if side == 'request' else 200}\n".encode())
        files = chance.randint(1, 3)
        for index in range(files):
            name = f"{side}s-{index}.log{chance.choice(('', '', '', '.gz'))}"
            start, end = (len(spoilt) * at // files for at in (index, index + 1))
            first = chance.choice((b"", b"", BOM, b"time,request_id,value\n", BOM + b"ts,id,x\r\n"))
            own = [first, *spoilt[start:end]] if first else spoilt[start:end]
            pieces += [[side, name, line.decode("latin1")] for line in own or [b""]]
    return Batch(pieces, options)


def case_of(batch: Batch) -> Case:
    """The case that the pieces make."""
    sides: dict[str, dict[str, bytes]] = {"request": {}, "response": {}}
    for side, name, line in batch.pieces:
        sides[side][name] = sides[side].get(name, b"") + line.encode("latin1")
    requests, responses = (tuple(files.items()) or ((f"no-{side}s.log", b""),) for side, files in sides.items())
    return Case(requests, responses, **batch.options)


def check(batch: Batch) -> list[str]:
    """All differences: records of every view by file and line, and the whole report."""
    with TemporaryDirectory(prefix="logcorr-") as name:
        return compare(case_of(batch), Path(name))


def count(batch: Batch) -> int:
    """Lines; the outcome of each is compared."""
    case = case_of(batch)
    return sum(len(lines_of(raw)) for _, raw in (*case.requests, *case.responses))


TARGET = Target("pairs", make, check, count)
