"""The rows of a view that a filter leaves, or all in another order, as Arrow IPC files: in memory a few slices only."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from logcorr.compute.external_sort import Order, Rows, external_sort
from logcorr.compute.parquet_slices import RowFiles, height_of, remove, scan, slices
from logcorr.compute.resources import require_disk

_SORTED_AT_ONCE_ROWS = 600_000
# About what a byte of Parquet becomes in Arrow IPC.
_UNPACKED = 2
# A page is read by whole batches.
_BATCH_ROWS = 16_384


def filtered(paths: list[Path], chosen: pl.Expr, folder: Path, told: Callable[[RowFiles], None]) -> RowFiles:
    """The rows for which `chosen` holds, in their order; `told` gets what is complete, file after file."""
    found = RowFiles([], [])
    for number, path in enumerate(paths):
        target = folder / f"filtered-{number:04d}.ipc"
        # A filter that the scan itself applies takes a third of the memory, and time, of one on slices.
        rows = scan([path]).filter(chosen)
        rows.sink_ipc(target, record_batch_size=_BATCH_ROWS, maintain_order=True, engine="streaming")
        found.add(target, height_of([target]))
        told(found)
    return found


def ordered(found: RowFiles, column: str, folder: Path, *, descending: bool) -> RowFiles:
    """All rows by one column, those without a value last; equals by the last column. Files in the folder itself go.

    Raises OutputError where the disk has no room for it.
    """
    needed = sum(path.stat().st_size * (1 if path.suffix == ".ipc" else _UNPACKED) for path in found.paths)
    require_disk(folder, needed, "this order", "filter it first, or name another disk with --store")
    last = scan(found.paths).collect_schema().names()[-1]
    # A second column instead of keeping the order: text sorts in half the time so, and equals have one order.
    order = Order(keys=[column], tie=last, descending=descending, nulls_last=True, most_rows=_SORTED_AT_ONCE_ROWS)
    own = [path for path in found.paths if path.parent == folder]
    stored = Rows(found.height, lambda: slices(found.paths), lambda: remove(own))
    made = RowFiles([], [])
    for rows in external_sort(stored, order, folder / "ranges"):
        target = folder / f"sorted-{len(made.paths):06d}.ipc"
        rows.write_ipc(target, compression="uncompressed", record_batch_size=_BATCH_ROWS)
        made.add(target, rows.height)
        del rows  # not to be held while the next range is sorted
    return made
