"""Copies tell the truth: what is known of the terminal, what tmux answers, other ways, and what each of them says."""

import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.widgets import OptionList

from logcorr_tui.screens.copy import CopyingScreen, CopyScreen
from logcorr_tui.state.session import Session
from logcorr_tui.work import clipboard
from tests.tui.headless import Stage, play

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands here are scripts of a shell")
_VARIABLES = ("TMUX", "STY", "TERM_PROGRAM", "DISPLAY", "WAYLAND_DISPLAY", *clipboard._TAKING_VARIABLES)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of which nothing is known, and that has no command but those in the folder."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def _command(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _tmux(folder: Path, setting: str, features: str) -> None:
    _command(
        folder,
        "tmux",
        f'case "$1" in show-options) echo {setting};; display-message) echo {features};; *) exit 1;; esac',
    )


@pytest.mark.parametrize(
    ("environment", "takes"),
    [
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, True),
        ({"TERM": "foot"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, True),
        ({"TERM": "linux"}, False),
        ({"TERM": "screen.xterm", "STY": "1.x"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
    ],
)
def test_what_is_known_of_a_terminal(environment: dict[str, str], takes: bool | None) -> None:
    answer = clipboard.terminal_answer(environment)
    assert answer.takes is takes
    assert bool(answer.why) is (takes is not True)


@pytest.mark.parametrize(
    ("setting", "features", "takes", "why"),
    [
        ("on", "256,clipboard,RGB", True, ""),
        ("on", "256,RGB", None, "does not know whether the terminal took it"),
        ("external", "256,clipboard", False, "set-clipboard is external"),
        ("off", "clipboard", False, "set-clipboard is off"),
    ],
)
def test_tmux_is_asked(bare: Path, setting: str, features: str, takes: bool | None, why: str) -> None:
    _tmux(bare, setting, features)
    answer = clipboard.terminal_answer({"TMUX": "/run/tmux,1,0", "TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"})
    assert answer.takes is takes
    assert why in answer.why


@pytest.mark.parametrize("script", ["exit 1", "sleep 20"])
def test_a_tmux_that_cannot_be_asked_is_told_so(bare: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "_PATIENCE_S", 0.2)
    known = {"TMUX": "/run/tmux,1,0"}
    assert "could not be asked" in clipboard.terminal_answer(known).why
    _command(bare, "tmux", script)
    assert clipboard.terminal_answer(known) == clipboard.Answer(
        None, "tmux could not be asked whether it passes it on."
    )


def test_only_commands_that_are_there_and_can_work_are_offered(bare: Path) -> None:
    for name in ("xclip", "wl-copy", "xsel"):
        _command(bare, name, "exit 0")
    assert clipboard.system_ways({}) == []
    assert [way.name for way in clipboard.system_ways({"DISPLAY": ":0"})] == ["xclip", "xsel"]
    assert [way.name for way in clipboard.system_ways({"WAYLAND_DISPLAY": "wayland-0"})] == ["wl-copy"]


class CopyApp(App[None]):
    """An app that copies."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.sent: list[str] = []
        self.notes: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(CopyingScreen())

    def copy_to_clipboard(self, text: str) -> None:
        self.sent.append(text)

    def notify(self, message: str, **_: Any) -> None:
        self.notes.append(message)


Act = Callable[[Stage, CopyApp, Callable[[str], None]], Awaitable[None]]


def _play(act: Act) -> None:
    app = CopyApp()

    async def acted(stage: Stage) -> None:
        screen = next(screen for screen in app.screen_stack if isinstance(screen, CopyingScreen))
        await act(stage, app, screen.copy_text)

    play(app, acted, (80, 24))


@pytest.mark.usefixtures("bare")
def test_a_terminal_that_takes_it_gets_it_and_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITTY_WINDOW_ID", "1")

    async def act(stage: Stage, app: CopyApp, copy: Callable[[str], None]) -> None:
        copy("req-1")
        await stage.until(lambda: app.notes == ["Copied req-1."])
        assert app.sent == ["req-1"]

    _play(act)


def test_a_terminal_that_does_not_say_is_told_of_and_the_same_key_again_offers_ways(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("TAKEN", str(tmp_path / "taken"))
    _command(bare, "xclip", '/bin/cat > "$TAKEN"')

    async def act(stage: Stage, app: CopyApp, copy: Callable[[str], None]) -> None:
        copy("a[/oops]")
        await stage.until(lambda: len(app.notes) == 1)
        assert "Sent a[/oops] to the terminal: it does not say whether it took it." in app.notes[0]
        copy("a[/oops]")
        await stage.until(lambda: isinstance(app.screen, CopyScreen))
        await stage.see("Copy by xclip", "Write it to a file", "It did come")
        await stage.press("enter")
        await stage.until(lambda: app.notes[-1] == "Copied a[/oops] by xclip.")
        assert (tmp_path / "taken").read_text() == "a[/oops]"
        # From now on by that command.
        copy("b")
        await stage.until(lambda: app.notes[-1] == "Copied b by xclip.")
        assert (tmp_path / "taken").read_text() == "b"
        _command(bare, "xclip", "exit 3")
        copy("c")
        await stage.until(lambda: app.notes[-1] == "Not copied: xclip ended with 3.")

    _play(act)


@pytest.mark.usefixtures("bare")
def test_where_it_did_come_nothing_is_said_again() -> None:
    async def act(stage: Stage, app: CopyApp, copy: Callable[[str], None]) -> None:
        copy("a")
        await stage.until(lambda: len(app.notes) == 1)
        copy("a")
        await stage.see("It did come")
        app.screen.query_one(OptionList).highlighted = 1
        await stage.press("enter")
        await stage.until(lambda: not isinstance(app.screen, CopyScreen))
        copy("b")
        await stage.until(lambda: app.notes[-1] == "Copied b.")

    _play(act)


def test_a_tmux_that_does_not_pass_it_on_is_named_and_a_file_is_offered(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMUX", "/run/tmux,1,0")
    _tmux(bare, "external", "clipboard")

    async def act(stage: Stage, app: CopyApp, copy: Callable[[str], None]) -> None:
        copy("req-1\nreq-2")
        await stage.until(lambda: isinstance(app.screen, CopyScreen))
        await stage.see("Not copied: tmux does not pass it on", "tmux load-buffer")
        assert app.sent == []
        app.screen.query_one(OptionList).highlighted = 1
        await stage.press("enter")
        path = tmp_path / "logcorr-copy.txt"
        await stage.until(lambda: app.notes == [f"Written to {path}"])
        assert path.read_text() == "req-1\nreq-2"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    _play(act)
