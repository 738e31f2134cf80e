"""What the steps of an analysis know: how lines are read, what is counted, and what the run is narrowed to.

The phases are `map`, one step a split; `narrow` or `finish`, one a split; `sums`, one for some splits, where they are
many; `groups`, one a part; `look`, one a split.
"""

from collections.abc import Sequence

import msgspec
import polars as pl

from logcorr.cluster.plan import Split
from logcorr.figures.grid import Grid
from logcorr.formats.profile_reader import ProfileReader, ReadOptions
from logcorr.inputs.file_form import FileForm, OpenForm
from logcorr.inputs.line_numbers import LinePlaces, RowsOfFiles
from logcorr.jobs.tell_logs import ToldFormat
from logcorr.jobs.write_groups import GroupLimits
from logcorr.model.options import Narrowing
from logcorr.query.narrowing import Range


class AccessPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The options of an analysis that steps need.

    `formats` are those of the log, and `format_of` has the index of the format of each file. `file_names` are the names
    of the files.
    """

    formats: list[ToldFormat]
    format_of: list[int]
    options: ReadOptions
    attributes: list[str]
    narrowing: Narrowing
    limits: GroupLimits
    file_names: list[str]

    @property
    def narrowed(self) -> bool:
        """Whether the run leaves out some of the exchanges."""
        return self.narrowing != Narrowing()

    def form(self, file: int) -> FileForm:
        """How the lines of a file are read."""
        told = self.formats[self.format_of[file]]
        return FileForm(reader=ProfileReader(told.profile, self.options), heads=told.heads)

    def in_order(self) -> list[bool]:
        """Of each file, whether its lines can only be read in order."""
        depends = [
            not OpenForm(self.form(self.format_of.index(number))).independent for number in range(len(self.formats))
        ]
        return [depends[number] for number in self.format_of]


class AccessFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once all lines were read.

    `lines_before` are the lines of the first file of each split that are in splits before. `exchanges`, `malformed` and
    `other` are the files of each split; those that have no final line numbers yet are work files. `chosen` is what the
    run is narrowed to, and `grid` spans it.
    """

    lines_before: list[int]
    exchanges: list[list[str]]
    malformed: list[list[str]]
    other: list[list[str]]
    chosen: Range
    grid: Grid


class SplitPlaces:
    """Where the rows of a split stand, as far as the split itself tells: lines of its first file count from its piece.

    `starts` are the rows at which the files of the split start.
    """

    def __init__(self, split: Split, starts: Sequence[int]) -> None:
        self._rows = RowsOfFiles(starts)
        self._files = pl.Series([piece.file for piece in split.pieces], dtype=pl.UInt32)

    @property
    def places(self) -> LinePlaces:
        """Itself, as the views ask for it."""
        return self

    def file(self, row: str) -> pl.Expr:
        """The index (UInt32) of the file of a row."""
        return self._rows.file(row).map_batches(self._files.gather, is_elementwise=True, return_dtype=pl.UInt32)

    def line(self, row: str) -> pl.Expr:
        """The number (UInt32, from 1) of its line in the file, or in the piece of the file."""
        return self._rows.line(row)
