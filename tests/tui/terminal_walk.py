"""A walk through the app in a terminal, by keyboard: after every step all of the screen is looked at."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.helpers import ROOT, looks
from tests.support.hostile import PAYLOADS
from tests.tui.terminal import Terminal, broken_boxes

# Escape as terminals send it once they are asked to disambiguate keys. The old byte also begins other sequences: an app
# that gets it late takes it for a part of the key after it.
ESCAPE, ENTER, OPEN, PALETTE, QUIT, PAGE_DOWN = "\x1b[27u", "\r", "\x0f", "\x10", "\x11", "\x1b[6~"
PASTED = "".join(PAYLOADS[name] for name in ("bidi", "pile", "emoji", "tags", "zero", "private", "c1"))
_MOMENT_LOOKS, _LOOK_S = 15, 0.01


class Walk:
    """Goes through the app; after every step all of the screen is looked at."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def to(self, keys: str, *words: str, without: str = "\0", boxes: bool = True) -> str:
        """Presses keys, waits for a screen that says so, and looks whether all of it stands in its place.

        Not so with `boxes` where a notice covers a part of them.
        """
        if keys:
            self.terminal.keys(keys)
        shown = self.terminal.until(*words, without=(without, "esc cancels"), right=broken_boxes if boxes else None)
        assert self.terminal.faults == [], f"after {keys!r}"
        return shown

    def home(self) -> None:
        """To the overview from wherever one is."""
        for _ in range(20):
            if "Latency distribution" in "\n".join(self.terminal.lines()):
                break
            self.press(ESCAPE, early=False)
            # Last, as an Escape that comes late may lead on from the overview.
            self.press("1", early=False)
        self.to("", "Latency distribution", boxes=False)
        assert self.terminal.faults == []

    def resize(self, columns: int, rows: int) -> None:
        """Goes to the overview and gives the terminal another size."""
        if (self.terminal.columns, self.terminal.rows) != (columns, rows):
            self.home()
            self.terminal.resize(columns, rows)
            # An Escape of the way home that came late may have led from the overview to what can be opened.
            for _ in looks(_MOMENT_LOOKS * _LOOK_S):
                self.press("1", early=False)
                if "Latency distribution" in "\n".join(self.terminal.lines()):
                    break
            self.to("", "Latency distribution", "Quit")
            self.terminal.settled = True

    def press(self, key: str, *, early: bool = True) -> None:
        """Presses a key that may change nothing; a busy machine takes as much longer over it as over these looks.

        Goes on early once something is drawn. That will not do for a key after which another is pressed only if what is
        drawn is not yet right.
        """
        start = time.monotonic()
        self.terminal.press(key)
        for _ in range(_MOMENT_LOOKS):
            time.sleep(_LOOK_S)
            if early and self.terminal.written_since(start):
                break

    def paste(self, text: str, *words: str) -> str:
        """Pastes as a terminal does that marks what was pasted."""
        return self.to(f"\x1b[200~{text}\x1b[201~", *words)


@contextmanager
def walking(words: Sequence[str], here: Path, columns: int, rows: int) -> Iterator[Walk]:
    """The app with these words, in a terminal of that size; at the end it must quit by a key, without a fault."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'core'}{os.pathsep}{ROOT / 'tui'}",
        **{f"XDG_{name}_HOME": str(here / ".home") for name in ("CACHE", "STATE", "CONFIG")},
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        # Pictures on the way to where it scrolls show nothing else, and take time.
        "TEXTUAL_ANIMATIONS": "none",
        "PYTHONFAULTHANDLER": "1",
        # Whatever these tests run in, the app is in this terminal.
        **dict.fromkeys(("TMUX", "STY", "DISPLAY", "WAYLAND_DISPLAY"), ""),
    }
    terminal = Terminal([sys.executable, "-m", "logcorr_tui", *words], here, environment, columns, rows)
    try:
        walk = Walk(terminal)
        yield walk
        walk.home()
        # Quits wherever one is: a key of the way home that comes late may have led to a field that takes letters.
        terminal.keys(QUIT)
        assert terminal.ended() == 0
        assert terminal.faults == []
    finally:
        terminal.close()
