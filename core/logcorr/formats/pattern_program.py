"""Compiles patterns into programs for the machine of the kernels: core/kernels/cut_machine.h runs them.

The order of the codes is the order in which a pattern names its ways. A repeat of one class is one code. Where no other
number of repeats can lead to a match, it is possessive: the machine then never comes back to it.
"""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from logcorr.formats.pattern_syntax import (
    IN,
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

MATCH, BYTES, CLASS, EITHER, GO_TO, MARK, AT_BEGIN, AT_END, REPEAT = range(9)
_GREEDY, _LAZY, _POSSESSIVE = range(3)
FIELDS: Final = 6
CLASS_BYTES, SET_BYTES = 256, 257
_MOST_CODES, _MOST_GROUPS = 2000, 30
_WIDE_BYTES: Final = ((1 << 256) - 1) ^ ((1 << 128) - 1)
# A set of bytes has two more bits: the pattern may match here whatever follows; it may match at the end of the text.
_DONE, _ENDED = 1 << 256, 1 << 257
_BYTES_ONLY: Final = (1 << 256) - 1
_ALL: Final = _BYTES_ONLY | _ENDED


class Program(msgspec.Struct, frozen=True):
    """A compiled pattern: the codes and what they refer to.

    `groups` has the name of each group, None for a group without a name.

    With `anywhere` a match may begin anywhere in a text, else only at its begin.
    """

    codes: bytes
    literals: bytes
    classes: bytes
    sets: bytes
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
            return _ENDED if node.at_end else _ALL
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
        self._sets: dict[int, int] = {}

    def program(self, groups: tuple[str | None, ...], *, anywhere: bool) -> Program:
        self._emit(MATCH)
        return Program(
            np.array(self._codes, np.int32).tobytes(),
            bytes(self._literals),
            b"".join(map(_class_table, self._classes)),
            b"".join(map(_set_table, self._sets)),
            groups,
            anywhere,
        )

    def _emit(self, code: int, *operands: int) -> int:
        """Adds a code, and gives its number."""
        if len(self._codes) == _MOST_CODES:
            raise UnknownSyntaxError
        self._codes.append([code, *operands, *[0] * (FIELDS - 1 - len(operands))])
        return len(self._codes) - 1

    def _class(self, node: Class) -> int:
        return self._classes.setdefault(node, len(self._classes))

    def _set(self, bits: int) -> int:
        """The number of a set of bytes; -1 for the set of everything."""
        return -1 if bits & _DONE or bits == _ALL else self._sets.setdefault(bits, len(self._sets))

    def _bytes(self, text: bytes) -> None:
        """A literal. It joins a literal right before it."""
        self._emit(BYTES, len(self._literals), len(text))
        self._literals += text

    def add(self, node: Node, after: int) -> None:
        """Adds the codes of a node. `after` are the bytes that what follows can begin with."""
        match node:
            case Class():
                self._emit(CLASS, self._class(node))
            case Literal():
                self._bytes(node.text)
            case Edge():
                self._emit(AT_END if node.at_end else AT_BEGIN)
            case Sequence():
                self._add_sequence(node.parts, after)
            case Choice():
                self._add_choice(node.ways, after)
            case Group():
                self._emit(MARK, 2 * node.number)
                self.add(node.node, after)
                self._emit(MARK, 2 * node.number + 1)
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
        firsts = [_first(way, after) for way in ways]
        for number, way in enumerate(ways[:-1]):
            rest = self._set(_any_of(firsts[number + 1 :]))
            either = self._emit(EITHER, 0, 0, self._set(firsts[number]), rest)
            self._codes[either][1] = either + 1
            self.add(way, after)
            ends.append(self._emit(GO_TO))
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
        apart = _apart(node)
        if apart:
            self.add(apart, after)
            return
        again = _first(node.node, after)
        within = after | again if node.most != node.least else after
        for number in range(node.least):
            self.add(node.node, within if number == node.least - 1 else again)
        if node.most is None:
            either = self._emit(EITHER, 0, 0, *self._firsts(again, after, lazy=node.lazy))
            self.add(node.node, within)
            self._emit(GO_TO, either)
            self._join([either], lazy=node.lazy)
            return
        eithers = []
        for _ in range(node.most - node.least):
            eithers.append(self._emit(EITHER, 0, 0, *self._firsts(again, after, lazy=node.lazy)))
            self.add(node.node, within)
        self._join(eithers, lazy=node.lazy)

    def _firsts(self, again: int, after: int, *, lazy: bool) -> list[int]:
        """The sets of what one more repeat and what comes after it begin with, in the order of their ways."""
        sets = [self._set(again), self._set(after)]
        return sets[::-1] if lazy else sets

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
        most = -1 if node.most is None else node.most
        follow = -1 if possessive else self._set(after)
        self._emit(REPEAT, self._class(repeated), node.least, most, mode, follow)


def _single(node: Node) -> bytes | None:
    """The bytes of a node that matches one text only."""
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, Class) and node.wide == NOT_IN and node.bits.bit_count() == 1:
        return bytes([node.bits.bit_length() - 1])
    return None


def _apart(node: Repeat) -> Node | None:
    """A repeat of a class or other things as repeats of the class between the others, which is faster.

    None if they may begin with a byte of the class: then they may match in another order.
    """
    if not isinstance(node.node, Choice) or node.most is not None or node.least > 1:
        return None
    classes = [way for way in node.node.ways if isinstance(way, Class) and way.wide <= IN]
    others = tuple(way for way in node.node.ways if way is not classes[0]) if classes else ()
    if not others or any(_may_be_empty(way) or _has_group(way) for way in others):
        return None
    if _class_bytes(classes[0]) & _any_of([_first(way, 0) for way in others]):
        return None
    run = Repeat(classes[0], 0, None, node.lazy)
    other = Choice(others) if len(others) > 1 else others[0]
    runs = Sequence((run, Repeat(Sequence((other, run)), 0, None, node.lazy)))
    return Sequence((node.node, runs)) if node.least else runs


def _has_group(node: Node) -> bool:
    match node:
        case Group():
            return True
        case Sequence():
            return any(map(_has_group, node.parts))
        case Choice():
            return any(map(_has_group, node.ways))
        case Repeat():
            return _has_group(node.node)
        case _:
            return False


def _class_table(node: Class) -> bytes:
    """What a class says of each byte."""
    return bytes(node.bits >> byte & 1 if byte < 128 else node.wide for byte in range(CLASS_BYTES))


def _set_table(bits: int) -> bytes:
    """Whether each byte, and the end of the text, is in a set."""
    return bytes(bits >> place & 1 for place in range(SET_BYTES - 1)) + bytes([bool(bits & _ENDED)])
