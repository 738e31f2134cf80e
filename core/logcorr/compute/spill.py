"""Writes rows to partitions on disk, by the number of each row's partition, and finds the files of a partition.

`PartitionBy` is marked unstable in polars, so no other module uses it.
"""

from pathlib import Path

import polars as pl

_BATCH_ROWS = 32_768
_LEAST_BATCH_ROWS = 2_048
_OPEN_ROWS = 1 << 20


def spill_partitions(rows: pl.LazyFrame, number: pl.Expr, folder: Path, *, partitions: int = 1) -> None:
    """Runs the query, and writes each row to the partition of its `number` as Arrow IPC in a new folder.

    `partition_files` finds the files. Every open file holds a batch in memory, so many `partitions` have small batches.
    The folder is made here and not by polars: when a query is interrupted, its writers go on for a moment, and they
    would make the folder again after its removal.
    """
    folder.mkdir(parents=True, mode=0o700)
    target = pl.PartitionBy(
        folder,
        key=number.alias("number"),
        include_key=False,
        approximate_bytes_per_file=1 << 62,
        file_path_provider=lambda file: f"{file.partition_keys.item()}-{file.index_in_partition}.ipc",
    )
    rows.sink_ipc(
        target,
        record_batch_size=max(_LEAST_BATCH_ROWS, min(_BATCH_ROWS, _OPEN_ROWS // partitions)),
        maintain_order=False,
        engine="streaming",
    )


def partition_files(folder: Path, number: int) -> tuple[Path, ...]:
    """The files of a partition by its number, at any depth below a folder."""
    return tuple(sorted(folder.rglob(f"{number}-*.ipc")))
