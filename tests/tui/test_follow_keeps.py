"""What the app followed is a run once the app is gone, in a real terminal: after quitting, and after a hang-up."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logcorr.model.errors import UsageError
from logcorr.runs.find_runs import all_runs
from logcorr.runs.run_folder import RunFolder
from logcorr_tui import main
from logcorr_tui.work import follow_words
from logcorr_tui.work.follow_words import Follow
from logcorr_tui.work.watch_child import kept_text
from tests.support.helpers import looks, succeed
from tests.tui.test_tmux import Terminal

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not there")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    yield found
    found.tmux("kill-server")


def _until(condition: Callable[[], bool]) -> None:
    for _ in looks(0.1):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("nothing happened")


def _runs(folder: Path) -> list[RunFolder]:
    return all_runs(folder / "runs")


def _requests(run: RunFolder) -> int:
    report: Any = run.report
    requests: int = report.inputs.requests.entries
    return requests


def _follow(*words: str) -> Follow:
    return follow_words.follow_of(main._parser().parse_args(["--follow", *words]))


def test_the_words_of_what_is_kept() -> None:
    assert {"--resume", "--store=runs"} <= set(_follow("a.log", "--resume", "--store", "runs").words)
    assert "--no-store" in _follow("a.log", "--no-store").words
    with pytest.raises(UsageError, match="--no-store keeps nothing"):
        _follow("a.log", "--no-store", "--resume")
    with pytest.raises(UsageError, match="a folder of this machine"):
        _follow("a.log", "--store", "s3://bucket/x")


def test_what_was_kept_is_told() -> None:
    kept = {"run": "0123456789abcdef", "journal": "journal-1", "problem": None}
    assert kept_text(kept, None) == "run 0123456789abcdef: logcorr-tui 01234567 opens it."
    assert kept_text(kept, "a\x1b[31m") == "run 0123456789abcdef: logcorr-tui --store=a␛[31m 01234567 opens it."
    assert "logcorr runs settle journal-1" in kept_text({**kept, "run": None}, None)
    assert kept_text(None, None) == ""


@needs_tmux
def test_what_was_followed_is_a_run_however_the_app_is_left(terminal: Terminal, tmp_path: Path) -> None:
    succeed("generate", "pair", "logs", "--rows", "300", cwd=tmp_path)
    words = ("--follow", "logs/requests.log", "logs/responses.log", "--store", "runs")
    terminal.open(*words)
    terminal.until(lambda text: "in flight" in text and "requests.log" in text)
    _until(lambda: any(file.stat().st_size for file in (tmp_path / "runs").glob("journal-*/1-*.log")))
    terminal.keys("q")
    told = terminal.until(lambda text: "ended with 0" in text)
    (run,) = _runs(tmp_path)
    assert f"run {run.name}: logcorr-tui --store=runs {run.name[:8]} opens it." in told.replace("\n", "")
    before = _requests(run)
    # The same logs are gone on with. A terminal that is closed keeps them too.
    app = [sys.executable, "-m", "logcorr_tui", *words, "--resume"]
    terminal.keys("clear; " + " ".join(f"'{word}'" for word in app), "Enter")
    terminal.until(lambda text: "in flight" in text and "requests.log" in text)
    with (tmp_path / "logs" / "requests.log").open("a") as file:
        file.write("2025-11-21T16:00:00.000Z,req-zz,user-1\n")
    _until(lambda: any(b"req-zz" in file.read_bytes() for file in (tmp_path / "runs").glob("journal-*/0-*.log")))
    terminal.tmux("kill-server")
    _until(lambda: [one.name for one in _runs(tmp_path)] not in ([run.name], []) and len(_runs(tmp_path)) == 1)
    assert _requests(_runs(tmp_path)[0]) == before + 1
