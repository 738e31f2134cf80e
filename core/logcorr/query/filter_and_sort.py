"""The rows of a view that a filter leaves, or all in another order, as Arrow IPC files: in memory a few slices only.

An order comes of ranges of its key: all rows are dealt out to slots by a sample of the keys, then each slot is sorted.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.resources import require_disk
from logcorr.compute.slots import Slots
from logcorr.compute.spill import height_of

_SLOT_ROWS = 300_000
_MOST_SLOTS = 400
_SAMPLE_ROWS = 100_000
_SLICE_ROWS = 100_000
# About what a byte of Parquet becomes in Arrow IPC.
_UNPACKED = 2
# A page is read by whole batches.
_BATCH_ROWS = 16_384


class RowFiles(msgspec.Struct, frozen=True):
    """Files with rows, one after the other, and how many each has: a run's Parquet, or the Arrow IPC of a view."""

    paths: list[Path]
    heights: list[int]

    @property
    def height(self) -> int:
        return sum(self.heights)

    def add(self, path: Path, height: int) -> None:
        """Notes one more file."""
        self.paths.append(path)
        self.heights.append(height)

    def slices(self, *columns: str) -> Iterator[pl.DataFrame]:
        """All rows, some ten thousand at a time. One scan of the whole runs ahead by hundreds of megabytes."""
        for path, height in zip(self.paths, self.heights, strict=True):
            rows = scan(path).select(columns) if columns else scan(path)
            for start in range(0, height, _SLICE_ROWS):
                yield rows.slice(start, _SLICE_ROWS).collect()


def scan(path: Path) -> pl.LazyFrame:
    """The rows of one file."""
    return pl.scan_ipc(path, glob=False) if path.suffix == ".ipc" else pl.scan_parquet(path, glob=False)


def files(paths: list[Path]) -> RowFiles:
    """Files of a run; only their heads are read."""
    return RowFiles(paths, [int(scan(path).select(pl.len()).collect().item()) for path in paths])


def filtered(paths: list[Path], chosen: pl.Expr, folder: Path, told: Callable[[RowFiles], None]) -> RowFiles:
    """The rows for which `chosen` holds, in their order; `told` gets what is complete, file after file."""
    found = RowFiles([], [])
    for number, path in enumerate(paths):
        target = folder / f"filtered-{number:04d}.ipc"
        # A filter that the scan itself applies takes a third of the memory, and time, of one on slices.
        rows = scan(path).filter(chosen)
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
    slots, cuts = Slots(folder), _cuts(found, column)
    for rows in found.slices():
        slots.deal(rows, _numbers(rows.get_column(column), cuts))
    for path in found.paths:
        if path.parent == folder:
            path.unlink()
    # Even slots hold what lies between two cuts, odd ones what equals a cut and needs no sorting; nulls come last.
    last = _last(cuts)
    made = RowFiles([], [])
    for slot in [*(range(last - 1, -1, -1) if descending else range(last)), last]:
        equal = slot % 2 == 1
        for rows in slots.take(slot, _SLOT_ROWS if equal else None):
            target = folder / f"sorted-{len(made.paths):06d}.ipc"
            kept = rows if equal else _sorted(rows, column, descending=descending)
            kept.write_ipc(target, compression="uncompressed", record_batch_size=_BATCH_ROWS)
            made.add(target, kept.height)
    return made


def _sorted(rows: pl.DataFrame, column: str, *, descending: bool) -> pl.DataFrame:
    """By the column, then by the last one: text sorts in half the time so, and equals have one order."""
    return rows.sort(column, rows.columns[-1], descending=[descending, False])


def _cuts(found: RowFiles, column: str) -> pl.Series:
    """Values that cut the rows into about even slots."""
    dtype = scan(found.paths[0]).collect_schema()[column]
    slots = min(-(-found.height // _SLOT_ROWS), _MOST_SLOTS)
    if slots < 2:
        return pl.Series(dtype=dtype)
    step = max(1, found.height // _SAMPLE_ROWS)
    # In buffers of their own: a text refers to the whole slice it is of.
    some = [rows.to_series().gather_every(step).to_list() for rows in found.slices(column)]
    sample = pl.Series([key for keys in some for key in keys], dtype=dtype).drop_nulls().sort()
    at = sorted({sample.len() * number // slots for number in range(1, slots)}) if sample.len() else []
    return sample.gather(at).unique().sort()


def _last(cuts: pl.Series) -> int:
    """The slot of rows without a value."""
    return 2 * cuts.len() + 1


def _numbers(keys: pl.Series, cuts: pl.Series) -> pl.Series:
    """The slot of each key: 2 n before cut n, and 2 n + 1 on it."""
    numbers = pl.lit(0, pl.UInt32)
    if cuts.len():
        left, right = (cuts.search_sorted(keys, side=side).cast(pl.UInt32) for side in ("left", "right"))
        numbers = pl.lit(left + right)
    return pl.select(
        pl.when(pl.lit(keys).is_null()).then(pl.lit(_last(cuts), pl.UInt32)).otherwise(numbers)
    ).to_series()
