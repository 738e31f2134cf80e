"""Questions of somebody on call, answered in few keys: which requests got no answer, for whom, what became of an id.

A key is a press of a key; a paste counts as one.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import chdir
from datetime import UTC
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from textual import events
from textual.pilot import Pilot

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr.text import zones
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.detail import DetailScreen
from logcorr_tui.screens.export import ExportScreen
from logcorr_tui.screens.find import FindScreen
from logcorr_tui.screens.pick_zone import PickZoneScreen
from logcorr_tui.screens.sort_column import ColumnPicker
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.session import ChosenTime, Session
from logcorr_tui.widgets.charts.timeline import Timeline
from logcorr_tui.widgets.link_list import LinkList
from logcorr_tui.widgets.table.filter_chips import FilterChips
from logcorr_tui.widgets.table.window_table import WindowTable
from tests.support.helpers import generated, looks
from tests.tui.headless import Shared

pytestmark = pytest.mark.usefixtures("filtered_here")
_FROM, _TO = "2025-11-21T15:05:00", "2025-11-21T15:15:00"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A pair of logs with an incident, opened."""
    folder = tmp_path_factory.mktemp("incident")
    generated(folder, 12_000, incident=True, users=300, redelivered=0.01)
    options = CorrelateOptions(
        requests=(str(folder / "requests.log"),),
        responses=(str(folder / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(folder / "store"),
    )
    found = correlate(options).folder
    assert found is not None
    return RunFolder(found)


class Keyboard:
    """Presses keys in the app, and counts them."""

    def __init__(self, pilot: Pilot[Any], app: LogcorrApp) -> None:
        self.app, self._pilot, self.pressed = app, pilot, 0

    async def press(self, *keys: str) -> None:
        self.pressed += len(keys)
        await self._pilot.press(*keys)

    async def paste(self, text: str) -> None:
        """Pastes as a terminal does: into what has the focus, from where the event rises to the app."""
        self.pressed += 1
        self.app.post_message(events.Paste(text))
        await self._pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in looks(0.02):
            await self._pilot.pause(0.02)
            if holds():
                return
        raise AssertionError("it did not happen")

    @property
    def table(self) -> WindowTable:
        assert isinstance(self.app.screen, TableScreen)
        return self.app.screen.query_one(WindowTable)

    def settled(self) -> bool:
        screen = self.app.screen
        return isinstance(screen, TableScreen) and screen._pages is not None and not screen._working


Body = Callable[[Keyboard], Awaitable[None]]


@pytest.fixture(scope="module")
def driven(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Body], None]]:
    """The app with the run open, from the Overview on."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "STATE", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp("xdg") / name.lower()))
        shared = Shared(lambda: LogcorrApp(run=run.path, store=str(run.path.parent)), (120, 36))

        def play(body: Body) -> None:
            async def from_overview(pilot: Pilot[Any], app: LogcorrApp) -> None:
                keys = Keyboard(pilot, app)
                await keys.until(lambda: app.session.run is not None)
                app.session.kept, app.session.chosen_time = (), None
                app.go("overview")
                await keys.until(lambda: app.current_mode == "overview")
                await body(keys)

            shared.play(from_overview)

        yield play
        shared.close()


def _orphans(run: RunFolder) -> pl.DataFrame:
    rows = views.scan(run, "orphans").collect()
    instants = pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S")
    return rows.filter((instants >= _FROM) & (instants < _TO))


def test_who_got_no_answer_as_json_and_for_which_users(
    driven: Callable[[Body], None], run: RunFolder, tmp_path: Path
) -> None:
    expected = _orphans(run)
    assert expected.height > 20

    async def body(keys: Keyboard) -> None:
        with chdir(tmp_path):
            await keys.press("4", "at", *"1505", "enter")
            await keys.until(lambda: keys.settled() and keys.table.total == expected.height)
            await keys.press("e")
            await keys.until(lambda: isinstance(keys.app.screen, ExportScreen))
            await keys.press("enter")
            await keys.until(lambda: not isinstance(keys.app.screen, ExportScreen))
            assert keys.pressed <= 10
            records = json.loads((tmp_path / "orphans-filtered.json").read_text())
            assert sorted(row["request_id"] for row in records) == sorted(expected["request_id"])
            assert {*records[0]} >= {"request_id", "time", "user_id", "reason", "file", "line"}
        before = keys.pressed
        await keys.press("b")
        await keys.until(lambda: isinstance(keys.app.screen, ColumnPicker))
        await keys.press("enter")
        await keys.until(lambda: keys.settled() and keys.table.row(0) is not None)
        assert keys.pressed - before == 2
        rows = [keys.table.row(number) or () for number in range(keys.table.total)]
        assert {row[0]: row[1] for row in rows} == Counter(expected["user_id"].to_list())
        assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
        # Enter shows the rows of the user, which are the orphans of that time.
        await keys.press("enter")
        await keys.until(lambda: keys.settled() and keys.table.total == rows[0][1])

    driven(body)


@pytest.mark.parametrize("view", ["exchanges", "orphans", "duplicates", "malformed"])
def test_a_pasted_id_shows_what_happened_to_it(driven: Callable[[Body], None], run: RunFolder, view: Any) -> None:
    rows = views.scan(run, view).collect()
    column = "text" if view == "malformed" else "request_id"
    text = next(text for text in rows[column] if text and text.isascii() and text.isprintable() and "," not in text[:4])
    text = text.split(",")[0] if view == "malformed" else text

    async def body(keys: Keyboard) -> None:
        await keys.paste(f"{text}\n")
        await keys.press("enter")
        await keys.until(lambda: isinstance(keys.app.screen, DetailScreen) and "fields" in keys.app.screen._copied)
        assert keys.pressed <= 3
        detail = keys.app.screen
        assert isinstance(detail, DetailScreen)
        fields = "\n".join(line.plain for line in detail._copied["fields"][1])
        assert text in fields
        await keys.press("escape")
        found = keys.app.screen
        assert isinstance(found, FindScreen)
        listed = "\n".join(link.text.plain for link in found.query_one(LinkList).links)
        kind = {"exchanges": "exchange", "orphans": "orphan", "duplicates": "duplicate"}.get(view, view)
        assert f"{kind} " in listed

    driven(body)


def test_a_paste_into_a_field_stays_there(driven: Callable[[Body], None]) -> None:
    async def body(keys: Keyboard) -> None:
        await keys.press("4")
        await keys.until(keys.settled)
        await keys.press("slash")
        await keys.paste("reason=lost")
        await keys.press("enter")
        await keys.until(
            lambda: isinstance(keys.app.screen, TableScreen) and keys.app.screen._shown.typed == ("reason=lost",)
        )
        await keys.press("x")

    driven(body)


def test_slash_on_the_overview_finds_and_says_where_there_is_nothing(driven: Callable[[Body], None]) -> None:
    async def body(keys: Keyboard) -> None:
        await keys.press("slash", *"nobody-has-this")
        await keys.until(lambda: "Nothing here has" in str(keys.app.screen.query_one("#said").render()))
        await keys.press("escape")
        assert keys.app.current_mode == "overview"

    driven(body)


def test_a_kept_time_holds_in_every_view_until_its_chip_goes(driven: Callable[[Body], None], run: RunFolder) -> None:
    exchanges = views.scan(run, "exchanges").collect()
    clock = pl.col("request_time").dt.strftime("%Y-%m-%dT%H:%M:%S")
    within = exchanges.filter((clock >= _FROM) & (clock < _TO))
    lost = _orphans(run).filter(pl.col("side") == "request")

    async def body(keys: Keyboard) -> None:
        await keys.press("3", "at", *"15:05-15:15", "enter")
        failed = within.filter(pl.col("status_code").is_null() | (pl.col("status_code") >= 400))
        await keys.until(lambda: keys.settled() and keys.table.total == failed.height)
        await keys.press("9")
        users = {*within["user_id"], *lost["user_id"]}
        await keys.until(lambda: keys.settled() and keys.table.total == len(users))
        names = [column.name for column in keys.table._cells.columns]
        requests, orphans = names.index("requests"), names.index("orphans")
        screen = keys.app.screen
        assert isinstance(screen, TableScreen)
        assert screen._pages is not None
        rows = screen._pages.page(0, keys.table.total)
        assert sum(row[requests] for row in rows) == within.height + lost.height
        assert sum(row[orphans] for row in rows) == lost.height
        await keys.press("5")
        await keys.until(keys.settled)
        assert "(not here)" in "".join(keys.app.screen.query_one(FilterChips).labels)
        await keys.press("9")
        await keys.until(keys.settled)
        await keys.press("x")
        await keys.until(lambda: keys.settled() and keys.table.total > len(users))
        assert keys.app.session.kept == ()
        await keys.press("3")
        await keys.until(lambda: keys.settled() and keys.table.total > failed.height)

    driven(body)


def test_what_is_chosen_on_the_timeline_holds_in_every_view(driven: Callable[[Body], None], run: RunFolder) -> None:
    expected = _orphans(run)

    async def body(keys: Keyboard) -> None:
        chosen = ChosenTime(f"time>={_FROM}Z time<{_TO}Z", "15:05 – 15:15", "duration>=1s", "over 1s")
        keys.app.session.chosen_time = chosen
        await keys.press("4")
        await keys.until(lambda: keys.settled() and keys.table.total == expected.height)
        labels = keys.app.screen.query_one(FilterChips).labels
        assert labels == ["15:05 – 15:15", "over 1s (not here)"]
        await keys.press("x")
        await keys.until(lambda: keys.settled() and keys.table.total > expected.height)
        assert keys.app.session.chosen_time is None

    driven(body)


def test_a_typed_time_is_selected_on_the_overview_until_it_is_given_up(driven: Callable[[Body], None]) -> None:
    async def body(keys: Keyboard) -> None:
        app = keys.app
        await keys.press("3", "at", *"15:05-15:15", "enter")
        await keys.until(lambda: keys.settled() and bool(app.session.kept))
        total = keys.table.total
        await keys.press("1")
        await keys.until(lambda: app.current_mode == "overview")
        chart = app.screen.query_one(Timeline)
        assert chart.cursor is not None
        first, end = chart.cursor
        assert chart.points[first].start[11:16] == "15:05"
        assert chart.points[end].start[11:16] == "15:15"
        # Whatever is painted anew, the time stays the one that was typed, in the zone that is shown.
        app.session.zone = "+02:00"
        app.session.show_times()
        chart.show_times_anew()
        assert [(one.expression, one.label) for one in app.session.filters] == [
            (f"time>={_FROM}Z time<{_TO}Z", "17:05 – 17:15")
        ]
        app.session.zone = ""
        app.session.show_times()
        await keys.press("3")
        await keys.until(lambda: keys.settled() and keys.table.total == total)
        # Another time on the timeline takes its place.
        await keys.press("1", "w", "right", "3")
        await keys.until(lambda: keys.settled() and app.current_mode == "errors" and keys.table.total != total)
        assert app.session.typed_time is None
        # Where the chip was taken away, or the selection, nothing stays.
        await keys.press("x", "1")
        await keys.until(lambda: app.current_mode == "overview" and chart.cursor is None)
        await keys.press("3", "at", *"15:05-15:15", "enter")
        await keys.until(lambda: keys.settled() and bool(app.session.kept))
        await keys.press("1", "escape", "3")
        await keys.until(lambda: keys.settled() and app.current_mode == "errors")
        assert app.session.filters == ()

    try:
        driven(body)
    finally:
        zones.show_in(UTC)


def test_a_latency_is_given_up_without_its_time() -> None:
    session = Session(chosen_time=ChosenTime("time>=a time<b", "15:05 – 15:15", "duration>=1s", "over 1s"))
    time, latency = session.filters
    session.drop(latency)
    assert session.filters == (time,)
    session.drop(time)
    assert not session.filters


def test_users_lead_to_their_rows_their_detail_and_their_orphans(
    driven: Callable[[Body], None], run: RunFolder
) -> None:
    exchanges = views.scan(run, "exchanges").collect()
    orphans = views.scan(run, "orphans").collect()

    async def body(keys: Keyboard) -> None:
        await keys.press("9")
        await keys.until(lambda: keys.settled() and keys.table.row(0) is not None)
        user = (keys.table.row(0) or ("",))[0]
        await keys.press("enter")
        own = exchanges.filter(pl.col("user_id") == user)
        await keys.until(lambda: keys.settled() and keys.table.total == own.height)
        await keys.press("o")
        lost = orphans.filter(pl.col("user_id") == user)
        await keys.until(lambda: keys.settled() and keys.table.total == lost.height)
        await keys.press("escape", "escape", "i")
        await keys.until(lambda: isinstance(keys.app.screen, DetailScreen) and "user" in keys.app.screen._copied)
        await keys.press("escape", "o")
        await keys.until(lambda: keys.settled() and keys.table.total == lost.height)

    driven(body)


def test_times_are_shown_and_typed_in_a_zone_of_choice(driven: Callable[[Body], None], run: RunFolder) -> None:
    expected = _orphans(run)

    async def body(keys: Keyboard) -> None:
        await keys.press("4")
        await keys.until(lambda: keys.settled() and keys.table.row(0) is not None)
        clock = shown(keys.app)[2].split()[0]
        keys.app.action_zone()
        await keys.until(lambda: isinstance(keys.app.screen, PickZoneScreen))
        await keys.press(*"Europe/Nowhere", "enter")
        await keys.until(lambda: "name a zone such as" in "".join(shown(keys.app)))
        await keys.press("ctrl+u", *"Europe/Berlin", "enter")
        hours = int(clock.strip("▌")[:2]) + 1
        await keys.until(lambda: keys.settled() and shown(keys.app)[2].startswith(f"▌{hours}:"))
        await keys.press("at", *"16:05-16:15", "enter")
        await keys.until(lambda: keys.settled() and keys.table.total == expected.height)
        await keys.press("x", "slash", *"time>=16:05 time<16:15", "enter")
        await keys.until(lambda: keys.settled() and keys.table.total == expected.height)
        assert isinstance(keys.app.screen, TableScreen)
        assert keys.app.screen._shown.typed[0] == "time>=2025-11-21T16:05+01:00"
        await keys.press("x", "x")

    try:
        driven(body)
    finally:
        zones.show_in(UTC)


def shown(app: LogcorrApp) -> list[str]:
    """The lines of the screen from the headings of a table on."""
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    first = next((number for number, line in enumerate(lines) if line.lstrip().startswith("time ")), 0)
    return ["", *lines[first:]]
