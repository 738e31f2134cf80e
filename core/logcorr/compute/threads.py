"""How many threads the engine has, and what its allocator keeps: set once, before the engine is loaded.

The engine reads both from the environment when it is imported. What the user has set there stays.
"""

import os

# Each thread of the engine holds rows of its own, so a small memory budget allows only few.
_BYTES_PER_THREAD = 96 << 20
# In a budget up to this, memory that the engine keeps for later would count too much.
_SMALL_BUDGET_BYTES = 1 << 30


def count(memory_bytes: int) -> int:
    """How many threads fit the memory budget, at most one a core and at least one."""
    return max(1, min(os.cpu_count() or 1, memory_bytes // _BYTES_PER_THREAD))


def limit_engine(memory_bytes: int) -> None:
    """Tells the engine how many threads it may have, and its allocator whether to keep memory that is freed."""
    threads = count(memory_bytes)
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    kept = "" if memory_bytes <= _SMALL_BUDGET_BYTES else ",dirty_decay_ms:-1"
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{threads}{kept}")
