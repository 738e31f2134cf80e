"""The app without a terminal: keys go in, and once nothing moves any more, what is on the screen comes out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from tests.helpers import looks
from tests.tui.picture import strips_of, svg, text_of

_STILL = 2
_LOOK_S = 0.04


class Stage:
    """An app that runs without a terminal."""

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Types into the field that has the focus, at once."""
        field = self.app.focused
        assert isinstance(field, Input)
        field.insert_text_at_cursor(text)
        await self.pilot.pause()

    async def look(self, size: tuple[int, int], theme: str) -> None:
        """Gives the screen this size and this theme, if it does not have them."""
        if tuple(self.app.size) != size:
            await self.pilot.resize_terminal(*size)
        if self.app.theme != theme:
            self.app.theme = theme

    async def see(self, *texts: str) -> None:
        """Waits until all these texts are on the screen."""
        await self.until(lambda: all(text in "\n".join(text_of(strips_of(self.app))) for text in texts), str(texts))

    async def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Waits until something holds."""
        for _ in looks(_LOOK_S):
            if holds():
                return
            await self.pilot.pause(_LOOK_S)
        raise AssertionError("\n".join([f"{what} did not come:", *text_of(strips_of(self.app))]))

    async def still(self) -> list[Strip]:
        """The screen's lines, once no worker is busy and several looks in a row are alike."""
        alike, before = 0, list[Strip]()
        for _ in looks(_LOOK_S):
            for field in self.app.screen.query(Input):
                field.cursor_blink = False
            await self.pilot.pause(_LOOK_S)
            now = strips_of(self.app)
            alike, before = (alike + 1 if now == before and not self._busy() else 0), now
            if alike == _STILL:
                return before
        raise AssertionError("the screen does not come to rest")

    async def picture(self, title: str = "") -> str:
        """The screen as SVG, once it is still."""
        strips = await self.still()
        colours = self.app.current_theme
        return svg(strips, str(colours.foreground), str(colours.background), title)

    def _busy(self) -> bool:
        """Whether a worker has work; the one that follows a child process is the app's own and goes on."""
        return any(not worker.is_finished and worker.node is not self.app for worker in self.app.workers)


def play(app: App[Any], act: Callable[[Stage], Awaitable[None]], size: tuple[int, int]) -> None:
    """Runs the app without a terminal while `act` acts."""

    async def playing() -> None:
        app.animation_level = "none"
        async with app.run_test(size=size) as pilot:
            await act(Stage(app, pilot))

    asyncio.run(playing())
