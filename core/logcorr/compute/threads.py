"""How many threads a job has, its own and those of polars, and what the allocators keep of freed memory.

polars reads its settings from the environment when it is imported. Variables that the user has set stay as they are.
"""

import os
from pathlib import Path

from logcorr.compute import resources

# Each thread holds rows of its own, so a small memory budget allows only few threads.
_BYTES_PER_THREAD = 96 << 20
# Within a budget up to this size, the allocators must not keep freed memory.
_SMALL_BUDGET_BYTES = 1 << 30
_CGROUPS = Path("/sys/fs/cgroup")


def cores() -> int:
    """How many cores this process may use: those it may run on, within the quota of its control groups (Linux)."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        usable = os.cpu_count() or 1
    return max(1, min([usable, *_quotas()]))


def count(memory_bytes: int, asked: int | None = None) -> int:
    """How many threads a job has within a memory budget: as many as were `asked` for, else at most one a core."""
    return asked or max(1, min(cores(), memory_bytes // _BYTES_PER_THREAD))


def limit_engine(memory_bytes: int, asked: int | None = None) -> None:
    """Sets the threads of polars, and what the allocators keep. To be called before polars is imported."""
    threads = count(memory_bytes, asked)
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    small = memory_bytes <= _SMALL_BUDGET_BYTES
    kept = "" if small else ",dirty_decay_ms:-1"
    if small:
        resources.give_back_large_blocks()
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{threads}{kept}")


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
