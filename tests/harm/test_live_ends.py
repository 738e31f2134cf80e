"""However the live screen ends, its child ends with it, and no file is left."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.helpers import ROOT, command, looks, start
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are found in /proc")
_LOOK_S = 0.05


def _child_of(pid: int) -> int:
    """The process below another one that follows logs."""
    for _ in looks(_LOOK_S):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                if b"watch" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    return int(child)
        time.sleep(_LOOK_S)
    raise AssertionError("there is no child")


def _is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@contextmanager
def _followed(folder: Path) -> Iterator[Terminal]:
    """The app in a terminal, once it shows what it follows."""
    (folder / "requests.log").write_text("2025-01-01T00:00:00Z,a,u\n")
    (folder / "responses.log").write_text("2025-01-01T00:00:00Z,a,200\n")
    home = folder / "home"
    home.mkdir()
    homes = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "TMPDIR")
    environment = {
        **os.environ,
        **dict.fromkeys(homes, str(home)),
        "PYTHONPATH": f"{ROOT / 'core'}{os.pathsep}{ROOT / 'tui'}",
        "TERM": "xterm-256color",
    }
    words = [sys.executable, "-m", "logcorr_tui", "--follow", "--no-store", "requests.log", "responses.log"]
    terminal = Terminal(words, folder, environment, 120, 40)
    try:
        terminal.until("2 lines")
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("how", ["ctrl+q", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_the_child_ends_with_the_app(tmp_path: Path, how: str) -> None:
    with _followed(tmp_path) as terminal:
        app = terminal.process
        child = _child_of(app.pid)
        try:
            if how == "ctrl+q":
                terminal.press("\x11")
            else:
                app.send_signal(getattr(signal, how))
            app.wait(30)
            for _ in looks(_LOOK_S):
                if _is_gone(child):
                    break
                time.sleep(_LOOK_S)
            assert _is_gone(child)
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["requests.log", "responses.log"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_watch_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "app.log").write_text('{"timestamp":"2025-01-01T00:00:00Z","status_code":200,"endpoint":"/"}\n')
    process = start(
        command("watch", "app.log", "--no-store", "--json", "--every", "50ms"), tmp_path, TMPDIR=str(tmp_path)
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    codes = {signal.SIGINT: 130, signal.SIGTERM: 0, signal.SIGKILL: -signal.SIGKILL, signal.SIGHUP: 0}
    assert process.returncode == codes[number]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["app.log"]
