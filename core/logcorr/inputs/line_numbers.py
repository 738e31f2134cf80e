"""Rows, which number all lines of a side from 0 ↔ the index of a file and the number of a line in it, from 1."""

import threading
from collections.abc import Sequence
from typing import Protocol

import polars as pl

from logcorr.inputs.files import InputFile
from logcorr.model.errors import InputError
from logcorr.model.ledger import ONE_LOG, Log

# Rows and line numbers are UInt32.
MOST_LINES = (1 << 32) - 1


def check_line_count(lines: int, log: Log) -> None:
    """Raises InputError if a log has more lines than can be numbered, before any of their numbers wraps."""
    if lines > MOST_LINES:
        name = "the log" if log == ONE_LOG else f"the {log} log"
        message = f"{name} has more than {MOST_LINES:,} lines, the most that can be numbered. Split it by time."
        raise InputError(message)


def file_of(row: str, starts: list[int]) -> pl.Expr:
    """The index (UInt32) of the file a row stands in; `starts` are the rows at which the files start."""
    if len(starts) == 1:
        return pl.lit(0, pl.UInt32)
    edges = pl.Series(starts, dtype=pl.UInt32)
    return pl.col(row).map_batches(
        lambda rows: (edges.search_sorted(rows, side="right") - 1).cast(pl.UInt32),
        is_elementwise=True,
        return_dtype=pl.UInt32,
    )


def line_of(row: str, starts: list[int]) -> pl.Expr:
    """The line number (UInt32, from 1) of a row within its file."""
    if len(starts) == 1:
        return pl.col(row) + 1
    edges = pl.Series(starts, dtype=pl.UInt32)
    return pl.col(row).map_batches(
        lambda rows: rows - edges.gather(edges.search_sorted(rows, side="right") - 1) + 1,
        is_elementwise=True,
        return_dtype=pl.UInt32,
    )


def row_of(file: str, line: str, starts: list[int]) -> pl.Expr:
    """The row (UInt32) at which a line of a file stands."""
    row = pl.col(line) - 1
    return row if len(starts) == 1 else row + pl.lit(pl.Series(starts, dtype=pl.UInt32)).gather(pl.col(file))


class LinePlaces(Protocol):
    """In which file and line rows stand: expressions on a column of rows (UInt32)."""

    def file(self, row: str) -> pl.Expr:
        """The index (UInt32) of the file of a row."""

    def line(self, row: str) -> pl.Expr:
        """The number (UInt32, from 1) of its line in the file."""


class Places(LinePlaces, Protocol):
    """Where the rows of a side stand, both ways."""

    def row(self, file: str, line: str) -> pl.Expr:
        """The row at which a line of a file stands."""


class RowsOfFiles:
    """The places of rows that number all lines of a side that are read.

    `starts` are the rows at which its files start, `before` the lines of each file that are not read.
    """

    def __init__(self, starts: Sequence[int], before: Sequence[int] = ()) -> None:
        self._starts = list(starts)
        self._before = pl.Series(before, dtype=pl.UInt32) if any(before) else None

    def file(self, row: str) -> pl.Expr:
        return file_of(row, self._starts)

    def line(self, row: str) -> pl.Expr:
        line = line_of(row, self._starts)
        return line if self._before is None else line + pl.lit(self._before).gather(self.file(row))

    def row(self, file: str, line: str) -> pl.Expr:
        row = row_of(file, line, self._starts)
        return row if self._before is None else row - pl.lit(self._before).gather(pl.col(file))


class LinesOfFiles(Protocol):
    """The lines that were read of the files of a log. Lists are by file."""

    @property
    def lines(self) -> list[int]:
        """The lines of each file."""

    @property
    def text_bytes(self) -> list[int]:
        """The bytes of text of each file."""

    @property
    def starts(self) -> list[int]:
        """The row at which each file starts."""

    @property
    def rows(self) -> int:
        """How many rows there are so far."""

    @property
    def places(self) -> Places:
        """Where rows stand."""


class LinesRead:
    """How many lines and bytes of text the reader of one side has read, by file. For any thread.

    Lists are in the order of the files.
    """

    def __init__(self, files: list[InputFile]) -> None:
        self._lock = threading.Lock()
        self._before = [file.lines_before for file in files]
        self.lines = [0] * len(files)
        self.text_bytes = [0] * len(files)
        self._starts: dict[int, int] = {}
        self._rows = 0

    def add(self, number: int, first_row: int, lines: int, text_bytes: int) -> None:
        """Counts `lines` lines of file `number`. The first of these lines is row `first_row` of the side."""
        with self._lock:
            self.lines[number] += lines
            self.text_bytes[number] += text_bytes
            self._rows += lines
            self._starts[number] = min(self._starts.get(number, first_row), first_row)

    def forget(self, number: int) -> None:
        """Takes back a line of file `number` that was counted, but is none."""
        with self._lock:
            self.lines[number] -= 1

    @property
    def rows(self) -> int:
        """How many rows there are so far."""
        return self._rows

    @property
    def places(self) -> Places:
        """Where rows stand, as far as files were read."""
        return RowsOfFiles(self.starts, self._before)

    @property
    def starts(self) -> list[int]:
        """The row at which each file starts. It is complete once all files are read.

        An empty file starts where the next file starts.
        """
        starts, following = [], self._rows
        for number in reversed(range(len(self.lines))):
            following = self._starts.get(number, following)
            starts.append(following)
        return starts[::-1]
