"""Entries that did not pair while the logs were read. Few are kept in memory, more in hash buckets on disk."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from logcorr.compute.memory_budget import MemoryPlan
from logcorr.compute.parquet_slices import scan
from logcorr.compute.zero_copy_text import copied, memory_bytes
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import buckets as buckets_
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.join_steps import hashed

# A frame of at most so many rows is small. So many small frames of a side are joined into one.
_SMALL_ROWS = 50_000
_MOST_SMALL = 64


class UnpairedEntries:
    """Collects entries of both sides, in the schemas of their formats, and gives all to the pairing by buckets.

    Beyond `plan.unpaired_bytes`, entries are spilled below `folder`. How many buckets there are is decided then: by
    what these entries take, by the share of the logs that was read (`share_read`), and by the share of the entries read
    that do not wait for a partner any more (`decided`).
    """

    def __init__(
        self, plan: MemoryPlan, folder: Path, schemas: dict[Side, pl.Schema], share_read: Callable[[], float]
    ) -> None:
        self._plan, self._folder, self._schemas, self._share_read = plan, folder, schemas, share_read
        self._buckets: int | None = None
        self.decided = 1.0
        self._frames: dict[Side, list[pl.DataFrame]] = {side: [] for side in SIDES}
        self._small = dict.fromkeys(SIDES, 0)
        self._bytes = 0
        self._flushes = 0
        self.height = dict.fromkeys(SIDES, 0)

    def add(self, side: Side, entries: pl.DataFrame) -> None:
        """Takes entries of one side; columns that are not in its schema are dropped."""
        if not entries.height:
            return
        entries = entries.select(self._schemas[side].names())
        small = entries.height <= _SMALL_ROWS
        self._frames[side].append(copied(entries) if small else entries)
        self._small[side] = self._small[side] + 1 if small else 0
        if self._small[side] == _MOST_SMALL:
            # Every frame holds pages of memory that no other frame can use.
            self._frames[side][-_MOST_SMALL:] = [copied(pl.concat(self._frames[side][-_MOST_SMALL:], rechunk=True))]
            self._small[side] = 0
        self.height[side] += entries.height
        self._bytes += memory_bytes(entries)
        if self._bytes > self._plan.unpaired_bytes:
            self._flush()

    @property
    def spilled(self) -> bool:
        """Whether any entries are on disk."""
        return self._flushes > 0

    @property
    def spilled_bytes(self) -> int:
        """How many bytes the entries take on disk."""
        return sum(file.stat().st_size for file in self._folder.rglob("*.ipc"))

    def keys(self) -> pl.LazyFrame:
        """The keys of all entries (one column, KEY)."""
        keys = [self._scan(side).select(hashed()) for side in SIDES]
        return pl.concat(keys)

    def frames(self) -> list[pl.LazyFrame]:
        """The requests and the responses; for entries that are in memory."""
        return [self._scan(side) for side in SIDES]

    def buckets(self) -> list[Bucket]:
        """Spills the entries that are still in memory; returns the buckets, which hold all entries."""
        buckets = self._flush()
        return buckets_.spilled_buckets({side: self._folder / side for side in SIDES}, buckets)

    def _scan(self, side: Side) -> pl.LazyFrame:
        files = sorted((self._folder / side).rglob("*.ipc"))
        frames = [frame.lazy() for frame in self._frames[side]] or [self._schemas[side].to_frame().lazy()]
        return pl.concat([scan(files), *frames] if files else frames)

    def _flush(self) -> int:
        """Writes all entries in memory to their buckets. Returns how many buckets there are."""
        if self._buckets is None:
            self._buckets = self._plan.buckets_for(self._bytes, self._share_read() * self.decided)
        for side, frames in self._frames.items():
            if frames:
                folder = self._folder / side / f"{self._flushes:06d}"
                buckets_.spill_entries(pl.concat(frames).lazy(), folder, self._buckets)
            self._frames[side], self._small[side] = [], 0
        self._bytes = 0
        self._flushes += 1
        return self._buckets
