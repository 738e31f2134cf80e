"""The memory budget of a run: how many bytes each stage of the work may take."""

import math
import os

import msgspec

from logcorr.compute.kernels import compiled

_MB = 1 << 20
# Measured on logs with lines of 55 bytes: the memory of the interpreter and polars without any data, and the memory
# that each byte of text takes while its bucket is paired.
_BASE_BYTES = 250 * _MB
_PAIRED_PER_TEXT_BYTE = 5.0
# A join of a larger bucket misses the processor's caches so often that smaller buckets on disk are cheaper, even if
# there is memory for it.
_BUCKET_TEXT_BYTES = 128 * _MB
_MOST_BUCKETS = 128
# Chunks of this size are read fastest. Room for data must hold so many chunks, with their entries and exchanges.
_CHUNK_BYTES = 5 * _MB
_CHUNKS_IN_ROOM = 64
_CHUNK_BYTES_PER_PART_ROW = 32
# A key has eight bytes. Searching all keys takes as much again, and twice that for a hash table.
_BYTES_PER_KEY = 64
_USERS_SHARE = 4
_MOST_FOR_USERS = 256 * _MB
_BUCKETS_VARIABLE = "LOGCORR_BUCKETS"
_CHUNK_VARIABLE = "LOGCORR_CHUNK_BYTES"


class MemoryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes that keep a correlation within its memory.

    `streaming` tells to pair while reading. Entries that are not paired then go to `buckets` buckets. `bucket_bytes` is
    the text of the largest bucket that fits into memory, `chunk_bytes` the text of a chunk. `part_rows` exchanges are
    written at once. `keys_in_memory` keys of paired exchanges are held in memory. The counts by user may take
    `users_room` bytes.
    """

    streaming: bool
    buckets: int
    bucket_bytes: int
    chunk_bytes: int
    part_rows: int
    keys_in_memory: int
    users_room: int


def plan(text_bytes: int, memory_bytes: int) -> MemoryPlan:
    """The plan for logs of `text_bytes` (both sides together, decompressed) within `memory_bytes`."""
    room = room_for_data(memory_bytes)
    users_room = min(room // _USERS_SHARE, _MOST_FOR_USERS) if compiled else 0
    room_without_users = room - users_room
    bucket_bytes = min(int(room_without_users / _PAIRED_PER_TEXT_BYTE), _BUCKET_TEXT_BYTES)
    forced = os.environ.get(_BUCKETS_VARIABLE)
    chunk_bytes = chunk_size(room)
    bucket_count = min(max(2, math.ceil(text_bytes / bucket_bytes)), _MOST_BUCKETS)
    return MemoryPlan(
        streaming=not forced,
        buckets=int(forced) if forced else bucket_count,
        bucket_bytes=bucket_bytes,
        chunk_bytes=chunk_bytes,
        part_rows=max(1, chunk_bytes // _CHUNK_BYTES_PER_PART_ROW),
        keys_in_memory=room_without_users // _BYTES_PER_KEY,
        users_room=users_room,
    )


def room_for_data(memory_bytes: int) -> int:
    """The bytes of a budget that are left for data."""
    return max(memory_bytes - _BASE_BYTES, 64 * _MB)


def chunk_size(room: int, most: int = _CHUNK_BYTES) -> int:
    """The best size of a chunk, in bytes of text and at most `most`, if `room` bytes are left for data."""
    return int(os.environ.get(_CHUNK_VARIABLE) or min(most, room // _CHUNKS_IN_ROOM))
