"""What differs, by keyboard alone and by mouse: from the timeline and from tables, on to exactly the rows, and back."""

import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

import polars as pl
import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions, View
from logcorr.query import filter_language, significance, what_differs
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.help import HelpScreen
from logcorr_tui.screens.over_represented import OverRepresentedScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.widgets.charts.over_represented_list import OverRepresentedList
from logcorr_tui.widgets.charts.timeline import Timeline
from tests.support.helpers import looks
from tests.tui.headless import Shared

pytestmark = pytest.mark.usefixtures("filtered_here", "own_settings")
HOSTILE = '[b]\x1b[31m "x" \u202ey\\'
NOISY = ("batch importer 7", HOSTILE, "")
Body = Callable[[Pilot[None], LogcorrApp], Awaitable[None]]
Drive = Callable[..., None]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Ten quiet hours; for five minutes of them three users are loud, fail, and are left without a response."""
    folder = tmp_path_factory.mktemp("differs tui")
    rnd = random.Random(5)
    requests, responses = [], []
    for number in range(6000):
        hour, minute, user, status = number // 600, rnd.randrange(60), f"user-{number % 97}", 200
        if hour == 4 and number % 2:
            minute, user, status = minute % 5, NOISY[number % 3], 503
        at = f"2025-03-01T{hour:02d}:{minute:02d}:{rnd.randrange(60):02d}"
        requests.append(f"{at}Z,r{number},{user}\n")
        if status == 200 or number % 5:
            responses.append(f"{at}.{rnd.randrange(1, 900):03d}Z,r{number},{status}\n")
    (folder / "requests.log").write_text("".join(requests), encoding="utf8")
    (folder / "responses.log").write_text("".join(responses), encoding="utf8")
    options = CorrelateOptions(
        requests=(str(folder / "requests.log"),),
        responses=(str(folder / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(folder / "store"),
    )
    found = correlate(options).folder
    assert found is not None
    return RunFolder(found)


@pytest.fixture(scope="module")
def shared(run: RunFolder) -> Iterator[Shared[LogcorrApp]]:
    """The app on the run; a test takes it as the one before left it."""
    app = Shared(lambda: LogcorrApp(run=run.path, store=str(run.path.parent)), (120, 36))
    yield app
    app.close()


@pytest.fixture
def drive(shared: Shared[LogcorrApp]) -> Callable[..., None]:
    """Lets a body press keys in the app, with the timeline's worst minute selected."""

    def driven(body: Body, size: tuple[int, int] = (120, 36)) -> None:
        async def from_overview(pilot: Pilot[Any], app: LogcorrApp) -> None:
            await until(pilot, lambda: app.session.run is not None)
            app.go("overview")
            await until(pilot, lambda: app.current_mode == "overview" and len(app.screen_stack) == 1)
            chart = app.screen.query_one(Timeline)
            chart._zooms.stack.clear()
            chart.cursor = chart.band = None
            chart.repaint()
            app.screen.set_focus(None)
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.focused, Timeline))
            await body(pilot, app)

        shared.play(from_overview, size)

    return driven


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    for _ in looks(0.03):
        if holds():
            await pilot.pause()
            return
        await pilot.pause(0.03)
    raise AssertionError("nothing happened")


def lists(app: LogcorrApp) -> list[OverRepresentedList]:
    return list(app.screen.query(OverRepresentedList))


def counted(app: LogcorrApp) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, OverRepresentedScreen) and isinstance(app.focused, OverRepresentedList)


def table_of(app: LogcorrApp) -> TableScreen:
    """The table that is on the screen."""
    assert isinstance(app.screen, TableScreen)
    return app.screen


def comparison_of(app: LogcorrApp) -> OverRepresentedScreen:
    """What differs, as it is on the screen."""
    assert isinstance(app.screen, OverRepresentedScreen)
    return app.screen


def shown(app: LogcorrApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def said(app: LogcorrApp) -> str:
    """What the screen says instead of lists; nothing before it is there."""
    return "".join(str(static.render()) for static in app.screen.query("#said").results(Static))


def rows_of(run: RunFolder, screen: TableScreen) -> int:
    """How many rows a table's filter leaves, counted here."""
    schema = views.scan(run, screen.view).collect_schema()
    terms = filter_language.parse(screen.expression, schema, filter_language.day_of(run.report), run.manifest.files)
    return views.scan(run, screen.view).filter(filter_language.expression(terms)).collect().height


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (50, 20)])
def test_from_the_timeline_into_exactly_the_rows_and_back(drive: Drive, run: RunFolder, size: tuple[int, int]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        await pilot.press("w")
        await until(pilot, counted(app))
        selected = chart.target()
        assert selected is not None
        start, end = selected.label.split(" – ")
        assert start <= "04:00"
        assert end >= "04:05"
        text = shown(app)
        for part in ("What differs", selected.label, "█ share"):
            assert part in text
        named = {one.listing.title: one for one in lists(app)}
        by_user, by_status, lost = (named[title] for title in ("By user", "By status", "Users without a response"))
        surest = [one.rows[0].score for one in lists(app)]
        assert surest == sorted(surest, reverse=True)
        assert {row.value for row in by_user.rows} == {"batch importer 7", HOSTILE, None}
        assert [row.value for row in by_status.rows] == [503]
        assert {row.value for row in lost.rows} == {"batch importer 7", HOSTILE, None}
        assert app.focused is lists(app)[0]
        for chosen, times in ((one, 1 if one is by_status else 2) for one in lists(app)):
            assert app.focused is chosen
            assert chosen.listing.title in shown(app)
            for number in range(times):
                row = chosen.rows[number]
                assert f"{row.inside:,} of {chosen.listing.contrast.inside:,} here" in chosen.told
                assert chosen.told[:20] in shown(app)
                await pilot.press("enter")
                await until(pilot, lambda: isinstance(app.screen, TableScreen) and not app.screen._working)
                table = table_of(app)
                assert table.view == ("orphans" if chosen is lost else "exchanges")
                assert table._table.total == rows_of(run, table) == row.inside
                await pilot.press("escape")
                await until(pilot, lambda: isinstance(app.screen, OverRepresentedScreen))
                assert app.focused is chosen
                await pilot.press("down")
            await pilot.press("right")
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "overview" and isinstance(app.focused, Timeline))

    drive(body, size)


def test_log_text_is_harmless(drive: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("w")
        await until(pilot, counted(app))
        await pilot.press("end", "home", "down", "pagedown")
        text = shown(app)
        assert "[b]␛[31m" in text
        assert "(no user)" in text
        assert not set("\x1b\u202e") & set(text)
        for number, row in enumerate(lists(app)[0].rows):
            if row.value == HOSTILE:
                lists(app)[0].action_move(number - lists(app)[0].cursor)
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TableScreen) and not app.screen._working)
        assert not set("\x1b\u202e") & set(shown(app))
        assert "No rows" not in shown(app)

    drive(body)


def test_a_region_of_the_heat_map_compares_its_latency_too(drive: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("right", "up", "w")
        await until(pilot, lambda: isinstance(app.screen, OverRepresentedScreen))
        assert "duration>=" in comparison_of(app).expression
        await until(pilot, lambda: "exchanges" in str(app.screen.query_one("#counts", Static).render()))

    drive(body)


def test_the_foot_of_the_frame_does_what_it_says(drive: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        await pilot.press("right")
        foot = chart.canvas.text()[-1]
        await pilot.click("#timeline", offset=(foot.index("z zoom"), chart.size.height - 1))
        assert chart._zooms.stack
        await pilot.press("escape")
        await pilot.click("#timeline", offset=(chart.canvas.text()[-1].index("what differs"), chart.size.height - 1))
        await until(pilot, counted(app))
        by_status = next(one for one in lists(app) if one.listing.title == "By status")
        await pilot.click(by_status, offset=(5, 2))
        await until(pilot, lambda: app.focused is by_status)
        await pilot.click(by_status, offset=(5, 2))
        await until(pilot, lambda: isinstance(app.screen, TableScreen))
        assert table_of(app).expression.endswith(" status=503")

    drive(body)


def test_from_a_filtered_table_and_from_the_palette(drive: Drive, run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "What differs (w)" in titles
        await pilot.press("3")
        await until(pilot, lambda: isinstance(app.screen, TableScreen) and not app.screen._working)
        await pilot.press("slash", *"user!=user-1", "enter")
        await until(pilot, lambda: isinstance(app.screen, TableScreen) and not app.screen._working)
        (command,) = (c for c in app.get_system_commands(app.screen) if c.title == "What differs (w)")
        command.callback()
        await until(pilot, counted(app))
        found = comparison_of(app)
        assert (found.view, found.expression) == ("errors", "user!=user-1")
        assert "errors · user!=user-1" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TableScreen) and not app.screen._working)
        table = table_of(app)
        assert table.view == "errors"
        assert table._table.total == rows_of(run, table) > 0
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.current_mode == "errors" and len(app.screen_stack) == 1)
        await pilot.press("9")
        await until(pilot, lambda: app.current_mode == "users" and not table_of(app)._working)
        await pilot.press("w")
        await pilot.pause()
        assert table_of(app).view == "users", "those are no exchanges"
        assert "not users" in [note.message for note in app._notifications][-1]

    drive(body)


def test_what_the_rows_were_chosen_by_is_not_told_as_a_finding(drive: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        for view, expression, titles, why in (
            ("errors", "", ["By user"], "No list by status: these are the failed exchanges."),
            ("exchanges", "status=503", ["By user"], "No list by status: the rows were chosen by it."),
            ("exchanges", 'user="batch importer 7"', ["By status"], "No list by user: the rows were chosen by it."),
        ):
            app.push_screen(OverRepresentedScreen(cast("View", view), expression))
            await until(pilot, counted(app))
            assert [shown.listing.title for shown in lists(app)] == titles
            assert why in shown(app)
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(app.screen, OverRepresentedScreen))
        app.push_screen(OverRepresentedScreen("errors", 'user="batch importer 7"'))
        await until(pilot, lambda: "No list" in said(app))
        assert "No list by user or status: the rows were chosen by it." in said(app)

    drive(body)


def test_nothing_to_tell_is_said(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        for expression, part in (
            ("", "every exchange is selected"),
            ("id=nope", "no exchange is selected"),
            ("duration>=0", "every exchange is selected"),
            ("id~7", "Nothing stands out"),
            ("nope=1", "no 'nope' here"),
        ):
            app.push_screen(OverRepresentedScreen("exchanges", expression))
            await until(pilot, lambda: "counting" not in (said(app) or "counting"))
            assert part in said(app)
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(app.screen, OverRepresentedScreen))

    monkeypatch.setattr(significance, "CHANCE", 1e-9)
    drive(body)


def test_escape_ends_the_counting(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first chunk takes until it is cancelled, and then nothing more is read."""
    chunks: list[float] = []

    def slow(self: views.Records) -> Iterator[pl.DataFrame]:
        while len(chunks) < 2000:
            chunks.append(time.monotonic())
            time.sleep(0.01)
            yield pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))

    monkeypatch.setattr(views.Records, "chunks", slow)
    ended: list[Any] = []
    real = what_differs.differs

    def watched(*args: Any) -> what_differs.Differs:
        try:
            return real(*args)
        except BaseException as error:
            ended.append(error)
            raise

    monkeypatch.setattr(what_differs, "differs", watched)

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("w")
        await until(pilot, lambda: len(chunks) > 3)
        assert "counting… esc cancels" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: bool(ended))
        assert app.current_mode == "overview"

    drive(body)
    assert type(ended[0]).__name__ == "Cancelled"
    assert len(chunks) < 2000


def test_help_lists_its_keys(drive: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert isinstance(app.screen, HelpScreen)
        assert "timeline.differs" in [entry[2] for entry in app.screen._here]
        await pilot.press("escape", "w")
        await until(pilot, counted(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        ids = [entry[2] for entry in app.screen._here]
        assert {"differs.back", "standouts.next", "standouts.next_list"} <= set(ids)

    drive(body)
