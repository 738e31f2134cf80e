"""Comparing runs in the app, by keys alone: from the palette or the Open screen, through the parts, and back."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from logcorr.runs.run_folder import RunFolder
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.compare_runs import CompareRunsScreen
from logcorr_tui.screens.pick_run import PickRunScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.widgets.charts.fact_table import FactTable
from tests.support.diff_cases import Endpoint, User, access_run, pair_run
from tests.tui.test_app import drive, text, until
from tests.unit.render.test_summary import HOSTILE

NAME = HOSTILE.replace("\ud800", "")
SIZES = [(120, 36), (80, 24), (40, 12)]


pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store of two runs: `aaaa` before, and `bbbb` after, in which one user fails."""
    root = tmp_path / "runs"
    fine = [User(f"user-{n}", 2000, 20) for n in range(30)]
    for name, users in (("aaaa", [*fine, User(NAME, 9000, 90)]), ("bbbb", [*fine, User(NAME, 9000, 4000)])):
        whole(pair_run(root / name, users).path)
    return root


def whole(folder: Path) -> None:
    """Takes the inputs from a run made by hand: there are no such files to be looked for."""
    run = RunFolder(folder)
    none: dict[str, list[Any]] = {"request": [], "response": []}
    run.write(msgspec.structs.replace(run.manifest, files=none, inputs=none), run.report)


def says(app: LogcorrApp, selector: str, words: str) -> bool:
    """Whether a part of the present screen is there yet, and says this."""
    return bool(app.screen.query(selector)) and words in text(app, selector)


def test_from_the_palette(root: Path, subtests: pytest.Subtests) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        for size in SIZES:
            with subtests.test(size=size):
                await pilot.resize_terminal(*size)
                await compare(pilot, app)

    async def compare(pilot: Pilot[None], app: LogcorrApp) -> None:
        before = app.screen
        await pilot.press("ctrl+p")
        field = app.screen.query_one(Input)
        field.value = "compare with"
        found_commands = app.screen.query_one(OptionList)
        await until(pilot, lambda: found_commands.option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PickRunScreen) and says(app, "#told", "x swaps"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CompareRunsScreen) and says(app, "#head", "▲ worse"))
        screen = app.screen
        assert isinstance(screen, CompareRunsScreen)
        found = screen._diff
        assert found is not None
        assert (found.a.run, found.b.run, found.worse[0]) == ("aaaa", "bbbb", "error_rate")
        tables = [table for table in screen.query(FactTable) if table.display]
        assert [table.id for table in tables] == ["figures", "latency", "statuses", "failing"]
        body_ = screen.query_one("#body")
        assert app.focused is tables[0]
        assert body_.scroll_y == 0, "what got worse is in sight"
        for table in (*tables[1:], tables[0]):
            await pilot.press("tab")
            assert app.focused is table
            assert table.cursor == 0
        await pilot.press("k")
        assert app.focused is tables[-1], "from the first row up to the last of all"
        assert tables[-1].facts is not None
        assert tables[-1].cursor == len(tables[-1].facts.rows) - 1
        await pilot.press("j")
        assert (app.focused, tables[0].cursor) == (tables[0], 0)
        await pilot.press("j", "j", "k")
        assert (app.focused, tables[0].cursor) == (tables[0], 1)
        await pilot.press("G")
        await until(pilot, lambda: body_.scroll_y == body_.max_scroll_y)
        assert app.focused is tables[-1]
        await pilot.press("g")
        await until(pilot, lambda: body_.scroll_y == 0)
        assert (app.focused, tables[0].cursor) == (tables[0], 0)
        await pilot.press("x")
        await until(pilot, lambda: says(app, "#head", "✓ not worse"))
        assert screen._diff is not None
        assert (screen._diff.a.run, screen._diff.worse) == ("bbbb", [])
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is before

    drive(body, run=root / "bbbb", store=str(root), size=SIZES[0])


def test_rows_of_a_comparison_lead_to_their_rows_in_a_or_b(root: Path) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PickRunScreen) and says(app, "#told", "x swaps"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CompareRunsScreen) and says(app, "#head", "▲ worse"))
        screen = app.screen
        assert isinstance(screen, CompareRunsScreen)
        assert "more failed" in text(app, "#legend")
        for table in screen.query(FactTable):
            for number, row in enumerate(table.facts.rows if table.facts else ()):
                table.select(number)
                target = table.target()
                assert (target is None) == (row.target is None)
        statuses = screen.query_one("#statuses", FactTable)
        assert statuses.facts is not None
        statuses.focus()
        statuses.select(next(n for n, row in enumerate(statuses.facts.rows) if row.name.startswith("500")))
        await pilot.press("enter")
        # B is the run that is open: the rows stand above the comparison.
        await until(pilot, lambda: isinstance(app.screen, TableScreen))
        assert isinstance(app.screen, TableScreen)
        assert (app.screen.view, app.screen.expression) == ("exchanges", "status=500")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert app.focused is statuses
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, TableScreen))
        assert app.session.run is not None
        assert app.session.run.path.name == "aaaa"
        assert app.screen.expression == "status=500"
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "overview" and len(app.screen_stack) == 1)

    drive(body, run=root / "bbbb", store=str(root), size=SIZES[0])


def test_from_the_open_screen(root: Path) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        runs = app.screen.query_one("#runs", OptionList)
        await until(pilot, lambda: runs.option_count == 3)
        await pilot.press("end", "c")
        await pilot.pause()
        assert app.current_mode == "open"
        assert not isinstance(app.screen, PickRunScreen), "the demo is no run"
        await pilot.press("home")
        chosen = runs.highlighted_option
        assert chosen is not None
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PickRunScreen))
        others = app.screen.query_one("#runs", OptionList)
        await until(pilot, lambda: others.option_count == 1)
        await pilot.press("j", "k", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompareRunsScreen) and says(app, "#head", "worse"))
        assert isinstance(app.screen, CompareRunsScreen)
        assert app.screen._runs[1].name == chosen.id
        await pilot.press("escape")
        await pilot.pause()
        assert app.current_mode == "open"
        assert app.screen.query_one("#runs", OptionList) is runs

    drive(body, store=str(root), size=(80, 24))


def test_only_runs_of_the_same_kind_can_be_picked(root: Path) -> None:
    access_run(root / "cccc", [Endpoint("/", 10, 1)])
    (root / "dddd").mkdir()
    (root / "dddd" / "manifest.json").write_text("{", encoding="utf8")

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        app.compare(root / "bbbb")
        await pilot.pause()
        runs = app.screen.query_one("#runs", OptionList)
        await until(pilot, lambda: runs.option_count > 0)
        assert [option.id for option in runs.options] == ["aaaa"]
        await pilot.press("escape")
        app.compare(root / "cccc")
        await until(pilot, lambda: says(app, "#told", "no other run of this kind"))
        await pilot.press("enter", "escape")
        app.compare(root / "dddd")
        await until(pilot, lambda: says(app, "#told", "missing or broken"))
        await pilot.press("escape")
        await pilot.pause()
        assert app.current_mode == "overview"

    drive(body, run=root / "bbbb", store=str(root))


def test_access_logs_and_damaged_runs(root: Path) -> None:
    for name, errors in (("cccc", 10), ("dddd", 300)):
        access_run(root / name, [Endpoint("/", 1000, errors, (1, 2, 3, 4, 5))])

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        app.push_screen(CompareRunsScreen(root / "cccc", root / "dddd"))
        await until(pilot, lambda: says(app, "#head", "▲ worse"))
        assert app.screen.query_one("#slowing").display
        await pilot.press("t")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.theme == "logcorr-light"
        await pilot.press("escape")
        app.push_screen(CompareRunsScreen(root / "cccc", root / "aaaa"))
        await until(pilot, lambda: says(app, "#worst", "only runs of one kind"))
        await pilot.press("tab", "g", "G", "x", "escape")
        await pilot.pause()
        assert app.current_mode == "overview"

    drive(body, run=root / "bbbb", store=str(root))


def test_a_log_cannot_reach_the_terminal(root: Path) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        app.push_screen(CompareRunsScreen(root / "aaaa", root / "bbbb"))
        await until(pilot, lambda: says(app, "#head", "▲ worse"))
        await pilot.press("G")
        await pilot.pause()
        glyphs = "".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "␛]0;owned" in glyphs
        assert not set(glyphs) & set("\x1b\x07\x9b\u202e\u200b\x00\r\t\x7f\u2028")

    drive(body, run=root / "bbbb", store=str(root))
