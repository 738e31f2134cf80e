"""Run as a program: commands, one after the other, on a disk that somebody else fills up when they reach a stage.

    python -m tests.support.full_disk tmpfs|shim DISK < cases.json > found.json

`tmpfs` mounts a small disk of its own at DISK, so it has to be started by `unshare -rm`; for `shim` the library made of
full_disk.c has to be preloaded. A case is [stage, words]. Of each, what came of it: code, err, and all files left.
"""

import json
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from logcorr.figures import endpoints_and_addresses, latency
from logcorr.jobs import progress_meter, write_views
from logcorr.pairing import bucket_join
from logcorr.runs import export_while_running, run_folder, work_folder, write_csv_json_parquet
from tests.support.helpers import logcorr

FILLER = "filler"
STAGES: dict[str, tuple[Any, str]] = {
    "begin": (work_folder.WorkFolder, "__enter__"),
    "read": (progress_meter.ProgressMeter, "tap"),
    "pair": (bucket_join, "pair"),
    "views": (write_views.PairViews, "add"),
    "along": (export_while_running.ExportWhileRunning, "add"),
    "count": (endpoints_and_addresses, "windows"),
    "report": (latency, "figures"),
    "manifest": (run_folder.RunFolder, "write"),
    "export": (write_csv_json_parquet, "write"),
    "query": (write_csv_json_parquet, "write_frames"),
    "last": (run_folder, "encode"),
}


def main() -> None:
    """Does all cases of standard input."""
    how, disk = sys.argv[1], Path(sys.argv[2])
    if how == "tmpfs":
        mount = shutil.which("mount") or "mount"
        subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)
    found = [case(how, disk, stage, words) for stage, words in json.load(sys.stdin)]
    sys.stdout.write(json.dumps(found))


def case(how: str, disk: Path, stage: str, words: list[str]) -> dict[str, Any]:
    """One command, and what came of it."""
    module, name = STAGES[stage]
    real, lock = getattr(module, name), threading.Lock()
    (disk / "precious.csv").write_bytes(b"precious")

    def filling(*given: Any, **more: Any) -> Any:
        with lock:
            fill(how, disk)
        return real(*given, **more)

    with patch.object(module, name, filling):
        outcome = logcorr(*words, cwd=disk, LOGCORR_BUCKETS="3")
    filled = (disk / FILLER).exists()
    (disk / FILLER).unlink(missing_ok=True)
    precious = (disk / "precious.csv").read_bytes() == b"precious"
    left = sorted(str(path.relative_to(disk)) for path in disk.rglob("*") if not path.is_dir() or "work" in path.name)
    left.remove("precious.csv")
    for path in disk.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    return {"code": outcome.code, "err": outcome.err, "left": left, "filled": filled, "precious": precious}


def fill(how: str, disk: Path) -> None:
    """Leaves no byte on the disk."""
    with (disk / FILLER).open("ab", buffering=0) as file:
        for block in (bytes(1 << 20), bytes(1 << 12)) if how == "tmpfs" else ():
            with suppress(OSError):
                while file.write(block) == len(block):
                    pass


if __name__ == "__main__":
    main()
