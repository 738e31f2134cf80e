"""The choice of a column: of the one that a table is sorted by, and of the one that rows are counted by."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from logcorr.query.table_columns import Column
from logcorr_tui.look.safe_text import plain

AS_STORED = ":stored"


class ColumnPicker(ModalScreen[str | None]):
    """A list of columns: their names with the texts that are shown. The result is the name of one, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="sort.back", tooltip="Choose no column"),
        Binding("j", "down", "Down", id="sort.down", tooltip="The next column", show=False),
        Binding("k", "up", "Up", id="sort.up", tooltip="The column before", show=False),
    ]

    def __init__(self, title: str, texts: Mapping[str, str], first: str | None) -> None:
        super().__init__()
        self._title, self._texts, self._first = title, dict(texts), first

    def compose(self) -> ComposeResult:
        options = [Option(plain(text), id=name) for name, text in self._texts.items()]
        picker = OptionList(*options, markup=False)
        picker.border_title = Text(self._title)
        yield picker

    def on_mount(self) -> None:
        names = list(self._texts)
        self.query_one(OptionList).highlighted = names.index(self._first) if self._first in names else 0

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()


class SortPicker(ColumnPicker):
    """The result is the name of a column, AS_STORED, or None. The present column sorts the other way round."""

    def __init__(self, columns: tuple[Column, ...], present: tuple[str, bool] | None) -> None:
        texts = {AS_STORED: "as stored"}
        for column in columns:
            mark = ""
            if present and present[0] == column.name:
                mark = "  ▼ → ▲" if present[1] else "  ▲ → ▼"
            texts[column.name] = f"{column.title}{mark}"
        names = list(texts)
        super().__init__("Sort by", texts, present[0] if present and present[0] in texts else names[1])
