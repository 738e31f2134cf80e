"""The prompt under a table: a line for a filter, a row to go to or a range of time, with a hint.

Tab completes a filter.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from logcorr.model.errors import UsageError
from logcorr.query import filter_language, filter_names
from logcorr_tui.look.safe_text import plain

Asked = Literal["filter", "go", "time"]

_MARKS: dict[Asked, str] = {"filter": "/", "go": ":", "time": "@"}
_MOST_EXAMPLES = 4
_HINTS: dict[Asked, str] = {
    "filter": "a word looks in id and user · or · tab completes",
    "go": "A row number, 50%, a time such as 15:10, or a part of an id",
    "time": "",
}
_MOST_OFFERED = 16


class FilterInput(Input):
    """The line of the prompt. Tab completes the present word."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", id="filter.complete", tooltip="Complete the word", show=False),
    ]

    class Complete(Message):
        """Tab was pressed."""

    def action_complete(self) -> None:
        self.post_message(self.Complete())


class Prompt(Vertical):
    """Asks for one thing at a time. The prompt stays open until it is closed, so that it can show an error."""

    @dataclass
    class Given(Message):
        """Enter was pressed."""

        asked: Asked
        text: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.asked: Asked | None = None
        self._schema: Mapping[str, pl.DataType] = {}
        self._seen: Mapping[str, Sequence[str]] = {}
        self._told: Callable[[str], str] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("", id="ask", markup=False)
            yield FilterInput(select_on_focus=False)
        yield Static("", id="hint", markup=False)

    def ask(
        self,
        what: Asked,
        value: str = "",
        schema: Mapping[str, pl.DataType] | None = None,
        seen: Mapping[str, Sequence[str]] | None = None,
        told: Callable[[str], str] | None = None,
    ) -> None:
        """Opens the prompt. A filter is completed from the columns of `schema` and the `seen` values of columns.

        `told` says what a text means, while it is typed. It raises UsageError for a text that means nothing yet.
        """
        self.asked, self._schema, self._seen, self._told = what, schema or {}, seen or {}, told
        self.query_one("#ask", Static).update(_MARKS[what])
        self.add_class("-open")
        line = self.query_one(FilterInput)
        line.value = value
        line.cursor_position = len(value)
        # At once, because the next key is meant for the prompt.
        self.screen.set_focus(line)
        self._hint(self._usual())

    def close(self) -> None:
        self.asked = None
        self.remove_class("-open")

    def refuse(self, why: str) -> None:
        """Shows what is wrong with the given text."""
        self._hint(f"✗ {why}", error=True)

    def _hint(self, text: str, *, error: bool = False) -> None:
        hint = self.query_one("#hint", Static)
        hint.set_class(error, "-error")
        hint.update(plain(text, limit=400))

    def _usual(self) -> str:
        """The usual hint: what can be written, with examples of present columns."""
        if self.asked is None:
            return ""
        if self._told is not None:
            return self._told("")
        fitting = filter_names.examples(self._schema, _MOST_EXAMPLES) if self.asked == "filter" else []
        return " · ".join(filter(None, [" ".join(fitting), _HINTS[self.asked]]))

    def _offered(self) -> list[str]:
        line = self.query_one(FilterInput)
        return filter_language.complete(line.value, line.cursor_position, self._schema, self._seen)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._told is not None:
            with contextlib.suppress(UsageError):  # while a text is typed, most starts of it mean nothing
                self._hint(self._told(message.value))
        elif self.asked == "filter" and self._schema:
            found = self._offered() if message.value.strip() else []
            self._hint("  ".join(found[:_MOST_OFFERED]) or self._usual())

    def on_filter_input_complete(self, message: FilterInput.Complete) -> None:
        message.stop()
        if self.asked != "filter" or not self._schema:
            return
        line, found = self.query_one(FilterInput), self._offered()
        if found:
            start, end = filter_language.token(line.value, line.cursor_position)
            chosen = found[0] if len(found) == 1 else _shared(found, line.value[start : line.cursor_position])
            line.value = line.value[:start] + chosen + line.value[end:]
            line.cursor_position = start + len(chosen)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if self.asked is not None:
            self.post_message(self.Given(self.asked, message.value))


def _shared(words: list[str], typed: str) -> str:
    """The common start of all words. The first word where the common start is no longer than the typed text."""
    shortest = min(words, key=len)
    size = next((n for n, char in enumerate(shortest) if any(word[n] != char for word in words)), len(shortest))
    return shortest[:size] if size > len(typed) else words[0]
