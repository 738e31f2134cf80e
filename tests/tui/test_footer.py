"""The foot of every screen names whole keys only, help and quit among them, at any width."""

import asyncio
import gc
from pathlib import Path
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets._footer import FooterKey

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from logcorr_tui.app import LogcorrApp
from logcorr_tui.widgets.footer import FittingFooter
from tests.support.helpers import SAMPLE
from tests.tui.headless import Stage, play

SIZES = [(120, 36), (80, 24), (60, 18)]
PLACES = {
    "1": ("⏎ Drill",),
    "2": ("/ Filter",),
    "3": ("⏎ Detail", "/ Filter"),
    "4": ("⏎ Detail", "/ Filter"),
    "6": ("^o Open",),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    store = tmp_path_factory.mktemp("footer")
    logs = [(str(SAMPLE / f"{side}s.log"),) for side in ("request", "response")]
    options = CorrelateOptions(requests=logs[0], responses=logs[1], memory_bytes=1 << 30, store=str(store))
    found = correlate(options).folder
    assert found is not None
    return Path(found)


pytestmark = pytest.mark.usefixtures("own_settings")


def foot(app: LogcorrApp) -> str:
    return app.screen._compositor.render_strips()[-1].text


def test_the_footer_never_cuts_a_key(folder: Path) -> None:
    async def look(stage: Stage) -> None:
        app = stage.app
        assert isinstance(app, LogcorrApp)
        await stage.see("Latency distribution")
        for key, needed in PLACES.items():
            await stage.press(key)
            for size in SIZES:
                await stage.pilot.resize_terminal(*size)
                await stage.still()
                for shown in app.screen.query(FooterKey):
                    assert shown.region.right <= size[0], (key, size, str(shown.render()))
                for text in (*needed, "? Help", "q Quit"):
                    assert text in foot(app), (key, size)

    play(LogcorrApp(run=folder, store=str(folder.parent)), look, SIZES[0])


def test_the_footer_is_made_anew_only_when_it_shows_something_else(folder: Path) -> None:
    async def look(stage: Stage) -> None:
        app = stage.app
        await stage.see("Latency distribution")
        await stage.still()
        made = [*app.screen.query(FooterKey)]
        assert made
        before = app.focused
        await stage.press("tab")
        await stage.still()
        assert app.focused is not before, "another chart with the same keys"
        assert [*app.screen.query(FooterKey)] == made
        app.screen.set_focus(None)
        await stage.still()
        assert "⏎ Drill" not in app.screen._compositor.render_strips()[-1].text
        assert [*app.screen.query(FooterKey)] != made

    play(LogcorrApp(run=folder, store=str(folder.parent)), look, SIZES[0])


class Keys(App[None]):
    """An app whose footer is all it has; each letter is a key of it only from time to time."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "bell", "Alpha"), Binding("b", "sometimes", "Beta")]
    sometimes = False

    def compose(self) -> ComposeResult:
        yield FittingFooter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        del parameters
        return action != "sometimes" or self.sometimes


def test_the_footer_forgets_the_keys_it_no_longer_shows() -> None:
    async def gone() -> int:
        app = Keys()
        # Apps of other tests may live on.
        others = {id(known) for known in gc.get_objects() if isinstance(known, FooterKey)}
        async with app.run_test() as pilot:
            for _ in range(20):
                app.sometimes = not app.sometimes
                app.refresh_bindings()
                await pilot.pause()
                await pilot.pause()
            gc.collect()
            keys = [known for known in gc.get_objects() if isinstance(known, FooterKey) and id(known) not in others]
            assert any(key.is_attached for key in keys)
            return sum(not key.is_attached for key in keys)

    assert asyncio.run(gone()) <= 3
