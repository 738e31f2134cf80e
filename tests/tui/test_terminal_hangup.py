"""A terminal that goes away without a signal ends the app."""

import os
import pty
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.support.helpers import ROOT


def test_the_app_ends_with_its_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'core'}{os.pathsep}{ROOT / 'tui'}",
        "XDG_CACHE_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "TERM": "xterm-256color",
    }
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        app = subprocess.Popen(
            [sys.executable, "-m", "logcorr_tui"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    os.close(theirs)
    shown = threading.Event()

    def read() -> None:
        with suppress(OSError):
            while not shown.is_set() and b"logcorr" not in os.read(ours, 1 << 16):
                pass
        shown.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert shown.wait(20)
        reader.join()
        os.close(ours)
        app.wait(15)
    finally:
        app.kill()
        app.wait()
