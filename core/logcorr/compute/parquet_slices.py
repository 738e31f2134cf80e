"""Rows of Parquet and Arrow IPC files, a slice at a time, and how many there are without reading them.

One scan of whole files runs ahead of whoever takes its rows, by hundreds of megabytes; a slice does not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import polars as pl

SLICE_ROWS = 100_000


class RowFiles(msgspec.Struct, frozen=True):
    """Files of one kind and schema, one after the other, and how many rows each has."""

    paths: list[Path]
    heights: list[int]

    @property
    def height(self) -> int:
        """How many rows all files have."""
        return sum(self.heights)

    def add(self, path: Path, height: int) -> None:
        """Notes one more file."""
        self.paths.append(path)
        self.heights.append(height)


def files_of(folder: Path, ending: str = "parquet") -> list[Path]:
    """A folder's files of one kind, in the order of their names; the folder's own name may be anything."""
    return sorted(folder.glob(f"*.{ending}"))


def row_files(paths: list[Path]) -> RowFiles:
    """Files with their heights; only their metadata is read."""
    return RowFiles(paths, [height_of([path]) for path in paths])


def scan(paths: Sequence[Path]) -> pl.LazyFrame:
    """All rows of at least one file: Parquet by its ending, else Arrow IPC."""
    rows = pl.scan_parquet if paths[0].suffix == ".parquet" else pl.scan_ipc
    return rows(list(paths), glob=False)


def count(rows: pl.LazyFrame) -> int:
    """How many rows a query gives; files know theirs, so that nothing is read of whole ones."""
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def height_of(paths: Sequence[Path]) -> int:
    """How many rows some files have."""
    return count(scan(paths)) if paths else 0


def slices(paths: Sequence[Path], most_rows: int | None = None) -> Iterator[pl.LazyFrame]:
    """Scans of all rows, file after file, each of at most so many (SLICE_ROWS); a file without rows is an empty one."""
    for path in paths:
        yield from slices_of(scan([path]), height_of([path]), most_rows)


def slices_of(rows: pl.LazyFrame, height: int, most_rows: int | None = None) -> Iterator[pl.LazyFrame]:
    """A query of so many rows in slices, at least one."""
    most_rows = most_rows or SLICE_ROWS
    for start in range(0, max(height, 1), most_rows):
        yield rows.slice(start, most_rows)


def remove(paths: Sequence[Path]) -> None:
    """Deletes files."""
    for path in paths:
        path.unlink()


def slices_by_bytes(paths: Sequence[Path], most_bytes: int) -> Iterator[pl.LazyFrame]:
    """Scans of all rows of uncompressed files, each of about so many bytes; small files come together, late.

    A scan maps its files, and what it has read of them counts as memory of the process until it ends.
    """
    together: list[Path] = []
    room = most_bytes
    for path in paths:
        size = path.stat().st_size
        if size > most_bytes:
            rows = height_of([path])
            yield from slices_of(scan([path]), rows, max(1, rows * most_bytes // size))
            continue
        if size > room:
            yield scan(together)
            together, room = [], most_bytes
        together.append(path)
        room -= size
    if together:
        yield scan(together)
