"""JSON documents become lines: an array of objects, or objects that are printed over several lines each.

The text of a file with documents is read as one object a line. The lines and line numbers of such a file count
objects. Memory stays bounded, whatever the text holds.
"""

import codecs
import re
from typing import IO

# An object that is longer comes as a line that holds its start alone, so it is malformed.
LONGEST_BYTES = 1 << 22
_CUT_BYTES = 1 << 13
_BLOCK_BYTES = 1 << 20
_SPACE = b" \t\r\n"
_BEGINS = re.compile(
    rb"""
    \[ [ \t\r\n]*+ (?: \{ [ \t\r\n]*+ ["}] | \] [ \t\r\n]*+ \Z )   # an array whose first element is an object, or empty
    | \{ [ \t]*+ \r?+ \n [ \t\r\n]*+ ["}]                          # an object whose first line is its bracket alone
    """,
    re.VERBOSE,
)
_BETWEEN = re.compile(rb"(?:[ \t\r\n\0,\[\]]|\xef\xbb\xbf)*+")
# Up to the next brace outside of a string. A string has no line end, so a broken one ends the match before its quote.
_TEXT = rb'[^"{}]++|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_TO_BRACE = re.compile(rb"(?:" + _TEXT + rb")*+([{}])?")
# A whole object with others in it, some levels deep. This is faster than to go from brace to brace.
_OBJECT = rb"\{(?:" + _TEXT + rb")*+\}"
for _ in range(4):
    _OBJECT = rb"\{(?:" + _TEXT + rb"|" + _OBJECT + rb")*+\}"
_WHOLE = re.compile(_OBJECT)
_INDENTED = re.compile(rb'\{[ \t]*+\r?+\n[ \t]++"')


def begin(head: bytes) -> bool:
    """Whether a text whose first bytes are `head` holds documents. A text with one object in each line does not."""
    return _BEGINS.match(head.removeprefix(codecs.BOM_UTF8).lstrip(_SPACE + b"\0")) is not None


class DocumentLines:
    """A stream of documents as a stream of lines, to be read from start to end.

    What is neither an object nor a bracket or comma of an array stays as it is, as lines of its own. An object that
    ends too early comes as a line too. `read` raises what reading the stream of documents raises.
    """

    def __init__(self, documents: IO[bytes]) -> None:
        self._documents = documents
        self._splitter: _Splitter | None = _Splitter()
        self._lines = memoryview(b"")

    def read(self, size: int) -> bytes:
        """The next `size` bytes of lines; fewer at the end alone."""
        pieces: list[memoryview] = []
        while size:
            if not self._lines and not self._read_on():
                break
            pieces.append(self._lines[:size])
            self._lines = self._lines[size:]
            size -= len(pieces[-1])
        return b"".join(pieces)

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        """How far the stream of documents was read, in bytes."""
        return self._documents.tell()

    def _read_on(self) -> bool:
        """Makes lines of the next documents. Returns whether there are any."""
        while not self._lines and self._splitter is not None:
            if block := self._documents.read(_BLOCK_BYTES):
                self._lines = memoryview(self._splitter.lines(block))
            else:
                self._lines = memoryview(self._splitter.last_line())
                self._splitter = None
        return bool(self._lines)


class _Splitter:
    """Splits blocks of text into objects. Holds the start of the object that is not complete yet."""

    def __init__(self) -> None:
        self._text = b""
        # Where the object begins in the text, and how far it was looked through.
        self._start = self._at = 0
        self._depth = 0
        self._too_long = False
        self._begins_line = True
        # After one object that is not whole, the block may have many. To try each would take too long.
        self._try_whole = True

    def lines(self, block: bytes) -> bytes:
        """The objects that end in this block, a line each."""
        self._text += block
        lines: list[bytes] = []
        self._try_whole = True
        while self._step(lines):
            pass
        self._forget_read()
        if len(self._text) > LONGEST_BYTES:
            self._cut(lines)
        return b"".join(line + b"\n" for line in lines)

    def last_line(self) -> bytes:
        """What is held at the end of the text, as a line; nothing if there is nothing."""
        rest = b"" if self._too_long else _in_one_line(self._text[self._start :]).rstrip(_SPACE)
        return rest + b"\n" if rest else b""

    def _step(self, lines: list[bytes]) -> bool:
        """Goes to the next brace, or to the next line outside of objects. Returns whether there was one."""
        return self._outside(lines) if self._depth == 0 else self._inside(lines)

    def _outside(self, lines: list[bytes]) -> bool:
        between = _BETWEEN.match(self._text, self._at)
        self._start = self._at = between.end() if between else self._at
        if self._at == len(self._text):
            return False
        if self._text.startswith(b"{", self._at):
            self._too_long = False
            if self._try_whole and (whole := _WHOLE.match(self._text, self._at)):
                self._end(lines, whole.end())
                return True
            self._try_whole = False
            self._begins_line = self._text.startswith(b"\n", self._at - 1) if self._at else self._begins_line
            self._depth = 1
            self._at += 1
            return True
        stop = self._text.find(b"\n", self._at)
        if stop < 0:
            return False
        self._end(lines, stop)
        return True

    def _inside(self, lines: list[bytes]) -> bool:
        match = _TO_BRACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        if match is None or match[1] is None:
            return self._end_broken_string(lines)
        if match[1] == b"}":
            self._depth -= 1
            if self._depth == 0:
                self._end(lines, self._at)
        elif self._begins_another():
            self._end(lines, self._at - 1)
        else:
            self._depth += 1
        return True

    def _end_broken_string(self, lines: list[bytes]) -> bool:
        """Ends the object with the line in which a string does not end. Returns whether there is such a string."""
        stop = self._text.find(b"\n", self._at)
        if stop < 0:
            return False
        self._end(lines, stop)
        return True

    def _begins_another(self) -> bool:
        """Whether a brace begins another object, so that the object before was cut.

        No brace begins a line within an indented object whose own brace begins a line.
        """
        return (
            self._text.startswith(b"\n{", max(0, self._at - 2))
            and self._begins_line
            and _INDENTED.match(self._text, self._start) is not None
        )

    def _end(self, lines: list[bytes], stop: int) -> None:
        """Ends an object, or a line outside of objects, at `stop`."""
        if not self._too_long:
            lines.append(_in_one_line(self._text[self._start : stop]).rstrip(_SPACE))
        self._depth, self._too_long = 0, False
        self._start = self._at = stop

    def _forget_read(self) -> None:
        """Drops the text before the object that is not complete yet."""
        if self._start and self._depth == 0:
            self._begins_line = self._text.startswith(b"\n", self._start - 1)
        self._text = self._text[self._start :]
        self._at -= self._start
        self._start = 0

    def _cut(self, lines: list[bytes]) -> None:
        """Keeps only the start of an object that is too long. The text up to its end is passed over."""
        if not self._too_long:
            lines.append(_in_one_line(self._text[:_CUT_BYTES]))
        self._too_long = True
        rest = self._text[self._at :] if self._depth else b""
        if len(rest) > LONGEST_BYTES:
            # A string that has not ended: its quote says so, and whether the next byte is escaped.
            backslashes = len(rest) - len(rest.rstrip(b"\\"))
            rest = b'"' + b"\\" * (backslashes % 2)
        self._text, self._at = rest, 0


def _in_one_line(text: bytes) -> bytes:
    return b"".join(map(bytes.lstrip, text.split(b"\n"))) if b"\n" in text else text
