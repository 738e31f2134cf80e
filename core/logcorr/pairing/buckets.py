"""Hash buckets of entries on disk; a bucket that is too large is split again.

A bucket is chosen by a seeded hash of the request id, so every entry of an id is in one bucket and each bucket is an
unbiased sample of the ids. polars' hash lives within one run: it is never written.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import hash_range
from logcorr.compute.parquet_slices import remove, scan, slices_by_bytes
from logcorr.compute.spill import partition_files, spill_partitions
from logcorr.model.ledger import Side

_SPLIT_BUCKETS = 8
_DEEPEST = 4
_STANDS_OUT = 1.4


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket on disk: the IPC files of its entries for each side, and how often it has been split."""

    requests: tuple[Path, ...]
    responses: tuple[Path, ...]
    level: int = 1

    def paths(self, side: Side) -> tuple[Path, ...]:
        """The files of one side."""
        return self.requests if side == "request" else self.responses

    def scan(self, side: Side, schema: pl.Schema) -> pl.LazyFrame:
        """The entries of one side."""
        paths = self.paths(side)
        return scan(paths) if paths else pl.LazyFrame(schema=schema)

    @property
    def bytes(self) -> int:
        """What the bucket takes on disk."""
        return sum(path.stat().st_size for path in (*self.requests, *self.responses))

    def remove(self) -> None:
        """Deletes the bucket's files."""
        remove((*self.requests, *self.responses))


def spill_entries(entries: pl.LazyFrame, folder: Path, buckets: int, level: int = 1) -> None:
    """Runs the query and writes its entries to a new folder, uncompressed Arrow IPC, a file a bucket."""
    spill_partitions(entries, bucket_of(buckets, level), folder, partitions=buckets)


def bucket_of(buckets: int, level: int = 1) -> pl.Expr:
    """The bucket (from 0) of each request_id; levels are independent of each other."""
    return hash_range(pl.col("request_id").hash(seed=level), buckets)


def spilled(folders: dict[Side, Path], buckets: int, level: int = 1) -> list[Bucket]:
    """The buckets that `spill` left below the folders of both sides."""
    return [
        Bucket(
            requests=partition_files(folders["request"], number),
            responses=partition_files(folders["response"], number),
            level=level,
        )
        for number in range(buckets)
    ]


def oversized(bucket: Bucket, most_bytes: int) -> bool:
    """Whether a bucket is over twice what was planned: until then, a split costs more than it saves."""
    return bucket.bytes > 2 * most_bytes


def too_large(buckets: Sequence[Bucket], most_bytes: int) -> list[bool]:
    """For each bucket, whether it is not to be paired whole; sizes of files are all that is looked at.

    A bucket that stands out among the others has ids with many entries, which take more memory to pair: it may only be
    as large as planned.
    """
    sizes = [bucket.bytes for bucket in buckets]
    usual = sorted(sizes)[(len(sizes) - 1) // 2]
    return [
        oversized(bucket, most_bytes) or size > max(most_bytes, _STANDS_OUT * usual)
        for bucket, size in zip(buckets, sizes, strict=True)
    ]


def split(bucket: Bucket, folder: Path, most_bytes: int, schemas: dict[Side, pl.Schema]) -> list[Bucket]:
    """The bucket itself where it is not oversized, or else the smaller buckets that replace it on disk.

    No split makes the entries of one id fewer: what is returned may be oversized yet.
    """
    if not oversized(bucket, most_bytes) or bucket.level >= _DEEPEST:
        return [bucket]
    level = bucket.level + 1
    folders: dict[Side, Path] = {side: folder / side for side in schemas}
    for side in schemas:
        for number, piece in enumerate(slices_by_bytes(bucket.paths(side), most_bytes)):
            spill_entries(piece, folders[side] / f"piece{number}", _SPLIT_BUCKETS, level)
    parts = spilled(folders, _SPLIT_BUCKETS, level)
    bucket.remove()
    return [
        small for number, part in enumerate(parts) for small in split(part, folder / str(number), most_bytes, schemas)
    ]
