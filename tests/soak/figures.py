"""What a process holds at a moment, and whether it came to hold more over a series of such moments."""

import gc
import os
import statistics
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
from textual.widget import Widget

from logcorr.compute.resources import rss

_MB = 1 << 20


class Figures(msgspec.Struct, frozen=True):
    """What this process holds: MB of memory, widgets, open files, threads of Python and of all, children, leftovers."""

    rss_mb: float
    widgets: int
    open_files: int
    threads: int
    all_threads: int
    children: int
    left_files: int


# How much more of each the last rounds may hold than the first after warming up. The engine starts threads as it needs
# them and keeps them; memory is what the allocators make of it.
BOUNDS = {
    "rss_mb": 48.0,
    "widgets": 100,
    "open_files": 3,
    "threads": 2,
    "all_threads": 8,
    "children": 0,
    "left_files": 2,
}
_RSS_SHARE = 0.10


def now(folders: Sequence[Path]) -> Figures:
    """The figures of this moment; files are counted below the folders."""
    gc.collect()
    tasks = Path("/proc/self/task")
    return Figures(
        rss_mb=round(rss() / _MB, 1),
        widgets=sum(isinstance(found, Widget) for found in gc.get_objects()),
        open_files=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - the list itself is one of them either way
        threads=threading.active_count(),
        all_threads=len(list(tasks.iterdir())),
        children=sum(len(_read(task / "children").split()) for task in tasks.iterdir()),
        left_files=sum(1 for folder in folders for path in folder.rglob("*") if path.is_file()),
    )


def grown(series: Sequence[Figures]) -> dict[str, tuple[float, float]]:
    """What grew: of each such figure, the median of the first and of the last third; `series` without the warming up."""
    third = max(1, len(series) // 3)
    found = {}
    for name, bound in BOUNDS.items():
        values = [getattr(figures, name) for figures in series]
        first, last = statistics.median(values[:third]), statistics.median(values[-third:])
        more = max(bound, _RSS_SHARE * first) if name == "rss_mb" else bound
        if last - first > more:
            found[name] = (first, last)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""  # a thread that has just ended
