"""A real terminal, where tmux is there: open, run, see the overview, quit; and how soon the first picture comes."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.helpers import PATIENCE_S, ROOT, SAMPLE, generated, looks

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not there")


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, here: Path) -> None:
        self._socket = str(here / "tmux")
        self._here = here

    def tmux(self, *words: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT / "tui")]), "LANG": "C.UTF-8"}
        environment |= {f"XDG_{name}_HOME": str(self._here / name) for name in ("CACHE", "STATE", "CONFIG")}
        command = ["tmux", "-u", "-S", self._socket, "-f", os.devnull, *words]
        return subprocess.run(
            command, env=environment, capture_output=True, check=False, text=True, encoding="utf8", timeout=PATIENCE_S
        ).stdout

    def open(self, *words: str) -> None:
        app = [sys.executable, "-m", "logcorr_tui", *words]
        self.tmux("new-session", "-d", "-x", "120", "-y", "36", "-c", str(self._here), "sh")
        self.keys(" ".join(f"'{word}'" for word in app) + "; echo ended with $?", "Enter")

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def until(self, holds: Callable[[str], bool]) -> str:
        """Waits for a screen."""
        shown = ""
        for _ in looks(0.05):
            if holds(shown := self.screen()):
                return shown
            time.sleep(0.05)
        raise AssertionError(shown)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal; it is gone at the end, with what runs in it."""
    found = Terminal(tmp_path)
    yield found
    found.tmux("kill-server")


def test_open_run_look_quit(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open(str(SAMPLE / "requests.log"), str(SAMPLE / "responses.log"), "--store", str(tmp_path / "runs"))
    shown = terminal.until(lambda text: "Latency distribution" in text and "complete" in text)
    assert "requests.log ⋈ responses.log" in shown
    terminal.keys("6")
    terminal.until(lambda text: "every line is accounted for" in text)
    terminal.keys("q")
    terminal.until(lambda text: "ended with 0" in text)
    assert [path.name.startswith(".") for path in (tmp_path / "runs").iterdir()] == [False]


def test_open_an_access_log_drill_quit(terminal: Terminal, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    agents = ("curl/8", "Mozilla/5.0")
    log.write_text(
        "".join(
            f'10.0.0.{n % 3} - - [21/Nov/2025:14:0{n % 10}:00 +0000] "GET /{"ab"[n % 2]} HTTP/1.1" 200 12 "-" "{agents[n % 2]}"\n'
            for n in range(40)
        ),
        encoding="utf8",
    )
    terminal.open(str(log), "--store", str(tmp_path / "runs"))
    terminal.until(lambda text: "Suspicious" in text and "complete" in text)
    terminal.keys("4")
    terminal.until(lambda text: "Endpoints  2 rows" in text and "/a " in text)
    terminal.keys("Enter")
    terminal.until(lambda text: "endpoint /a ×" in text and "20 of 40 rows" in text)
    terminal.keys("q")
    terminal.until(lambda text: "ended with 0" in text)


def test_questions_of_an_incident_in_few_keys_and_a_copy_that_tells_the_truth(
    terminal: Terminal, tmp_path: Path
) -> None:
    generated(tmp_path / "pair", 12_000, incident=True, users=300)
    logs = [str(tmp_path / "pair" / f"{side}.log") for side in ("requests", "responses")]
    terminal.open(*logs, "--store", str(tmp_path / "runs"))
    terminal.until(lambda text: "Latency distribution" in text and "complete" in text)
    pressed = 0

    def press(*keys: str) -> None:
        nonlocal pressed
        pressed += len(keys)
        terminal.keys(*keys)

    # Which requests got no answer from 15:05 to 15:15, as JSON.
    press("4")
    terminal.until(lambda text: "Orphans  1" in text or "lost" in text)
    press("@")
    terminal.until(lambda text: "15:05 is ten minutes from then" in text)
    press("1", "5", "0", "5")
    terminal.until(lambda text: "@ 1505" in text)
    press("Enter")
    terminal.until(lambda text: "15:05 – 15:15 ×" in text and re.search(r"[0-9]+ of [0-9]+ rows", text) is not None)
    press("e")
    terminal.until(lambda text: "Export orphans" in text)
    press("Enter")
    terminal.until(lambda text: "rows," in text and "orphans-filtered.json" in text and "Export orphans" not in text)
    assert pressed <= 10
    records = json.loads((tmp_path / "orphans-filtered.json").read_text())
    assert records
    assert all("2025-11-21T15:05" <= record["time"] < "2025-11-21T15:15" for record in records)
    # For which users.
    pressed = 0
    press("b")
    terminal.until(lambda text: "Count these rows by" in text)
    press("Enter")
    shown = terminal.until(lambda text: "Orphans by user" in text and "entries ▼" in text and "user-" in text)
    assert pressed == 2
    assert "share" in shown
    # What happened to an id that is pasted.
    pressed = 1
    identity = next(record["request_id"] for record in records if record["side"] == "request")
    terminal.tmux("set-buffer", identity)
    terminal.tmux("paste-buffer", "-p")
    terminal.until(lambda text: "⏎ opens the first row" in text and identity in text)
    press("Enter")
    terminal.until(lambda text: "no response in the" in text and f",{identity}," in text)
    assert pressed <= 3
    # tmux does not pass a copy on unless it is told to.
    terminal.tmux("set-option", "-gs", "set-clipboard", "external")
    terminal.keys("Y")
    terminal.until(lambda text: "Not copied: tmux does not pass it on" in text and "tmux load-buffer" in text)
    terminal.keys("Enter")
    terminal.until(lambda text: "Copied the row by tmux load-buffer" in text)
    assert json.loads(terminal.tmux("show-buffer"))["request_id"] == identity
    terminal.keys("q")
    terminal.until(lambda text: "ended with 0" in text)


def test_quitting_at_once_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.open()
    terminal.until(lambda text: "Recent runs" in text)
    terminal.keys("q")
    terminal.until(lambda text: "ended with 0" in text)


def test_a_log_that_comes_through_a_pipe_is_followed_and_keys_come_from_the_terminal(
    terminal: Terminal, tmp_path: Path
) -> None:
    pair = tmp_path / "pair"
    generated(pair, 400)
    app = f"'{sys.executable}' -m logcorr_tui"
    terminal.tmux("new-session", "-d", "-x", "120", "-y", "36", "-c", str(tmp_path), "sh")
    # The writer holds the pipe open, as `kubectl logs -f` does.
    terminal.keys(f"(cat pair/responses.log; sleep 600) | {app} pair/requests.log -", "Enter")
    terminal.until(lambda text: "● live" in text and "requests.log ⋈ -" in text and "3 Slowest" in text)
    terminal.keys("3")
    terminal.until(lambda text: "Slowest · The slowest exchanges" in text)
    terminal.keys("Enter")
    terminal.until(lambda text: "Request log · pair/requests.log:" in text and "Response log · stdin:" in text)
    terminal.keys("Escape")
    terminal.until(lambda text: "Slowest · The slowest exchanges" in text)
    terminal.keys("q")
    terminal.until(lambda text: "logcorr  " not in text)
    # The pipe is closed, but a writer that sleeps notices only when it writes.
    terminal.keys("C-c")
    terminal.keys("echo $((6 * 7)) lines", "Enter")
    terminal.until(lambda text: "42 lines" in text)


def test_a_pipe_that_ends(terminal: Terminal, tmp_path: Path) -> None:
    line = '{"timestamp":"2025-10-10T13:55:30Z","method":"GET","endpoint":"/b","status_code":503,"response_time":3}\n'
    with gzip.open(tmp_path / "access.log.gz", "wt") as file:
        file.write(line * 40)
    terminal.tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", str(tmp_path), "sh")
    terminal.keys(f"zcat access.log.gz | '{sys.executable}' -m logcorr_tui -; echo ended with $?", "Enter")
    terminal.until(lambda text: "■ ended" in text and "2 Failed 40" in text and "100 %" in text)
    terminal.keys("q")
    terminal.until(lambda text: "ended with 0" in text)
