"""Runs steps by a command, which any batch system may be behind.

The command gets a line for each step on its standard input, `STORE KEY PHASE INDEX`, quoted for a shell, and ends when
all are done: `xargs -P 8 -L 1 logcorr step`.
"""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence

import logcorr
from logcorr.cluster.engines.base import Engine, Item
from logcorr.compute.child_process import environment
from logcorr.compute.threads import cores
from logcorr.model.errors import EngineError, UsageError

_AT_ONCE = re.compile(r"(?:-P|--max-procs|--jobs|-j)[ =]?([1-9][0-9]{0,5})\b")


class Command:
    """An engine that is a command. It gives no index: who asks for steps finds their notes."""

    def __init__(self, command: str) -> None:
        at_once = _AT_ONCE.search(command)
        self.slots = int(at_once[1]) if at_once else cores()
        self._command = command
        self.said: dict[int, str] = {}
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        lines = "".join(f"{shlex.join(map(str, item))}\n" for item in items)
        self._child = subprocess.Popen(
            ["/bin/sh", "-c", self._command],
            stdin=subprocess.PIPE,
            env=environment(logcorr),
            start_new_session=True,
        )
        self._child.communicate(lines.encode())
        if self._child.returncode in (126, 127):
            raise EngineError(f"engine 'exec:{self._command}': the command cannot be run. Try it in a shell first.")
        yield from ()

    def close(self) -> None:
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGTERM)
            self._child.wait()


def start(address: str) -> Engine:
    """The engine of a command. Raises UsageError where there is none."""
    if not address.strip():
        raise UsageError("engine 'exec:': give a command, as in exec:'xargs -P 8 -L 1 logcorr step'.")
    return Command(address)
