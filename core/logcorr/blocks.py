"""Bytes of an input file, compressed or not, → whole lines a block at a time, within bounds whatever the bytes are."""

import codecs
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from logcorr.inputs import InputFile, starts_as_usual
from logcorr.packed import open_text, read_text

LONG_LINE_BYTES = 1 << 22
_BLOCK_BYTES = 1 << 20
_PROBE_BYTES = 1 << 12
_KEPT_OF_REFUSED = 1 << 13
_LONGEST_STAMP = 256
_COMMAS = 2
_WILD_RATIO = 50
_BLANK = b" \t"


class Block(NamedTuple):
    """Whole lines in order: their texts (String), why a line is refused (String, null for most), and their bytes."""

    texts: pl.Series
    refused: pl.Series
    bytes: int


def blocks(file: InputFile, *, access: bool = False) -> Iterator[Block]:
    """All lines of a file without their ends; what is not UTF-8 is refused, and shown as U+FFFD.

    Of a very long line that is no entry of a pair's log, or with `access` of none of an access log, only the start is
    kept. Raises InputError that names file and offset where it cannot be read or is broken.
    """
    rest: bytes = b""
    long: _LongLine | None = None
    with open_text(file) as stream:
        while block := read_text(file, stream, _BLOCK_BYTES):
            if long is not None:
                last, newline, block = block.partition(b"\n")
                long.add(last)
                if not newline:
                    continue
                yield long.block()
                long = None
            cut = block.rfind(b"\n") + 1
            if cut:
                yield _block(rest + block[:cut])
                rest = block[cut:]
            else:
                rest += block
            if len(rest) > LONG_LINE_BYTES:
                long, rest = (_LongAccessLine if access else _LongLine)(rest), b""
    if long is not None:
        yield long.block()
    elif rest:
        yield _block(rest + b"\n")


def is_tame(file: InputFile) -> bool:
    """Whether a reader that holds whole lines, and decompresses as it goes, should stay within bounds on this file.

    Looks at a few kilobytes in each megabyte of a plain file, and at the start of a compressed one.
    """
    if file.form == "plain":
        return not _has_long_line(file)
    with open_text(file) as stream:
        text = read_text(file, stream, _BLOCK_BYTES)
    return starts_as_usual(file) and b"\n" in text and len(zlib.compress(text, 1)) * _WILD_RATIO > len(text)


def _has_long_line(file: InputFile) -> bool:
    """Whether a plain file may hold a line of over about a megabyte."""
    with open_text(file) as stream:
        for start in range(0, file.bytes, _BLOCK_BYTES):
            stream.seek(start)
            probe = read_text(file, stream, _PROBE_BYTES)
            # No line end in the probe: look on until there is one, or the line has become long.
            while probe and b"\n" not in probe:
                if stream.tell() - start > _BLOCK_BYTES:
                    return True
                probe = read_text(file, stream, _PROBE_BYTES)
    return False


class _LongLine:
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

    def block(self) -> Block:
        """The line, complete."""
        blank = self._chunks in ([], [b"\r"])
        if blank or (self._held and self._may_end() and self._valid()):
            text = b"".join(self._chunks).removesuffix(b"\r").decode()
            return Block(pl.Series([text]), pl.Series([None], dtype=pl.String), self._bytes + 1)
        text = b"".join(self._chunks)[:_KEPT_OF_REFUSED].decode(errors="replace")
        reason = self._reason() if self._valid() else "encoding"
        return Block(pl.Series([text]), pl.Series([reason], dtype=pl.String), self._bytes + 1)

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
        return "fields" if self._commas != _COMMAS else "timestamp"

    def _valid(self) -> bool:
        if self._utf8 is None:
            return False
        try:
            self._utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


class _LongAccessLine(_LongLine):
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


def _block(whole: bytes) -> Block:
    """Lines that end in LF or CRLF, the last one too."""
    try:
        text = whole.decode()
    except UnicodeDecodeError:
        return _dirty_block(whole)
    texts = pl.Series([text[:-1]]).str.split("\n").explode()
    if "\r" in text:
        texts = texts.str.strip_suffix("\r")
    return Block(texts, pl.Series([None], dtype=pl.String).new_from_index(0, len(texts)), len(whole))


def _dirty_block(whole: bytes) -> Block:
    texts: list[str] = []
    refused: list[str | None] = []
    for raw in whole[:-1].split(b"\n"):
        line = raw.removesuffix(b"\r")
        try:
            texts.append(line.decode())
            refused.append(None)
        except UnicodeDecodeError:
            texts.append(line.decode(errors="replace"))
            refused.append("encoding")
    return Block(pl.Series(texts, dtype=pl.String), pl.Series(refused, dtype=pl.String), len(whole))
