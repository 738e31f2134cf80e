"""Runs steps in processes of this machine. They end with the process that started them.

A process gets items and gives indices as lines. One that ends in a step is started again for the next step.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import logcorr
from logcorr.cluster.engines.base import FEWER_SLOTS, Engine, Item
from logcorr.compute.child_process import environment
from logcorr.compute.resources import machine_memory
from logcorr.compute.threads import cores
from logcorr.model.errors import UsageError

# What a process takes without any data, about.
_LEAST_BYTES = 150 << 20
# A process that was killed is waited for no longer than this.
_END_S = 10
_WORKER = "logcorr.cluster.engines.worker"


class Processes:
    """An engine of so many processes."""

    advice = FEWER_SLOTS

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.said: dict[int, str] = {}
        self._closed = False
        # They load the engine of polars while the driver looks at the logs.
        self._children = {slot: self._started() for slot in range(slots)}

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        waiting: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        for item in (*items, *(None,) * self.slots):
            waiting.put(item)
        ended: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        for slot in range(self.slots):
            threading.Thread(target=self._work, args=(slot, waiting, ended), daemon=True).start()
        left = self.slots
        while left:
            index = ended.get()
            if index is None:
                left -= 1
            else:
                yield index

    def close(self) -> None:
        self._closed = True
        for child in list(self._children.values()):
            child.kill()  # all first, so that they end at the same time
        for slot in list(self._children):
            self._forget(slot)

    def _work(
        self, slot: int, waiting: "queue.SimpleQueue[Item | None]", ended: "queue.SimpleQueue[int | None]"
    ) -> None:
        """Has one process run items, until none is waiting. None stands for the end."""
        try:
            while (item := waiting.get()) is not None and not self._closed:
                if (index := self._ran(slot, item)) is not None:
                    ended.put(index)
        finally:
            ended.put(None)

    def _ran(self, slot: int, item: Item) -> int | None:
        """The index of a step that has ended; None where its process ended before."""
        child = self._children.get(slot) or self._started()
        self._children[slot] = child
        if self._closed:
            self._forget(slot)
            return None
        line = ""
        with contextlib.suppress(OSError, ValueError):  # it ended, or was ended
            line = _answered(child, json.dumps(item))
        if not line:
            self._forget(slot)
        return int(line) if line.strip().isdigit() else None

    def _forget(self, slot: int) -> None:
        """Waits for the end of a process, and lets go of it."""
        child = self._children.pop(slot, None)
        for pipe in (child.stdin, child.stdout) if child is not None else ():
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        if child is not None:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # the system has not let it go yet
                child.wait(_END_S)

    def _started(self) -> "subprocess.Popen[str]":
        threads = max(1, cores() // self.slots)
        return subprocess.Popen(
            [sys.executable, "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(logcorr) | {"POLARS_MAX_THREADS": str(threads)},
        )


def _answered(child: "subprocess.Popen[str]", line: str) -> str:
    """What a process answers to a line; nothing where it ends before."""
    if child.stdin is None or child.stdout is None:
        return ""
    child.stdin.write(f"{line}\n")
    child.stdin.flush()
    return child.stdout.readline()


def start(address: str) -> Engine:
    """An engine of as many processes as the address says, or of one for each usable core. Raises UsageError."""
    number = address.removeprefix("//")
    if number and not (number.isascii() and number.isdigit() and int(number)):
        raise UsageError(f"engine 'processes:{address}': give the number of processes, as in processes:8.")
    slots = int(number) if number else cores()
    if slots * _LEAST_BYTES > machine_memory():
        most = max(1, machine_memory() // _LEAST_BYTES)
        raise UsageError(f"engine 'processes:{number}': this machine has memory for {most} processes at most.")
    return Processes(slots)
