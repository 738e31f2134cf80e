"""What follows logs while it is measured: `logcorr watch --json`, or the app in a pseudo terminal.

Both tell how many lines they have read. So the moment is known at which each line is shown: when as many are told.
"""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.measure import tree

_COLUMNS, _ROWS = 150, 45
_TICKS = os.sysconf("SC_CLK_TCK")
_SHOWN = re.compile(r"([0-9][0-9,]*) lines")
_ESCAPES = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# What may be the start of a sequence that goes on in the next block.
_BEGUN = re.compile(r"(?:\x1b[^A-Za-z\x07]{0,40})?\Z")
_TAIL = 300


class View:
    """A process that follows logs, and the moments at which it told how many lines it has read."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self.told: list[tuple[float, int]] = []
        self.last = self._rest = self._awaited = ""
        self._shown = 0.0
        self._moved = threading.Condition()
        self.process, self._descriptor = self._start(command, folder, env)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _start(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = os.pipe()
        with (folder / "stderr.txt").open("wb") as stderr:
            process = subprocess.Popen(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=stderr,
                start_new_session=True,
            )  # fmt: skip
        os.close(theirs)
        return process, ours

    def _read(self) -> None:
        rest = b""
        while block := self._block():
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                record = json.loads(line)
                if record["kind"] != "run":
                    self._tell(record["counts"]["lines"], line.decode())

    def _block(self) -> bytes:
        try:
            return os.read(self._descriptor, 1 << 16)
        except OSError:  # Linux's way to say that the other end of a terminal is closed
            return b""

    def _tell(self, lines: int | None, last: str) -> None:
        with self._moved:
            self.last = last
            if lines is not None:
                self.told.append((time.monotonic(), lines))
            self._moved.notify_all()

    def until(self, lines: int, timeout_s: float) -> None:
        """Waits until so many lines are told. Raises RuntimeError where that takes too long."""
        with self._moved:
            if not self._moved.wait_for(lambda: bool(self.told) and self.told[-1][1] >= lines, timeout_s):
                told = self.told[-1][1] if self.told else 0
                raise RuntimeError(
                    f"{told:,} of {lines:,} lines were shown within {timeout_s:.0f} s: {self.last[-500:]}"
                )

    def cpu_s(self) -> float:
        """Seconds of CPU that the process and all below it have taken."""
        ticks = 0
        for pid in tree(self.process.pid):
            with suppress(OSError, IndexError):
                fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS

    def peak_rss(self) -> int:
        """The most bytes that were resident, of the process and all below it, each at its own time."""
        total = 0
        for pid in tree(self.process.pid):
            with suppress(OSError, AttributeError):
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
                total += 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
        return total

    def close(self) -> int:
        """Ends it. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(5)
        os.close(self._descriptor)
        return self.process.returncode


class Screen(View):
    """The app in a pseudo terminal. `last` is the text that was drawn last, without colours and places."""

    def _start(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        around = {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        process = subprocess.Popen(
            command, cwd=folder, env=around, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        return process, ours

    def _read(self) -> None:
        begun = ""
        while block := self._block():
            raw = begun + block.decode("utf-8", "replace")
            begun = _BEGUN.search(raw)[0]  # type: ignore[index]
            with self._moved:
                text = self._rest + _ESCAPES.sub("", raw.removesuffix(begun))
                self._rest = text[-_TAIL:]
                if not self._shown and self._awaited in text:
                    self._shown = time.monotonic()
            found = _SHOWN.findall(text)
            self._tell(int(found[-1].replace(",", "")) if found else None, text)

    def press(self, key: str, shows: str, timeout_s: float = 10) -> float:
        """Presses a key. Returns the seconds until a text is drawn. Raises RuntimeError where that takes too long."""
        with self._moved:
            self._rest, self._awaited, self._shown = "", shows, 0.0
        begun = time.monotonic()
        os.write(self._descriptor, key.encode())
        with self._moved:
            if not self._moved.wait_for(lambda: bool(self._shown), timeout_s):
                raise RuntimeError(f"{shows!r} did not show within {timeout_s:.0f} s: {self.last[-500:]!r}")
            return self._shown - begun


def watch_command(folder: Path, *words: str) -> list[str]:
    """The command that follows the pair in a folder."""
    logs = [str(folder / "requests.log"), str(folder / "responses.log")]
    return [sys.executable, "-m", "logcorr", "watch", "--json", *words, *logs]


def app_command(folder: Path) -> list[str]:
    """The app that follows the pair in a folder."""
    logs = [str(folder / "requests.log"), str(folder / "responses.log")]
    return [sys.executable, "-m", "logcorr_tui", "--follow", *logs]
