"""The choice of the column that a table is sorted by."""

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


class SortPicker(ModalScreen[str | None]):
    """The result is the name of a column, AS_STORED, or None. The present column sorts the other way round."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="sort.back", tooltip="Leave the order as it is"),
        Binding("j", "down", "Down", id="sort.down", tooltip="The next column", show=False),
        Binding("k", "up", "Up", id="sort.up", tooltip="The column before", show=False),
    ]

    def __init__(self, columns: tuple[Column, ...], present: tuple[str, bool] | None) -> None:
        super().__init__()
        self._columns, self._present = columns, present

    def compose(self) -> ComposeResult:
        options = [Option(Text("as stored"), id=AS_STORED)]
        for column in self._columns:
            mark = ""
            if self._present and self._present[0] == column.name:
                mark = "  ▼ → ▲" if self._present[1] else "  ▲ → ▼"
            options.append(Option(plain(f"{column.title}{mark}"), id=column.name))
        picker = OptionList(*options, markup=False)
        picker.border_title = "Sort by"
        yield picker

    def on_mount(self) -> None:
        names = [column.name for column in self._columns]
        self.query_one(OptionList).highlighted = names.index(self._present[0]) + 1 if self._present else 1

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()
