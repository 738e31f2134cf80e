"""The ways between screens: each place is a mode, which keeps its filter, its order and its selection."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import Screen

from logcorr.model.options import View
from logcorr_tui.app.keys_in_order import KeysInOrderApp
from logcorr_tui.look.palette import look_of
from logcorr_tui.state.navigation import VIEWS_OF_A_RUN


class ScreenModesApp(KeysInOrderApp):
    """An app of modes. The base screen of a mode is made when it is first shown."""

    def __init__(self) -> None:
        super().__init__()
        self.bases: dict[str, Screen[Any]] = {}
        for name in ("open", "run", *VIEWS_OF_A_RUN):
            self.add_mode(name, partial(self._make, name))

    def go(self, mode: str) -> None:
        """Shows the base screen of a mode, as it was left."""
        self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def forget(self, modes: tuple[str, ...], *, meanwhile: str) -> None:
        """Drops the screens of these modes, because their run is not open any more."""
        seen = [mode for mode in modes if self.bases.pop(mode, None) is not None]
        if self.current_mode in seen:
            self.go(meanwhile)
        for mode in seen:
            self.remove_mode(mode)
            self.add_mode(mode, partial(self._make, mode))

    def pass_on(self, message: Message) -> None:
        """Sends a message to the screens that show a run in progress. Their copies do not bubble to the app."""
        for mode in ("run", "overview"):
            if mode in self.bases:
                told = copy.copy(message)
                setattr(told, "bubble", False)  # noqa: B010 - an attribute of the copy, not of its class
                self.bases[mode].post_message(told)

    def pop_screen(self) -> AwaitComplete:
        """Goes back by one screen. From the base screen of a mode, goes back to another mode."""
        if len(self.screen_stack) > 1:
            return super().pop_screen()
        self.action_step_back()
        return AwaitComplete()

    def ask(self, question: str, detail: str, then: Callable[[], Any]) -> Screen[Any]:
        """Asks a yes or no question, and calls `then` on yes. Returns the screen that asks."""
        from logcorr_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.call_later(then)

        screen = ConfirmScreen(question, detail)
        self.push_screen(screen, answered)
        return screen

    def action_step_back(self) -> None:
        """Goes back from the base screen of a mode."""
        raise NotImplementedError

    def _make(self, mode: str) -> Screen[Any]:
        screen = self.bases[mode] = _base_screen(mode, plain=look_of(self).plain)
        # Its styles are made as it is mounted. Else Textual parses all styles twice more before it paints the screen.
        screen._css_update_count = self._css_update_count  # noqa: SLF001 - there is no public way
        return screen


def _base_screen(mode: str, *, plain: bool) -> Screen[Any]:
    """The base screen of a mode, imported when it is first shown."""
    if mode == "open":
        from logcorr_tui.screens.open import OpenScreen

        return OpenScreen()
    if mode == "run":
        from logcorr_tui.screens.run import RunScreen

        return RunScreen()
    if mode == "overview" and plain:
        from logcorr_tui.screens.plain_overview import PlainOverviewScreen

        return PlainOverviewScreen()
    if mode == "overview":
        from logcorr_tui.screens.overview import OverviewScreen

        return OverviewScreen()
    from logcorr_tui.screens.table import TableScreen

    return TableScreen(cast("View", mode))
