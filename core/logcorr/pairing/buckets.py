"""Hash buckets of entries on disk. A bucket that is too large is split again.

The bucket of an entry follows from a seeded hash of its request id. So all entries of an id are in one bucket, and each
bucket is an unbiased sample of the ids. The hash of polars may differ between versions: it is used within one run only,
and never written.
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
_DEEPEST_LEVEL = 4
_OUTLIER_FACTOR = 1.4
_OVERSIZED_FACTOR = 1.5


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket on disk: the Arrow IPC files of its entries, by side. `level` is 1, and one more for each split."""

    requests: tuple[Path, ...]
    responses: tuple[Path, ...]
    level: int = 1

    def paths(self, side: Side) -> tuple[Path, ...]:
        """The files of one side's entries."""
        return self.requests if side == "request" else self.responses

    def scan(self, side: Side, schema: pl.Schema) -> pl.LazyFrame:
        """The entries of one side; `schema` is for a side without files."""
        paths = self.paths(side)
        return scan(paths) if paths else pl.LazyFrame(schema=schema)

    @property
    def bytes(self) -> int:
        """How many bytes the files of both sides take on disk."""
        return sum(path.stat().st_size for path in (*self.requests, *self.responses))

    def remove(self) -> None:
        """Deletes the files of both sides."""
        remove((*self.requests, *self.responses))


def spill_entries(entries: pl.LazyFrame, folder: Path, buckets: int, level: int = 1) -> None:
    """Runs the query and writes its entries to a new folder: uncompressed Arrow IPC, a file for each bucket."""
    spill_partitions(entries, bucket_of(buckets, level), folder, partitions=buckets)


def bucket_of(buckets: int, level: int = 1) -> pl.Expr:
    """The bucket (from 0) of each request_id. Each level hashes with another seed, so that it splits the ids anew."""
    return hash_range(pl.col("request_id").hash(seed=level), buckets)


def spilled_buckets(folders: dict[Side, Path], buckets: int, level: int = 1) -> list[Bucket]:
    """The buckets that `spill_entries` wrote at any depth below the folders of both sides."""
    return [
        Bucket(
            requests=partition_files(folders["request"], number),
            responses=partition_files(folders["response"], number),
            level=level,
        )
        for number in range(buckets)
    ]


def oversized(bucket: Bucket, most_bytes: int) -> bool:
    """Whether a bucket is worth a split: it takes half as much again as `most_bytes`, the planned size, or more."""
    return bucket.bytes > _OVERSIZED_FACTOR * most_bytes


def too_large(buckets: Sequence[Bucket], most_bytes: int) -> list[bool]:
    """For each bucket, whether it must not be paired at once. Only the sizes of its files decide.

    A bucket that is much larger than the median has ids with many entries, which take more memory to pair. It must not
    exceed `most_bytes`, the planned size; any other bucket must not be `oversized`.
    """
    sizes = [bucket.bytes for bucket in buckets]
    median = sorted(sizes)[(len(sizes) - 1) // 2]
    return [
        oversized(bucket, most_bytes) or size > max(most_bytes, _OUTLIER_FACTOR * median)
        for bucket, size in zip(buckets, sizes, strict=True)
    ]


def split(bucket: Bucket, folder: Path, most_bytes: int, schemas: dict[Side, pl.Schema]) -> list[Bucket]:
    """The bucket itself if it is not oversized, else the smaller buckets that replace it on disk below `folder`.

    All entries of an id stay in one bucket. So a returned bucket may still be oversized.
    """
    if not oversized(bucket, most_bytes) or bucket.level >= _DEEPEST_LEVEL:
        return [bucket]
    level = bucket.level + 1
    folders: dict[Side, Path] = {side: folder / side for side in schemas}
    for side in schemas:
        for number, entries in enumerate(slices_by_bytes(bucket.paths(side), most_bytes)):
            spill_entries(entries, folders[side] / f"piece{number}", _SPLIT_BUCKETS, level)
    smaller = spilled_buckets(folders, _SPLIT_BUCKETS, level)
    bucket.remove()
    return [
        final
        for number, new_bucket in enumerate(smaller)
        for final in split(new_bucket, folder / str(number), most_bytes, schemas)
    ]
