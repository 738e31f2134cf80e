"""The text of a gzip file: of all its members, one after the other. ISA-L inflates where it is installed, else zlib.

What is no valid gzip is told in the words of the standard library, whichever inflates.
"""

import zlib
from functools import cache
from gzip import BadGzipFile
from types import ModuleType
from typing import IO, Any

_MAGIC = b"\x1f\x8b"
_DEFLATE = 8
_HEADER_CHECKSUM, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_FIRST_BYTES = 1 << 14
_MOST_BYTES = 1 << 18
_CUT_OFF = "Compressed file ended before the end-of-stream marker was reached"


@cache
def inflating_library() -> ModuleType:
    """ISA-L under the names of zlib, or zlib. It is loaded where the first gzip file is opened."""
    try:
        from isal import isal_zlib  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return zlib
    return isal_zlib


class GzipMembers:
    """A stream of the text of a gzip file, which ends with zeros or with the file. It can go back to its start.

    `read` raises BadGzipFile, EOFError and zlib.error where the file is broken, and what reading the file raises.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._library = inflating_library()
        self._begin()

    def _begin(self) -> None:
        self._most_packed = _FIRST_BYTES
        # What was read of the file, from `_at` on, is not inflated yet.
        self._packed, self._at = b"", 0
        # The member that is inflated; None between two of them.
        self._member: Any = None
        self._checksum = self._member_bytes = self._text_bytes = 0

    def read(self, size: int) -> bytes:
        """The next bytes of text, `size` at most; none at the end alone."""
        while True:
            if self._member is not None and self._member.eof:
                self._end_member()
            if self._member is None and not self._begin_member():
                return b""
            if text := self._inflate_member(size):
                return text
            if not self._member.eof and self._at == len(self._packed) and not self._read_on():
                raise EOFError(_CUT_OFF)

    def seek(self, offset: int) -> int:
        """Goes back to the start of the text: `offset` must be 0."""
        if offset:
            raise ValueError("A gzip file can only be read from its start.")
        self._file.seek(0)
        self._begin()
        return 0

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        """The bytes of text that were inflated, those before a fault included."""
        return self._text_bytes

    def _inflate_member(self, most: int) -> bytes:
        """The next bytes of text that come of what was read of the member."""
        # What is behind a member, or not used yet, is copied by the library each time: a short member gets little.
        end = self._at + _FIRST_BYTES if not self._member_bytes else len(self._packed)
        packed = memoryview(self._packed)[self._at : end]
        try:
            text: bytes = self._member.decompress(packed, most)
        except self._library.error as error:
            raise zlib.error(str(error)) from error
        self._at += len(packed) - len(self._member.unused_data or self._member.unconsumed_tail)
        self._checksum = self._library.crc32(text, self._checksum)
        self._member_bytes += len(text)
        self._text_bytes += len(text)
        return text

    def _begin_member(self) -> bool:
        """Reads the header of the next member. Returns whether there is one."""
        magic = self._take(len(_MAGIC))
        if not magic:
            return False
        if magic != _MAGIC:
            raise BadGzipFile(f"Not a gzipped file ({magic!r})")
        method, flags = self._take_exactly(8)[:2]
        if method != _DEFLATE:
            raise BadGzipFile("Unknown compression method")
        if flags & _EXTRA:
            self._take_exactly(int.from_bytes(self._take_exactly(2), "little"))
        for text in (_NAME, _COMMENT):
            if flags & text:
                self._pass_text()
        if flags & _HEADER_CHECKSUM:
            self._take_exactly(2)
        self._member = self._library.decompressobj(-zlib.MAX_WBITS)
        self._checksum = self._member_bytes = 0
        return True

    def _end_member(self) -> None:
        """Compares what follows a member with its text, and passes over the zeros behind it."""
        trailer = self._take_exactly(8)
        checksum, size = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
        if checksum != self._checksum:
            raise BadGzipFile(f"CRC check failed {checksum:#x} != {self._checksum:#x}")
        if size != self._member_bytes & 0xFFFFFFFF:
            raise BadGzipFile("Incorrect length of data produced")
        self._member = None
        while (self._at < len(self._packed) or self._read_on()) and self._packed[self._at] == 0:
            rest = self._packed[self._at :].lstrip(b"\0")
            self._packed, self._at = rest, 0

    def _pass_text(self) -> None:
        """Passes over a text of a header and the zero that ends it; over all of the file where none ends it."""
        while self._at < len(self._packed) or self._read_on():
            end = self._packed.find(b"\0", self._at) + 1
            self._at = end or len(self._packed)
            if end:
                return

    def _take_exactly(self, count: int) -> bytes:
        taken = self._take(count)
        if len(taken) < count:
            raise EOFError(_CUT_OFF)
        return taken

    def _take(self, count: int) -> bytes:
        """The next bytes of the file; fewer at its end alone."""
        taken = self._packed[self._at : self._at + count]
        self._at += len(taken)
        while len(taken) < count and self._read_on():
            more = self._packed[: count - len(taken)]
            self._at = len(more)
            taken += more
        return taken

    def _read_on(self) -> bool:
        """Reads more of the file, once all that was read is used. Returns whether there was more."""
        self._packed, self._at = self._file.read(self._most_packed), 0
        self._most_packed = min(2 * self._most_packed, _MOST_BYTES)
        return bool(self._packed)
