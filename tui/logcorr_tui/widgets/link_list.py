"""A list whose lines lead to rows: Enter or a double click opens one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from logcorr_tui.state.found_rows import Link


class LinkList(OptionList):
    """Lines with a title. A line that leads nowhere cannot be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", id="links.down", tooltip="The next line", show=False),
        Binding("k", "cursor_up", "Up", id="links.up", tooltip="The line before", show=False),
    ]

    @dataclass
    class Followed(Message):
        """A line was chosen."""

        link: Link

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes, markup=False, compact=True)
        self.links: list[Link] = []

    def show(self, title: str, links: Sequence[Link]) -> None:
        """Shows other lines."""
        self.links = list(links)
        leads = any(link.rows or link.drill for link in links)
        self.border_title = Text(title)
        self.border_subtitle = Text("⏎ opens") if leads else None
        self.can_focus = leads
        self.clear_options()
        self.add_options([Option(_one_line(link.text), disabled=not (link.rows or link.drill)) for link in links])
        if leads:
            self.highlighted = next(n for n, link in enumerate(links) if link.rows or link.drill)

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        message.stop()
        self.post_message(self.Followed(self.links[message.option_index]))

    def on_click(self, event: events.Click) -> None:
        event.stop()


def _one_line(text: Text) -> Text:
    line = text.copy()
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
