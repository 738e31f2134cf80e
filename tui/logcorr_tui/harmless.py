"""The last look at every line before it goes to the terminal, whichever widget drew it, Textual's own among them.

Log text is made harmless where it is shown, by `safe`. This is for what has no such place: pasted text in an input.
"""

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from logcorr.text.safe import safe


class HarmlessFilter(LineFilter):
    """Takes out what a terminal would obey, and keeps the width of each segment, so that cells stay in their places."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [segment if _is_plain(segment.text) else _harmless(segment) for segment in segments]


def _is_plain(text: str) -> bool:
    # Nearly all of what is drawn; where each character has a cell of its own, nothing can pile up or hide.
    if text.isprintable() and (text.isascii() or cell_len(text) == len(text)):
        return True
    return safe(text, len(text)) == text


def _harmless(segment: Segment) -> Segment:
    """What takes no cell goes, the rest is as `safe` has it; a sequence that was narrower than its parts is cut."""
    seen = "".join(char for char in segment.text if cell_len(char))
    return Segment(set_cell_size(safe(seen, len(seen)), cell_len(segment.text)), segment.style, segment.control)
