"""Which lines of a side have been read, and the lines at both ends of a file."""

import threading
from itertools import islice

import msgspec

from logcorr.formats.line_format import BOM, SPACE
from logcorr.inputs.chunks import chunks
from logcorr.inputs.decompress import open_text, read_text
from logcorr.inputs.files import InputFile

_HEAD_BYTES = 1 << 18
_END_BYTES = 1 << 14
SAMPLE_LINES = 100
# Enough to meet what one line in some hundred is like.
MANY_LINES = 1000


class Tally:
    """What the reader of one side has counted so far; other threads look at it meanwhile."""

    def __init__(self, files: list[InputFile]) -> None:
        self._lock = threading.Lock()
        self.lines = [0] * len(files)
        self.text_bytes = [0] * len(files)
        self._starts: dict[int, int] = {}
        self._rows = 0

    def add(self, number: int, first_row: int, lines: int, text_bytes: int) -> None:
        """Counts `lines` lines of file `number`, the first of which is row `first_row` of the side."""
        with self._lock:
            self.lines[number] += lines
            self.text_bytes[number] += text_bytes
            self._rows += lines
            self._starts[number] = min(self._starts.get(number, first_row), first_row)

    def forget(self, number: int) -> None:
        """Takes back the one line that file `number` was thought to have."""
        with self._lock:
            self.lines[number] -= 1

    @property
    def starts(self) -> list[int]:
        """The row at which each file starts, complete once all is read; an empty file starts where the next does."""
        starts, following = [], self._rows
        for number in reversed(range(len(self.lines))):
            following = self._starts.get(number, following)
            starts.append(following)
        return starts[::-1]


class FirstLine(msgspec.Struct, frozen=True):
    """The first line of a file as text without its line end; `refused` as in LINE_SCHEMA.

    `phantom` tells that the file is a BOM and nothing else: what a reader takes for its line is none.
    """

    text: str
    refused: str | None
    phantom: bool


def first_line(file: InputFile, *, access: bool = False) -> FirstLine | None:
    """The first line of a file, BOM included; None where the file is empty or the line is of no special kind.

    A line is special when it starts with a BOM or may be a header: else it is of the same class for being first.
    """
    with open_text(file) as stream:
        head = read_text(file, stream, _HEAD_BYTES)
        if not head:
            return None
        special = head.startswith(BOM.encode()) or b"id" in head.split(b"\n", 1)[0].lower()
    if not special:
        return None
    chunk = next(chunks([file], _HEAD_BYTES, access=access))
    text, refused = chunk.lines(0).select("line", "refused").head(1).collect().row(0)
    return FirstLine(text, refused, phantom=head == BOM.encode())


def sample(file: InputFile, *, most: int = SAMPLE_LINES) -> list[str]:
    """The first lines of a file as text, so many at most: whole ones of UTF-8 that are not blank, without a BOM."""
    with open_text(file) as stream:
        head = read_text(file, stream, _HEAD_BYTES)
    lines = head.removeprefix(BOM.encode()).split(b"\n")
    if len(head) >= _HEAD_BYTES and len(lines) > 1:
        # The last one may go on.
        lines.pop()
    texts = (_text(line) for line in lines)
    return list(islice((text for text in texts if text and text.strip(SPACE)), most))


def sample_end(file: InputFile, *, most: int = SAMPLE_LINES) -> list[str]:
    """The last lines of a plain file as text, so many at most; none of a compressed one."""
    if file.form != "plain":
        return []
    with open_text(file) as stream:
        stream.seek(max(0, file.bytes - _END_BYTES))
        end = read_text(file, stream, _END_BYTES)
    texts = (_text(line) for line in reversed(end.split(b"\n")[1:]))
    return list(islice((text for text in texts if text), most))


def _text(line: bytes) -> str | None:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return None
