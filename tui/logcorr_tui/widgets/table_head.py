"""The line on top of a table: the view, how many rows of it are shown, the row of the cursor, and what is under way."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from logcorr.model import View
from logcorr_tui.places import title_of
from logcorr_tui.text import plain


class TableHead(Horizontal):
    """Orphans · 12 of 3,173 rows · row 1 · sorting…"""

    def __init__(self, view: View, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._view = view

    def compose(self) -> ComposeResult:
        yield Static(plain(title_of(self._view)), id="view", markup=False)
        yield Static("", id="counts", markup=False)
        yield Static("", id="state", markup=False)

    def count(self, shown: int | None, total: int | None, cursor: int, *, narrowed: bool) -> None:
        """Rows that are shown and rows of the whole view, None where they are not known yet; the cursor from 0."""
        whole = "…" if total is None else f"{total:,}"
        counts = Text(no_wrap=True, overflow="ellipsis")
        if shown is not None and narrowed:
            counts.append(f"{shown:,}", style="bold").append(f" of {whole} rows")
        else:
            counts.append(whole, style="bold").append(" rows")
        if shown:
            counts.append(f"  ·  row {cursor + 1:,}", style="dim")
        # At every step of the cursor: so without a layout, and only where it is another text.
        self.query_one("#counts", Static).update(counts, layout=False)

    def state(self, text: str) -> None:
        """What is under way; nothing for nothing."""
        state = self.query_one("#state", Static)
        if str(state.content) != text:
            state.update(Text(text))
