"""Exports exchanges to outputs while the run makes them, so that they need not be read again from its folder."""

import os
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.parquet_slices import slices_of
from logcorr.model.options import Output
from logcorr.runs import output_files, write_csv_json_parquet, write_ndjson
from logcorr.runs.work_folder import WorkFolder


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An output: its path, the columns of its records, and about how many bytes it takes on disk.

    The columns are expressions on the rows of exchanges as they are stored.
    """

    path: str
    columns: dict[str, pl.Expr]
    needed_bytes: int


def can_export_while_running(output: Output) -> bool:
    """Whether an output can be written while the run goes on: NDJSON of all exchanges, in a file, in any order."""
    return output.view == "exchanges" and not output.sort_time and write_csv_json_parquet.is_ndjson(output.path)


class ExportWhileRunning:
    """Appends exchanges to unfinished outputs, in the order in which they are stored."""

    def __init__(self, targets: list[Target], work: WorkFolder) -> None:
        self._targets = {output_files.unfinished_path(target.path): target for target in targets}
        for unfinished, target in self._targets.items():
            work.add_unfinished(unfinished)
            with output_files.raising_output_errors(target.path, lambda: 0):
                unfinished.write_bytes(b"")

    def add(self, rows: pl.LazyFrame, count: int) -> None:
        """Appends `count` rows of exchanges as they are stored. Raises OutputError where a file cannot be written."""
        for unfinished, target in self._targets.items():
            _append(target, unfinished, rows, count)

    def drop(self) -> None:
        """Gives the outputs up, as exchanges in them were taken back; the finished run has to be exported instead."""
        self._targets = {}

    @property
    def unfinished(self) -> frozenset[Path]:
        """The unfinished outputs that hold all exchanges so far."""
        return frozenset(self._targets)


def _append(target: Target, unfinished: Path, rows: pl.LazyFrame, count: int) -> None:
    # Opened for reading and writing, as appending would make the file again after abandoned work has removed it.
    with output_files.raising_output_errors(target.path, lambda: target.needed_bytes), unfinished.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        for chunk in slices_of(rows, count):
            write_ndjson.write(chunk.select(**target.columns).collect(), file)
