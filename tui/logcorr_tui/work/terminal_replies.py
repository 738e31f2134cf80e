"""Splits what a terminal sends into keys, pasted text and replies, so that a reply never acts as keys.

A terminal answers questions (its attributes, its colours, its modes, its clipboard) on the same line on which it sends
keys, and over a slow connection an answer comes late and in pieces. Textual's parser gives up on a sequence after a
tenth of a second, or where it does not know the sequence, and hands it on letter by letter
(findings/textual_terminal_input.sh).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Literal

ESC = "\x1b"
# A lone Escape is the key after this time. While an answer is outstanding, it may be the first byte of the answer.
ESCAPE_S = 0.1
ESCAPE_ASKED_S = 1.0
# So long a sequence that has begun may take. `ESC [` alone may be Alt and a bracket.
BEGUN_S = 10.0
AMBIGUOUS_S = 2.0
# So long after an Escape the rest of a reply is known by its start.
AFTER_ESCAPE_S = 3.0
_LONGEST = 1 << 16
_PASTE, _PASTE_END = "\x1b[200~", "\x1b[201~"

# One whole sequence: a mouse report of the old kind, a key of the Linux console, any other CSI, SS3, a string.
_WHOLE = re.compile(
    r"\x1b\[M[\x20-\uffff]{3}|\x1b\[\[[A-E]|\x1b\[[0-?]*[ -/]*[@-LN-Z\\-~]|\x1b\[[0-?]+[ -/]*M"
    r"|\x1bO\d?[A-Za-z]"
    r"|\x1b\](?:\d|[lLI])[^\x00-\x1f]*(?:\x07|\x1b\\)"
    r"|\x1b(?:P[0-9>=?!$+;]|_G)[^\x00-\x1f]*(?:\x07|\x1b\\)"
    r"|\x1b\\"
)
# The start of a sequence, up to the end of what has come.
_BEGUN = re.compile(
    r"\x1b\[M[\x20-\uffff]{0,2}\Z|\x1b\[\[\Z|\x1b\[[0-?]*[ -/]*\Z|\x1bO\d?\Z"
    r"|\x1b\](?:(?:\d|[lLI])[^\x00-\x1f]*\x1b?)?\Z|\x1b(?:P(?:[0-9>=?!$+;][^\x00-\x1f]*\x1b?)?|_(?:G[^\x00-\x1f]*\x1b?)?)?\Z"
)
# A sequence that breaks off, because a control character or another sequence follows: it is dropped.
_BROKEN = re.compile(r"\x1b\[[0-?]*[ -/]*\[?|\x1b(?:\](?:\d|[lLI])|P[0-9>=?!$+;]|_G)[^\x00-\x1f]*")
_AMBIGUOUS = frozenset(("\x1b[", "\x1bO", "\x1b]", "\x1bP", "\x1b_"))
# How a reply goes on whose Escape was taken for the key, where more than one character comes at once.
_WITHOUT_ESCAPE = re.compile(r"\[[<=>?]|\[\d+[;$n]|\]\d+;|\]l|P[0-9>=?!$+]|_G")
_STARTS = frozenset("[]P_")


@dataclass(frozen=True)
class Piece:
    """One thing that came: characters that are keys, one whole sequence, pasted text, or the Escape key."""

    kind: Literal["text", "sequence", "alt", "paste", "escape"]
    text: str


class InputSplitter:
    """Takes what was read, block by block, and gives its pieces. `clock` tells the seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held = ""
        self._since = self._last = 0.0
        self._escaped = -AFTER_ESCAPE_S
        self._pasting = False
        # Whether the terminal still owes an answer.
        self.asked = False

    @property
    def wait_s(self) -> float | None:
        """The seconds until `tick` has something to do. None where nothing is held."""
        return max(self._deadline() - self._clock(), 0.0) if self._held else None

    def feed(self, data: str) -> Iterator[Piece]:
        """The pieces that are whole with this block."""
        yield from self.tick()
        now = self._last = self._clock()
        if not self._held:
            self._since = now
            if now - self._escaped < AFTER_ESCAPE_S:
                if _WITHOUT_ESCAPE.match(data):
                    data = ESC + data
                elif data in _STARTS:
                    self._held = data
                    return
        elif self._held in _STARTS:
            together, self._held = self._held + data, ""
            data = ESC + together if _WITHOUT_ESCAPE.match(together) else together
        yield from self._split(self._held + data)

    def tick(self) -> Iterator[Piece]:
        """The pieces that are held no longer, because the rest of them has not come."""
        if not self._held or self._clock() < self._deadline():
            return
        held, self._held = self._held, ""
        if self._pasting:
            self._pasting = False
            yield Piece("paste", held.removeprefix(_PASTE))
        elif held == ESC:
            self._escaped = self._clock()
            yield Piece("escape", ESC)
        elif held in _STARTS:
            yield Piece("text", held)
        # The start of a reply that never came whole is dropped.

    def _deadline(self) -> float:
        if self._pasting:
            return self._last + BEGUN_S
        if self._held == ESC:
            return self._last + (ESCAPE_ASKED_S if self.asked else ESCAPE_S)
        if self._held in _STARTS:
            return self._last + ESCAPE_S
        # Not from the last byte on: keys that are pressed after half a reply must not prolong it.
        return self._since + (AMBIGUOUS_S if self._held in _AMBIGUOUS else BEGUN_S)

    def _split(self, text: str) -> Iterator[Piece]:
        self._held = ""
        while text:
            if self._pasting:
                pasted, end, rest = text.partition(_PASTE_END)
                if not end:
                    self._held = text
                    return
                self._pasting = False
                yield Piece("paste", pasted.removeprefix(_PASTE))
                text = rest
                continue
            plain, escape, rest = text.partition(ESC)
            if plain:
                yield Piece("text", plain)
            text = escape + rest
            if text.startswith(_PASTE):
                self._pasting = True
                continue
            if (whole := _WHOLE.match(text)) is not None:
                yield Piece("sequence", whole[0])
                text = text[whole.end() :]
            elif _BEGUN.match(text):
                self._held = text if len(text) < _LONGEST else text[:8] + text[-1:]
                return
            elif (broken := _BROKEN.match(text)) is not None:
                text = text[broken.end() :]
            elif text.startswith(ESC + ESC):
                yield Piece("escape", ESC)
                text = text[1:]
            elif text:
                yield Piece("alt", text[:2])
                text = text[2:]
