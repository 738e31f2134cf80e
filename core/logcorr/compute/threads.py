"""How many threads a job has, its own and those of polars, and how much freed memory the allocators keep.

polars reads its settings from the environment when it is imported. Variables that the user has set stay as they are.
Python, numpy and the kernels have their memory from the allocator of the C library.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

# Each thread holds rows of its own, so a small memory budget allows only few threads.
_BYTES_PER_THREAD = 96 << 20
# So much each thread takes at least that a user asks for.
_LEAST_BYTES_PER_THREAD = 16 << 20
_MOST_THREADS = 256
# Within a budget up to this size, the allocators must not keep freed memory.
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
_CGROUPS = Path("/sys/fs/cgroup")


def cores() -> int:
    """How many cores this process may use: those it may run on, within the quota of its control groups (Linux)."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        usable = os.cpu_count() or 1
    return max(1, min([usable, *_quotas()]))


def count(memory_bytes: int, asked: int | None = None) -> int:
    """How many threads a job has within a memory budget: as many as were `asked` for, else at most one a core.

    Never more than have room for their smallest chunks.
    """
    if asked is not None:
        return max(1, min(asked, memory_bytes // _LEAST_BYTES_PER_THREAD, _MOST_THREADS))
    return max(1, min(cores(), memory_bytes // _BYTES_PER_THREAD))


def keeps_freed(memory_bytes: int) -> bool:
    """Whether the allocators keep much of what is freed within a memory budget."""
    return memory_bytes > _TIGHT_BUDGET_BYTES


def spare_numpy_threads() -> None:
    """Keeps numpy's library for matrices from starting threads that look for work, as there is none.

    For a process of logcorr's own, before numpy is imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def limit_engine(memory_bytes: int, asked: int | None = None) -> None:
    """Limits the threads and what the allocators keep. To be called before polars is imported."""
    threads = count(memory_bytes, asked)
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


def _quotas() -> list[int]:
    """The cores, rounded up, that each control group of this process allows it. None where there are no quotas."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf8").splitlines()
    except OSError:
        return []
    found = []
    for controllers, name in (line.split(":", 2)[1:] for line in lines if line.count(":") > 1):
        if controllers in ("", "cpu", "cpu,cpuacct", "cpuacct,cpu"):
            root = _CGROUPS / controllers if controllers else _CGROUPS
            own = root / name.lstrip("/")
            groups = [own, *own.parents] if own.is_relative_to(root) else []
            # A container sees its own group as the root, whatever name it is told.
            found += [_quota(group) for group in dict.fromkeys([*groups, root]) if group.is_relative_to(root)]
    return [quota for quota in found if quota]


def _quota(group: Path) -> int:
    """The cores, rounded up, that a control group allows; 0 for any number."""
    for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            words = " ".join((group / file).read_text(encoding="ascii") for file in files).split()
            quota, period = (int(word) for word in words)
        except (OSError, ValueError):  # `max` is no number either
            continue
        if quota > 0 and period > 0:
            return -(-quota // period)
    return 0
