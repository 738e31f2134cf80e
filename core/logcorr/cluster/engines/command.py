"""Runs steps by a command, which any batch system may be behind.

The command gets a line for each step on its standard input, `STORE KEY PHASE INDEX`, quoted for a shell, and ends when
all are done: `xargs -P 8 -L 1 logcorr step`.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO

import logcorr
from logcorr.cluster.engines.base import Engine, Item
from logcorr.compute.child_process import environment
from logcorr.compute.threads import cores
from logcorr.model.errors import EngineError, UsageError

_AT_ONCE = re.compile(r"(?:-P|--max-procs|--jobs|-j)[ =]?([1-9][0-9]{0,5})\b")
# So many of the last lines that a command has written are told where it fails, each up to so many characters.
_LAST_LINES, _LINE_CHARACTERS = 3, 200
# A command that is to end gets so long to end what it has started.
_END_S = 10
# What it leaves behind may keep its standard error open.
_LAST_WORDS_S = 1


class Command:
    """An engine that is a command. It gives no index: who asks for steps finds their notes."""

    advice = "Try the command in a shell. Where steps are killed, most likely out of memory, let it run fewer at a time"

    def __init__(self, command: str) -> None:
        at_once = _AT_ONCE.search(command)
        self.slots = int(at_once[1]) if at_once else cores()
        self._command = command
        self.said: dict[int, str] = {}
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, items: Sequence[Item]) -> Iterator[int]:
        lines = "".join(f"{shlex.join(map(str, item))}\n" for item in items)
        child = self._child = subprocess.Popen(
            ["/bin/sh", "-c", self._command],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(logcorr),
            start_new_session=True,
        )
        last: deque[str] = deque(maxlen=_LAST_LINES)
        reader = threading.Thread(target=_repeated, args=(child.stderr, last), name="stderr", daemon=True)
        reader.start()
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
                stdin.write(lines.encode())
        status = child.wait()
        reader.join(_LAST_WORDS_S)
        said = f"the command {self._command!r} {_ending(status)}"
        said += f" and wrote: {' / '.join(last)}" if last else " and wrote nothing to standard error"
        if status in (126, 127):
            raise EngineError(f"engine 'exec': {said}. It cannot be run: try it in a shell first.")
        if status:
            self.said |= dict.fromkeys((item[3] for item in items), said)
        yield from ()

    def close(self) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_END_S)
                return


def _repeated(stream: IO[bytes], last: "deque[str]") -> None:
    """Repeats on standard error what the command writes there, and keeps its last lines that are not empty."""
    with stream:
        for line in stream:
            text = line.decode(errors="replace")
            sys.stderr.write(text)
            sys.stderr.flush()
            if words := " ".join(text.split()):
                last.append(words[:_LINE_CHARACTERS])


def _ending(status: int) -> str:
    """How a process ended, in words."""
    return f"was ended by signal {-status}" if status < 0 else f"ended with exit status {status}"


def start(address: str) -> Engine:
    """The engine of a command. Raises UsageError where there is none."""
    if not address.strip():
        raise UsageError("engine 'exec:': give a command, as in exec:'xargs -P 8 -L 1 logcorr step'.")
    return Command(address)
