"""Runs one command as a whole process and measures it: wall, CPU, memory and bytes written of all its processes.

Linux only: memory is sampled from /proc. Only the standard library is loaded here, and the measuring process stays
small, because the kernel counts the parent's memory as a new child's until it runs its own program.
"""

import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SAMPLE_S = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """One run of one command. Seconds, bytes; `stopped` says why it was ended: "" (it was not), "time", "memory"."""

    wall_s: float
    cpu_s: float
    peak_rss: int
    written: int
    code: int
    stopped: str
    error: str

    def record(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float, most_bytes: int
) -> Measured:
    """Run a command to its end, or until it takes longer than `timeout_s` or more memory than `most_bytes`.

    CPU is user and system time of the process and of those it waited for (wait4). Memory is the largest sum of the
    resident sizes of the process and all below it, sampled every 50 ms, or the peak that the kernel noted for the
    largest of them where that is more. Bytes written are what the kernel counted as going to storage
    (`write_bytes`), or where that counts nothing (tmpfs) what was passed to write (`wchar`), pipes included.
    """
    os.sync()  # what an earlier command wrote is not to be written out during this one
    complaints = cwd / "stderr.txt"
    peak, stopped = 0, ""
    with complaints.open("wb") as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
            start_new_session=True,
        )  # fmt: skip
        ended = os.pidfd_open(process.pid)
        try:
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            while not poll.poll(SAMPLE_S * 1000):
                peak = max(peak, _resident(process.pid))
                late, large = time.perf_counter() - started > timeout_s, peak > most_bytes
                if late or large:
                    stopped = "time" if late else "memory"
                    os.killpg(process.pid, signal.SIGKILL)
                    poll.poll()
            wall = time.perf_counter() - started
            written = _written(process.pid)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            os.close(ended)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    with suppress(ProcessLookupError):  # what a pipeline may have left behind
        os.killpg(process.pid, signal.SIGKILL)
    error = complaints.read_bytes()[-2000:].decode(errors="replace").strip() if process.returncode else ""
    complaints.unlink()
    # What the kernel notes begins with what this process had when it started the other.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if usage.ru_maxrss > own:
        peak = max(peak, usage.ru_maxrss * 1024)
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(wall, cpu, peak, written, process.returncode, stopped, error)


def tree(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found


def _resident(pid: int) -> int:
    """Bytes resident now, added up over the process and all below it; pages they share count for each."""
    pages = 0
    for one in tree(pid):
        with suppress(OSError, IndexError):
            pages += int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE


def _written(pid: int) -> int:
    """Bytes that an ended process wrote, before it is waited for; the kernel has added those it waited for."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    counts = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return counts["write_bytes"] or counts["wchar"]
