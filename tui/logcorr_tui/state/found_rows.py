"""Rows of views that were found by something other than a table, and what a line of a list leads to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.text import Text

from logcorr.model.options import View
from logcorr.query.table_columns import Column, Row
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.state.messages import Drill


class RowSource(Protocol):
    """Rows of one view of a run, as the detail of a row needs them."""

    run: RunFolder
    view: View
    files: dict[str, list[str]]
    columns: tuple[Column, ...]

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from row `offset` (from 0) on. May read files."""


@dataclass
class FoundRows:
    """A few rows of a view, in memory."""

    run: RunFolder
    view: View
    files: dict[str, list[str]]
    columns: tuple[Column, ...]
    rows: list[Row]

    def page(self, offset: int, count: int) -> list[Row]:
        """Up to `count` rows from row `offset` (from 0) on."""
        return self.rows[offset : offset + count]


@dataclass
class Link:
    """A line of a list, and what it leads to: a row, by its number among found rows; other rows; or nothing."""

    text: Text
    rows: FoundRows | None = None
    number: int = 0
    drill: Drill | None = None


def plain_links(texts: Sequence[Text]) -> list[Link]:
    """Lines that lead nowhere."""
    return [Link(text) for text in texts]
