"""How the work of a run is cut: into splits, buckets and parts, so that each step is within the memory of a worker."""

import math

import msgspec

from logcorr.cluster.plan import Sizes
from logcorr.cluster.settings import LEAST_WORKER_BYTES, OF_THIS_MACHINE
from logcorr.compute import memory_budget, resources
from logcorr.model.errors import UsageError
from logcorr.model.options import ClusterOptions
from logcorr.text.quantities import size

_MB = 1 << 20
# The slots of an engine of this machine share so many quarters of its memory.
_QUARTERS = 2
_LEAST_SPLIT, _MOST_SPLIT = 16 * _MB, 512 * _MB
_MOST_BUCKET = 128 * _MB
# Steps that a slot has in a phase, about: when some take longer, the others go on.
_STEPS_A_SLOT = 8
_BUCKETS_A_SLOT = 2
# What a process takes without data, and what a byte of text takes in a bucket that is paired, as measured.
_BASE_BYTES = 240 * _MB
_PAIRED_PER_BYTE = 6.5
_LEAST_ROOM = 32 * _MB
# A split is packed in memory, and its entries are held until they fill a share of the room.
_SPLIT_SHARE, _FLUSH_SHARE = 0.6, 0.15
_PART_BYTES = 512 * _MB
_MOST_PARTS = 1024
# Each bucket has a range in the file of each split: so many ranges are read in all.
_MOST_RANGES = 1_000_000
_COUNTS_SHARE = 0.1
_BYTES_PER_COUNT = 150


def with_memory(options: ClusterOptions, slots: int) -> ClusterOptions:
    """The options with the memory of a step, where the user has not given it.

    Raises UsageError where the user has given less for all steps than they take.
    """
    if options.worker_memory_bytes:
        return options
    if options.memory_bytes:
        memory = options.memory_bytes // slots
        if memory < LEAST_WORKER_BYTES:
            raise UsageError(
                f"memory of {size(options.memory_bytes)} is too little for {slots} steps at once: each takes "
                f"{size(LEAST_WORKER_BYTES)} at least. Give fewer processes, or more memory."
            )
        return msgspec.structs.replace(options, worker_memory_bytes=memory)
    memory = resources.default_memory()
    if options.engine.partition(":")[0] in OF_THIS_MACHINE:
        memory = max(LEAST_WORKER_BYTES, min(memory, _QUARTERS * memory // slots))
    return msgspec.structs.replace(options, worker_memory_bytes=memory)


def split_bytes(text_bytes: int, slots: int, options: ClusterOptions) -> int:
    """How many bytes of a plain file one step reads."""
    if options.split_bytes:
        return options.split_bytes
    room = int(_room(options) * _SPLIT_SHARE)
    return max(_LEAST_SPLIT // 4, min(_MOST_SPLIT, room, max(_LEAST_SPLIT, text_bytes // (_STEPS_A_SLOT * slots))))


def sizes(text_bytes: int, splits: int, slots: int, options: ClusterOptions, part_bytes: int = _PART_BYTES) -> Sizes:
    """The sizes of a run of so many bytes of text and splits, on an engine of so many slots.

    The counts by a text of about `part_bytes` of logs are one part.
    """
    room = _room(options)
    bucket_bytes = min(_MOST_BUCKET, int(room / _PAIRED_PER_BYTE))
    buckets = options.buckets or max(math.ceil(text_bytes / bucket_bytes), _BUCKETS_A_SLOT * slots)
    return Sizes(
        memory_bytes=options.worker_memory_bytes,
        buckets=max(1, min(buckets, _MOST_RANGES // max(1, splits))) if not options.buckets else buckets,
        parts=max(1, min(_MOST_PARTS, _MOST_RANGES // max(1, splits), text_bytes // part_bytes)),
        chunk_bytes=memory_budget.chunk_size(room),
        flush_bytes=int(room * _FLUSH_SHARE),
        bucket_bytes=bucket_bytes,
        most_counts=int(room * _COUNTS_SHARE / _BYTES_PER_COUNT),
    )


def _room(options: ClusterOptions) -> int:
    """The bytes of a worker that are left for data."""
    return max(options.worker_memory_bytes - _BASE_BYTES, _LEAST_ROOM)
