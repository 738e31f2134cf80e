"""What a shell and its terminal do with the app: suspend, interrupt, few colours, none, a light background."""

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcorr_tui.app import LogcorrApp
from logcorr_tui.look.palette import Look
from logcorr_tui.screens.confirm import ConfirmScreen
from logcorr_tui.screens.help import HelpScreen
from logcorr_tui.work import terminal_background
from tests.support.helpers import ROOT, SAMPLE, looks, succeed
from tests.tui.headless import Stage, play
from tests.tui.terminal import Terminal as Pseudo
from tests.tui.test_tmux import Terminal, pytestmark

__all__ = ["pytestmark"]
_SGR = re.compile(r"\x1b\[([\d;:]*)m")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of the sample."""
    folder = tmp_path_factory.mktemp("sample")
    logs = (SAMPLE / "requests.log", SAMPLE / "responses.log")
    succeed("correlate", *logs, "--store", folder / "runs", cwd=folder)
    (found,) = (folder / "runs").iterdir()
    return found


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal; it is gone at the end, with what runs in it."""
    found = Terminal(tmp_path)
    yield found
    found.tmux("kill-server")


def start(terminal: Terminal, run: Path, tmp_path: Path, env: str = "") -> str:
    """Opens the run from a shell, with these variables. Returns the overview."""
    terminal.tmux("new-session", "-d", "-x", "120", "-y", "36", "-c", str(tmp_path), "sh")
    terminal.keys(f"{env} '{sys.executable}' -m logcorr_tui '{run}'; echo ended with $?", "Enter")
    return terminal.until(lambda text: "Latency distribution" in text and "complete" in text and "q Quit" in text)


def ink(picture: str, name: str) -> str:
    """The colour of the square before a name in a legend, in a picture with its escapes."""
    for found in re.finditer("■", picture):
        if _SGR.sub("", picture[found.end() :][:80]).startswith(f" {name}"):
            return str(_SGR.findall(picture[: found.start()])[-1])
    raise AssertionError(name)


def test_suspend_and_resume(terminal: Terminal, run: Path, tmp_path: Path) -> None:
    start(terminal, run, tmp_path)
    terminal.keys("C-z")
    terminal.until(lambda text: "Latency distribution" not in text)
    terminal.keys("echo in the $((40 + 2))nd shell", "Enter")
    terminal.until(lambda text: "in the 42nd shell" in text)
    terminal.keys("fg", "Enter")
    terminal.until(lambda text: "Latency distribution" in text and "q Quit" in text)
    terminal.keys("6")
    terminal.until(lambda text: "Peak memory" in text)
    terminal.keys("q")
    terminal.until(lambda text: "in the 42nd shell" in text)
    terminal.keys("echo it ended with $?", "Enter")
    terminal.until(lambda text: "it ended with 0" in text)


def test_interrupt_asks_once(terminal: Terminal, run: Path, tmp_path: Path) -> None:
    start(terminal, run, tmp_path)
    terminal.keys("C-c")
    terminal.until(lambda text: "Quit?" in text)
    terminal.keys("n")
    terminal.until(lambda text: "Quit?" not in text)
    terminal.keys("C-c")
    terminal.until(lambda text: "Quit?" in text)
    terminal.keys("C-c")
    terminal.until(lambda text: "ended with 0" in text)


@pytest.mark.parametrize("term", ["xterm", "linux"])
def test_sixteen_colours_tell_statuses_apart(terminal: Terminal, run: Path, tmp_path: Path, term: str) -> None:
    start(terminal, run, tmp_path, f"env -u NO_COLOR TERM={term} COLORTERM=")
    picture = terminal.tmux("capture-pane", "-e", "-p")
    colours = [ink(picture, name) for name in ("2xx", "3xx", "4xx", "5xx")]
    assert len(set(colours)) == len(colours), colours
    # Sixteen: no colour is named by its number or its parts.
    assert not re.search(r"\x1b\[[\d;]*[34]8[;:]", picture)


def test_without_colours_failures_are_seen(terminal: Terminal, run: Path, tmp_path: Path) -> None:
    start(terminal, run, tmp_path, "NO_COLOR=1 TERM=xterm-256color COLORTERM=truecolor")
    picture = terminal.tmux("capture-pane", "-e", "-p")
    assert ink(picture, "ok") != ink(picture, "5xx · latency")


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        ("\x1b]11;rgb:fafa/fbfb/fcfc\x1b\\", True),
        ("\x1b]11;rgb:ff/ff/ff\x07", True),
        ("\x1b]11;rgba:0000/0000/0000/ffff\x1b\\", False),
        ("\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\", False),
        ("\x1b]10;rgb:ffff/ffff/ffff\x1b\\", None),
        ("\x1b[?62c", None),
    ],
)
def test_the_answer_of_a_terminal_tells_its_ground(answer: str, *, light: bool | None) -> None:
    assert terminal_background.is_light(answer) is light


@pytest.mark.parametrize(("told", "light"), [("0;15", True), ("0;default;15", True), ("15;0", False), ("", False)])
def test_a_variable_tells_the_ground(told: str, *, light: bool) -> None:
    assert terminal_background.is_light_by_name({"COLORFGBG": told}) is light


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
def test_a_light_terminal_starts_light_and_is_not_remembered(tmp_path: Path) -> None:
    folders = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "STATE", "CONFIG")}
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT / "tui")])
    environment = {**os.environ, **folders, "PYTHONPATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    terminal = Pseudo([sys.executable, "-m", "logcorr_tui"], tmp_path, environment, 80, 24)
    try:
        terminal.until("Open a log")
        assert "48;2;15;17;26m" in terminal._tail.decode(errors="replace")
        terminal.keys("\x1b]11;rgb:ffff/ff", "ff/ffff\x1b\\", "\x1b[?62;22c")
        for _ in looks(0.05):
            if "48;2;251;251;253m" in terminal._tail.decode(errors="replace"):
                break
            time.sleep(0.05)
        assert "48;2;251;251;253m" in terminal._tail.decode(errors="replace")
        # A terminal that runs nothing but the app has no shell that could wake it up.
        terminal.keys("\x1a")
        terminal.until("There is no shell to go back to.")
        terminal.press("q")
        assert terminal.ended() == 0
        assert not (tmp_path / "STATE" / "logcorr" / "tui-state.json").exists()
    finally:
        terminal.close()


def test_only_the_themes_that_work_are_offered() -> None:
    for colours in ("all", "sixteen", "none"):
        app = LogcorrApp(look=Look(colours))
        assert set(app.available_themes) == {"logcorr-dark", "logcorr-light"}


@pytest.mark.usefixtures("own_settings")
def test_the_palette_speaks_our_words() -> None:
    titles: list[str] = []

    async def body(stage: Stage) -> None:
        await stage.press("t", "t")
        titles.extend(f"{found.title}: {found.help}" for found in app.get_system_commands(app.screen))

    app = LogcorrApp()
    play(app, body, (80, 24))
    assert any(title.startswith("Theme (t)") for title in titles)
    assert any(title.startswith("Quit (q)") for title in titles)
    assert not any("as soon as possible" in title or "aximize" in title for title in titles)


@pytest.mark.usefixtures("own_settings")
def test_interrupt_copies_what_is_marked_and_asks_above_a_dialog(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        await stage.press("slash", *"abc", "shift+home", "ctrl+c")
        assert stage.app.clipboard == "abc"
        assert not isinstance(stage.app.screen, ConfirmScreen)
        await stage.press("end", "ctrl+c")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen), "the question")
        await stage.press("n", "escape", "question_mark")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen), "the help")
        await stage.press("ctrl+c")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen), "the question above the help")
        await stage.press("n")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen), "the help again")

    play(LogcorrApp(store=str(tmp_path / "runs")), body, (80, 24))
