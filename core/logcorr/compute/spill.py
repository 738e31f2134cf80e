"""Rows → files on disk by a number of each row, and back. `PartitionBy` is marked unstable in polars: it is named only
here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

_BATCH_ROWS = 32_768
_LEAST_BATCH_ROWS = 2_048
_OPEN_ROWS = 1 << 20


def spread(rows: pl.LazyFrame, number: pl.Expr, folder: Path, *, parts: int = 1) -> None:
    """Runs the query and writes each row to the file of its number in a new folder; `parts_of` finds the files.

    The folder is made here and not by the engine: a query that was ended has writers that live on for a moment, and
    they would make it again after its removal. Every open file holds a batch, so the more `parts`, the smaller those.
    """
    folder.mkdir(parents=True, mode=0o700)
    target = pl.PartitionBy(
        folder,
        key=number.alias("number"),
        include_key=False,
        approximate_bytes_per_file=1 << 62,
        file_path_provider=lambda part: f"{part.partition_keys.item()}-{part.index_in_partition}.ipc",
    )
    rows.sink_ipc(
        target,
        record_batch_size=max(_LEAST_BATCH_ROWS, min(_BATCH_ROWS, _OPEN_ROWS // parts)),
        maintain_order=False,
        engine="streaming",
    )


def parts_of(folder: Path, number: int) -> tuple[Path, ...]:
    """The files of one number at any depth below a folder."""
    return tuple(sorted(folder.rglob(f"{number}-*.ipc")))


def pieces(paths: Sequence[Path], most_bytes: int) -> Iterator[pl.LazyFrame]:
    """Scans of all rows of some files, each of about so many bytes of them.

    A scan maps its files, and what it has read of them counts as memory of the process until it ends.
    """
    together: list[Path] = []
    room = most_bytes
    for path in paths:
        size = path.stat().st_size
        if size > most_bytes:
            rows = height_of([path])
            step = max(1, rows * most_bytes // size)
            for start in range(0, rows, step):
                yield pl.scan_ipc(path, glob=False).slice(start, step)
            continue
        if size > room:
            yield pl.scan_ipc(together, glob=False)
            together, room = [], most_bytes
        together.append(path)
        room -= size
    if together:
        yield pl.scan_ipc(together, glob=False)


def height_of(paths: Sequence[Path]) -> int:
    """How many rows some files have; they know, so nothing is read."""
    return int(pl.scan_ipc(list(paths), glob=False).select(pl.len()).collect().item()) if paths else 0
