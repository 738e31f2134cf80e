"""Runs steps in processes of this machine. They end with the process that started them.

A process gets items and gives indices as lines. One that ends in a step is started again for the next step. A step that
is slow is given to a second process, where one is idle.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import logcorr
from logcorr.cluster.engines.base import FEWER_SLOTS, Engine, Item, in_words
from logcorr.cluster.engines.step_queue import StepQueue
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
        steps = StepQueue(items)
        settled: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=self._work, args=(slot, steps, settled), name="slot", daemon=True)
            for slot in range(self.slots)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in items:
                if (index := settled.get()) is not None:
                    yield index
        finally:
            # What still runs was given to another process too, which was first.
            for slot in steps.close():
                if (child := self._children.get(slot)) is not None:
                    child.kill()
            for thread in threads:
                thread.join(_END_S)

    def close(self) -> None:
        self._closed = True
        for child in list(self._children.values()):
            child.kill()  # all first, so that they end at the same time
        for slot in list(self._children):
            self._forget(slot)

    def _work(self, slot: int, steps: StepQueue, settled: "queue.SimpleQueue[int | None]") -> None:
        """Has one process run steps, until none is left. None stands for a step that was lost."""
        while (item := steps.take(slot)) is not None:
            index = None
            try:
                index = None if self._closed else self._ran(slot, item)
            except OSError as error:
                self.said[item[3]] = in_words(error)
            if steps.settle(slot, ended=index is not None):
                settled.put(index)

    def _ran(self, slot: int, item: Item) -> int | None:
        """The index of a step that has ended; None where its process ended before."""
        child = self._children.get(slot) or self._started()
        self._children[slot] = child
        if self._closed:  # meanwhile
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
