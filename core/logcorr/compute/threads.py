"""The number of threads of polars, and how much freed memory the allocators keep.

polars reads both from the environment when it is imported. Variables that the user has set stay as they are. Python,
numpy and the kernels have their memory from the allocator of the C library.
"""

import ctypes
import os
from contextlib import suppress

# Each thread of polars holds rows of its own, so a small memory budget allows only few threads.
_BYTES_PER_THREAD = 96 << 20
# Within a budget up to this size, the allocator must not keep freed memory.
_SMALL_BUDGET_BYTES = 1 << 30
# Within a budget up to this size, freed memory goes back to the system soon. That costs about a tenth of the CPU time.
_TIGHT_BUDGET_BYTES = 384 << 20
_ALLOCATOR_VARIABLE = "_RJEM_MALLOC_CONF"
# What polars puts in front when it is imported. The children of such a process inherit it, though nobody has set it.
_SET_BY_POLARS = "dirty_decay_ms:500,muzzy_decay_ms:1000"
_TIGHT = ",dirty_decay_ms:50,muzzy_decay_ms:0"
# Options of `mallopt` in glibc, and their values: one heap for all threads; large blocks apart from it, so that each of
# them is given back when it is freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_TIGHT_HEAP = {_ARENA_MAX: 1, _MMAP_THRESHOLD: 128 << 10, _TRIM_THRESHOLD: 128 << 10}


def count(memory_bytes: int) -> int:
    """How many threads fit into a memory budget: at least one, at most one a core."""
    return max(1, min(os.cpu_count() or 1, memory_bytes // _BYTES_PER_THREAD))


def keeps_freed(memory_bytes: int) -> bool:
    """Whether the allocators keep much of what is freed within a memory budget."""
    return memory_bytes > _TIGHT_BUDGET_BYTES


def limit_engine(memory_bytes: int) -> None:
    """Limits the threads and what the allocators keep. To be called before polars is imported."""
    threads = count(memory_bytes)
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    kept = "" if memory_bytes <= _SMALL_BUDGET_BYTES else ",dirty_decay_ms:-1"
    if not keeps_freed(memory_bytes):
        kept = _TIGHT
        # Another C library, or another system, may have no such options.
        with suppress(AttributeError, OSError, TypeError):
            for option, value in _TIGHT_HEAP.items():
                ctypes.CDLL(None).mallopt(option, value)
    of_user = os.environ.get(_ALLOCATOR_VARIABLE, "").removeprefix(_SET_BY_POLARS).removeprefix(",")
    os.environ[_ALLOCATOR_VARIABLE] = of_user or f"narenas:{threads}{kept}"
