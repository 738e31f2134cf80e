"""One file that is followed: what was read of it, and whether it is still the file that was read."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# A file is known again by its first bytes, and by the bytes before the place up to which it was read.
HEAD_BYTES, TAIL_BYTES = 1024, 256
# A line of more bytes is cut: a log may hold one that never ends.
LONGEST_LINE = 1 << 22


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the reading of a file stands: the bytes that were read as whole lines, the first and the last of them."""

    offset: int = 0
    head: bytes = b""
    tail: bytes = b""

    def moved(self, text: bytes) -> "Mark":
        """The mark after the next bytes were read."""
        head = self.head if len(self.head) == HEAD_BYTES else (self.head + text[:HEAD_BYTES])[:HEAD_BYTES]
        return Mark(self.offset + len(text), head, (self.tail + text[-TAIL_BYTES:])[-TAIL_BYTES:])

    def is_start_of(self, text: bytes) -> bool:
        """Whether a text is of a file that was read, as far as its first bytes tell. Of a short file, all bytes do."""
        return self.offset > 0 and (text.startswith(self.head) if self.offset >= HEAD_BYTES else text == self.head)

    def fits(self, descriptor: int) -> bool:
        """Whether a file has at least the bytes that were read, as far as the first and the last of them tell."""
        return (
            os.pread(descriptor, len(self.head), 0) == self.head
            and os.pread(descriptor, len(self.tail), self.offset - len(self.tail)) == self.tail
        )


class Start(NamedTuple):
    """The byte of a file at which reading begins, and lines that are read before: those that name its columns.

    `skips` tells that the byte is in a line that is too long, whose rest is left out. `mark` is that of a file that was
    read up to the byte before: by now it may have been cut.
    """

    offset: int = 0
    header: bytes = b""
    skips: bool = False
    mark: Mark | None = None


class Resumed(NamedTuple):
    """What was read before: where files are gone on with, by their identity, and where they are now.

    Files of the identities in `left_out` are not read. Compressed files that begin as a mark tells are not either.
    """

    starts: Mapping[tuple[int, int], Start] = {}
    paths: Sequence[Path] = ()
    left_out: Collection[tuple[int, int]] = ()
    marks: Sequence[Mark] = ()


NOT_RESUMED = Resumed()


class Standing(NamedTuple):
    """How far a file was read. `is_open` tells that it is followed. The mark of a compressed file says nothing."""

    path: Path
    identity: tuple[int, int]
    is_compressed: bool
    is_open: bool = False
    mark: Mark | None = None
    skips: bool = False


class FollowedFile:
    """A file whose whole lines are read as they come. It stays open, so that it is read to its end when renamed.

    `number` tells files apart, `path` is where it was found first, `name` what the user is told.
    """

    def __init__(
        self, number: int, path: Path, name: str, *, start: int = 0, skips: bool = False, mark: Mark | None = None
    ) -> None:
        """Opens the file, to be read from the byte `start`, where a line begins, or in a line whose rest it skips.

        `mark` is what it is known by up to there, where it was read before. Raises OSError.
        """
        self.number, self.path, self.name = number, path, name
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        status = os.fstat(self._descriptor)
        self.identity = (status.st_dev, status.st_ino)
        self.mark = Mark()
        # The byte at which the lines begin that were read last.
        self.read_from = start
        # Size and time of change when the file was looked into last.
        self._looked_into = (0, 0)
        self.begins = start == 0
        # A copy of another file is not read. Once it is known to be none, `cleared` is set.
        self.cleared = start > 0
        # Whether the rest of a line that is too long is to be left out.
        self.skips = skips
        if mark is not None:
            self.mark = mark
        elif start:
            head = os.pread(self._descriptor, min(HEAD_BYTES, start), 0)
            tail_bytes = min(TAIL_BYTES, start)
            self.mark = Mark(start, head, os.pread(self._descriptor, tail_bytes, start - tail_bytes))

    @property
    def size(self) -> int:
        """The bytes of the file now."""
        return os.fstat(self._descriptor).st_size

    @property
    def changed(self) -> float:
        """When the file was changed last, in seconds since 1970."""
        return os.fstat(self._descriptor).st_mtime

    @property
    def is_gone(self) -> bool:
        """Whether no name is left of the file."""
        return os.fstat(self._descriptor).st_nlink == 0

    def peek(self, count: int) -> bytes:
        """The first bytes of the file."""
        return os.pread(self._descriptor, count, 0)

    def holds(self, mark: Mark) -> bool:
        """Whether the file is a copy of another one that was read up to a mark, as far as a mark tells.

        A copy may be shorter: lines may have been added, and read, after it was made.
        """
        size = self.size
        if size >= mark.offset:
            return mark.fits(self._descriptor)
        return size > 0 and mark.head.startswith(self.peek(min(size, HEAD_BYTES)))

    def whole(self) -> Mark:
        """The mark of all bytes that the file has now."""
        size = self.size
        tail_bytes = min(TAIL_BYTES, size)
        return Mark(size, self.peek(min(HEAD_BYTES, size)), os.pread(self._descriptor, tail_bytes, size - tail_bytes))

    def fits(self, mark: Mark) -> bool:
        """Whether the file has all bytes that were read of another one, as far as a mark tells."""
        return mark.fits(self._descriptor)

    def was_cut(self) -> bool:
        """Whether the file holds other bytes than those that were read: it was cut, and perhaps written to since.

        A file that was not written to since it was looked into last is not looked into.
        """
        status = os.fstat(self._descriptor)
        if status.st_size < self.mark.offset:
            return True
        written = (status.st_size, status.st_mtime_ns)
        if written == self._looked_into:
            return False
        self._looked_into = written
        return not self.mark.fits(self._descriptor)

    def start_again(self) -> None:
        """Begins the file anew, after it was cut."""
        self.mark, self.begins, self.skips = Mark(), True, False

    def read(self, most_bytes: int, *, to_end: bool = False) -> bytes:
        """The next whole lines, of about `most_bytes`; none where no line has ended since.

        With `to_end` the last line need not have ended: nothing will be added to it. A line of more than LONGEST_LINE
        bytes is given up to there, and the rest of it is left out.
        """
        block = os.pread(self._descriptor, most_bytes, self.mark.offset)
        if self.skips:
            rest = block.find(b"\n") + 1
            self.mark = self.mark.moved(block[: rest or len(block)])
            self.skips = not rest
            return b"" if self.skips else self.read(most_bytes, to_end=to_end)
        self.read_from = self.mark.offset
        cut = block.rfind(b"\n") + 1
        if cut:
            self.mark = self.mark.moved(block[:cut])
            return block[:cut]
        if len(block) >= min(most_bytes, LONGEST_LINE):
            if len(block) < LONGEST_LINE:
                return self.read(LONGEST_LINE, to_end=to_end)
            self.mark, self.skips = self.mark.moved(block), True
            return block + b"\n"
        if to_end and block:
            self.mark = self.mark.moved(block)
            return block + b"\n"
        return b""

    def text_at(self, offset: int, most_bytes: int) -> bytes:
        """The bytes of the file from a byte on. Raises OSError."""
        return os.pread(self._descriptor, most_bytes, offset)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)
