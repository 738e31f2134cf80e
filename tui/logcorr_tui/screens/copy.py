"""Copies a text, and says what is known of where it went. Where the terminal does not take it, offers other ways."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from logcorr_tui.look.safe_text import plain, safe
from logcorr_tui.state.session import session_of
from logcorr_tui.work import clipboard
from logcorr_tui.work.clipboard import Way

_TERMINAL, _FILE = "terminal", "file"
_SHOWN_CELLS = 48


class CopyScreen(ModalScreen[str | None]):
    """Asks how to copy. The result is the name of a way, "terminal", "file", or None."""

    CSS_PATH = "copy.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="copy.back", tooltip="Copy nothing"),
        Binding("j", "down", "Down", id="copy.down", tooltip="The next way", show=False),
        Binding("k", "up", "Up", id="copy.up", tooltip="The way before", show=False),
    ]

    def __init__(self, said: str, ways: Sequence[Way], *, sent: bool) -> None:
        super().__init__()
        self._said, self._ways, self._sent = said, ways, sent

    def compose(self) -> ComposeResult:
        options = [Option(Text(f"Copy by {way.name}, from now on"), id=way.name) for way in self._ways]
        options.append(Option(Text("Write it to a file"), id=_FILE))
        if self._sent:
            options.append(Option(Text("It did come: do not say this again"), id=_TERMINAL))
        with Vertical(id="box") as box:
            box.border_title = "Copy"
            yield Static(plain(self._said, limit=300), id="said", markup=False)
            yield OptionList(*options, markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option.id)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()


class CopyingScreen(Screen[Any]):
    """A screen from which texts are copied."""

    _copied_last = ""

    def copy_text(self, text: str, what: str = "") -> None:
        """Copies a text. `what` names it for people; without it, its start does.

        Where it cannot be known whether the terminal took a text, to copy it once more asks for another way.
        """
        again, self._copied_last = text == self._copied_last, text
        self.run_worker(self._copy(text, what or _start_of(text), again=again), group="copy", exit_on_error=False)

    async def _copy(self, text: str, what: str, *, again: bool) -> None:
        session = session_of(self)
        ways = [] if self.app.is_web else await asyncio.to_thread(clipboard.system_ways)
        chosen = next((way for way in ways if way.name == session.copy_by), None)
        if chosen is not None and not again:
            await self._by(chosen, text, what)
            return
        answer = await asyncio.to_thread(clipboard.terminal_answer)
        if answer.takes is not False:
            self.app.copy_to_clipboard(text)
        if answer.takes or (session.copy_by == _TERMINAL and not again):
            self._note(f"Copied {what}.")
        elif answer.takes is None and not again:
            self._note(f"Sent {what} to the terminal: {answer.why} The same key again offers other ways.")
        else:
            self._ask(text, what, answer.why, ways, sent=answer.takes is None)

    def _ask(self, text: str, what: str, why: str, ways: Sequence[Way], *, sent: bool) -> None:
        def chosen(name: str | None) -> None:
            if name is None:
                return
            way = next((way for way in ways if way.name == name), None)
            if name != _FILE:
                session_of(self).copy_by = name
            if way is not None:
                self.run_worker(self._by(way, text, what), group="copy", exit_on_error=False)
            elif name == _FILE:
                self._write(text)

        said = f"{'Sent to the terminal:' if sent else 'Not copied:'} {why}"
        self.app.push_screen(CopyScreen(said, ways, sent=sent), chosen)

    async def _by(self, way: Way, text: str, what: str) -> None:
        wrong = await asyncio.to_thread(clipboard.run_way, way, text)
        if wrong:
            self._note(f"Not copied: {wrong}", bad=True)
        else:
            self._note(f"Copied {what} by {way.name}.")

    def _write(self, text: str) -> None:
        if self.app.is_web:
            import io

            self.app.deliver_text(io.StringIO(text), save_filename="logcorr-copy.txt")
            return
        try:
            path = clipboard.write_copy(text)
        except OSError as error:
            self._note(f"Not written: {error.strerror or error}", bad=True)
        else:
            self._note(f"Written to {path}")

    def _note(self, text: str, *, bad: bool = False) -> None:
        self.app.notify(safe(text, 400), severity="error" if bad else "information", timeout=4, markup=False)


def _start_of(text: str) -> str:
    """The start of a text, for a note."""
    first = text.splitlines()[0] if text.strip() else "nothing"
    return safe(first, _SHOWN_CELLS)
