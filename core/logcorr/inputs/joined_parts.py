"""Joins the parts into which collectors cut long lines, each part a line of the file."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

# A longer line is cut: what comes behind is left out.
LONGEST_BYTES = 1 << 22


class Joined(NamedTuple):
    """Lines (without line ends) in which the last part of a line has all its parts; a part before it is an empty line.

    `part` tells which lines are parts. `joins` is how many lines were joined.
    """

    lines: list[bytes]
    part: list[bool]
    joins: int


class Parts:
    """The parts of lines that have not ended yet, by the stream that they were written to."""

    def __init__(self) -> None:
        self._begun: dict[bytes, bytearray] = {}

    def __bool__(self) -> bool:
        return bool(self._begun)

    def join(self, texts: Iterable[bytes], streams: Iterable[bytes], goes_on: Iterable[bool]) -> Joined:
        """Joins lines. `goes_on` tells of each line whether the next line of the same stream continues it."""
        lines: list[bytes] = []
        part: list[bool] = []
        count = 0
        for text, stream, is_part in zip(texts, streams, goes_on, strict=True):
            line = b""
            if is_part:
                begun = self._begun.setdefault(stream, bytearray())
                begun += text[: LONGEST_BYTES - len(begun)]
            elif stream in self._begun:
                begun = self._begun.pop(stream)
                line = bytes(begun + text[: LONGEST_BYTES - len(begun)])
                count += 1
            else:
                line = text
            lines.append(line)
            part.append(is_part)
        return Joined(lines, part, count)

    def take(self) -> Sequence[bytes]:
        """The lines that were begun and have not ended. They are forgotten."""
        begun = [bytes(text) for text in self._begun.values()]
        self._begun.clear()
        return begun
