"""From screen to screen: each place is a mode of its own, which keeps what was filtered, sorted and selected in it."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import Screen

from logcorr.model import View
from logcorr_tui.state.navigation import VIEWS_OF_A_RUN


class ScreenModesApp(App[None]):
    """An app of modes, each with a base screen that is made when it is first seen."""

    def __init__(self) -> None:
        super().__init__()
        self.bases: dict[str, Screen[Any]] = {}
        for name in ("open", "run", *VIEWS_OF_A_RUN):
            self.add_mode(name, partial(self._make, name))

    def go(self, mode: str) -> None:
        """To the base screen of a mode, as it was left."""
        self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def forget(self, modes: tuple[str, ...], *, meanwhile: str) -> None:
        """Drops the screens of these modes: they show what is no more."""
        seen = [mode for mode in modes if self.bases.pop(mode, None) is not None]
        if self.current_mode in seen:
            self.go(meanwhile)
        for mode in seen:
            self.remove_mode(mode)
            self.add_mode(mode, partial(self._make, mode))

    def pass_on(self, message: Message) -> None:
        """Tells the screens that show a run in progress; their copy does not come back here."""
        for mode in ("run", "overview"):
            if mode in self.bases:
                told = copy.copy(message)
                setattr(told, "bubble", False)  # noqa: B010 - of this copy, not of its class
                self.bases[mode].post_message(told)

    def pop_screen(self) -> AwaitComplete:
        """Screens go back by this; from the base screen of a mode the way back leads to another mode."""
        if len(self.screen_stack) > 1:
            return super().pop_screen()
        self.action_step_back()
        return AwaitComplete()

    def ask(self, question: str, detail: str, then: Callable[[], Any]) -> None:
        """Asks yes or no, and does it on yes."""
        from logcorr_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.call_later(then)

        self.push_screen(ConfirmScreen(question, detail), answered)

    def action_step_back(self) -> None:
        """Where the base screen of a mode leads back to."""
        raise NotImplementedError

    def _make(self, mode: str) -> Screen[Any]:
        screen = self.bases[mode] = _base_screen(mode)
        return screen


def _base_screen(mode: str) -> Screen[Any]:
    """The base screen of a mode, imported when it is first seen."""
    if mode == "open":
        from logcorr_tui.screens.open import OpenScreen

        return OpenScreen()
    if mode == "run":
        from logcorr_tui.screens.run import RunScreen

        return RunScreen()
    if mode == "overview":
        from logcorr_tui.screens.overview import OverviewScreen

        return OverviewScreen()
    from logcorr_tui.screens.table import TableScreen

    return TableScreen(cast("View", mode))
