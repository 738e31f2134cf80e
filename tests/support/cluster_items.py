"""Steps for tests of engines: each leaves a file, and some kill the process that runs them, once."""

import os
import signal
import threading
import time
from pathlib import Path

from logcorr.cluster.engines.base import Item


def run_item(item: Item) -> int:
    """Leaves the file INDEX-PID-THREAD in the folder that stands for the store.

    In the phase `kill` the first process that runs step 1 kills itself. In the phase `fail` step 1 always fails. In the
    phase `slow` a step takes 0.2 s.
    """
    folder, _, phase, index = item
    if phase == "kill" and index == 1 and _is_first(Path(folder) / "killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    if phase == "slow":
        time.sleep(0.2)
    if phase == "fail" and index == 1:
        raise OSError("this step fails on purpose")
    threads = os.environ.get("POLARS_MAX_THREADS", "none")
    (Path(folder) / f"{index}-{os.getpid()}-{threading.get_native_id()}").write_text(threads, "utf8")
    return index


def _is_first(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def items(folder: Path, phase: str, count: int) -> list[Item]:
    """Items of so many steps, in a folder that stands for the store."""
    return [(str(folder), "key", phase, index) for index in range(count)]


def ran(folder: Path) -> set[int]:
    """The steps that left a file."""
    return {int(path.name.partition("-")[0]) for path in folder.iterdir() if "-" in path.name}
