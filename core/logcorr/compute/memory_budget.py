"""The memory budget of a run: how many bytes each stage of the work may take.

Measured are the process itself, when the plan is made, and the entries, while they are read. The rest are shares.
"""

import math
import os

import msgspec

from logcorr.compute import resources, threads
from logcorr.compute.kernels import compiled

_MB = 1 << 20
# What the engine takes when it first works, beyond what the process holds before: code, stacks of threads, queues.
_ENGINE_BYTES = 48 * _MB
# The base is rounded up, so that runs of one budget have plans of the same sizes.
_BASE_STEP = 16 * _MB
# No stage has smaller sizes than for this room. With what the allocators keep, that takes a half more.
_LEAST_ROOM = 64 * _MB
_ENOUGH_ROOM = 104 * _MB
# Pairing a bucket takes about three times the bytes of its entries. A bucket may be larger than planned by a half.
_PAIRED_PER_BYTE = 3.5
_OVER_PLAN = 1.5
# A join of a larger bucket misses the processor's caches so often that smaller buckets on disk are cheaper, even if
# there is memory for it.
_MOST_BUCKET_BYTES = 224 * _MB
# As many buckets more as the share of entries without a partner may grow after it was measured.
_MORE_UNPAIRED = 1.25
_LEAST_BUCKETS, _MOST_BUCKETS = 2, 128
# The share of the room that is in use where the allocators keep what is freed.
_USED_SHARE = 0.75
# Chunks of this size are read fastest. Room for data must hold so many chunks, with their entries and exchanges.
_CHUNK_BYTES = 5 * _MB
_CHUNKS_IN_ROOM = 96
# So many more for each thread beyond those that the sizes were measured with: two chunks, and what is made of them.
_USUAL_THREADS, _CHUNKS_A_THREAD = 2, 12
_CHUNK_BYTES_PER_PART_ROW = 32
# A key has eight bytes. Searching all keys takes as much again, and twice that for a hash table.
_BYTES_PER_KEY = 64
_USERS_SHARE = 5
_MOST_FOR_USERS = 256 * _MB
# Entries that wait for the pairing by bucket; as much again is taken while they are written to disk.
_UNPAIRED_SHARE = 10
# A count of durations, as two generations of counts and the hash table that merges them take it.
_BYTES_PER_COUNT = 150
_COUNTS_SHARE = 6
_BUCKETS_VARIABLE = "LOGCORR_BUCKETS"
_CHUNK_VARIABLE = "LOGCORR_CHUNK_BYTES"


class MemoryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes that keep a correlation within its memory.

    `streaming` tells to pair while reading. Entries that are not paired then go to `buckets` buckets; where that is
    None, `buckets_for` tells once entries were measured. At most `unpaired_bytes` of these entries are in memory.
    `bucket_bytes` is the largest bucket that fits into memory: the bytes of its entries, which take about as many in
    memory and on disk. `chunk_bytes` is the text of a chunk. `part_rows` exchanges are written at once.
    `keys_in_memory` keys of paired exchanges and `most_counts` counts of durations are held in memory. The counts by
    user may take `users_room` bytes.
    """

    streaming: bool
    buckets: int | None
    unpaired_bytes: int
    bucket_bytes: int
    chunk_bytes: int
    part_rows: int
    keys_in_memory: int
    most_counts: int
    users_room: int

    def buckets_for(self, unpaired_bytes: int, share_read: float) -> int:
        """How many buckets there must be, if so many bytes of entries are unpaired after this share of the logs."""
        if self.buckets is not None:
            return self.buckets
        expected = _MORE_UNPAIRED * unpaired_bytes / max(share_read, 1 / _MOST_BUCKETS)
        return min(max(_LEAST_BUCKETS, math.ceil(expected / self.bucket_bytes)), _MOST_BUCKETS)


def plan(memory_bytes: int, thread_count: int = _USUAL_THREADS) -> MemoryPlan:
    """The plan for logs of any size within `memory_bytes`, which so many threads read.

    To be made before data is read: it measures the process.
    """
    whole_room = room_for_data(memory_bytes)
    room = int(whole_room * _USED_SHARE) if threads.keeps_freed(memory_bytes) else whole_room
    users_room = min(room // _USERS_SHARE, _MOST_FOR_USERS) if compiled else 0
    counts_room = room // _COUNTS_SHARE
    # Chunks and exchanges are not there any more while buckets are paired.
    bucket_room = room - users_room - counts_room
    forced = os.environ.get(_BUCKETS_VARIABLE)
    chunk_bytes = chunk_size(whole_room, threads=thread_count)
    return MemoryPlan(
        streaming=not forced,
        buckets=int(forced) if forced else None,
        unpaired_bytes=min(room // _UNPAIRED_SHARE, _MOST_BUCKET_BYTES),
        bucket_bytes=min(int(bucket_room / (_PAIRED_PER_BYTE * _OVER_PLAN)), _MOST_BUCKET_BYTES),
        chunk_bytes=chunk_bytes,
        part_rows=max(1, chunk_bytes // _CHUNK_BYTES_PER_PART_ROW),
        keys_in_memory=bucket_room // _BYTES_PER_KEY,
        most_counts=counts_room // _BYTES_PER_COUNT,
        users_room=users_room,
    )


def base_bytes() -> int:
    """What this process takes without data: what it holds now, and what the engine takes once it works."""
    return math.ceil((resources.rss() + _ENGINE_BYTES) / _BASE_STEP) * _BASE_STEP


def least_bytes() -> int:
    """The least budget that runs of usual logs keep, as measured."""
    return base_bytes() + _ENOUGH_ROOM


def room_for_data(memory_bytes: int) -> int:
    """The bytes of a budget that are left for data."""
    return max(memory_bytes - base_bytes(), _LEAST_ROOM)


def chunk_size(room: int, most: int = _CHUNK_BYTES, *, threads: int = _USUAL_THREADS) -> int:
    """The best size of a chunk, in bytes of text and at most `most`, if `room` bytes are left for data.

    Each of the `threads` has chunks of its own in work.
    """
    chunks = _CHUNKS_IN_ROOM + _CHUNKS_A_THREAD * max(0, threads - _USUAL_THREADS)
    return int(os.environ.get(_CHUNK_VARIABLE) or min(most, room // chunks))
