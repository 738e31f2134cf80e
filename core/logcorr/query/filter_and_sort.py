"""Filters and sorts the rows of a view into Arrow IPC files, with only a few slices of rows in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.compute.object_path import AnyPath
from logcorr.compute.parquet_slices import RowFiles, height_of, remove, scan, slices
from logcorr.compute.resources import require_disk

_SORTED_AT_ONCE_ROWS = 600_000
# About how many bytes of Arrow IPC a byte of Parquet becomes.
_IPC_BYTES_PER_PARQUET_BYTE = 2
# A page is read by whole batches, so that batches are small.
_BATCH_ROWS = 16_384


def filtered(paths: Sequence[AnyPath], chosen: pl.Expr, folder: Path, on_file: Callable[[RowFiles], None]) -> RowFiles:
    """Writes the rows for which `chosen` holds, in their order: a file in the folder for each path.

    `on_file` is called after each file, with all files written so far.
    """
    written = RowFiles([], [])
    for number, path in enumerate(paths):
        target = folder / f"filtered-{number:04d}.ipc"
        # A filter within the scan takes a third of the time and memory of a filter on slices.
        rows = scan([path]).filter(chosen)
        rows.sink_ipc(target, record_batch_size=_BATCH_ROWS, maintain_order=True, engine="streaming")
        written.add(target, height_of([target]))
        on_file(written)
    return written


def ordered(rows: RowFiles, column: str, folder: Path, *, descending: bool) -> RowFiles:
    """Writes all rows to files in the folder, sorted by one column.

    Rows without a value come last. Rows of equal values are sorted by the last column of the view. Files of `rows` that
    are in the folder themselves are removed. Raises OutputError where the disk has no room.
    """
    needed = sum(
        path.stat().st_size * (1 if path.suffix == ".ipc" else _IPC_BYTES_PER_PARQUET_BYTE) for path in rows.paths
    )
    require_disk(folder, needed, "this order", "filter it first, or name another disk with --store")
    last = scan(rows.paths).collect_schema().names()[-1]
    # A second column instead of a stable sort: text sorts in half the time, and equal rows have one order.
    order = Order(keys=[column], tie=last, descending=descending, nulls_last=True, most_rows=_SORTED_AT_ONCE_ROWS)
    own_files = [path for path in rows.paths if isinstance(path, Path) and path.parent == folder]
    unsorted = Rows(rows.height, lambda: slices(rows.paths), lambda: remove(own_files))
    written = RowFiles([], [])
    for sorted_rows in external_sort(unsorted, order, folder / "ranges"):
        target = folder / f"sorted-{len(written.paths):06d}.ipc"
        sorted_rows.write_ipc(target, compression="uncompressed", record_batch_size=_BATCH_ROWS)
        written.add(target, sorted_rows.height)
        del sorted_rows  # frees memory before the next range is sorted
    return written
