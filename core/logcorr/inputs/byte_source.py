"""Where the bytes of an input are: in a file of this machine, or in a source that gives ranges of them.

A stream of an input may be of a window: then it begins and ends where the window does.
"""

import io
from pathlib import Path
from typing import Any, Protocol

# So many bytes of a source are asked for at its start, to see what it is; elsewhere; and where range follows range.
HEAD_BYTES = 16 << 10
_FIRST_BYTES, _MOST_BYTES = 256 << 10, 8 << 20


class ByteSource(Protocol):
    """One input by its bytes, as it was when it was opened, such as an object in a bucket.

    `name` is as the user gave it, `uri` the absolute path or URI by which any machine opens it, `size` its bytes. The
    `identity` changes whenever the input does: the time of its change in ns, or the ETag of an object.
    """

    @property
    def name(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def identity(self) -> str: ...

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`; fewer at the end alone. Raises InputError."""

    def check_unchanged(self) -> None:
        """Raises InputError where the bytes are others than when the source was opened."""


class FileBytes(io.RawIOBase):
    """The bytes of a file from `start` to before `end`, whatever was written behind them later."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._start, self._bytes = start, end - start
        self._left = self._bytes
        if start:
            self._file.seek(start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target).cast("B")
        count = self._file.readinto(view[: self._left]) if self._left else 0
        self._left -= count or 0
        return count or 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._bytes - self._left
        elif whence == io.SEEK_END:
            offset += self._bytes
        position = self._file.seek(self._start + offset) - self._start
        self._left = max(0, self._bytes - position)
        return position

    def close(self) -> None:
        self._file.close()
        super().close()


class SourceBytes(io.RawIOBase):
    """The bytes of a source from `start` to before `end`, asked for in ranges of up to some megabytes."""

    def __init__(self, source: ByteSource, start: int, end: int) -> None:
        self._source, self._start, self._end = source, start, end
        self._at = start
        self._held, self._held_at = b"", start
        self._range_bytes = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target).cast("B")
        count = min(len(view), self._end - self._at)
        if count <= 0:
            return 0
        if not self._held_at <= self._at < self._held_at + len(self._held):
            stop = min(self._end, self._at + max(count, self._next_bytes()))
            self._held, self._held_at = self._source.read(self._at, stop), self._at
        place = self._at - self._held_at
        piece = memoryview(self._held)[place : place + count]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _next_bytes(self) -> int:
        """How many bytes to ask for: more and more while the bytes are read one after the other."""
        if self._held and self._at == self._held_at + len(self._held):
            self._range_bytes = min(max(self._range_bytes * 4, _FIRST_BYTES), _MOST_BYTES)
        else:
            self._range_bytes = HEAD_BYTES if self._at == 0 else _FIRST_BYTES
        return self._range_bytes

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: self._start, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = begin + offset
        return self._at - self._start
