"""The bytes of an input file become whole lines in UTF-8, in bounded memory whatever the bytes are."""

import codecs
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, NamedTuple, cast

import polars as pl

from logcorr.compute.background_thread import ReadAhead, read_ahead
from logcorr.compute.kernels import compiled
from logcorr.formats.malformed_reasons import ENCODING, FIELDS, TIMESTAMP
from logcorr.inputs.decompress import open_text, read_text, text_blocks
from logcorr.inputs.encodings import without_leading_nuls
from logcorr.inputs.files import InputFile

LONG_LINE_BYTES = 1 << 22
# So many blocks of a megabyte are decompressed before they are read.
_BLOCKS_AHEAD = 3
_WINDOW_BYTES = 1 << 13
# For more bytes it is worth to ask the engine.
_SHORT_BYTES = 1 << 15
_REFUSED_START_BYTES = 1 << 13
_LONGEST_STAMP = 256
_COMMAS = 2
_BLANK = b" \t"


class LongLine(NamedTuple):
    """A single line: its text or the start of its text, and the bytes of the whole line with its end.

    `refused` is why the line cannot be an entry, as in LINE_SCHEMA; None where it may be an entry or is blank.
    """

    text: str
    refused: str | None
    bytes: int


def decompress_ahead(file: InputFile) -> ReadAhead[bytes]:
    """The text of a compressed file for `whole_lines`: a thread begins to decompress it. To be closed."""
    return read_ahead(text_blocks(file), _BLOCKS_AHEAD)


def whole_lines(
    file: InputFile, size: int, *, access: bool = False, begun: ReadAhead[bytes] | None = None
) -> Iterator[bytes | LongLine]:
    """All bytes of a file as texts of about `size` bytes, each of whole lines that end in LF.

    A compressed file is decompressed ahead in a thread, which may have `begun`.

    A line that may be too long for memory comes as a LongLine. Where it cannot be an entry, only its start is kept.
    NUL bytes at the start of a line are left out. The lines of a file of JSON documents are its objects.
    With `access` the file is an access log. Raises InputError, which names file and offset, where the file cannot be
    read or is broken.
    """
    rest: bytes = b""
    long: _LongPairLine | None = None
    with _opened(file, begun) as stream:
        while read := read_text(file, stream, size):
            if long is not None:
                last, newline, read = read.partition(b"\n")
                long.add(last)
                if not newline:
                    continue
                yield long.line()
                long = None
            cut = read.rfind(b"\n") + 1
            if cut:
                yield without_leading_nuls(rest + read[:cut] if rest else read[:cut])
                rest = read[cut:]
                if file.compression == "plain" and stream.seekable():
                    # The start of the next line is read again with the rest of it: cheaper than to join both.
                    stream.seek(-len(rest), os.SEEK_CUR)
                    rest = b""
            else:
                rest = (rest + read).lstrip(b"\0")
            if len(rest) > LONG_LINE_BYTES:
                long, rest = (_LongAccessLine if access else _LongPairLine)(rest), b""
    if long is not None:
        yield long.line()
    elif rest := rest.lstrip(b"\0"):
        yield rest + b"\n"


def line_count(text: bytes) -> int:
    """How many lines a text of whole lines has."""
    return text.count(b"\n") if compiled is None else int(compiled.line_count(text))


def _opened(file: InputFile, begun: ReadAhead[bytes] | None) -> AbstractContextManager[IO[bytes]]:
    return open_text(file) if file.compression == "plain" else _opened_ahead(begun or decompress_ahead(file))


@contextmanager
def _opened_ahead(blocks: ReadAhead[bytes]) -> Iterator[IO[bytes]]:
    with blocks:
        yield cast("IO[bytes]", _Blocks(blocks))


class _Blocks:
    """Blocks of text as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._block, self._at = b"", 0

    def read(self, size: int) -> bytes:
        """About the next `size` bytes, up to a line end where one is near; none at the end."""
        pieces: list[bytes | memoryview] = []
        while size:
            if self._at == len(self._block):
                self._block, self._at = next(self._blocks, b""), 0
                if not self._block:
                    break
            end = min(self._at + size, len(self._block))
            size -= end - self._at
            # Where the text ends within a line, this line is left to the next: so it is copied once.
            line_end = self._block.rfind(b"\n", self._at, end) + 1 if not size else 0
            end = line_end or end
            pieces.append(
                self._block if end - self._at == len(self._block) else memoryview(self._block)[self._at : end]
            )
            self._at = end
        return b"".join(pieces)


def in_utf8(text: bytes) -> tuple[bytes, list[int]]:
    """The same lines in UTF-8, and the offsets in it at which lines begin that were not UTF-8.

    Bytes that are not UTF-8 become U+FFFD.
    """
    if _is_utf8(text):
        return text, []
    segments: list[bytes] = []
    wrong: list[int] = []
    # `copied` is how much of the text is in segments, `shift` how much longer it is there.
    start = copied = shift = 0
    # To decode all of it at once would make a text of up to four times the size.
    while start < len(text):
        stop = text.find(b"\n", start + _WINDOW_BYTES) + 1 or len(text)
        window = text[start:stop]
        if not _is_utf8(window):
            lines = window.split(b"\n")
            offset = start + shift
            for number, line in enumerate(lines):
                if not _is_utf8(line):
                    lines[number] = line.decode(errors="replace").encode()
                    wrong.append(offset)
                offset += len(lines[number]) + 1
            mended = b"\n".join(lines)
            segments += [text[copied:start], mended]
            copied, shift = stop, shift + len(mended) - len(window)
        start = stop
    return (b"".join([*segments, text[copied:]]) if wrong else text), wrong


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        if len(text) > _SHORT_BYTES:
            # The engine looks at the bytes only. Python makes a text of them, and other threads wait meanwhile.
            pl.Series([text], dtype=pl.Binary).cast(pl.String)
        else:
            text.decode()
    except (UnicodeDecodeError, pl.exceptions.ComputeError):
        return False
    return True


class _LongPairLine:
    """A very long line of a request or response log, built up from blocks of bytes.

    It is held whole only while it may be an entry: a line without a timestamp at its start is none.
    """

    def __init__(self, start: bytes) -> None:
        self._bytes = 0
        self._commas = 0
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf8")()
        self._blocks: list[bytes] = []
        self._whole = True
        self.add(start)

    def add(self, block: bytes) -> None:
        """Adds the next bytes of the line."""
        self._bytes += len(block)
        self._commas += block.count(b",")
        if self._utf8 is not None:
            try:
                self._utf8.decode(block)
            except UnicodeDecodeError:
                self._utf8 = None
        if not self._blocks:
            block = block.lstrip(_BLANK)
        if self._whole and block:
            self._blocks.append(block)
            self._whole = self._may_be_entry()

    def line(self) -> LongLine:
        """The line, once all its bytes were added."""
        blank = self._blocks in ([], [b"\r"])
        if blank or (self._whole and self._is_complete() and self._is_utf8()):
            text = b"".join(self._blocks).removesuffix(b"\r").decode()
            return LongLine(text, None, self._bytes + 1)
        text = b"".join(self._blocks)[:_REFUSED_START_BYTES].decode(errors="replace")
        reason = self._reason() if self._is_utf8() else ENCODING
        return LongLine(text, reason, self._bytes + 1)

    def _may_be_entry(self) -> bool:
        """Whether the line may still be an entry. Where not, drops all but its start."""
        start = b"".join(self._blocks) if len(self._blocks[0]) < _LONGEST_STAMP else self._blocks[0]
        stamp = start.partition(b",")[0].rstrip(_BLANK)
        if self._commas <= _COMMAS and len(stamp) < _LONGEST_STAMP:
            return True
        self._blocks = [start[:_REFUSED_START_BYTES]]
        return False

    def _is_complete(self) -> bool:
        """Whether the line, now that it has ended, has all fields of an entry."""
        return self._commas == _COMMAS

    def _reason(self) -> str | None:
        return FIELDS if self._commas != _COMMAS else TIMESTAMP

    def _is_utf8(self) -> bool:
        if self._utf8 is None:
            return False
        try:
            self._utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


class _LongAccessLine(_LongPairLine):
    """A very long line of an access log: an entry is a JSON object, or has a bracket before its time.

    Why it is refused is decided where it is read, by its start.
    """

    def _may_be_entry(self) -> bool:
        start = b"".join(self._blocks) if len(self._blocks[0]) < _REFUSED_START_BYTES else self._blocks[0]
        start = start[:_REFUSED_START_BYTES].removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
        if start.startswith(b"{") or b" [" in start or b"\t[" in start:
            return True
        self._blocks = [start]
        return False

    def _is_complete(self) -> bool:
        return True

    def _reason(self) -> str | None:
        return None
