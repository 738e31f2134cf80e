"""The filter chips of a table: the parts of its filter in a line, each of which can be removed."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from logcorr_tui.look.safe_text import safe

_LABEL_CELLS = 48


class FilterChips(Widget, can_focus=True):
    """A chip for each part of the filter. `x` or backspace removes the chosen chip, a click removes any chip.

    Chips of what the run itself was narrowed by stand in front. Where there is no other chip, `x` is for the last of
    these.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chips--chip", "chips--chosen", "chips--fixed", "chips--none"}
    DEFAULT_CSS = """
    FilterChips { text-wrap: nowrap; text-overflow: ellipsis; }
    FilterChips > .chips--chip { background: $primary 25%; color: $foreground; }
    FilterChips > .chips--chosen { background: $primary; color: $background; text-style: bold; }
    FilterChips > .chips--fixed { background: $panel; color: $foreground; }
    FilterChips > .chips--none { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "choose(-1)", "Chip before", id="chips.left", tooltip="The chip before", show=False),
        Binding("right,l", "choose(1)", "Next chip", id="chips.right", tooltip="The next chip", show=False),
        Binding("x,backspace,delete", "remove", "Remove", id="chips.remove", tooltip="Remove this chip", show=False),
    ]

    @dataclass
    class Removed(Message):
        """A chip is to be removed, by its number."""

        number: int

    @dataclass
    class OfRunRemoved(Message):
        """A chip of the run is to be removed, by its number."""

        number: int

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[str] = []
        self.hint = ""
        # Chips of the run, which stand in front.
        self.fixed: list[str] = []
        self._chosen = 0

    def show(self, labels: list[str], hint: str = "", fixed: list[str] | None = None) -> None:
        """Shows chips with these labels, or the hint where there is no chip. `fixed` chips are those of the run."""
        if (labels, hint, fixed or []) == (self.labels, self.hint, self.fixed):
            return
        self.hint, self.fixed = hint, fixed or []
        self.labels, self._chosen = labels, max(0, min(self._chosen, len(labels) - 1))
        self.refresh()

    def render(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        for label in self.fixed:
            text.append(_chip(label), style=self.get_component_rich_style("chips--fixed")).append(" ")
        if not self.labels:
            none = " · ".join(filter(None, ["all rows", "/ filters", "@ time", self.hint]))
            return text.append(none, style=self.get_component_rich_style("chips--none"))
        for number, label in enumerate(self.labels):
            name = "chosen" if self.has_focus and number == self._chosen else "chip"
            text.append(_chip(label), style=self.get_component_rich_style(f"chips--{name}"))
            text.append(" ")
        return text

    def on_click(self, event: events.Click) -> None:
        edge = self.styles.padding.left
        for number, label in enumerate([*self.fixed, *self.labels]):
            wide = Text(_chip(label)).cell_len
            if edge <= event.x < edge + wide:
                own = number - len(self.fixed)
                self.post_message(self.Removed(own) if own >= 0 else self.OfRunRemoved(number))
                return
            edge += wide + 1

    def action_choose(self, by: int) -> None:
        self._chosen = max(0, min(self._chosen + by, len(self.labels) - 1))
        self.refresh()

    def action_remove(self) -> None:
        if self.labels:
            self.post_message(self.Removed(self._chosen))
        elif self.fixed:
            self.post_message(self.OfRunRemoved(len(self.fixed) - 1))


def _chip(label: str) -> str:
    return f" {safe(label, _LABEL_CELLS)} × "
