"""The findings lead to exactly their rows in few keys, the chosen time goes along, and the mouse takes what it points at."""

import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from logcorr.jobs.correlate import correlate
from logcorr.model.findings import Finding
from logcorr.model.options import CorrelateOptions
from logcorr.query import filter_language
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import instants
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.over_represented import OverRepresentedScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.widgets.charts.fact_table import RunFacts
from logcorr_tui.widgets.charts.findings_strip import FindingsStrip
from logcorr_tui.widgets.charts.histogram import Histogram
from logcorr_tui.widgets.charts.over_represented_list import OverRepresentedList
from logcorr_tui.widgets.charts.status_bars import StatusBars
from logcorr_tui.widgets.charts.timeline import Timeline
from logcorr_tui.widgets.table.filter_chips import FilterChips
from tests.support.helpers import looks
from tests.tui.headless import Shared

pytestmark = pytest.mark.usefixtures("filtered_here", "own_settings")
Body = Callable[[Pilot[None], LogcorrApp], Awaitable[None]]
SIZES = [(120, 36), (80, 24), (60, 20)]
INCIDENT = "time>=2025-03-01T04:00:00Z time<2025-03-01T04:05:00Z"
FINDINGS = [
    Finding(
        text="04:00 to 04:05 UTC: p99 ×40 (20 s, elsewhere 0.5 s), 300 requests.", view="exchanges", filter=INCIDENT,
        start="2025-03-01T04:00:00Z", end="2025-03-01T04:05:00Z", ratio=40,
    ),
    Finding(
        text="04:00 to 04:05 UTC: 60 requests without an answer, ×90 as many as elsewhere.", view="orphans",
        filter=f"{INCIDENT} side=request", start="2025-03-01T04:00:00Z", end="2025-03-01T04:05:00Z", ratio=90,
    ),
    Finding(text="batch importer has 80 % of all errors.", view="users", filter='user="batch importer"'),
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Ten quiet hours; for five minutes one user is loud, slow, gets 503, and is left without a response."""
    folder = tmp_path_factory.mktemp("findings")
    rnd = random.Random(5)
    requests, responses = [], []
    for number in range(6000):
        hour, minute, user, status = (
            number // 600,
            rnd.randrange(60),
            f"user-{number % 97}",
            (200, 404, 201)[number % 3],
        )
        slow = hour == 4 and number % 2
        if slow:
            minute, user, status = minute % 5, "batch importer", 503
        at = f"2025-03-01T{hour:02d}:{minute:02d}:{rnd.randrange(58):02d}"
        requests.append(f"{at}Z,r{number},{user}\n")
        if not slow or number % 5:
            end = f"2025-03-01T{hour:02d}:{minute + 1:02d}:20" if slow and minute < 59 else at
            responses.append(f"{end}.{rnd.randrange(1, 900):03d}Z,r{number},{status}\n")
    (folder / "requests.log").write_text("".join(requests), encoding="utf8")
    (folder / "responses.log").write_text("".join(responses), encoding="utf8")
    sides = [str(folder / f"{side}.log") for side in ("requests", "responses")]
    options = CorrelateOptions(
        requests=(sides[0],), responses=(sides[1],), memory_bytes=1 << 30, store=str(folder / "store")
    )
    made = correlate(options).folder
    assert made is not None
    run = RunFolder(made)
    run.write(run.manifest, msgspec.structs.replace(run.report, findings=FINDINGS, warnings=[]))
    return RunFolder(made)


@pytest.fixture(scope="module")
def shared(run: RunFolder) -> Iterator[Shared[LogcorrApp]]:
    """The app on the run; a test takes it as the one before left it."""
    app = Shared(lambda: LogcorrApp(run=run.path, store=str(run.path.parent)), SIZES[0])
    yield app
    app.close()


@pytest.fixture
def drive(shared: Shared[LogcorrApp]) -> Callable[..., None]:
    """Lets a body press keys in the app, from the overview as it is after opening a run."""

    def driven(body: Body, size: tuple[int, int] = SIZES[0]) -> None:
        async def from_overview(pilot: Pilot[Any], app: LogcorrApp) -> None:
            await until(pilot, lambda: app.session.run is not None)
            app.go("overview")
            await until(pilot, lambda: app.current_mode == "overview" and len(app.screen_stack) == 1)
            chart = app.screen.query_one(Timeline)
            chart._zooms.stack.clear()
            chart.cursor = chart.band = None
            chart.repaint()
            bars = app.screen.query_one(StatusBars)
            bars.cursor, bars._kept, bars._first = None, (), 0
            app.screen.query_one(FindingsStrip).action_move(-1000)
            app.screen.query_one(Histogram).focus()
            await pilot.pause()
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


def table_of(app: LogcorrApp) -> TableScreen:
    assert isinstance(app.screen, TableScreen)
    return app.screen


async def rows_shown(pilot: Pilot[None], app: LogcorrApp) -> TableScreen:
    """The table on the screen, once its rows are there."""
    await until(pilot, lambda: isinstance(app.screen, TableScreen) and app.screen._pages is not None)
    await until(pilot, lambda: not table_of(app)._working)
    return table_of(app)


async def compared(pilot: Pilot[None], app: LogcorrApp) -> list[OverRepresentedList]:
    """The lists of what differs, once they are there."""
    await until(
        pilot, lambda: isinstance(app.screen, OverRepresentedScreen) and isinstance(app.focused, OverRepresentedList)
    )
    return list(app.screen.query(OverRepresentedList))


def count(run: RunFolder, view: Any, expression: str) -> int:
    """How many rows of a view a filter leaves, counted here."""
    schema = views.scan(run, view).collect_schema()
    terms = filter_language.parse(expression, schema, filter_language.day_of(run.report), run.manifest.files)
    return views.scan(run, view).filter(filter_language.expression(terms)).collect().height


def shows(app: LogcorrApp, mode: str) -> bool:
    return app.current_mode == mode


def finer(chart: Timeline, bucket_s: float) -> bool:
    return chart.bucket_s < bucket_s


def shown(app: LogcorrApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


# Questions in few keys


@pytest.mark.parametrize("size", SIZES)
def test_what_got_slow_and_for_whom_takes_two_keys(drive: Callable[..., None], size: tuple[int, int]) -> None:
    """The overview says what got slow before any key; two keys say for whom."""

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        assert "04:00 to 04:05 UTC: p99 ×40" in shown(app)
        await pilot.press("f", "w")
        by_column = {one.listing.contrast.column: one for one in await compared(pilot, app)}
        assert [row.value for row in by_column["user_id"].rows] == ["batch importer"]
        assert "batch importer" in shown(app)
        assert "latency  p" in shown(app)
        assert "elsewhere" in shown(app)
        assert "most at 04:0" in shown(app)
        await pilot.press("escape")

    drive(body, size)


@pytest.mark.parametrize("size", SIZES)
def test_which_status_and_who_is_behind_it_takes_three_keys(
    drive: Callable[..., None], size: tuple[int, int], run: RunFolder
) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("f", "w")
        lists = await compared(pilot, app)
        strongest = lists[0]
        assert app.focused is strongest
        assert strongest.rows[0].score == max(row.score for one in lists for row in one.rows)
        first = app.screen
        by_status = next(one for one in lists if one.listing.contrast.column == "status_code")
        by_status.focus()
        await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: app.screen is not first)
        by_user = next(one for one in await compared(pilot, app) if one.listing.title == "By user")
        assert [row.value for row in by_user.rows] == ["batch importer"]
        assert by_user.listing.contrast.inside == count(run, "exchanges", f"{INCIDENT} status=503")
        assert "No list by status" in shown(app)
        await pilot.press("escape", "escape")

    drive(body, size)


def test_a_finding_leads_to_exactly_its_rows(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        for number, finding in enumerate(FINDINGS):
            await pilot.press("f", *["down"] * number, "enter")
            table = await rows_shown(pilot, app)
            assert table.view == finding.view
            assert table._table.total == count(run, finding.view, finding.filter) > 0
            assert finding.text[:20] in shown(app)
            await pilot.press("escape")
            await until(pilot, lambda: app.current_mode == "overview" and len(app.screen_stack) == 1)
            await pilot.press("home")

    drive(body)


def test_what_differs_among_requests_without_a_response(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("f", "down", "w")
        (lost,) = await compared(pilot, app)
        assert lost.listing.contrast.inside == count(run, "orphans", f"{INCIDENT} side=request")
        assert "without a response" in shown(app)
        await pilot.press("enter")
        table = await rows_shown(pilot, app)
        assert table.view == "orphans"
        assert table._table.total == lost.rows[0].inside
        await pilot.press("escape", "escape")

    drive(body)


def test_a_finding_shows_its_rows_whatever_time_is_chosen(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("w", "home", "f", "enter")
        assert app.session.filters
        table = await rows_shown(pilot, app)
        assert table._table.total == count(run, "exchanges", INCIDENT) > 0
        assert len(app.screen.query_one(FilterChips).labels) == 1
        # A time that is chosen on the table narrows it all the same.
        await pilot.press("at", *"04:00-04:01", "enter")
        await until(pilot, lambda: bool(app.session.kept) and not table_of(app)._working)
        narrower = f"{INCIDENT} time<2025-03-01T04:01:00Z"
        assert table_of(app)._table.total == count(run, "exchanges", narrower)
        await pilot.press("x", "x", "escape")

    drive(body)


@pytest.mark.parametrize("size", SIZES)
def test_the_selected_finding_is_shown_whole(drive: Callable[..., None], size: tuple[int, int]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("f")
        for finding in FINDINGS:
            await until(pilot, partial(is_whole, app, finding.text))
            await pilot.press("down")

    def is_whole(app: LogcorrApp, text: str) -> bool:
        lines = app.screen.query_one(FindingsStrip).canvas.text()
        return text in " ".join(word for line in lines for word in line.strip("│ ").split())

    drive(body, size)


def test_a_quiet_run_has_no_findings_and_says_so(drive: Callable[..., None]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        loud = app.session.report
        assert loud is not None
        app.session.report = msgspec.structs.replace(loud, findings=[])
        await until(pilot, lambda: not app.screen.query_one(FindingsStrip).display)
        await pilot.press("f")
        assert isinstance(app.focused, Histogram)
        assert "beyond what chance explains" in [note.message for note in app._notifications][-1]
        app.session.report = loud
        await until(pilot, lambda: app.screen.query_one(FindingsStrip).display)

    drive(body)


def test_warnings_take_the_place_of_the_green_mark(drive: Callable[..., None]) -> None:
    warning = "99.8 % of the response log is malformed: status_code. Swapped?"

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        sound = app.session.report
        assert sound is not None
        app.session.report = msgspec.structs.replace(sound, findings=[], warnings=[warning])
        await until(pilot, lambda: warning in shown(app))
        assert "! doubtful" in shown(app)
        assert "complete" not in shown(app).splitlines()[0]
        assert not app.screen.query_one(FindingsStrip).can_focus, "there is nothing to drill into"
        app.session.report = sound
        await until(pilot, lambda: warning not in shown(app))

    drive(body)


def test_a_narrowed_run_says_so_and_gives_no_false_reason(drive: Callable[..., None]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        whole = app.session.report
        assert whole is not None
        options = {**whole.run.options, "since": "23:00", "where": "user=nobody"}
        narrowed = msgspec.structs.replace(whole.run, options=options)
        empty: dict[str, Any] = {"status": {}, "histogram": [], "findings": []}
        timeline = msgspec.structs.replace(whole.timeline, points=[])
        app.session.report = msgspec.structs.replace(whole, run=narrowed, timeline=timeline, **empty)
        await until(pilot, lambda: "A part of the logs: --since 23:00, --where user=nobody." in shown(app))
        assert "no exchange is left by --since and --where" in shown(app)
        assert "no entry is left by --since and --where" in shown(app)
        assert "clock" not in shown(app)
        app.session.report = whole
        await until(pilot, lambda: "A part of the logs" not in shown(app))

    drive(body)


# The time that is chosen on the timeline


def test_the_chosen_time_is_a_chip_of_the_tables_behind_the_number_keys(
    drive: Callable[..., None], run: RunFolder
) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        await pilot.press("w", "right", "shift+right", "shift+right")
        chosen = chart.chosen()
        assert chosen is not None
        for key, view in (("4", "orphans"), ("3", "errors"), ("2", "slow"), ("7", "duplicates"), ("8", "skewed")):
            await pilot.press(key)
            await until(pilot, partial(shows, app, view))
            table = await rows_shown(pilot, app)
            assert f"{chosen.label} ×" in shown(app)
            assert table._table.total == count(run, view, chosen.time)
        # The chip can go, and stays away until another time is chosen.
        await pilot.press("4")
        await rows_shown(pilot, app)
        await pilot.press("x")
        await until(pilot, lambda: not table_of(app).expression and not table_of(app)._working)
        await pilot.press("1", "4")
        await pilot.pause()
        assert table_of(app).expression == ""
        await pilot.press("1", "left", "4")
        await until(pilot, lambda: bool(table_of(app).expression) and not table_of(app)._working)
        # Without a chosen time, the other tables have none either.
        await pilot.press("1")
        await until(pilot, lambda: app.current_mode == "overview")
        await pilot.press("escape", "3")
        await until(pilot, lambda: app.current_mode == "errors" and not table_of(app)._working)
        assert table_of(app).expression == ""

    drive(body)


def test_a_chosen_latency_narrows_only_what_has_a_duration(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        await pilot.press("w", "right", "up")
        chosen = chart.chosen()
        assert chosen is not None
        assert chosen.latency
        for key, view, expression in (
            ("3", "errors", f"{chosen.time} {chosen.latency}"),
            ("4", "orphans", chosen.time),
        ):
            await pilot.press(key)
            await until(pilot, partial(shows, app, view))
            table = await rows_shown(pilot, app)
            assert table.expression == expression
            assert table._table.total == count(run, view, expression)

    drive(body)


def test_a_typed_filter_stays_beside_the_chosen_time(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("3")
        await rows_shown(pilot, app)
        await pilot.press("slash", *"status=503", "enter")
        await rows_shown(pilot, app)
        await pilot.press("1")
        await until(pilot, lambda: app.current_mode == "overview")
        await pilot.press("w", "right", "3")
        await until(pilot, lambda: app.current_mode == "errors" and "time>=" in table_of(app).expression)
        table = await rows_shown(pilot, app)
        assert "status=503" in table.expression
        assert table._table.total == count(run, "errors", table.expression)
        await pilot.press("x", "1")
        await until(pilot, lambda: app.current_mode == "overview")

    drive(body)


def test_users_are_counted_in_the_chosen_time_and_say_why_they_are_not_compared(drive: Callable[..., None]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("w", "right", "9")
        await until(pilot, lambda: app.current_mode == "users")
        table = await rows_shown(pilot, app)
        assert table.expression.startswith("time>=")
        await pilot.press("w")
        assert "not users" in [note.message for note in app._notifications][-1]

    drive(body)


# The mouse and the zoom


def test_a_clicked_status_stays_below_the_pointer(drive: Callable[..., None]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        bars = app.screen.query_one(StatusBars)
        start, _ = bars._body
        for y, (number, row) in list(enumerate(bars.in_sight(), start)):
            await pilot.click("#status", offset=(5, y))
            assert bars.cursor == number
            assert dict(enumerate(bars.in_sight(), start))[y] == (number, row)
        assert row.key is None, "the last row is no response"
        number, row = bars.in_sight()[-2]
        y = start + len(bars.in_sight()) - 2
        await pilot.click("#status", offset=(5, y))
        await pilot.click("#status", offset=(5, y))
        table = await rows_shown(pilot, app)
        assert table.expression == f"status={row.key}"
        await pilot.press("escape")
        await until(pilot, lambda: app.current_mode == "overview" and len(app.screen_stack) == 1)
        app.screen.query_one(StatusBars).focus()
        await pilot.press("up")
        assert bars.cursor == number - 1, "the keys go on from where the mouse was"

    drive(body, (120, 30))


def test_a_drag_selects_the_time_from_where_it_began(drive: Callable[..., None]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        found = chart.axis()
        assert found is not None
        first, last = 20, 40
        for start, end in ((first, last), (last, first)):
            await pilot.mouse_down("#timeline", offset=(start + 10, 3))
            for x in (start, (start + end) // 2, end):
                await pilot._post_mouse_events([_move()], "#timeline", offset=(x + 10, 3), button=1)
            await pilot.mouse_up("#timeline", offset=(end + 10, 3))
            await pilot.pause()
            assert chart.cursor == (found.slots[found.of_column[first]][0], found.slots[found.of_column[last]][1])
            assert app.current_mode == "overview"
            assert len(app.screen_stack) == 1, "the click that ends a drag does not drill"
        await pilot.click("#timeline", offset=(60, 3))
        assert chart.cursor == found.slots[found.of_column[50]]

    drive(body)


def _move() -> Any:
    from textual.events import MouseMove

    return MouseMove


def test_a_zoom_counts_anew_to_seconds_and_keeps_the_time(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        coarse = chart.bucket_s
        await pilot.press("w", "right")
        before = chart.target()
        await pilot.press("z")
        await until(pilot, lambda: chart._zooms.counted_anew)
        assert chart.bucket_s < coarse
        assert "zoomed, every" in chart.canvas.text()[0]
        assert chart.target() == before
        starts = [instants.seconds(point.start) for point in chart.points]
        span = f"time>={chart.points[0].start} time<{instants.text(round((starts[-1] + chart.bucket_s) * 1e6))}"
        asked = count(run, "exchanges", span) + count(run, "orphans", f"{span} side=request")
        assert sum(point.requests for point in chart.points) == asked > 0
        while chart.bucket_s > 1:
            now = chart.bucket_s
            await pilot.press("home", "z")
            await until(pilot, partial(finer, chart, now))
        await pilot.press("z")
        assert chart.bucket_s == 1
        while chart._zooms.stack:
            await pilot.press("escape")
        assert chart.bucket_s == coarse

    drive(body)


def test_the_chosen_band_is_framed(drive: Callable[..., None]) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        chart = app.screen.query_one(Timeline)
        await pilot.press("w", "right", "up")
        drawn = "\n".join(chart.canvas.text())
        assert drawn.count("▗") == drawn.count("▖") == 1
        await pilot.press("up")
        drawn = "\n".join(chart.canvas.text())
        assert drawn.count("▝") == drawn.count("▘") == 1
        assert "▗" not in drawn

    drive(body)


# What had no chart


def test_small_tables_lead_to_exactly_their_rows(drive: Callable[..., None], run: RunFolder) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("m")
        tables = [table for table in app.screen.query(RunFacts) if table.facts is not None]
        assert app.focused is tables[0]
        shown_tables = ["facts-percentiles", "facts-worst", "facts-orphans", "facts-reading"]
        assert [table.id for table in tables] == shown_tables
        followed = 0
        for table in tables:
            assert table.facts is not None
            for number, row in enumerate(table.facts.rows):
                if row.target is None:
                    continue
                table.select(number)
                table.focus()
                await pilot.press("enter")
                shown_table = await rows_shown(pilot, app)
                view, expression, _ = row.drill() or ("", "", "")
                assert (shown_table.view, shown_table.expression) == (view, expression)
                assert shown_table._table.total == count(run, view, expression) > 0
                followed += 1
                await pilot.press("escape")
                await until(pilot, lambda: len(app.screen_stack) == 1)
        assert followed > 10

    drive(body)
