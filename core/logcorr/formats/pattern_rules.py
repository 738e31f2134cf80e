"""Programs of several patterns that are tried in order: how many codes neighbours begin with in common.

Rules of one profile often begin alike. Where that part can match in one way at most, the machine runs it once for all
of them.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

from logcorr.formats.pattern_program import (
    BYTES,
    CLASS,
    CLASS_BYTES,
    EITHER,
    FIELDS,
    GO_TO,
    REPEAT,
    SET_BYTES,
    Program,
)

_FEWEST = 4


class Shared(NamedTuple):
    """How many codes a program has in common with neighbours: with those before it if it `follows`, or those after."""

    codes: int
    follows: bool


def shared_codes(programs: Sequence[Program]) -> list[Shared]:
    """For each program what it shares. A program that shares nothing has 0 codes."""
    codes = [_codes(program) for program in programs]
    found: list[Shared] = []
    while len(found) < len(programs):
        first = len(found)
        length, end = 0, first + 1
        while end < len(programs) and not programs[first].anywhere and not programs[end].anywhere:
            common = _common(codes[first], codes[end])
            if common < max(_FEWEST, length * 2 // 3):
                break
            length, end = min(length, common) if length else common, end + 1
        found.append(Shared(length, follows=False))
        found += [Shared(length, follows=True)] * (end - first - 1)
    return found


def _codes(program: Program) -> list[tuple[Any, ...]]:
    """The codes of a program, with what they refer to in place of numbers."""

    def set_of(number: int) -> bytes:
        return b"" if number < 0 else program.sets[SET_BYTES * number :][:SET_BYTES]

    codes: list[tuple[Any, ...]] = []
    for code, *operands in np.frombuffer(program.codes, np.int32).reshape(-1, FIELDS).tolist():
        first, second, third, fourth, fifth = operands
        if code == BYTES:
            codes.append((code, program.literals[first : first + second]))
        elif code == EITHER:
            codes.append((code, first, second, set_of(third), set_of(fourth)))
        elif code in (CLASS, REPEAT):
            class_ = program.classes[CLASS_BYTES * first :][:CLASS_BYTES]
            codes.append((code, class_, second, third, fourth, set_of(fifth) if code == REPEAT else b""))
        else:
            codes.append((code, *operands))
    return codes


def _common(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> int:
    """How many codes two programs begin with in common, none of which leads on to a code beyond them."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    length = min(sum(1 for _ in pairs), len(one) - 1, len(other) - 1)
    while length and _furthest(one[:length]) > length:
        length -= 1
    return length


def _furthest(codes: list[tuple[Any, ...]]) -> int:
    """The last code that some codes lead on to."""
    targets = [
        target for code in codes if code[0] in (EITHER, GO_TO) for target in code[1 : 3 if code[0] == EITHER else 2]
    ]
    return max(targets, default=0)
