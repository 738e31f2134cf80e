"""Entries that did not pair while the logs were read: in memory while they are few, else in buckets on disk."""

from pathlib import Path

import polars as pl

from logcorr.compute.arrow_text import copied, text_bytes
from logcorr.compute.memory_budget import MemoryPlan
from logcorr.compute.parquet_slices import scan
from logcorr.model.ledger import SIDES, Side
from logcorr.pairing import buckets as buckets_
from logcorr.pairing.buckets import Bucket
from logcorr.pairing.steps import hashed

_USUAL_LINE_BYTES = 55
_LARGE_ROWS = 50_000
_MOST_SMALL = 64


class UnpairedEntries:
    """Takes entries of both sides (the schemas of their formats) and gives them back together."""

    def __init__(self, plan: MemoryPlan, folder: Path, schemas: dict[Side, pl.Schema]) -> None:
        self._plan, self._folder, self._schemas = plan, folder, schemas
        self._frames: dict[Side, list[pl.DataFrame]] = {side: [] for side in SIDES}
        self._small = dict.fromkeys(SIDES, 0)
        self._text_bytes = 0
        self._flushes = 0
        self.height = dict.fromkeys(SIDES, 0)

    def add(self, side: Side, entries: pl.DataFrame) -> None:
        """Takes entries, whatever other columns they have."""
        if not entries.height:
            return
        own = entries.select(self._schemas[side].names())
        self._frames[side].append(own if own.height > _LARGE_ROWS else copied(own))
        self._small[side] = self._small[side] + 1 if own.height <= _LARGE_ROWS else 0
        if self._small[side] == _MOST_SMALL:
            # Each holds pages of memory that others cannot use.
            together = copied(pl.concat(self._frames[side][-_MOST_SMALL:], rechunk=True))
            self._frames[side][-_MOST_SMALL:] = [together]
            self._small[side] = 0
        self.height[side] += own.height
        self._text_bytes += max(_USUAL_LINE_BYTES * own.height, text_bytes(own))
        if self._text_bytes > self._plan.bucket_bytes:
            self._flush()

    @property
    def spilled(self) -> bool:
        """Whether they are on disk."""
        return self._flushes > 0

    @property
    def spilled_bytes(self) -> int:
        """What they take on disk."""
        return sum(file.stat().st_size for file in self._folder.rglob("*.ipc"))

    def keys(self) -> pl.LazyFrame:
        """The keys of all of them (one column, KEY)."""
        sides = [self._scan(side).select(hashed()) for side in SIDES]
        return pl.concat(sides)

    def frames(self) -> list[pl.LazyFrame]:
        """All of them by side, where they are in memory."""
        return [self._scan(side) for side in SIDES]

    def buckets(self) -> list[Bucket]:
        """All of them, where they are on disk."""
        self._flush()
        return buckets_.spilled({side: self._folder / side for side in SIDES}, self._plan.buckets)

    def _scan(self, side: Side) -> pl.LazyFrame:
        files = sorted((self._folder / side).rglob("*.ipc"))
        frames = [frame.lazy() for frame in self._frames[side]] or [self._schemas[side].to_frame().lazy()]
        return pl.concat([scan(files), *frames] if files else frames)

    def _flush(self) -> None:
        for side, frames in self._frames.items():
            if frames:
                folder = self._folder / side / f"{self._flushes:06d}"
                buckets_.spill_entries(pl.concat(frames).lazy(), folder, self._plan.buckets)
            self._frames[side], self._small[side] = [], 0
        self._text_bytes = 0
        self._flushes += 1
