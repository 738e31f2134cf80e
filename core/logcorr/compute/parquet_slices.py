"""Reads rows of Parquet and Arrow IPC files slice by slice, and counts rows by the metadata of the files.

A scan of whole files reads hundreds of megabytes more than its caller has taken. A scan of a slice does not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute import object_storage
from logcorr.compute.object_path import AnyPath

SLICE_ROWS = 100_000


class RowFiles(msgspec.Struct, frozen=True):
    """Files of one kind and schema, in order. `heights` has the number of rows of each file."""

    paths: list[AnyPath]
    heights: list[int]

    @property
    def height(self) -> int:
        """The number of rows of all files."""
        return sum(self.heights)

    def add(self, path: AnyPath, height: int) -> None:
        """Adds a file and its number of rows to the lists."""
        self.paths.append(path)
        self.heights.append(height)


def files_of(folder: Path, ending: str = "parquet") -> list[Path]:
    """The files in a folder with an ending, in the order of their names. The folder's name may have glob characters."""
    return sorted(folder.glob(f"*.{ending}"))


def row_files(paths: Sequence[AnyPath]) -> RowFiles:
    """Files with their numbers of rows. Only their metadata is read."""
    return RowFiles(list(paths), [height_of([path]) for path in paths])


def scan(paths: Sequence[AnyPath]) -> pl.LazyFrame:
    """A scan of all rows of one or more files of one kind: Parquet if the first ends in .parquet, else Arrow IPC.

    Files in a bucket are Parquet, and all of one bucket.
    """
    local = [path for path in paths if isinstance(path, Path)]
    if not local:
        return pl.scan_parquet([str(path) for path in paths], glob=False, **object_storage.scan_options())
    rows = pl.scan_parquet if local[0].suffix == ".parquet" else pl.scan_ipc
    return rows(local, glob=False)


def count(rows: pl.LazyFrame) -> int:
    """How many rows a query gives. For a scan of whole files only metadata is read."""
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def height_of(paths: Sequence[AnyPath]) -> int:
    """The number of rows of all files; 0 for no files."""
    return count(scan(paths)) if paths else 0


def slices(paths: Sequence[AnyPath], most_rows: int | None = None) -> Iterator[pl.LazyFrame]:
    """Scans of all rows, file after file, each of at most `most_rows` rows (default SLICE_ROWS).

    A file without rows gives one empty scan.
    """
    for path in paths:
        yield from slices_of(scan([path]), height_of([path]), most_rows)


def slices_of(rows: pl.LazyFrame, height: int, most_rows: int | None = None) -> Iterator[pl.LazyFrame]:
    """A query of `height` rows as slices of at most `most_rows` rows (default SLICE_ROWS); at least one slice."""
    most_rows = most_rows or SLICE_ROWS
    for start in range(0, max(height, 1), most_rows):
        yield rows.slice(start, most_rows)


def remove(paths: Sequence[Path]) -> None:
    """Deletes files."""
    for path in paths:
        path.unlink()


def slices_by_bytes(paths: Sequence[Path], most_bytes: int) -> Iterator[pl.LazyFrame]:
    """Scans of all rows of uncompressed files, each of about `most_bytes` bytes. One scan takes several small files.

    Small files may come after larger ones that follow them. The bytes are limited because a scan maps its files: the
    bytes that it has read count as memory of the process until it ends.
    """
    small: list[Path] = []
    room = most_bytes
    for path in paths:
        size = path.stat().st_size
        if size > most_bytes:
            rows = height_of([path])
            yield from slices_of(scan([path]), rows, max(1, rows * most_bytes // size))
            continue
        if size > room:
            yield scan(small)
            small, room = [], most_bytes
        small.append(path)
        room -= size
    if small:
        yield scan(small)
