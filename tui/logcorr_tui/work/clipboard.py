"""Where a copied text goes: to the terminal (OSC 52), to a clipboard command of the system, or to a file.

A terminal does not answer whether it took a text. What is known of it comes from its name, and from tmux, which can be
asked.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from logcorr_tui.work.file_names import unused_name

_PATIENCE_S = 3.0
_FILE = "logcorr-copy.txt"
# Terminals that take a text by OSC 52 without being told to, by variables that they set, and by the start of TERM.
_TAKING_VARIABLES = ("KITTY_WINDOW_ID", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR", "ALACRITTY_WINDOW_ID", "WT_SESSION")
_TAKING_TERMS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour", "rio")
_REFUSING_TERMS = ("linux", "dumb", "screen")


@dataclass(frozen=True)
class Answer:
    """Whether the terminal takes a text (None: it does not say), and why."""

    takes: bool | None
    why: str


@dataclass(frozen=True)
class Way:
    """A command that takes a text on its standard input."""

    name: str
    command: tuple[str, ...]


def terminal_answer(environment: Mapping[str, str] | None = None) -> Answer:
    """What is known of the terminal. Asks tmux, so call it in a thread."""
    known = os.environ if environment is None else environment
    term = known.get("TERM", "")
    if known.get("TMUX"):
        return _tmux_answer()
    if known.get("STY"):
        return Answer(False, "screen does not pass it on.")
    if known.get("TERM_PROGRAM") == "Apple_Terminal":
        return Answer(False, "Terminal.app does not take it.")
    if any(known.get(name) for name in _TAKING_VARIABLES) or term.startswith(_TAKING_TERMS):
        return Answer(True, "")
    if term.startswith(_REFUSING_TERMS):
        return Answer(False, f"a terminal of the type {term!r} does not take it.")
    return Answer(None, "it does not say whether it took it.")


def _tmux_answer() -> Answer:
    try:
        setting = _asked("tmux", "show-options", "-gsv", "set-clipboard")
        features = _asked("tmux", "display-message", "-p", "#{client_termfeatures}")
    except (OSError, subprocess.SubprocessError):
        return Answer(None, "tmux could not be asked whether it passes it on.")
    if setting != "on":
        return Answer(False, f"tmux does not pass it on: its option set-clipboard is {setting or 'not known'}.")
    if "clipboard" not in features.split(","):
        return Answer(
            None, "tmux has it (paste with its prefix and ]), and does not know whether the terminal took it."
        )
    return Answer(True, "")


def _asked(*command: str) -> str:
    answered = subprocess.run(command, capture_output=True, check=True, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL)
    return answered.stdout.decode(errors="replace").strip()


def system_ways(environment: Mapping[str, str] | None = None) -> list[Way]:
    """The clipboard commands of this machine that can work here, the best first."""
    known = os.environ if environment is None else environment
    offers: list[tuple[bool, Way]] = [
        (bool(known.get("TMUX")), Way("tmux load-buffer -w", ("tmux", "load-buffer", "-w", "-"))),
        (sys.platform == "darwin", Way("pbcopy", ("pbcopy",))),
        (bool(known.get("WAYLAND_DISPLAY")), Way("wl-copy", ("wl-copy",))),
        (bool(known.get("DISPLAY")), Way("xclip", ("xclip", "-selection", "clipboard"))),
        (bool(known.get("DISPLAY")), Way("xsel", ("xsel", "--clipboard", "--input"))),
        (True, Way("clip.exe", ("clip.exe",))),
    ]
    return [way for fits, way in offers if fits and shutil.which(way.command[0])]


def run_way(way: Way, text: str) -> str:
    """Gives a text to a command. Returns what went wrong, empty for nothing. Call it in a thread."""
    try:
        # A command that serves the clipboard goes on, and would keep a pipe open.
        done = subprocess.run(
            way.command,
            input=text.encode(errors="replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{way.name} failed: {error}"
    return f"{way.name} ended with {done.returncode}." if done.returncode else ""


def write_copy(text: str, folder: Path | None = None) -> Path:
    """Writes a text to a new file that only this user may read, and returns its path. Raises OSError."""
    path = unused_name((folder or Path.cwd()) / _FILE)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf8") as file:
        file.write(text)
    return path
