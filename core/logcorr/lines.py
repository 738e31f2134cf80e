"""Input files → a lazy frame of lines (LINE_SCHEMA), with the progress and cancel tap.

Two readers give the same lines. polars' own `scan_lines` is the fast one; it refuses invalid UTF-8, long lines make it
grow, and it does not say where a compressed file is broken. Then the careful one reads the side again from its start.
`scan_lines` is marked unstable in polars: it is named here and nowhere else.
"""

import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple, cast

import msgspec
import polars as pl
from polars.io.plugins import register_io_source

from logcorr.blocks import LONG_LINE_BYTES, blocks, is_tame
from logcorr.formats import BOM, LINE_SCHEMA, SPACE
from logcorr.inputs import InputFile
from logcorr.packed import open_text, read_text

_HEAD_BYTES = 1 << 18
_MOST_LINES = 1 << 16
SAMPLE_LINES = 100


class Lines(NamedTuple):
    """A lazy frame of lines (LINE_SCHEMA at least), and what must see each morsel of it for the lines to be counted."""

    frame: pl.LazyFrame
    watch: Callable[[pl.DataFrame], None]


# The last word tells whether they are access logs.
Reader = Callable[[list[InputFile], "Tally", Callable[[], None], bool], Lines]


class NeedsCarefulReader(Exception):  # noqa: N818 - a turn in the road, not an error
    """The fast reader met a line that only the careful one reads within bounds."""


class Tally:
    """What the readers of one side have counted so far; shared between the engine's threads."""

    def __init__(self, files: list[InputFile]) -> None:
        self._lock = threading.Lock()
        self._index = {str(file.path): number for number, file in enumerate(files)}
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

    def number_of(self, path: str) -> int:
        """The number of the file with this path."""
        return self._index[path]

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


def fast_lines(files: list[InputFile], tally: Tally, tap: Callable[[], None], _access: bool = False) -> Lines:
    """All lines of the files by polars' own reader. `tap` is called for every morsel and may raise to end the query.

    The query ends with NeedsCarefulReader, ComputeError (invalid UTF-8) or OSError (broken compression).
    """

    def count(morsel: pl.DataFrame) -> None:
        tap()
        sizes = morsel.get_column("size")
        if cast("int", sizes.max() or 0) > LONG_LINE_BYTES:
            raise NeedsCarefulReader
        for path, part in _by_file(morsel):
            size = int(part.get_column("size").sum())
            tally.add(tally.number_of(path), cast("int", part.get_column("row").min()), part.height, size + part.height)

    scan = pl.scan_lines([file.path for file in files], row_index_name="row", glob=False, include_file_paths="path")
    refused = pl.lit(None, pl.String).alias("refused")
    return Lines(scan.with_columns(pl.col("row").cast(pl.UInt32), refused, size=pl.col("line").str.len_bytes()), count)


def readers(files: list[InputFile]) -> list[Reader]:
    """The readers to try, in order. The fast one is for tame files: it holds whole lines, however long.

    It knows files by their paths as text, so it cannot tell a file from itself, nor read a name that is no text.
    """
    distinct = len({file.path for file in files}) == len(files)
    fast = (
        distinct
        and any(file.bytes for file in files)
        and all(str(file.path).isprintable() and is_tame(file) for file in files)
    )
    return [fast_lines, careful_lines] if fast else [careful_lines]


def careful_lines(files: list[InputFile], tally: Tally, tap: Callable[[], None], access: bool = False) -> Lines:
    """All lines of the files by a reader that takes any bytes: what is not UTF-8 is refused, and shown as U+FFFD.

    Raises InputError that names file and offset where a compressed file is broken.
    """

    def frames(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        del predicate, n_rows  # never pushed down: the only consumer takes all rows
        row = 0
        for number, file in enumerate(files):
            for block in blocks(file, access=access):
                tap()
                frame = pl.DataFrame([block.texts.alias("line"), block.refused.alias("refused")])
                frame = frame.with_columns(pl.int_range(row, row + pl.len(), dtype=pl.UInt32).alias("row"))
                tally.add(number, row, frame.height, block.bytes)
                row += frame.height
                # A line of a byte costs a hundred: a block of line ends is not to be worked on as a whole.
                yield from frame.select(columns or LINE_SCHEMA.names()).iter_slices(_MOST_LINES)

    return Lines(register_io_source(frames, schema=LINE_SCHEMA, is_pure=True), lambda _morsel: None)


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
    first = next(blocks(file, access=access))
    return FirstLine(first.texts[0], first.refused[0], phantom=head == BOM.encode())


def sample(file: InputFile) -> list[str]:
    """The first lines of a file as text, a hundred at most: whole ones of UTF-8 that are not blank, without a BOM."""
    with open_text(file) as stream:
        head = read_text(file, stream, _HEAD_BYTES)
    lines = head.removeprefix(BOM.encode()).split(b"\n")
    if len(head) >= _HEAD_BYTES and len(lines) > 1:
        # The last one may go on.
        lines.pop()
    texts = (_text(line) for line in lines)
    return list(islice((text for text in texts if text and text.strip(SPACE)), SAMPLE_LINES))


def _text(line: bytes) -> str | None:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return None


def _by_file(morsel: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The lines of each file; a format may have changed their order."""
    paths = morsel.get_column("path")
    if (paths == paths[0]).all():
        yield paths[0], morsel
        return
    for (path,), part in morsel.group_by("path"):
        yield str(path), part
