"""Logs that the real logrotate rotates while they are written: no line is lost, and none is read twice."""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from logcorr.inputs.follow.follower import Follower

LOGROTATE = shutil.which("logrotate") or shutil.which("logrotate", path="/usr/sbin:/sbin")
pytestmark = pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed")
_LINES = 3000
_CASES = [
    ("a.log", "create\n compress\n delaycompress"),
    ("a.log*", "create\n dateext\n dateformat -%s"),
    ("a.log*", "copytruncate"),
    ("a.log", "copytruncate\n compress\n delaycompress"),
]


class _Writer(threading.Thread):
    """Writes lines, some of them in two halves. A renamed log is left when the next line is written, as by SIGHUP.

    Nothing is written while logrotate copies and cuts: what is written between both is lost by its nature.
    """

    def __init__(self, log: Path, *, reopens: bool) -> None:
        super().__init__(daemon=True)
        self._log, self._reopens = log, reopens
        self.between, self.written = threading.Lock(), 0

    def run(self) -> None:
        file = self._log.open("ab", buffering=0)
        for number in range(_LINES):
            with self.between:
                if self._reopens and not self._is_current(file.fileno()):
                    file.close()
                    file = self._log.open("ab", buffering=0)
                line = f"line {number} {'x' * (number % 200)}\n".encode()
                half = len(line) // 2 if number % 7 == 0 else 0
                file.write(line[:half])
                file.write(line[half:])
            self.written = number
            if number % 20 == 0:
                time.sleep(0.022)
        file.close()

    def _is_current(self, descriptor: int) -> bool:
        try:
            status, now = os.fstat(descriptor), self._log.stat()
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == (now.st_dev, now.st_ino)


@pytest.mark.parametrize(("word", "mode"), _CASES)
def test_no_line_is_lost(tmp_path: Path, word: str, mode: str) -> None:
    assert LOGROTATE is not None
    tmp_path.chmod(0o700)
    log = tmp_path / "a.log"
    log.touch()
    settings = tmp_path / "rotate.conf"
    settings.write_text(f"{log} {{\n rotate 20\n size 1\n {mode}\n}}\n")
    settings.chmod(0o600)
    follower = Follower([str(tmp_path / word)])
    writer = _Writer(log, reopens="copytruncate" not in mode)
    lines: list[str] = []

    def poll() -> bool:
        pieces = follower.poll()
        lines.extend(line for piece in pieces for line in piece.text.decode().splitlines())
        return bool(pieces)

    poll()
    writer.start()
    rotated = 0
    while writer.is_alive():
        poll()
        if writer.written > (rotated + 1) * _LINES // 3:
            rotated += 1
            with writer.between:
                subprocess.run(
                    [LOGROTATE, "--force", "--state", str(tmp_path / "state"), str(settings)], check=True, cwd=tmp_path
                )
    time.sleep(0.6)
    while poll():
        pass
    assert rotated >= 2
    assert lines == [f"line {number} {'x' * (number % 200)}" for number in range(_LINES)]
    follower.close()
