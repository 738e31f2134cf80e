"""Where the lines of a log that is followed stand: a place is a number that leads back to a line and its neighbours.

A log of a pipe, or of compressed files, cannot be read again. Of such logs the last few megabytes are kept.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from logcorr.inputs.follow.follower import Piece

# The bits of a place: the reading of a file, and the line in it.
_LINE_BITS = 36
_EVERY_BYTES = 1 << 20
_KEPT_BYTES = 1 << 24
_LONGEST = 4096
_NEIGHBOURS = 3

# Gives the bytes of a file, by its number, from a byte on, so many at most. None where they are not there any more.
TextAt = Callable[[int, int, int], bytes | None]


class LinePosition(NamedTuple):
    """Where a line stands: the number of its file, and the line in it from 1.

    The line is None where the file was not read from its start.
    """

    file: int
    line: int | None


class Excerpt(NamedTuple):
    """A line with its neighbours, by how many lines they are after it. `note` says why there are none."""

    lines: tuple[tuple[int, str], ...]
    note: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a log that is followed: its file, its number from 1 (None where the file was begun in the middle).

    `lines` are the line and its neighbours, by how many lines they are after it; `note` says why there are none.
    """

    file: str
    line: int | None
    lines: Sequence[tuple[int, str]]
    note: str = ""


class _Reading:
    """A file from where its reading began, up to where it was cut."""

    __slots__ = ("at_start", "file", "in_file", "known", "lines")

    def __init__(self, file: int, *, at_start: bool, in_file: bool) -> None:
        self.file, self.at_start, self.in_file = file, at_start, in_file
        self.lines = 0
        # Lines and the bytes at which they begin, in order.
        self.known: list[tuple[int, int]] = []


class LinePlaces:
    """Notes the pieces of one log, in the order in which they are read."""

    def __init__(self) -> None:
        self._readings: list[_Reading] = []
        self._latest: dict[int, int] = {}
        self._kept: deque[tuple[int, int, bytes]] = deque()
        self._kept_bytes = 0

    def note(self, piece: Piece, lines: int) -> int:
        """Notes a piece of so many lines. Returns the place of the first of them; that of the next one is one more."""
        number = self._latest.get(piece.file)
        in_file = piece.offset is not None
        if number is None or piece.begins or self._readings[number].in_file != in_file:
            # The first lines of a compressed log and of a pipe have no byte, but a number.
            reading = _Reading(piece.file, at_start=piece.begins, in_file=in_file)
            number = self._latest[piece.file] = len(self._readings)
            self._readings.append(reading)
        reading = self._readings[number]
        first = reading.lines
        reading.lines += lines
        if piece.offset is None:
            self._keep(number, first, piece.text)
        elif not reading.known or piece.offset - reading.known[-1][1] >= _EVERY_BYTES:
            reading.known.append((first, piece.offset))
        return number << _LINE_BITS | first

    def position(self, place: int) -> LinePosition:
        """Where the line of a place stands. Raises IndexError for a place of no line."""
        reading, line = self._of(place)
        return LinePosition(reading.file, line + 1 if reading.at_start else None)

    def excerpt(self, place: int, text_at: TextAt) -> Excerpt:
        """The line of a place and its neighbours, each cut to a few kilobytes. Raises OSError."""
        reading, line = self._of(place)
        if not reading.in_file:
            return self._kept_lines(place >> _LINE_BITS, line)
        if self._latest[reading.file] != place >> _LINE_BITS:
            return Excerpt((), "The file was cut since, and the line with it.")
        first = max(0, line - _NEIGHBOURS)
        number, offset = reading.known[max(0, bisect_right(reading.known, (first, 1 << 62)) - 1)]
        found: list[tuple[int, str]] = []
        rest = b""
        while number <= line + _NEIGHBOURS:
            block = text_at(reading.file, offset, _EVERY_BYTES)
            if block is None:
                return Excerpt((), "The file is not there any more.")
            if not block:
                break
            offset += len(block)
            *whole, rest = (rest + block).split(b"\n")
            found += _lines(whole, number, first, line)
            number += len(whole)
            rest = rest[:_EVERY_BYTES]
        return Excerpt(tuple((at - line, text) for at, text in found))

    def _of(self, place: int) -> tuple[_Reading, int]:
        reading, line = self._readings[place >> _LINE_BITS], place & ((1 << _LINE_BITS) - 1)
        if line >= reading.lines:
            raise IndexError(place)
        return reading, line

    def _keep(self, number: int, first: int, text: bytes) -> None:
        self._kept.append((number, first, text))
        self._kept_bytes += len(text)
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft()[2])

    def _kept_lines(self, number: int, line: int) -> Excerpt:
        first = max(0, line - _NEIGHBOURS)
        found: list[tuple[int, str]] = []
        for of_reading, start, text in self._kept:
            if of_reading == number and start <= line + _NEIGHBOURS and start + text.count(b"\n") > first:
                found += _lines(text.split(b"\n")[:-1], start, first, line)
        lines = tuple((at - line, text) for at, text in found)
        if any(not after for after, _ in lines):
            return Excerpt(lines)
        return Excerpt((), f"The line is not kept: only the last {_KEPT_BYTES >> 20} MiB of this log are.")


def _lines(texts: list[bytes], number: int, first: int, line: int) -> list[tuple[int, str]]:
    """The lines from `first` on up to the neighbours of a line, of texts of which the first is line `number`."""
    last = line + _NEIGHBOURS
    return [
        (at, text.strip(b"\0").removesuffix(b"\r")[:_LONGEST].decode(errors="replace"))
        for at, text in enumerate(texts, number)
        if first <= at <= last
    ]
