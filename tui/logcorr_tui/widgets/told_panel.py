"""The panel of the Open screen that shows what a log is taken for before it runs, and lets another format be chosen."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from logcorr.model.told import Choice, Told
from logcorr_tui.look import palette
from logcorr_tui.look.plain_text import hint
from logcorr_tui.widgets import told_texts

# The cells of margin, frame, padding and scroll bar around the lines of the panel.
_AROUND = 8
_LEAST_WIDTH = 30
_LEAST_LINES = 4
# The rows of a screen that are not for the first lines: fields, frames, sentence and footer.
_OTHER_ROWS = 18
_TIGHT = 32


class Choices(OptionList):
    """The formats to choose from. A number chooses too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(n), f"number({n})", "Format", show=False, id=f"open.format_{n}", tooltip=f"Choose format {n}")
        for n in range(1, 10)
    ]

    def action_number(self, number: int) -> None:
        """Highlights the format of a number, from 1."""
        if number <= self.option_count:
            self.highlighted = number - 1


class ToldPanel(Vertical):
    """What logs are taken for. Arrows or numbers choose a format, Enter runs the logs."""

    @dataclass
    class Chosen(Message):
        """Another format was chosen: show the lines as this format reads them."""

        form: str

    class Accepted(Message):
        """The logs are to run as they are shown."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.told: Told | None = None
        self._choices: list[Choice] = []

    def compose(self) -> ComposeResult:
        yield Static(id="what", markup=False)
        yield Choices(id="choices", compact=True)
        yield Static(id="lines", markup=False)

    def on_mount(self) -> None:
        self.display = False

    @property
    def choices(self) -> Choices:
        """The list of formats."""
        return self.query_one(Choices)

    def wait(self) -> None:
        """Shows that the first lines are being looked at."""
        self.display = True
        waiting = Text("looking at the first lines …", style=palette.of(self.app).dim)
        self.query_one("#what", Static).update(waiting)

    def clear(self) -> None:
        """Shows nothing."""
        self.told, self._choices = None, []
        self.display = False

    def show(self, told: Told) -> None:
        """Shows what logs are taken for. Where a format was named, the formats to choose from stay as they are."""
        found = next((log.choices for log in told.logs.values() if log.choices), [])
        self.told = told
        self._choices = found or (self._choices if any(not log.told for log in told.logs.values()) else [])
        self.display = True
        self.draw()

    def draw(self) -> None:
        """Draws what is shown, in the present size and theme."""
        told, colours = self.told, palette.of(self.app)
        if told is None:
            return
        width = max(self.app.size.width - _AROUND, _LEAST_WIDTH)
        self.query_one("#what", Static).update(told_texts.sentence(told, colours))
        choices = self.choices
        chosen = next((log.format for log in told.logs.values()), None)
        names = [choice.name for choice in self._choices]
        with choices.prevent(OptionList.OptionHighlighted):
            choices.clear_options()
            lines = told_texts.choice_lines(self._choices, width) if self._choices else []
            choices.add_options(Option(line, id=str(number)) for number, line in enumerate(lines))
            choices.highlighted = names.index(chosen) if chosen in names else None
        choices.display = bool(names)
        height = self.app.size.height
        most = 3 if height < _TIGHT else 5
        choices.styles.max_height = most
        rows = max(height - _OTHER_ROWS - min(len(names), most) + 3 * (height < _TIGHT), _LEAST_LINES)
        self.border_title = "Taken for" if told.error is None else "✗ Cannot be read"
        keys = "↓ or number: another format · ⏎ run" if len(names) > 1 else "⏎ run"
        self.border_subtitle = hint(self.app, keys)
        self.query_one("#lines", Static).update(told_texts.first_lines(told, width, rows, colours))

    @on(OptionList.OptionHighlighted, "#choices")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        name = self._choices[event.option_index].name if event.option_index < len(self._choices) else ""
        shown = {log.format for log in self.told.logs.values()} if self.told is not None else set()
        if name and name not in shown:
            self.post_message(self.Chosen(name))

    @on(OptionList.OptionSelected, "#choices")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Accepted())
