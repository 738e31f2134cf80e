"""Heads of collectors: taking them off leaves as many lines, the lines themselves where they were sound, and no error.

A piece is a line, in bytes; the options name the heads, and where the text is cut into chunks.
"""

from random import Random

from logcorr.inputs import heads
from logcorr.inputs.head_forms import FIELDS, NAMES, NONE
from logcorr.inputs.unwrap import Unwrapped, Unwrapper
from tests.fuzz.batch import Batch, Target
from tests.fuzz.mutate import mutated
from tests.support.wrapped import WRAPS

_INNER = (
    *(
        b'{"a":1}',
        b"2026-02-03 10:00:00 INFO ready",
        b"",
        b" ",
        b"a | b | c",
        b"GET /a 200",
        b"\x1b[31mred\x1b[0m",
        b"P F",
    ),
    *(b'192.0.2.1 - - [03/Feb/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 5', b"word", b"\xff\xfe", b"tab\there", b'"'),
)
_NAMES = tuple(name for name in NAMES if name != NONE)


def make(chance: Random) -> Batch:
    """Some hundred lines, most of them within one or two heads, some of them broken."""
    names = [chance.choice(tuple(WRAPS)) for _ in range(chance.choice((1, 1, 2)))]
    share = chance.choice((0.0, 0.1, 0.5))
    lines: list[bytes] = []
    for number in range(300):
        line = chance.choice(_INNER)
        for name in reversed(names):
            line = chance.choice(WRAPS[name])(line, number)
        if names[0] == "cri" and chance.random() < 0.2:
            line = line.replace(b" F ", b" P ", 1)
        line = mutated(line, chance, lines or [b"x"]) if chance.random() < share else line
        lines.append(line.replace(b"\n", b""))
    if chance.random() < 0.3:
        names = [chance.choice(_NAMES) for _ in range(chance.randint(1, 3))]
    sizes = [chance.randint(1, 40) for _ in range(chance.choice((1, 20)))]
    return Batch([line.decode("latin1") for line in lines], {"names": names, "sizes": sizes})


def check(batch: Batch) -> list[str]:
    """Where lines are lost, columns are too short, or chunks change what comes out."""
    lines = [piece.encode("latin1") for piece in batch.pieces]
    names, sizes = batch.options["names"], batch.options["sizes"]
    heads.detect(lines)
    whole = Unwrapper(names, FIELDS).unwrap(b"".join(line + b"\n" for line in lines))
    found = _faults(whole, len(lines))
    bare = Unwrapper(names).unwrap(b"".join(line + b"\n" for line in lines))
    if bare.text != whole.text:
        found.append("the text depends on the fields that are wanted")
    parts = Unwrapper(names, FIELDS)
    texts, times = b"", []
    at = number = 0
    while at < len(lines):
        size = sizes[number % len(sizes)]
        piece = lines[at : at + size]
        unwrapped = parts.unwrap(b"".join(line + b"\n" for line in piece))
        found += _faults(unwrapped, len(piece))
        texts += unwrapped.text
        times += unwrapped.time.to_list() if unwrapped.time is not None else []
        at, number = at + size, number + 1
    if texts != whole.text:
        found.append("the text depends on the chunks")
    if whole.time is not None and times != whole.time.to_list():
        found.append("the times depend on the chunks")
    return found


def _faults(unwrapped: Unwrapped, height: int) -> list[str]:
    found = [] if unwrapped.text.count(b"\n") == height else [f"{unwrapped.text.count(bytes([10]))} of {height} lines"]
    columns = {name: getattr(unwrapped, name) for name in ("time", "stream", "source", "part")}
    found += [
        f"{name} has {column.len()} of {height} lines"
        for name, column in columns.items()
        if column is not None and column.len() != height
    ]
    return found


TARGET = Target("heads", make, check)
