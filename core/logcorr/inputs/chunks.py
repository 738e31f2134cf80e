"""Input files become chunks: some megabytes of whole lines each, whatever bytes the files hold."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import NamedTuple

import polars as pl

from logcorr.compute.background_thread import ReadAhead
from logcorr.formats.line_format import LINE_SCHEMA, LineFormat, scan_lines
from logcorr.inputs.files import InputFile
from logcorr.inputs.whole_lines import LongLine, decompress_ahead, in_utf8, line_count, whole_lines

# So many files are decompressed before they are read.
_FILES_AHEAD = 2
_USUAL_WINDOW_BYTES = 8 << 20
_DENSE_BYTES = 1 << 18
# So many windows of a text, of so many bytes each, tell whether its lines are short.
_WINDOW_BYTES = 512
_WINDOWS = 64
_SHORT_LINE_BYTES = 8
_SHORT_LINE_COST = 32


class FileLines(NamedTuple):
    """What a chunk holds of one file: the number of the file, bytes, and lines (None where they were not counted)."""

    file: int
    bytes: int
    lines: int | None


class Chunk(NamedTuple):
    """Whole lines of one file, or of several small ones."""

    text: bytes | LongLine
    by_file: Sequence[FileLines]

    def lines(self, first_row: int) -> pl.LazyFrame:
        """The lines (LINE_SCHEMA). The first line is row `first_row` of the side."""
        if isinstance(self.text, LongLine):
            row = (self.text.text, first_row, self.text.refused)
            return pl.LazyFrame([row], schema=LINE_SCHEMA, orient="row")
        return scan_lines(*in_utf8(self.text), first_row)

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        if isinstance(self.text, LongLine):
            return 1
        return sum(line_count(self.text) if of_file.lines is None else of_file.lines for of_file in self.by_file)

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """Whole lines, each ending in LF, of one file after another, with the numbers of the files. No long line."""
        if isinstance(self.text, LongLine):
            return
        start = 0
        for of_file in self.by_file:
            yield of_file.file, self.text[start : start + of_file.bytes]
            start += of_file.bytes

    def parted(self, form: LineFormat, first_row: int) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """What `LineFormat.parse_common` makes of the lines."""
        if isinstance(self.text, LongLine):
            return pl.DataFrame(schema=form.schema), self.lines(first_row).collect()
        return form.parse_common(*in_utf8(self.text), first_row)


def chunks(files: Sequence[InputFile], size: int, *, access: bool = False) -> Generator[Chunk, None, None]:
    """All lines of the files, in order, in chunks of about `size` bytes. Raises InputError as `whole_lines` does.

    With `access` the files are access logs. Threads decompress ahead, until the end or until the generator is closed.
    """
    texts: list[tuple[int, bytes]] = []
    room = whole_room = size - size // 8
    with closing(_texts_of(files, size, access=access)) as texts_of_files:
        for number, text in texts_of_files:
            if isinstance(text, LongLine):
                if texts:
                    yield _joined(texts)
                yield Chunk(text, [FileLines(number, text.bytes, 1)])
                texts, room = [], whole_room
                continue
            texts.append((number, text))
            room -= len(text) * (_SHORT_LINE_COST if _is_dense(text) else 1)
            if room <= 0:
                yield _joined(texts)
                texts, room = [], whole_room
    if texts:
        yield _joined(texts)


def _texts_of(
    files: Sequence[InputFile], size: int, *, access: bool
) -> Generator[tuple[int, bytes | LongLine], None, None]:
    """The texts of one file after the other, with the numbers of the files. The next files are decompressed ahead."""
    begun: deque[ReadAhead[bytes] | None] = deque()
    following = iter(files)
    try:
        for number, file in enumerate(files):
            begun.extend(_begun(follower) for follower in islice(following, 1 + _FILES_AHEAD - len(begun)))
            lines = whole_lines(file, size, access=access, begun=begun[0])
            for text in _thinned(lines):
                yield number, text
            begun.popleft()
    finally:
        for texts in begun:
            if texts is not None:
                texts.close()


def _begun(file: InputFile) -> ReadAhead[bytes] | None:
    """The text of a compressed file, which a thread begins to decompress.

    None for a plain file, and where a large window would be held in memory for each file.
    """
    begins = file.compression != "plain" and file.window_bytes <= _USUAL_WINDOW_BYTES
    return decompress_ahead(file) if begins else None


def _joined(texts: list[tuple[int, bytes]]) -> Chunk:
    if len(texts) == 1:
        number, text = texts[0]
        return Chunk(text, [FileLines(number, len(text), None)])
    by_file = [FileLines(number, len(text), text.count(b"\n")) for number, text in texts]
    return Chunk(b"".join(text for _, text in texts), by_file)


def _thinned(texts: Iterable[bytes | LongLine]) -> Iterator[bytes | LongLine]:
    """The same lines, in smaller texts where lines are short: in memory a line of one byte takes a hundred."""
    for text in texts:
        if isinstance(text, LongLine) or len(text) <= _DENSE_BYTES or not _is_dense(text):
            yield text
            continue
        start = 0
        while start < len(text):
            stop = text.find(b"\n", start + _DENSE_BYTES) + 1 or len(text)
            yield text[start:stop]
            start = stop


def _is_dense(text: bytes) -> bool:
    """Whether lines are very short in any of the windows that are looked at."""
    step = max(_WINDOW_BYTES, len(text) // _WINDOWS)
    starts = range(0, len(text), step)
    return any(text.count(b"\n", at, at + _WINDOW_BYTES) * _SHORT_LINE_BYTES > _WINDOW_BYTES for at in starts)
