"""Kills workers at chosen moments: a module that Python loads when a worker starts, and what the test says to it.

A fault is a pattern of `OPERATION NAME`, an operation of the store; the process that does it first kills itself. With
`stop ` before it, the process stands still instead.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

_CODE = """
import os, re, signal, sys

if re.search(os.environ["TEST_FAULT_WORKERS"], " ".join(sys.orig_argv)):
    from logcorr.cluster.folder_store import FolderStore
    from logcorr.cluster.object_store import ObjectStore
    marks = os.environ["TEST_FAULT_MARKS"]
    lines = os.environ["TEST_FAULTS"].splitlines()
    signals = [signal.SIGSTOP if line.startswith("stop ") else signal.SIGKILL for line in lines]
    faults = [re.compile(line.removeprefix("stop ")) for line in lines]

    def fatal(operation, real):
        def act(self, name, *given):
            for number, fault in enumerate(faults):
                if fault.search(f"{operation} {name}"):
                    try:
                        os.close(os.open(f"{marks}/{number}", os.O_CREAT | os.O_EXCL))
                    except FileExistsError:
                        continue
                    os.kill(os.getpid(), signals[number])
            return real(self, name, *given)
        return act

    for store in (FolderStore, ObjectStore):
        for operation in ("put", "create", "put_file", "get_range"):
            setattr(store, operation, fatal(operation, getattr(store, operation)))
"""
# How the workers of engines are started: those of logcorr itself, of Dask on this machine, of Ray, and of Spark.
OWN = r"logcorr\.cluster\.engines\.worker|\bstep\b"
DASK, RAY, SPARK = "spawn_main", r"default_worker\.py", r"pyspark\.daemon"


class Faults:
    """Faults that workers of this test meet, each once. `workers` matches the command line of workers alone."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, patterns: Sequence[str], workers: str = OWN) -> None:
        self._marks, self._count = folder / "marks", len(patterns)
        self._marks.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(_CODE)
        root = Path(__file__).parents[2]
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(root / "core"), str(root)]))
        patch.setenv("TEST_FAULT_WORKERS", workers)
        patch.setenv("TEST_FAULTS", "\n".join(patterns))
        patch.setenv("TEST_FAULT_MARKS", str(self._marks))

    @property
    def met(self) -> int:
        """How many faults have met a worker."""
        return len(list(self._marks.iterdir()))

    @property
    def all_met(self) -> bool:
        """Whether each has."""
        return self.met == self._count
