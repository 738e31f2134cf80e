"""`exec:`: what a command is given, what is told where it fails, and that it ends with the run."""

import shlex
import threading
import time
from pathlib import Path

import psutil
import pytest

from logcorr.cluster.engines import command
from logcorr.cluster.engines.base import Engine, Item, open_engine
from logcorr.model.errors import EngineError

PATIENCE_S = 30
ITEMS: list[Item] = [("/a store", "key", "map", 0), ("/a store", "key", "map", 7)]


def failed(text: str) -> Engine:
    engine = open_engine(f"exec:{text}")
    assert list(engine.run(ITEMS)) == []
    return engine


def test_it_gets_a_line_for_each_step(tmp_path: Path) -> None:
    assert failed(f"cat > {shlex.quote(str(tmp_path / 'given'))}").said == {}
    assert (tmp_path / "given").read_text() == "'/a store' key map 0\n'/a store' key map 7\n"


def test_a_command_that_fails_tells_its_last_lines(capfd: pytest.CaptureFixture[str]) -> None:
    engine = failed("for n in 1 2 3 4; do echo line $n >&2; echo >&2; done; exit 3")
    assert set(engine.said) == {0, 7}
    assert engine.said[0].startswith("the command 'for n in ")
    assert engine.said[0].endswith("' ended with exit status 3 and wrote: line 2 / line 3 / line 4")
    assert capfd.readouterr().err == "line 1\n\nline 2\n\nline 3\n\nline 4\n\n"


def test_a_command_that_says_nothing_or_is_killed() -> None:
    assert failed("exit 1").said[0].endswith("ended with exit status 1 and wrote nothing to standard error")
    assert "was ended by signal 9 and wrote" in failed("kill -9 $$").said[7]
    many = failed(r"head -c 300000 /dev/zero | tr '\0' x >&2; exit 1").said[0]
    assert len(many) < 400


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(EngineError, match=r"ended with exit status 127 and wrote: .*not found\. It cannot be run: try"):
        failed("no-such-command-here")


def test_what_a_command_leaves_behind_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LAST_WORDS_S", 0.1)
    pid = tmp_path / "pid"
    try:
        assert "exit status 1" in failed(f"sleep 60 & echo $! > {shlex.quote(str(pid))}; exit 1").said[0]
    finally:
        psutil.Process(int(pid.read_text())).kill()


@pytest.mark.parametrize("text", ["sleep 60", "trap '' TERM; while true; do sleep 0.1; done"])
def test_it_ends_with_the_run(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_END_S", 0.3)
    engine = open_engine(f"exec:{text}")
    assert isinstance(engine, command.Command)
    running = threading.Thread(target=lambda: list(engine.run(ITEMS)), daemon=True)
    running.start()
    deadline = time.monotonic() + PATIENCE_S
    while engine._child is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # the shell has set its trap by then; where it has not, it ends the sooner
    engine.close()
    running.join(PATIENCE_S)
    assert not running.is_alive()
