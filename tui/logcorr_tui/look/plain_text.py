"""Plain text for screen readers: what is drawn with signs elsewhere is said in words or left out.

`PlainFilter` is the last that each line passes: whatever a widget draws, no frame, bar or sign reaches the terminal.
"""

import re
from functools import lru_cache
from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from logcorr_tui.look.palette import look_of

# Frames, blocks, geometric shapes, braille dots, dingbats, the bow tie of a pair.
_DRAWN = re.compile(r"[\u2500-\u25ff\u2713-\u2718\u2800-\u28ff\u22c8\u2b05-\u2b0d]")
# Signs with a letter of one cell that says the same.
_SIGNS = str.maketrans(
    {"·": ",", "•": "-", "≈": "~", "≠": "!", "⋈": "+", "✗": "!", "←": "<"}
    | dict.fromkeys("→▶▸", ">")
    | dict.fromkeys("↑↓↔⏎", " ")
)
# Keys in hints.
_KEYS = (("↑↓", "up, down: "), ("↔↑↓", "arrows: "), ("↔", "left, right: "), ("↓", "down"), ("⏎", "Enter: "))
# A comma stands at the end of what is before it.
_APART = re.compile(r"( +)·")
_SPACED = re.compile(r" {2,}")


def hint(app: App[Any], keys: str) -> str:
    """What keys do, as the app shows it. As plain text, keys have names: `up, down: select, Enter: open`."""
    if not look_of(app).plain:
        return keys
    for sign, word in sorted(_KEYS, key=lambda key: -len(key[0])):
        keys = keys.replace(sign, word)
    return _SPACED.sub(" ", keys.replace(" · ", ", "))


class PlainFilter(LineFilter):
    """Replaces what is drawn by blanks. A segment keeps its width, so that cells stay in their places."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [
            segment if segment.text.isascii() else Segment(_plain(segment.text), segment.style, segment.control)
            for segment in segments
        ]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    if text.rstrip() == "·":  # a cell without a value, and no comma
        return text.replace("·", "-")
    return _DRAWN.sub(" ", _APART.sub(r",\1", text).translate(_SIGNS))
