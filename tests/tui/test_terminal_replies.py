"""Late replies of a terminal never act as keys: split at any byte, delayed, and through a real pseudo terminal."""

import os
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcorr_tui.work.terminal_replies import InputSplitter, Piece
from tests.support.helpers import ROOT
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")

REPLIES = {
    "attributes": "\x1b[?62;22;52c",
    "attributes of a console": "\x1b[?6c",
    "secondary attributes": "\x1b[>41;380;0c",
    "tertiary attributes": "\x1bP!|00000000\x1b\\",
    "background": "\x1b]11;rgb:fafa/fbfb/fcfc\x1b\\",
    "background ended by a bell": "\x1b]11;rgb:0000/0000/0000\x07",
    "colour of the palette": "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    "clipboard": "\x1b]52;c;cXVpdCBub3cgcXFx\x1b\\",
    "no clipboard": "\x1b]52;c;\x07",
    "mode": "\x1b[?2026;2$y",
    "mode of ANSI": "\x1b[20;2$y",
    "version": "\x1bP>|XTerm(388)\x1b\\",
    "setting": "\x1bP1$r0 q\x1b\\",
    "keyboard": "\x1b[?15u",
    "status": "\x1b[0n",
    "colour scheme": "\x1b[?997;2n",
    "cursor with page": "\x1b[?12;40;1R",
    "size in cells": "\x1b[8;36;120t",
    "title": "\x1b]lqqq\x1b\\",
    "graphics": "\x1b_Gi=31;OK\x1b\\",
}


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pieces(splitter: InputSplitter, clock: Time, *blocks: str, pause: float) -> list[Piece]:
    """What comes of blocks that are read with a pause after each, while the driver looks every tenth of a second."""
    found: list[Piece] = []
    for block in blocks:
        found += splitter.feed(block)
        end = clock.now + pause
        while clock.now < end:
            clock.now = min(clock.now + 0.1, end)
            found += splitter.tick()
    return found


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.8])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))
def test_an_answer_that_is_awaited_is_whole_wherever_it_is_split(reply: str, pause: float) -> None:
    for place in range(1, len(reply)):
        clock = Time()
        splitter = InputSplitter(clock)
        splitter.asked = True
        found = pieces(splitter, clock, reply[:place], reply[place:], pause=pause)
        assert found == [Piece("sequence", reply)], f"split at {place}"
        assert pieces(splitter, clock, "q", pause=1) == [Piece("text", "q")]


@pytest.mark.parametrize("pause", [0.0, 0.15, 1.9])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))
def test_an_answer_that_nobody_awaits_is_no_letters_wherever_it_is_split(reply: str, pause: float) -> None:
    for place in range(1, len(reply)):
        clock = Time()
        splitter = InputSplitter(clock)
        found = pieces(splitter, clock, reply[:place], reply[place:], pause=pause)
        # A lone Escape that is not awaited can be told from the key by nothing; what follows it can.
        lone = [Piece("escape", "\x1b")] if place == 1 and pause else []
        assert found == [*lone, Piece("sequence", reply)], f"split at {place}"
        assert pieces(splitter, clock, "q", pause=1) == [Piece("text", "q")]


@pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))
def test_an_answer_byte_by_byte(reply: str) -> None:
    clock = Time()
    splitter = InputSplitter(clock)
    splitter.asked = True
    assert pieces(splitter, clock, *reply, pause=0.25) == [Piece("sequence", reply)]


@pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))
def test_the_keys_before_and_after_an_answer_are_keys(reply: str) -> None:
    splitter = InputSplitter(Time())
    found = list(splitter.feed(f"ab{reply}cd{reply}\x1b[A"))
    whole = Piece("sequence", reply)
    assert found == [Piece("text", "ab"), whole, Piece("text", "cd"), whole, Piece("sequence", "\x1b[A")]


@pytest.mark.parametrize("reply", [reply for reply in REPLIES.values() if len(reply) > 5])
def test_half_an_answer_does_not_take_the_keys_for_long(reply: str) -> None:
    clock = Time()
    splitter = InputSplitter(clock)
    assert pieces(splitter, clock, reply[:-2], pause=10.5) == []
    assert pieces(splitter, clock, "q", pause=0) == [Piece("text", "q")]
    # Enter, Ctrl+C and arrows end it at once.
    list(splitter.feed("\x1b]11;rgb:00"))
    assert list(splitter.feed("\r\x03")) == [Piece("text", "\r\x03")]
    list(splitter.feed("\x1b]11;rgb:00"))
    assert list(splitter.feed("\x1b[A")) == [Piece("sequence", "\x1b[A")]


def test_keys_are_keys() -> None:
    clock = Time()
    splitter = InputSplitter(clock)
    assert list(splitter.feed("\x1b")) == []
    clock.now += 0.1
    assert list(splitter.tick()) == [Piece("escape", "\x1b")]
    clock.now += 5
    # A bracket after Escape is a bracket, a little later.
    assert list(splitter.feed("[")) == [Piece("text", "[")]
    assert list(splitter.feed("\x1b")) == []
    clock.now += 0.2
    assert list(splitter.feed("[")) == [Piece("escape", "\x1b")]
    clock.now += 0.1
    assert list(splitter.tick()) == [Piece("text", "[")]
    assert list(splitter.feed("\x1bq\x1b\x1bOP\x1b[15~\x1b[<35;1;2M\x1b[[A")) == [
        Piece("alt", "\x1bq"),
        Piece("escape", "\x1b"),
        *(Piece("sequence", found) for found in ("\x1bOP", "\x1b[15~", "\x1b[<35;1;2M", "\x1b[[A")),
    ]


@given(text=st.text(max_size=40).filter(lambda text: "\x1b[201~" not in text), cuts=st.sets(st.integers(1, 50)))
def test_a_paste_is_one_paste_wherever_it_is_split(text: str, cuts: set[int]) -> None:
    whole = f"\x1b[200~{text}\x1b[201~"
    clock = Time()
    splitter = InputSplitter(clock)
    splitter.asked = True
    places = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    blocks = [whole[a:b] for a, b in pairwise(places)]
    if not text.endswith("\x1b"):
        assert pieces(splitter, clock, *blocks, pause=0.3) == [Piece("paste", text)]


@given(blocks=st.lists(st.text(st.sampled_from("\x1b[]OP_?;:$0129cqRyuMt~\x07\\\r \xe4"), max_size=8), max_size=8))
def test_no_input_stops_it(blocks: list[str]) -> None:
    """Whatever comes, keys work again after a while."""
    clock = Time()
    splitter = InputSplitter(clock)
    pieces(splitter, clock, *blocks, pause=0.05)
    clock.now += 20
    list(splitter.tick())
    assert list(splitter.feed("q")) == [Piece("text", "q")]


_APP = """
import sys
from textual.app import App
from textual.widgets import Static
from logcorr_tui.work.terminal_driver import TerminalDriver

class Keys(App):
    def compose(self):
        yield Static("ready", id="keys")

    def on_key(self, event):
        shown = self.query_one("#keys", Static)
        shown.update(f"{shown.render()} {event.key}")
        if event.key == "z":
            self.exit()

    def on_terminal_reply(self, event):
        print(repr(event.text), file=open(sys.argv[1], "a"))

Keys(driver_class=TerminalDriver).run()
"""


@pytest.mark.parametrize("place", [1, 4])
def test_no_answer_acts_as_a_key_through_a_pseudo_terminal(place: int, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT / "tui")]),
        "TERM": "xterm-256color",
    }
    log = tmp_path / "replies"
    terminal = Terminal([sys.executable, "-c", _APP, str(log)], tmp_path, environment, 80, 10)
    try:
        terminal.until("ready")
        # Textual knows the mode. After the answer to the last question, no other is awaited.
        replies = [reply for name, reply in REPLIES.items() if name != "mode" and not name.startswith("attributes")]
        replies.append(REPLIES["attributes"])
        for reply in replies:
            terminal.press(reply[:place])
            # Longer than Textual waits for the rest of a sequence.
            time.sleep(0.2)
            terminal.press(reply[place:])
        terminal.keys("y")
        terminal.until("ready y")
        terminal.press("z")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert log.read_text().splitlines() == [repr(reply) for reply in replies]
