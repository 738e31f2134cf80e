"""Entries → hash buckets on disk: how many, from the memory budget; and a bucket that is too large, split again.

Buckets go by a seeded hash of the request id, so every entry of an id is in one bucket and each bucket is an unbiased
sample of the ids. polars' hash lives within one run: it is never written. `PartitionBy` is marked unstable in polars:
it is named here and nowhere else.
"""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import polars as pl

from logcorr.compute.kernels import kernels
from logcorr.model.report import Side

_MB = 1 << 20
# What the interpreter, polars and one engine take before any bucket, and a text byte's size in a bucket that is being
# paired; measured on logs of 55 byte lines.
_BASE_BYTES = 250 * _MB
_PAIRED_PER_TEXT_BYTE = 5.0
# Past this size a join misses the processor's caches so often that buckets on disk are cheaper, however much memory
# there is.
_BUCKET_TEXT_BYTES = 128 * _MB
_MOST_BUCKETS = 128
_SPLIT_BUCKETS = 8
_DEEPEST = 4
_STANDS_OUT = 1.4
_BATCH_ROWS = 32_768
_LEAST_BATCH_ROWS = 2_048
_OPEN_ROWS = 1 << 20
# Chunks of this size are read fastest; so many of them, with what comes of them, are in memory at a time.
_CHUNK_BYTES = 5 * _MB
_CHUNKS_IN_ROOM = 64
_CHUNK_BYTES_PER_PART_ROW = 32
# Of eight bytes each; looking through them takes as much again, and twice that for a table.
_ROOM_PER_USED_KEY = 64
_PART_FOR_USERS = 4
_MOST_FOR_USERS = 256 * _MB
_BUCKETS_VARIABLE = "LOGCORR_BUCKETS"
_CHUNK_VARIABLE = "LOGCORR_CHUNK_BYTES"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How many buckets there are for what does not pair while it is read; without `tandem` nothing is tried then.

    Sizes are of text: of a bucket that fits memory, and of a chunk that is read at once. `part_rows` is how many
    exchanges are written at once, `used_keys` how many of their keys are held in memory, `users_room` how many bytes
    the counts of users may take all the while.
    """

    tandem: bool
    buckets: int
    bucket_bytes: int
    chunk_bytes: int
    part_rows: int
    used_keys: int
    users_room: int


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
        return _scan(self.paths(side), schema)

    @property
    def bytes(self) -> int:
        """What the bucket takes on disk."""
        return sum(path.stat().st_size for path in (*self.requests, *self.responses))

    def remove(self) -> None:
        """Deletes the bucket's files."""
        for path in (*self.requests, *self.responses):
            path.unlink()


def plan(text_bytes: int, memory_bytes: int) -> Plan:
    """The plan for logs of `text_bytes` (both sides) within `memory_bytes`."""
    room = room_in(memory_bytes)
    users_room = min(room // _PART_FOR_USERS, _MOST_FOR_USERS) if kernels else 0
    rest = room - users_room
    bucket_bytes = min(int(rest / _PAIRED_PER_TEXT_BYTE), _BUCKET_TEXT_BYTES)
    forced = os.environ.get(_BUCKETS_VARIABLE)
    chunk_bytes = chunk_size(room)
    wanted = min(max(2, math.ceil(text_bytes / bucket_bytes)), _MOST_BUCKETS)
    return Plan(
        tandem=not forced,
        buckets=int(forced) if forced else wanted,
        bucket_bytes=bucket_bytes,
        chunk_bytes=chunk_bytes,
        part_rows=max(1, chunk_bytes // _CHUNK_BYTES_PER_PART_ROW),
        used_keys=rest // _ROOM_PER_USED_KEY,
        users_room=users_room,
    )


def room_in(memory_bytes: int) -> int:
    """What of a budget is left for data."""
    return max(memory_bytes - _BASE_BYTES, 64 * _MB)


def chunk_size(room: int) -> int:
    """How many bytes of a log are best read at once where there are so many for all that comes of them."""
    return int(os.environ.get(_CHUNK_VARIABLE) or min(_CHUNK_BYTES, room // _CHUNKS_IN_ROOM))


def spill(entries: pl.LazyFrame, folder: Path, buckets: int, level: int = 1) -> None:
    """Runs the query and writes its entries to a new folder, uncompressed Arrow IPC, a file a bucket."""
    spread(entries, bucket_of(buckets, level), folder, parts=buckets)


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


def bucket_of(buckets: int, level: int = 1) -> pl.Expr:
    """The bucket (from 0) of each request_id; levels are independent of each other."""
    high = pl.col("request_id").hash(seed=level) // (1 << 32)
    return (high * buckets // (1 << 32)).cast(pl.UInt16)


def spilled(folders: dict[Side, Path], buckets: int, level: int = 1) -> list[Bucket]:
    """The buckets that `spill` left below the folders of both sides."""
    return [
        Bucket(
            requests=parts_of(folders["request"], number), responses=parts_of(folders["response"], number), level=level
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
        for number, piece in enumerate(pieces(bucket.paths(side), most_bytes)):
            spill(piece, folders[side] / f"piece{number}", _SPLIT_BUCKETS, level)
    parts = spilled(folders, _SPLIT_BUCKETS, level)
    bucket.remove()
    return [
        small for number, part in enumerate(parts) for small in split(part, folder / str(number), most_bytes, schemas)
    ]


def _scan(paths: tuple[Path, ...], schema: pl.Schema) -> pl.LazyFrame:
    return pl.scan_ipc(list(paths), glob=False) if paths else pl.LazyFrame(schema=schema)
