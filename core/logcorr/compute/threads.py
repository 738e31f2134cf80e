"""The number of threads of polars, and how much freed memory its allocator keeps.

polars reads both from the environment when it is imported. Variables that the user has set stay as they are.
"""

import os

# Each thread of polars holds rows of its own, so a small memory budget allows only few threads.
_BYTES_PER_THREAD = 96 << 20
# Within a budget up to this size, the allocator must not keep freed memory.
_SMALL_BUDGET_BYTES = 1 << 30


def count(memory_bytes: int) -> int:
    """How many threads fit into a memory budget: at least one, at most one a core."""
    return max(1, min(os.cpu_count() or 1, memory_bytes // _BYTES_PER_THREAD))


def limit_engine(memory_bytes: int) -> None:
    """Sets the environment variables for the threads and the allocator. To be called before polars is imported."""
    threads = count(memory_bytes)
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    kept = "" if memory_bytes <= _SMALL_BUDGET_BYTES else ",dirty_decay_ms:-1"
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{threads}{kept}")
