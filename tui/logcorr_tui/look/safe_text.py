"""Text that comes from a log or is pasted: made safe where it is shown, and once more before it goes to the terminal.

Log text goes through `safe`, and then is a `Text`, never markup. The filter is the last look at every line, whichever
widget drew the line: it is for text that has no such place, as pasted text in an input.
"""

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.filter import LineFilter

from logcorr.text import safe

__all__ = ["plain", "safe"]


def plain(text: str | None, style: str | Style = "", limit: int = 200) -> Text:
    """Log text as a `Text` on one line: free of anything a terminal obeys, markup left as it is written."""
    return Text(safe(text, limit), style=style, no_wrap=True, end="")


class EscapeFilter(LineFilter):
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
