"""Keys that are typed ahead, or arrive at once, go where the key before them leads."""

from collections.abc import Callable
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList

from logcorr_tui.app import keys_in_order
from logcorr_tui.app.keys_in_order import KeyPassed, KeysInOrderApp
from tests.tui.headless import Stage, play


class FieldScreen(Screen[None]):
    """A field that has the focus once the screen is there."""

    def compose(self) -> ComposeResult:
        yield Input(id="inner")

    def on_mount(self) -> None:
        self.query_one(Input).focus()


class Deaf(OptionList):
    """A list that loses what follows a key."""

    def post_message(self, message: Message) -> bool:
        return True if isinstance(message, KeyPassed) else super().post_message(message)


class Typed(KeysInOrderApp):
    """A list with the focus; keys of the app lead to a field, and to another screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "field", "Field"),
        Binding("n", "other", "Other screen"),
    ]

    def __init__(self, listing: Callable[[], OptionList] = OptionList) -> None:
        super().__init__()
        self._listing = listing

    def compose(self) -> ComposeResult:
        yield self._listing()
        yield Input(id="outer")

    def action_field(self) -> None:
        self.screen.set_focus(self.query_one("#outer", Input))

    def action_other(self) -> None:
        self.push_screen(FieldScreen())


def typed_at_once(app: Typed, *keys: str) -> None:
    """Keys as a terminal sends them, without a pause."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize(("opening", "field"), [("slash", "#outer"), ("n", "#inner")])
def test_what_is_typed_at_once_is_typed_where_the_first_key_leads(opening: str, field: str) -> None:
    text = "snap of n"

    async def act(stage: Stage) -> None:
        app = stage.app
        assert isinstance(app, Typed)
        await stage.until(lambda: isinstance(app.focused, OptionList))
        typed_at_once(app, opening, *text)
        app.post_message(events.Paste(" pasted"))
        typed_at_once(app, "!")

        def all_there() -> bool:
            fields = list(app.screen.query(field).results(Input))
            return bool(fields) and fields[0].value == f"{text} pasted!"

        await stage.until(all_there)

    play(Typed(), act, (60, 20))


def test_a_key_that_gets_nowhere_holds_the_next_ones_up_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_in_order, "_LONGEST_S", 0.01)

    async def act(stage: Stage) -> None:
        app = stage.app
        assert isinstance(app, Typed)
        await stage.until(lambda: isinstance(app.focused, Deaf))
        typed_at_once(app, "slash", "a", "b")
        await stage.until(lambda: app.query_one(Input).value == "ab")

    play(Typed(Deaf), act, (60, 20))
