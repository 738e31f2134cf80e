"""The memory budget of a run: how many bytes each part of the work may take."""

import math
import os

import msgspec

from logcorr.compute.kernels import compiled

_MB = 1 << 20
# What the interpreter, polars and one engine take before any bucket, and a text byte's size in a bucket that is being
# paired; measured on logs of 55 byte lines.
_BASE_BYTES = 250 * _MB
_PAIRED_PER_TEXT_BYTE = 5.0
# Past this size a join misses the processor's caches so often that buckets on disk are cheaper, however much memory
# there is.
_BUCKET_TEXT_BYTES = 128 * _MB
_MOST_BUCKETS = 128
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


class MemoryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How many buckets there are for what does not pair while it is read; without `streaming` nothing is tried then.

    Sizes are of text: of a bucket that fits memory, and of a chunk that is read at once. `part_rows` is how many
    exchanges are written at once, `used_keys` how many of their keys are held in memory, `users_room` how many bytes
    the counts of users may take all the while.
    """

    streaming: bool
    buckets: int
    bucket_bytes: int
    chunk_bytes: int
    part_rows: int
    used_keys: int
    users_room: int


def plan(text_bytes: int, memory_bytes: int) -> MemoryPlan:
    """The plan for logs of `text_bytes` (both sides) within `memory_bytes`."""
    room = room_for_data(memory_bytes)
    users_room = min(room // _PART_FOR_USERS, _MOST_FOR_USERS) if compiled else 0
    rest = room - users_room
    bucket_bytes = min(int(rest / _PAIRED_PER_TEXT_BYTE), _BUCKET_TEXT_BYTES)
    forced = os.environ.get(_BUCKETS_VARIABLE)
    chunk_bytes = chunk_size(room)
    wanted = min(max(2, math.ceil(text_bytes / bucket_bytes)), _MOST_BUCKETS)
    return MemoryPlan(
        streaming=not forced,
        buckets=int(forced) if forced else wanted,
        bucket_bytes=bucket_bytes,
        chunk_bytes=chunk_bytes,
        part_rows=max(1, chunk_bytes // _CHUNK_BYTES_PER_PART_ROW),
        used_keys=rest // _ROOM_PER_USED_KEY,
        users_room=users_room,
    )


def room_for_data(memory_bytes: int) -> int:
    """What of a budget is left for data."""
    return max(memory_bytes - _BASE_BYTES, 64 * _MB)


def chunk_size(room: int) -> int:
    """How many bytes of a log are best read at once where there are so many for all that comes of them."""
    return int(os.environ.get(_CHUNK_VARIABLE) or min(_CHUNK_BYTES, room // _CHUNKS_IN_ROOM))
