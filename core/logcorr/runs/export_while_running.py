"""Outputs of exchanges that are written while the run settles them, instead of being read again from its folder."""

import os
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.parquet_slices import slices_of
from logcorr.model.options import Output
from logcorr.runs import output_files, write_ndjson, write_records
from logcorr.runs.work_folder import WorkFolder


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One output: its name, the columns of its records by expressions on stored rows, and what it takes on disk."""

    path: str
    columns: dict[str, pl.Expr]
    needed_bytes: int


def may_be(output: Output) -> bool:
    """Whether its records can be written as they come, and taken back: all exchanges, a line each, in a file."""
    return output.view == "exchanges" and not output.sort_time and write_records.is_ndjson(output.path)


class ExportWhileRunning:
    """Writes what becomes part of the exchanges to unfinished outputs as well, in the same order."""

    def __init__(self, targets: list[Target], work: WorkFolder) -> None:
        self._targets = {output_files.part_of(target.path): target for target in targets}
        for part, target in self._targets.items():
            work.add_part(part)
            with output_files.refusals(target.path, lambda: 0):
                part.write_bytes(b"")

    def add(self, rows: pl.LazyFrame, count: int) -> None:
        """Writes so many rows as they are stored. Raises OutputError where the disk is full or cannot be written."""
        for part, target in self._targets.items():
            _append(target, part, rows, count)

    def drop(self) -> None:
        """Gives up what was written, as some of it is no exchange any more; it has to be written from the run."""
        self._targets = {}

    @property
    def parts(self) -> frozenset[Path]:
        """The unfinished outputs that hold all exchanges so far."""
        return frozenset(self._targets)


def _append(target: Target, part: Path, rows: pl.LazyFrame, count: int) -> None:
    # Work that was abandoned has removed the file, and then it is not to be made anew: so it is not opened to append.
    with output_files.refusals(target.path, lambda: target.needed_bytes), part.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        for chunk in slices_of(rows, count):
            write_ndjson.write(chunk.select(**target.columns).collect(), file)
