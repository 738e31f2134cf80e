"""Keeps terminal escapes and markup of logs away from the terminal.

A widget shows log text by `plain`: through `safe`, and as a `Text`, never as markup. `EscapeFilter` checks every line
once more before the line goes to the terminal. It is for text that no widget of ours shows, as pasted text in an input.
"""

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.filter import LineFilter

from logcorr.text.safe import safe

__all__ = ["plain", "safe"]


def plain(text: str | None, style: str | Style = "", limit: int = 200) -> Text:
    """Log text as a `Text` on one line, without anything that a terminal obeys. Markup stays as it is written."""
    return Text(safe(text, limit), style=style, no_wrap=True, end="")


class EscapeFilter(LineFilter):
    """Takes out what a terminal would obey. A segment keeps its width, so that cells stay in their places."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [segment if _is_plain(segment.text) else _harmless(segment) for segment in segments]


def _is_plain(text: str) -> bool:
    # Nearly all text is plain: where each character takes one cell, no character can hide or pile up.
    if text.isprintable() and (text.isascii() or cell_len(text) == len(text)):
        return True
    return safe(text, len(text)) == text


def _harmless(segment: Segment) -> Segment:
    """The segment without characters that take no cell, made safe, and cut to the width that it had."""
    seen = "".join(char for char in segment.text if cell_len(char))
    return Segment(set_cell_size(safe(seen, len(seen)), cell_len(segment.text)), segment.style, segment.control)
