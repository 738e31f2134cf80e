"""Bytes of an input file, compressed or not, → whole lines in UTF-8, within bounds whatever the bytes are."""

import codecs
import os
from collections.abc import Iterator
from typing import NamedTuple

from logcorr.formats.malformed_reasons import ENCODING, FIELDS, TIMESTAMP
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile

LONG_LINE_BYTES = 1 << 22
_WINDOW_BYTES = 1 << 13
_KEPT_OF_REFUSED = 1 << 13
_LONGEST_STAMP = 256
_COMMAS = 2
_BLANK = b" \t"


class LongLine(NamedTuple):
    """A line by itself: its text or the start of it, why it is refused (None where it may be an entry), its bytes."""

    text: str
    refused: str | None
    bytes: int


def spans(file: InputFile, size: int, *, access: bool = False) -> Iterator[bytes | LongLine]:
    """All bytes of a file as whole lines, each of which ends in LF, about `size` at a time.

    A line that may be too long to be held comes by itself; of one that is no entry of a pair's log, or with `access` of
    none of an access log, only the start is kept. Raises InputError that names file and offset where the file cannot be
    read or is broken.
    """
    rest: bytes = b""
    long: _Growing | None = None
    with open_text(file) as stream:
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
                yield rest + read[:cut] if rest else read[:cut]
                rest = read[cut:]
                if file.form == "plain":
                    # Read again with what follows, which is cheaper than to put them together.
                    stream.seek(-len(rest), os.SEEK_CUR)
                    rest = b""
            else:
                rest += read
            if len(rest) > LONG_LINE_BYTES:
                long, rest = (_GrowingAccess if access else _Growing)(rest), b""
    if long is not None:
        yield long.line()
    elif rest:
        yield rest + b"\n"


def in_utf8(whole: bytes) -> tuple[bytes, list[int]]:
    """The same lines in UTF-8, and where those begin in it that were not: their wrong bytes are U+FFFD."""
    if whole.isascii():
        return whole, []
    parts: list[bytes] = []
    wrong: list[int] = []
    start = kept = moved = 0
    # To decode all at once would make a text of up to four times the size.
    while start < len(whole):
        stop = whole.find(b"\n", start + _WINDOW_BYTES) + 1 or len(whole)
        window = whole[start:stop]
        if not _is_utf8(window):
            lines = window.split(b"\n")
            at = start + moved
            for number, line in enumerate(lines):
                if not _is_utf8(line):
                    lines[number] = line.decode(errors="replace").encode()
                    wrong.append(at)
                at += len(lines[number]) + 1
            mended = b"\n".join(lines)
            parts += [whole[kept:start], mended]
            kept, moved = stop, moved + len(mended) - len(window)
        start = stop
    return (b"".join([*parts, whole[kept:]]) if wrong else whole), wrong


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Growing:
    """A line too long to be held unless it has to be: a line that starts with no timestamp is refused for sure."""

    def __init__(self, start: bytes) -> None:
        self._bytes = 0
        self._commas = 0
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf8")()
        self._chunks: list[bytes] = []
        self._held = True
        self.add(start)

    def add(self, chunk: bytes) -> None:
        """The next bytes of the line."""
        self._bytes += len(chunk)
        self._commas += chunk.count(b",")
        if self._utf8 is not None:
            try:
                self._utf8.decode(chunk)
            except UnicodeDecodeError:
                self._utf8 = None
        if not self._chunks:
            chunk = chunk.lstrip(_BLANK)
        if self._held and chunk:
            self._chunks.append(chunk)
            self._held = self._may_be_entry()

    def line(self) -> LongLine:
        """The line, complete."""
        blank = self._chunks in ([], [b"\r"])
        if blank or (self._held and self._may_end() and self._valid()):
            text = b"".join(self._chunks).removesuffix(b"\r").decode()
            return LongLine(text, None, self._bytes + 1)
        text = b"".join(self._chunks)[:_KEPT_OF_REFUSED].decode(errors="replace")
        reason = self._reason() if self._valid() else ENCODING
        return LongLine(text, reason, self._bytes + 1)

    def _may_be_entry(self) -> bool:
        """Whether the line may still be an entry; where not, only its start is kept."""
        start = b"".join(self._chunks) if len(self._chunks[0]) < _LONGEST_STAMP else self._chunks[0]
        stamp = start.partition(b",")[0].rstrip(_BLANK)
        if self._commas <= _COMMAS and len(stamp) < _LONGEST_STAMP:
            return True
        self._chunks = [start[:_KEPT_OF_REFUSED]]
        return False

    def _may_end(self) -> bool:
        """Whether the whole of what is held may be an entry."""
        return self._commas == _COMMAS

    def _reason(self) -> str | None:
        return FIELDS if self._commas != _COMMAS else TIMESTAMP

    def _valid(self) -> bool:
        if self._utf8 is None:
            return False
        try:
            self._utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


class _GrowingAccess(_Growing):
    """The same of an access log: an object, or what has a bracket before its time. Its start tells the reason."""

    def _may_be_entry(self) -> bool:
        start = b"".join(self._chunks) if len(self._chunks[0]) < _KEPT_OF_REFUSED else self._chunks[0]
        start = start[:_KEPT_OF_REFUSED].removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
        if start.startswith(b"{") or b" [" in start or b"\t[" in start:
            return True
        self._chunks = [start]
        return False

    def _may_end(self) -> bool:
        return True

    def _reason(self) -> str | None:
        return None
