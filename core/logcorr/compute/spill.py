"""Entries → hash buckets on disk: how many, from the memory budget; and a bucket that is too large, split again.

Buckets go by a seeded hash of the request id, so every entry of an id is in one bucket and each bucket is an unbiased
sample of the ids. polars' hash lives within one run: it is never written. `PartitionBy` is marked unstable in polars:
it is named here and nowhere else.
"""

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
