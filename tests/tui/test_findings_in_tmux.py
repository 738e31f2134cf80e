"""A real terminal: what got slow and for whom in two keys, which status and who is behind it, and the mouse."""

import re
import shutil
import time

import pytest

from logcorr.runs.run_folder import RunFolder
from tests.tui.test_findings import run
from tests.tui.test_tmux import Terminal, terminal

__all__ = ["run", "terminal"]
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not there")
_ESCAPE = "\x1b"


def opened(terminal: Terminal, run: RunFolder) -> str:
    terminal.open(str(run.path), "--store", str(run.path.parent))
    # The timeline is drawn last.
    return terminal.until(lambda text: all(word in text for word in ("Latency distribution", "─ Timeline", "complete")))


def mouse(terminal: Terminal, *events: tuple[int, int, int, str]) -> None:
    """Mouse events as a terminal reports them: button, column and row (from 1), M for pressed or moved, m for released."""
    for button, x, y, kind in events:
        terminal.tmux("send-keys", "-l", f"{_ESCAPE}[<{button};{x};{y}{kind}")
        time.sleep(0.1)


def row_of(shown: str, pattern: str) -> tuple[int, int]:
    """The column and the row, from 1, where a text begins on the screen."""
    for number, line in enumerate(shown.splitlines(), 1):
        if found := re.search(pattern, line):
            return found.start() + 1, number
    raise AssertionError(shown)


def test_what_got_slow_for_whom_and_by_which_status(terminal: Terminal, run: RunFolder) -> None:
    shown = opened(terminal, run)
    assert "04:00 to 04:05 UTC: p99 ×40" in shown, "what got slow stands on the overview before any key"
    terminal.keys("f", "w")
    shown = terminal.until(lambda text: "By user" in text and "By status" in text)
    assert "batch importer" in shown
    assert "503 Unavailable" in shown
    terminal.keys("Enter")
    terminal.until(lambda text: "04:00 to 04:05 UTC" in text and " rows" in text and "batch importer" in text)


def test_a_drag_chooses_a_time_that_the_orphans_are_narrowed_to(terminal: Terminal, run: RunFolder) -> None:
    shown = opened(terminal, run)
    _, top = row_of(shown, "╭─ Timeline")
    left, right, y = 50, 60, top + 3
    steps = [(32, x, y, "M") for x in range(left, right + 1, 2)]
    mouse(terminal, (0, left, y, "M"), *steps, (0, right, y, "m"))
    shown = terminal.until(lambda text: "4 orphans" in text)
    found = re.search(r"─ (\d\d:\d\d – \d\d:\d\d) · ", shown)
    assert found is not None, shown
    terminal.keys("4")
    terminal.until(lambda text: f"{found[1]} ×" in text and "of 60 rows" not in text and " rows" in text)


def test_a_second_click_on_a_status_shows_its_rows(terminal: Terminal, run: RunFolder) -> None:
    x, y = row_of(opened(terminal, run), "503 Unavailable")
    mouse(terminal, (0, x, y, "M"), (0, x, y, "m"))
    shown = terminal.until(lambda text: "▸503" in text)
    assert row_of(shown, "503 Unavailable") == (x, y), "the row stays where it was clicked"
    mouse(terminal, (0, x, y, "M"), (0, x, y, "m"))
    terminal.until(lambda text: "status 503 ×" in text)
