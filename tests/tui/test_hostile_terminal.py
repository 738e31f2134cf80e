"""The app in a terminal, on logs that try to steer it: each screen by keyboard, every byte that is written."""

import base64
import os
import sys
import time
from collections.abc import Iterator

import pytest

from tests import hostile
from tests.helpers import ROOT, succeed
from tests.hostile import MARK, PAYLOADS, faults
from tests.tui.terminal import Terminal, broken_boxes

ESCAPE, ENTER, OPEN, PALETTE, PAGE_DOWN = "\x1b", "\r", "\x0f", "\x10", "\x1b[6~"
PASTED = "".join(PAYLOADS[name] for name in ("bidi", "pile", "emoji", "tags", "zero", "private", "c1"))
_MOMENT_S = 0.15
QUIET = "correlate", "--requests", "requests*", "--responses", "responses*"


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
        for key in (ESCAPE, "1") * 20:
            if "Latency distribution" in "\n".join(self.terminal.lines()):
                break
            self.press(key)
        self.to("", "complete", "Latency distribution", boxes=False)
        assert self.terminal.faults == []

    def press(self, key: str) -> None:
        """Presses a key that may change nothing."""
        self.terminal.press(key)
        time.sleep(_MOMENT_S)

    def paste(self, text: str, *words: str) -> str:
        """Pastes as a terminal does that marks what was pasted."""
        return self.to(f"\x1b[200~{text}\x1b[201~", *words)


@pytest.fixture(scope="module", params=[(120, 36), (80, 24)], ids=["120x36", "80x24"])
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The app as it correlates a pair of hostile logs; its store holds an older run, and one that cannot be read."""
    here = tmp_path_factory.mktemp("terminal")
    hostile.pair(here, b".log")
    folder, store = here / "folder", here / "store"
    folder.mkdir()
    for name in PAYLOADS.values():
        (folder / f"x{name.replace('/', ' ').replace(chr(0), '')[:60]}").touch()
    succeed(*QUIET, "--skew", "1000", "--store", store, cwd=here)
    (store / f"\x1b]0;{MARK}\x07\u202e[bold]").mkdir()
    (store / f"\x1b]0;{MARK}\x07\u202e[bold]" / "manifest.json").write_text("{}", encoding="utf8")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'core'}{os.pathsep}{ROOT / 'tui'}",
        **{f"XDG_{name}_HOME": str(here / ".home") for name in ("CACHE", "STATE", "CONFIG")},
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    command = [sys.executable, "-m", "logcorr_tui", *QUIET[1:], "--store", str(store)]
    terminal = Terminal(command, here, environment, *request.param)
    try:
        walk = Walk(terminal)
        walk.to("", "complete", "Latency distribution")
        yield walk
        walk.home()
        terminal.keys("q")
        assert terminal.ended() == 0
        assert terminal.faults == []
    finally:
        terminal.close()


VIEWS = (("2", "Slow"), ("3", "Errors"), ("4", "Orphans"), ("5", "Malformed"), ("7", "Duplicates"), ("8", "Skewed"))


def test_every_screen(walk: Walk) -> None:
    walk.home()
    # The tables of exchanges are laid out alike: narrow, one of each layout will do.
    for key, name in VIEWS if walk.terminal.columns > 100 else VIEWS[2:5]:
        walk.to(key, f" {name}  ", "·  row 1", MARK, without=" ·      ")
        walk.to(ENTER, f" {name} · row 1 of", "╭─ Fields", MARK)
        walk.press(PAGE_DOWN)
        walk.to(ESCAPE, "  ·  row ", "Detail")
    walk.to("llllllG", "  ·  row ")
    walk.to("9", " Users  ", MARK)
    walk.to(ENTER, "╭─ Fields", MARK)
    walk.to("6", "Started")
    walk.press(PAGE_DOWN)
    walk.to("", "Ledger · where", MARK)
    walk.to("?", "╭─ Keys")
    walk.to(ESCAPE, "Ledger · where")
    walk.to(PALETTE, "Search for commands")
    walk.paste(PASTED, MARK, "No matches found")
    walk.to(ESCAPE, "Ledger · where")


def test_filters_sorting_comparison_and_export(walk: Walk) -> None:
    walk.home()
    walk.to("3", " Errors  ", "·  row ", MARK)
    walk.to("/", "status>=500")
    walk.paste(f"user={PASTED}", MARK)
    walk.to(ENTER, "No rows: nothing in errors fits", MARK)
    walk.to("x", "·  row ", without="No rows")
    walk.to("/", "status>=500")
    walk.paste(f" {PASTED}={PASTED}", MARK)
    walk.to(ENTER, "✗", MARK)
    walk.to(ESCAPE, "Detail")
    walk.to("/", "status>=500")
    walk.paste(f'user~"{MARK}"', MARK)
    walk.to(ENTER, "  ·  row ", "×", MARK, without="filtering")
    walk.to("s", "╭─ Sort by")
    walk.to(f"jj{ENTER}", "request id", "row 1", MARK, without="Sort by")
    walk.to("x", "all rows", "·  row ", MARK)
    walk.to("w", "What differs", "stand out", MARK)
    walk.to(ESCAPE, " Errors  ", "·  row ")
    walk.to("e", "╭─ Export errors", "all rows of errors", MARK)
    # The field holds a name that would do; with this before it, it is one that no disk takes.
    walk.paste(PASTED, MARK)
    walk.to(ENTER, "! ", MARK)
    walk.to("\x15\x0b", "all rows of errors", without="! ")
    walk.paste(f"out-\u202e{MARK}\u200b.csv", MARK)
    walk.to(ENTER, MARK, "rows in", boxes=False)


def test_what_can_be_opened_and_compared(walk: Walk) -> None:
    walk.home()
    walk.to(OPEN, "╭─ Recent runs", "written in schema", MARK)
    walk.press("/")
    walk.to("folder/x", MARK)
    walk.paste(PASTED, MARK)
    walk.to(ENTER, "! ", "folder/x", MARK)
    walk.to(ESCAPE, "╭─ Recent runs")
    walk.press("\x1b[H")
    walk.to("c", "╭─ Compare with another run", "The chosen run is A", MARK)
    walk.to(ENTER, " A ", " B ", MARK, without="comparing …")
    walk.press(PAGE_DOWN)
    walk.to("x", " A ", " B ", MARK, without="comparing …")


def test_only_the_copy_key_writes_to_the_clipboard(walk: Walk) -> None:
    walk.home()
    walk.to("3", " Errors  ", "·  row ", MARK)
    walk.to(ENTER, "╭─ Fields", "╭─ Request log", MARK)
    assert walk.terminal.clips == []
    walk.to("y", "Copied.", boxes=False)
    (copied,) = walk.terminal.clips
    text = base64.b64decode(copied)
    assert MARK.encode() in text
    assert faults(text) == []
