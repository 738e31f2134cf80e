"""The TUI's one way for text that comes from a log: through `safe`, and then as `Text`, never as markup."""

from rich.style import Style
from rich.text import Text

from logcorr.text import safe

__all__ = ["plain", "safe"]


def plain(text: str | None, style: str | Style = "", limit: int = 200) -> Text:
    """Log text as a `Text` on one line: free of anything a terminal obeys, markup left as it is written."""
    return Text(safe(text, limit), style=style, no_wrap=True, end="")
