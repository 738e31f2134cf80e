"""Compiles patterns into programs for the machine of the kernels: core/kernels/cut_machine.h runs them.

The order of the codes is the order in which a pattern names its ways. A repeat of one class is one code. Where no other
number of repeats can lead to a match, it is possessive: the machine then never comes back to it.
"""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from logcorr.formats.pattern_syntax import (
    NOT_IN,
    Choice,
    Class,
    Edge,
    Group,
    Literal,
    Node,
    Parser,
    Repeat,
    Sequence,
    UnknownSyntaxError,
)

_MATCH, _BYTES, _CLASS, _EITHER, _GO_TO, _MARK, _AT_BEGIN, _AT_END, _REPEAT = range(9)
_GREEDY, _LAZY, _POSSESSIVE = range(3)
_FIELDS: Final = 6
_MOST_CODES, _MOST_GROUPS = 2000, 30
_WIDE_BYTES: Final = ((1 << 256) - 1) ^ ((1 << 128) - 1)
# A set of bytes has two more bits: the pattern may match here without another byte; it may need the end of the text.
_DONE, _ENDED = 1 << 256, 1 << 257
_BYTES_ONLY: Final = (1 << 256) - 1


class Program(msgspec.Struct, frozen=True):
    """A compiled pattern. `groups` has the name of each group, None for a group without a name.

    With `anywhere` a match may begin anywhere in a text, else only at its begin.
    """

    codes: bytes
    literals: bytes
    classes: bytes
    groups: tuple[str | None, ...]
    anywhere: bool = False


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, *, anywhere: bool = False) -> Program | None:
    """The program of a pattern; None if the pattern uses what the machine does not know.

    Such a pattern may still be sound: polars decides.
    """
    parser = Parser(pattern)
    compiler = _Compiler()
    try:
        node = parser.parse()
        compiler.add(node, _DONE)
    except (UnknownSyntaxError, RecursionError):
        return None
    names = [name for name in parser.names if name]
    if len(parser.names) > _MOST_GROUPS or len(set(names)) < len(names):
        return None
    return compiler.program(tuple(parser.names), anywhere=anywhere)


def _may_be_empty(node: Node) -> bool:
    match node:
        case Class() | Literal():
            return False
        case Edge():
            return True
        case Sequence():
            return all(map(_may_be_empty, node.parts))
        case Choice():
            return any(map(_may_be_empty, node.ways))
        case Repeat():
            return node.least == 0 or _may_be_empty(node.node)
        case Group():
            return _may_be_empty(node.node)


def _class_bytes(node: Class) -> int:
    return node.bits | (_WIDE_BYTES if node.wide != NOT_IN else 0)


def _first(node: Node, after: int) -> int:
    """The bytes that a match of a node and of what comes after it can begin with."""
    match node:
        case Class():
            return _class_bytes(node)
        case Literal():
            return 1 << node.text[0]
        case Edge():
            return _ENDED if node.at_end else _BYTES_ONLY | _ENDED
        case Sequence():
            for part in reversed(node.parts):
                after = _first(part, after)
            return after
        case Choice():
            return _any_of([_first(way, after) for way in node.ways])
        case Repeat():
            inner = _first(node.node, after)
            return inner if node.least else inner | after
        case Group():
            return _first(node.node, after)


def _any_of(sets: list[int]) -> int:
    joined = 0
    for one in sets:
        joined |= one
    return joined


class _Compiler:
    def __init__(self) -> None:
        self._codes: list[list[int]] = []
        self._literals = bytearray()
        self._classes: dict[Class, int] = {}

    def program(self, groups: tuple[str | None, ...], *, anywhere: bool) -> Program:
        self._emit(_MATCH)
        return Program(
            np.array(self._codes, np.int32).tobytes(),
            bytes(self._literals),
            b"".join(map(_table, self._classes)),
            groups,
            anywhere,
        )

    def _emit(self, code: int, *operands: int) -> int:
        """Adds a code, and gives its number."""
        if len(self._codes) == _MOST_CODES:
            raise UnknownSyntaxError
        self._codes.append([code, *operands, *[0] * (_FIELDS - 1 - len(operands))])
        return len(self._codes) - 1

    def _class(self, node: Class) -> int:
        return self._classes.setdefault(node, len(self._classes))

    def _bytes(self, text: bytes) -> None:
        """A literal. It joins a literal right before it."""
        self._emit(_BYTES, len(self._literals), len(text))
        self._literals += text

    def add(self, node: Node, after: int) -> None:
        """Adds the codes of a node. `after` are the bytes that what follows can begin with."""
        match node:
            case Class():
                self._emit(_CLASS, self._class(node))
            case Literal():
                self._bytes(node.text)
            case Edge():
                self._emit(_AT_END if node.at_end else _AT_BEGIN)
            case Sequence():
                self._add_sequence(node.parts, after)
            case Choice():
                self._add_choice(node.ways, after)
            case Group():
                self._emit(_MARK, 2 * node.number)
                self.add(node.node, after)
                self._emit(_MARK, 2 * node.number + 1)
            case Repeat():
                self._add_repeat(node, after)

    def _add_sequence(self, parts: tuple[Node, ...], after: int) -> None:
        follow = []
        for part in reversed(parts):
            follow.append(after)
            after = _first(part, after)
        text = b""
        for part, behind in zip(parts, reversed(follow), strict=True):
            byte = _single(part)
            if byte is not None:
                text += byte
                continue
            if text:
                self._bytes(text)
            text = b""
            self.add(part, behind)
        if text:
            self._bytes(text)

    def _add_choice(self, ways: tuple[Node, ...], after: int) -> None:
        ends = []
        for way in ways[:-1]:
            either = self._emit(_EITHER)
            self._codes[either][1] = either + 1
            self.add(way, after)
            ends.append(self._emit(_GO_TO))
            self._codes[either][2] = len(self._codes)
        self.add(ways[-1], after)
        for end in ends:
            self._codes[end][1] = len(self._codes)

    def _add_repeat(self, node: Repeat, after: int) -> None:
        if isinstance(node.node, Class):
            self._add_class_repeat(node, node.node, after)
            return
        if _may_be_empty(node.node) and node.most != 1:
            # What a repeat of nothing captures differs between engines.
            raise UnknownSyntaxError
        again = _first(node.node, after)
        within = after | again if node.most != node.least else after
        for number in range(node.least):
            self.add(node.node, within if number == node.least - 1 else again)
        if node.most is None:
            either = self._emit(_EITHER)
            self.add(node.node, within)
            self._emit(_GO_TO, either)
            self._join([either], lazy=node.lazy)
            return
        eithers = []
        for _ in range(node.most - node.least):
            eithers.append(self._emit(_EITHER))
            self.add(node.node, within)
        self._join(eithers, lazy=node.lazy)

    def _join(self, eithers: list[int], *, lazy: bool) -> None:
        """Has each choice lead on to the code after it, and to the end; with `lazy` to the end first."""
        for either in eithers:
            ways = [either + 1, len(self._codes)]
            self._codes[either][1:3] = reversed(ways) if lazy else ways

    def _add_class_repeat(self, node: Repeat, repeated: Class, after: int) -> None:
        apart = not (_class_bytes(repeated) & after) and not after & _DONE
        # With _DONE what comes after always matches, so the machine never comes back to a greedy repeat.
        possessive = apart or (bool(after & _DONE) and not node.lazy)
        mode = _POSSESSIVE if possessive else _LAZY if node.lazy else _GREEDY
        next_byte = after.bit_length() - 1 if after.bit_count() == 1 and after < 1 << 128 else -1
        most = -1 if node.most is None else node.most
        self._emit(_REPEAT, self._class(repeated), node.least, most, mode, next_byte)


def _single(node: Node) -> bytes | None:
    """The bytes of a node that matches one text only."""
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, Class) and node.wide == NOT_IN and node.bits.bit_count() == 1:
        return bytes([node.bits.bit_length() - 1])
    return None


def _table(node: Class) -> bytes:
    """What a class says of each byte."""
    return bytes(node.bits >> byte & 1 if byte < 128 else node.wide for byte in range(256))
