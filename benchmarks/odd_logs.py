"""Odd logs out of a plain pair, streaming: one id everywhere, a user a line, backwards, short and long ids, parts.

Each maker takes the plain log of one side and writes the odd one; ids are changed alike on both sides.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.data import blocks

_BLOCK = 1 << 23
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [(a + b).encode() for a in _DIGITS for b in _DIGITS]
_ID = re.compile(rb",req-([0-9a-f]{12}),")
PARTS = 2000


def one_id(source: Path, target: Path) -> None:
    """One exchange in ten has one and the same id."""
    _rewritten(source, target, lambda lines: _with_ids(lines, _crowded))


def many_users(source: Path, target: Path) -> None:
    """Every line has a user of its own, in both logs alike; in responses that is a status, which stays."""
    if source.name.startswith("responses"):
        target.hardlink_to(source)
    else:
        _rewritten(source, target, _with_own_users)


def backwards(source: Path, target: Path) -> None:
    """All lines in reverse order."""
    with source.open("rb") as read, target.open("wb") as write:
        end = source.stat().st_size
        rest = b""
        while end:
            start = max(0, end - _BLOCK)
            read.seek(start)
            # The first line of a block may have begun in the one before.
            first, *whole = (read.read(end - start) + rest).splitlines(keepends=True)
            if start:
                rest = first
            else:
                whole.insert(0, first)
            write.writelines(reversed(whole))
            end = start


def short_ids(source: Path, target: Path) -> None:
    """Ids of 4 bytes of base 62: 14.8 million there are, so in long logs each comes more than once."""
    _rewritten(source, target, lambda lines: _with_ids(lines, _short))


def long_ids(source: Path, target: Path) -> None:
    """Ids of 200 bytes that differ only far behind."""
    _rewritten(source, target, lambda lines: _with_ids(lines, _long))


def parts(source: Path, target: Path) -> None:
    """The log in 2,000 rotated parts; `target` becomes a folder."""
    target.mkdir()
    size, limit = source.stat().st_size, 0
    with source.open("rb") as read:
        for number in range(PARTS):
            limit = (number + 1) * size // PARTS
            with (target / f"{source.stem}.{number:04d}.log").open("wb") as write:
                write.write(read.read(max(0, limit - read.tell())))
                if number < PARTS - 1:
                    write.write(read.readline())


def _rewritten(source: Path, target: Path, change: Callable[[Iterable[bytes]], Iterator[bytes]]) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        write.writelines(change(blocks(read)))


def _with_own_users(texts: Iterable[bytes]) -> Iterator[bytes]:
    number = 0
    for text in texts:
        lines = text.splitlines()
        yield b"".join(b"%b,user-%d\n" % (line[: line.rindex(b",")], number + at) for at, line in enumerate(lines))
        number += len(lines)


def _with_ids(texts: Iterable[bytes], change: Callable[[re.Match[bytes]], bytes]) -> Iterator[bytes]:
    for text in texts:
        yield _ID.sub(change, text)


def _crowded(found: re.Match[bytes]) -> bytes:
    return found[0] if int(found[1], 16) % 10 else b",req-of-everybody,"


def _short(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16) % (len(_PAIRS) * len(_PAIRS))
    return b",%b%b," % (_PAIRS[number // len(_PAIRS)], _PAIRS[number % len(_PAIRS)])


def _long(found: re.Match[bytes]) -> bytes:
    return b"," + b"tenant/region/service/" * 8 + b"/trace--req-" + found[1] + b","
