"""The app without a terminal: keys go in, and once nothing moves any more, what is on the screen comes out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from tests.support.helpers import PATIENCE_S, looks
from tests.tui.picture import strips_of, svg, text_of

AnyApp = TypeVar("AnyApp", bound=App[Any])
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


class Shared(Generic[AnyApp]):
    """An app that goes on from one test to the next: its event loop is its own, and stands still between them.

    Starting an app and making its screens takes most of the time of a test. After a test that failed there is a new one.
    """

    def __init__(self, make: Callable[[], AnyApp], size: tuple[int, int]) -> None:
        self._make, self._size = make, size
        self._runner: asyncio.Runner | None = None
        self._opened: AbstractAsyncContextManager[Pilot[Any]] | None = None

    def play(self, act: Callable[[Pilot[Any], AnyApp], Awaitable[None]], size: tuple[int, int] | None = None) -> None:
        """Lets `act` act in the app at this size, else at the one it was made with."""
        if self._runner is None:
            self._app = self._make()
            self._app.animation_level = "none"
            self._runner = asyncio.Runner()
            self._opened = self._app.run_test(size=self._size)
            self._pilot: Pilot[Any] = self._runner.run(self._entered(self._opened))
        try:
            self._runner.run(asyncio.wait_for(self._acted(act, size or self._size), 4 * PATIENCE_S))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the app, if it runs; raises what it failed by."""
        runner, opened, self._runner, self._opened = self._runner, self._opened, None, None
        if runner is not None and opened is not None:
            with runner:
                runner.run(self._left(opened))

    async def _acted(self, act: Callable[[Pilot[Any], AnyApp], Awaitable[None]], size: tuple[int, int]) -> None:
        if tuple(self._app.size) != size:
            await self._pilot.resize_terminal(*size)
        await act(self._pilot, self._app)
        assert self._app._exception is None, "the app has failed"

    async def _entered(self, opened: AbstractAsyncContextManager[Pilot[Any]]) -> Pilot[Any]:
        return await opened.__aenter__()

    async def _left(self, opened: AbstractAsyncContextManager[Pilot[Any]]) -> None:
        await opened.__aexit__(None, None, None)
