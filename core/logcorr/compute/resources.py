"""The memory of the machine, the memory of this process, and free disk space."""

import ctypes
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from logcorr.model.errors import OutputError

_MB = 1 << 20
_GB = 1 << 30


def machine_memory() -> int:
    """The memory of the machine in bytes; 8 GB where that is not told."""
    import psutil

    try:
        return psutil.virtual_memory().total
    except OSError:  # Linux without /proc
        return 8 * 10**9


def default_memory() -> int:
    """The default of --memory in bytes: a quarter of the machine's memory, at least 512 MB and at most 4 GB."""
    return max(512 * 10**6, min(machine_memory() // 4, 4 * 10**9))


def peak_rss() -> int:
    """The most memory this process has held so far, in bytes."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    # psutil 7.2 knows the peak on Windows only. On Linux, ru_maxrss starts at the peak of the parent process: for a
    # child that held 8 MB it gave the 614 MB of its parent.
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def rss() -> int:
    """The memory this process holds now, in bytes; its peak if the system does not tell."""
    import psutil

    try:
        return psutil.Process().memory_info().rss
    except psutil.Error:
        return peak_rss()


def trim_heap() -> None:
    """Returns freed memory to the system if the C library can do that. Otherwise its heap keeps free blocks."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def require_disk(folder: Path, needed: int, what: str, remedy: str) -> None:
    """Raises OutputError if the folder's disk has less than `needed` bytes free.

    `what` needs the space, and `remedy` says what else the user can do; both are parts of the message.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"{what} needs about {_size(needed)} in {str(folder)!r}, where {_size(free)} are free. "
            f"Free some space, or {remedy}."
        )
        raise OutputError(message)


def _size(count: int) -> str:
    return f"{count / _GB:.1f} GB" if count >= _GB else f"{count / _MB:.0f} MB"
