"""The number of threads of polars, and how much freed memory its allocator and that of Python keep.

polars reads its part from the environment when it is imported. Variables that the user has set stay as they are.
"""

import os

from logcorr.compute import resources

# Each thread of polars holds rows of its own, so a small memory budget allows only few threads.
_BYTES_PER_THREAD = 96 << 20
# Within a budget up to this size, the allocators must not keep freed memory.
_SMALL_BUDGET_BYTES = 1 << 30


def count(memory_bytes: int) -> int:
    """How many threads fit into a memory budget: at least one, at most one a core."""
    return max(1, min(os.cpu_count() or 1, memory_bytes // _BYTES_PER_THREAD))


def limit_engine(memory_bytes: int) -> None:
    """Sets the threads of polars, and what the allocators keep. To be called before polars is imported."""
    threads = count(memory_bytes)
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    small = memory_bytes <= _SMALL_BUDGET_BYTES
    kept = "" if small else ",dirty_decay_ms:-1"
    if small:
        resources.give_back_large_blocks()
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{threads}{kept}")
