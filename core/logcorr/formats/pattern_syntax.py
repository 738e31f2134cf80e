"""Parses the patterns of profiles into nodes: the part of the syntax of Rust's regex crate that the kernel can match.

A pattern that uses anything else is none here: it may still be a sound pattern for polars.
"""

import re
import string
from typing import Final

import msgspec

# What a class says of a character that is not ASCII: cut_machine.h has the same numbers.
NOT_IN, IN, SPACES, NO_SPACES, DIGITS, NO_DIGITS, UNTOLD = range(7)
_OPPOSITES: Final = {
    NOT_IN: IN,
    IN: NOT_IN,
    SPACES: NO_SPACES,
    NO_SPACES: SPACES,
    DIGITS: NO_DIGITS,
    NO_DIGITS: DIGITS,
    UNTOLD: UNTOLD,
}
_ASCII: Final = (1 << 128) - 1
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_LITERAL_ESCAPES: Final = frozenset(string.punctuation) - frozenset("<>%")
_MOST_REPEATS: Final = 1000
_GROUP = re.compile(r"\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_COUNTS = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_HEX = re.compile(r"x([0-7][0-9A-Fa-f])")


class UnknownSyntaxError(ValueError):
    """The pattern has something that is not known here."""


class Class(msgspec.Struct, frozen=True):
    """A set of characters: a bit for each one of ASCII, and what it says of all others."""

    bits: int
    wide: int = NOT_IN

    def negated(self) -> "Class":
        return Class(_ASCII & ~self.bits, _OPPOSITES[self.wide])

    def joined(self, other: "Class") -> "Class":
        wide = {self.wide, other.wide} - {NOT_IN}
        return Class(
            self.bits | other.bits, IN if IN in wide else UNTOLD if len(wide) > 1 else max(wide, default=NOT_IN)
        )


class Literal(msgspec.Struct, frozen=True):
    """A character that is not ASCII."""

    text: bytes


class Edge(msgspec.Struct, frozen=True):
    """The begin or the end of the text."""

    at_end: bool


class Sequence(msgspec.Struct, frozen=True):
    parts: tuple["Node", ...]


class Choice(msgspec.Struct, frozen=True):
    """The first of several ways that leads to a match."""

    ways: tuple["Node", ...]


class Repeat(msgspec.Struct, frozen=True):
    """A node several times. `most` of None is any number; `lazy` takes as few as possible."""

    node: "Node"
    least: int
    most: int | None
    lazy: bool


class Group(msgspec.Struct, frozen=True):
    """A group whose text is kept. Groups are numbered from 0."""

    number: int
    node: "Node"


Node = Class | Literal | Edge | Sequence | Choice | Repeat | Group


def _of(characters: str) -> int:
    return sum(1 << ord(character) for character in set(characters))


_WORDS = {
    "d": Class(_of(string.digits), DIGITS),
    "w": Class(_of(string.digits + string.ascii_letters + "_"), UNTOLD),
    "s": Class(_of(" \t\n\v\f\r"), SPACES),
}
_ANY = Class(_ASCII & ~_of("\n"), IN)


class Parser:
    """Parses one pattern. Raises UnknownSyntaxError where it is not of the known syntax."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self.names: list[str | None] = []

    def parse(self) -> Node:
        """The whole pattern. `names` then has the name of each group, None for a group without one."""
        node = self._choice()
        if self._at < len(self._pattern):
            raise UnknownSyntaxError
        return node

    @property
    def _next(self) -> str:
        """The next character, or nothing at the end."""
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._next
        if not character:
            raise UnknownSyntaxError
        self._at += 1
        return character

    def _takes(self, text: str) -> bool:
        taken = self._pattern.startswith(text, self._at)
        self._at += len(text) * taken
        return taken

    def _choice(self) -> Node:
        ways = [self._sequence()]
        while self._takes("|"):
            ways.append(self._sequence())
        return Choice(tuple(ways)) if len(ways) > 1 else ways[0]

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next and self._next not in "|)":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        counts = self._counts()
        if counts is None:
            return node
        least, most = counts
        lazy = self._takes("?")
        if isinstance(node, Edge) or (self._next and self._next in "*+?{"):
            raise UnknownSyntaxError
        if (most or least) > _MOST_REPEATS or (most is not None and most < least):
            raise UnknownSyntaxError
        return Repeat(node, least, most, lazy)

    def _counts(self) -> tuple[int, int | None] | None:
        for mark, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(mark):
                return counts
        if self._next != "{":
            return None
        told = _COUNTS.match(self._pattern, self._at)
        if not told:
            raise UnknownSyntaxError
        self._at = told.end()
        least, comma, most = told.groups()
        return int(least), int(most or least) if most or not comma else None

    def _atom(self) -> Node:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "^" | "$":
                return Edge(character == "$")
            case ".":
                return _ANY
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise UnknownSyntaxError
        return _literal(character)

    def _group(self) -> Node:
        if self._takes("?:"):
            number = None
        else:
            named = _GROUP.match(self._pattern, self._at)
            if named:
                self._at = named.end()
            elif self._next == "?":
                raise UnknownSyntaxError
            number = len(self.names)
            self.names.append(named[1] if named else None)
        node = self._choice()
        if not self._takes(")"):
            raise UnknownSyntaxError
        return node if number is None else Group(number, node)

    def _escape(self) -> Node:
        if self._takes("A"):
            return Edge(at_end=False)
        if self._takes("z"):
            return Edge(at_end=True)
        escaped = self._escaped()
        return escaped if isinstance(escaped, Class) else _literal(escaped)

    def _escaped(self) -> Class | str:
        """What stands after a backslash: a class, or one character of ASCII."""
        code = _HEX.match(self._pattern, self._at)
        if code:
            self._at = code.end()
            return chr(int(code[1], 16))
        character = self._take()
        if character.lower() in _WORDS:
            word = _WORDS[character.lower()]
            return word if character.islower() else word.negated()
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character not in _LITERAL_ESCAPES:
            raise UnknownSyntaxError
        return character

    def _class(self) -> Node:
        negated = self._takes("^")
        found, others = Class(0), list[Node]()
        first = True
        while first or self._next != "]":
            if self._next.isascii():
                found = found.joined(self._item(first=first))
            else:
                others.append(_literal(self._take()))
            first = False
        self._at += 1
        if others and (negated or found.wide != NOT_IN):
            raise UnknownSyntaxError
        if others:
            return Choice((found, *others))
        return found.negated() if negated else found

    def _item(self, *, first: bool) -> Class:
        """A character, a range or a class within a class."""
        if any(self._pattern.startswith(mark, self._at) for mark in ("[", "&&", "--", "~~")):
            raise UnknownSyntaxError
        low = self._class_character()
        if isinstance(low, Class):
            return low
        if low == "-" and not first and self._next != "]":
            raise UnknownSyntaxError
        if self._next != "-" or self._pattern.startswith("-]", self._at):
            return Class(_of(low))
        self._at += 1
        high = self._class_character()
        if isinstance(high, Class) or high in "[-" or high < low:
            raise UnknownSyntaxError
        return Class(_of("".join(map(chr, range(ord(low), ord(high) + 1)))))

    def _class_character(self) -> Class | str:
        character = self._take()
        if character == "\\":
            return self._escaped()
        if not character.isascii():
            raise UnknownSyntaxError
        return character


def _literal(character: str) -> Node:
    return Class(1 << ord(character)) if character.isascii() else Literal(character.encode())
