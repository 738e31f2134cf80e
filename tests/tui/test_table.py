"""Tables and detail by keyboard alone, with hostile text, at both sizes; and lines of logs read by their number."""

import gzip
import json
import re
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from logcorr.inputs.files import fingerprint, resolve
from logcorr.jobs.correlate import correlate
from logcorr.model.errors import Cancelled
from logcorr.model.options import CorrelateOptions, View
from logcorr.model.report import Report
from logcorr.query import view_pages
from logcorr.query.filter_process import FilteredFiles, FilterTask
from logcorr.query.table_columns import Row
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.screens.detail import DetailScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.messages import ExportView
from logcorr_tui.state.row_query import RowQuery
from logcorr_tui.state.session import Session
from logcorr_tui.widgets.link_list import LinkList
from logcorr_tui.widgets.table.filter_chips import FilterChips
from logcorr_tui.widgets.table.window_table import WindowTable
from logcorr_tui.work.open_run import open_run
from logcorr_tui.work.raw_lines import RawLineReader
from tests.support.helpers import SAMPLE, looks, zstandard
from tests.tui.headless import Shared

pytestmark = pytest.mark.usefixtures("filtered_here")
SIZES = [(120, 36), (80, 24)]
_HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07",
    "[/oops][bold]",
    "\x9b31mc1",
    "\u202egnp\u2066x",
    "a\u200bb\ufeffc",
    "宽宽字符" * 12,
    "x\u0301e\u0301",
    "[link=file:///etc]x",
    "$(x)`y`",
)
_RAW = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\ufeff")


class TableApp(App[None]):
    """The least app that the table needs."""

    def __init__(self, run: RunFolder, root: Path | None = None) -> None:
        super().__init__()
        report = run.report
        assert isinstance(report, Report)
        self.session = Session(run=run, report=report)
        self.root = root or run.path.parent
        self.exports: list[ExportView] = []
        self.copied = ""
        self.table = TableScreen("exchanges", "", "")

    async def show(self, view: View = "exchanges", expression: str = "", label: str = "") -> None:
        """A new table instead of all screens before it."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        self.exports.clear()
        self.copied, self.theme = "", "textual-dark"
        self.table = TableScreen(view, expression, label)
        await self.push_screen(self.table)

    def on_export_view(self, message: ExportView) -> None:
        self.exports.append(message)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied = text


def _run_of(folder: Path, store: Path) -> RunFolder:
    options = CorrelateOptions(
        requests=(str(folder / "requests.log"),),
        responses=(str(folder / "responses.log"),),
        memory_bytes=1 << 30,
        store=str(store),
    )
    found = correlate(options).folder
    assert found is not None
    return RunFolder(found)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return _run_of(SAMPLE, tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("hostile")
    ids = list(enumerate(_HOSTILE))
    requests = "".join(f"2025-03-01T12:00:{n:02d}Z,{text},{text}\n" for n, text in ids)
    responses = "".join(f"2025-03-01T12:00:{n:02d}.5Z,{text},{200 + n * 50}\n" for n, text in ids if n != 3)
    bad = "".join(f"{text}\n" for text in _HOSTILE)
    (folder / "requests.log").write_text(requests + bad, encoding="utf8")
    (folder / "responses.log").write_text(responses, encoding="utf8")
    return _run_of(folder, folder / "store")


Flow = Callable[[Pilot[Any], TableApp], Awaitable[None]]


class Tables:
    """One app on a run for all tests; each shows a table of its own in it."""

    def __init__(self, run: RunFolder, root: Path | None = None) -> None:
        self.shared = Shared(lambda: TableApp(run, root), SIZES[0])

    def play(self, flow: Flow, *of: str, size: tuple[int, int] = SIZES[0]) -> None:
        """Runs a flow once the table of this view, filter and label is there."""

        async def playing(pilot: Pilot[Any], app: TableApp) -> None:
            await app.show(*cast("list[Any]", of))
            await _until(pilot, lambda: app.table._pages is not None)
            await flow(pilot, app)

        self.shared.play(playing, size)


@pytest.fixture(scope="module")
def tables(run: RunFolder) -> Iterator[Tables]:
    found = Tables(run)
    yield found
    found.shared.close()


@pytest.fixture(scope="module")
def hostile_tables(hostile: RunFolder) -> Iterator[Tables]:
    found = Tables(hostile)
    yield found
    found.shared.close()


async def _until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    for _ in looks(0.02):
        await pilot.pause(0.02)
        if holds():
            await pilot.pause()
            return
    raise AssertionError("it did not happen")


def _settled(app: TableApp) -> Callable[[], bool]:
    return lambda: not app.table._working


def _shown(app: TableApp) -> str:
    """All that is on the screen."""
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    return "\n".join(lines)


@pytest.mark.parametrize("size", SIZES)
def test_filter_sort_go_and_export_by_keyboard(tables: Tables, size: tuple[int, int]) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)
        everything = table.total
        assert "all but aborted ×" in _shown(app)
        await pilot.press("slash", *"sta", "tab", *">=400")
        assert re.search(r"^ / status>=400 *$", _shown(app), re.MULTILINE)
        await pilot.press("enter")
        await _until(pilot, lambda: _settled(app)() and table.total < everything)
        assert "status>=400 ×" in _shown(app)
        assert f"{table.total} of 50 rows" in _shown(app)
        await pilot.press("e")
        await pilot.pause()
        assert app.exports == [ExportView("exchanges", "status>=200 status>=400")]
        await pilot.press("s")
        await pilot.pause()
        names = [column.name for column in app.table._base.columns] if app.table._base else []
        picker = app.screen.query_one(OptionList)
        for _ in range(names.index("duration_us")):
            await pilot.press("j")
        assert picker.highlighted == names.index("duration_us") + 1
        await pilot.press("enter")
        await _until(pilot, lambda: app.table._shown.sort == ("duration_us", True))
        await _until(pilot, lambda: None not in [table.row(number) for number in range(table.total)])
        durations = [(table.row(number) or ())[names.index("duration_us")] for number in range(table.total)]
        assert durations == sorted(durations, reverse=True)
        assert "duration ▼" in _shown(app)
        await pilot.press("S")
        await _until(pilot, lambda: app.table._shown.sort == ("duration_us", False))
        await pilot.press("colon", "3", "enter")
        assert table.cursor == 2
        await pilot.press("x")
        await _until(pilot, lambda: app.table._shown.typed == ())
        await pilot.press("backspace")
        # Escape cancels what is under way, and only then goes back.
        await _until(pilot, lambda: _settled(app)() and app.table.expression == "" and table.total == 50)
        await pilot.press("escape")
        assert app.screen is not app.table

    tables.play(flow, "exchanges", "status>=200", "all but aborted", size=size)


@pytest.mark.parametrize("size", SIZES)
def test_the_cursor_moves_by_keys_and_mouse(tables: Tables, size: tuple[int, int]) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)
        for keys, row in ((("G",), 49), (("g",), 0), (("j", "j", "down"), 3), (("k", "up"), 1), (("end",), 49)):
            await pilot.press(*keys)
            assert table.cursor == row
        assert "req-" in _shown(app)
        await pilot.press("home", "pagedown")
        page = table.cursor
        assert page == table.body_height() > 10
        await pilot.press("ctrl+d", "ctrl+u", "pageup")
        assert table.cursor == 0
        await pilot.click(WindowTable, offset=(5, 4))
        assert table.cursor == 3
        await pilot.press("l", "l")
        await pilot.pause()
        await pilot.resize_terminal(60, 12)
        await pilot.press("G")
        await pilot.pause()
        assert table.scroll_offset.y + table.body_height() > 49

    tables.play(flow, size=size)


def test_a_wrong_filter_says_what_and_where_and_keeps_the_rows(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("slash", *"reson=lost", "enter")
        await pilot.pause()
        assert "no 'reson' here" in _shown(app)
        assert app.screen.query_one(Input).has_focus
        await pilot.press("escape", "colon", "9", "9", "enter")
        await pilot.pause()
        assert "There is no row 99" in _shown(app)
        await pilot.press("escape", "slash", *"reason=l", "tab", "enter")
        await _until(pilot, lambda: app.table._shown.typed == ("reason=lost",))
        await pilot.press("slash", *"id=nope", "enter")
        await _until(pilot, lambda: "No rows" in _shown(app))
        await pilot.press("x")
        await _until(pilot, lambda: app.table.query_one(WindowTable).total > 0)

    tables.play(flow, "orphans")


def test_what_is_cancelled_gives_the_rows_and_the_cursor_back(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)

        def endless(_job: FilterTask, cancel: threading.Event, first: Callable[[list[Row]], None]) -> FilteredFiles:
            first(app.table._base.page(20, 5) if app.table._base else [])
            assert cancel.wait(20)
            ended.set()
            raise Cancelled("it was.")

        await pilot.press(*"jjjjjjj")
        await _until(pilot, lambda: table.row(7) is not None)
        seventh = table.row(7)
        with monkeypatch.context() as patch:
            patch.setattr(view_pages, "filter_in_process", endless)
            await pilot.press("slash", *"status>0", "enter")
            await _until(pilot, lambda: table.total == 5)
            assert table.cursor == 0
            assert "filtering… esc cancels" in _shown(app)
            await pilot.press("escape")
            await _until(pilot, ended.is_set)
        await _until(pilot, lambda: table.row(7) is not None)
        assert (table.total, table.cursor, table.row(7)) == (50, 7, seventh)
        assert app.screen is app.table
        assert app.table.expression == ""

    tables.play(flow)


def test_files_of_views_are_gone_with_the_table(run: RunFolder, tmp_path: Path) -> None:
    tables = Tables(run, tmp_path)

    def left() -> list[Path]:
        return list(tmp_path.glob(".work-*"))

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        for column in ("user_id", "status_code"):
            app.table._sort_by(column)
            await _until(pilot, lambda column=column: app.table._shown.sort == (column, column != "user_id"))  # type: ignore[misc]
            await _until(pilot, lambda: len(list(app.root.glob(".work-*/spill/view-*"))) == 1)
        app.pop_screen()
        await _until(pilot, lambda: not left())

    tables.play(flow)
    tables.play(lambda pilot, _app: _until(pilot, lambda: bool(left())), "errors")
    tables.shared.close()
    for thread in threading.enumerate():
        if thread.name == "spill":
            thread.join(20)
    assert left() == []


def test_a_page_that_cannot_be_read_is_told_only_where_it_is_shown(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Gone:
        """Rows whose files are gone."""

        columns: tuple[Any, ...] = ()

        def page(self, offset: int, count: int) -> list[Row]:
            raise FileNotFoundError(f"no rows {offset} to {offset + count}")

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)
        monkeypatch.setattr(app, "notify", lambda message, **_: told.append(message))
        table.show(Gone(), (), 10)
        table._read(0)
        table.show(Gone(), (), 0)
        await pilot.pause(0.2)
        assert told == []
        table.show(Gone(), (), 10)
        await _until(pilot, lambda: told == ["no rows 0 to 200"])

    tables.play(flow)


def test_a_cell_filters_and_is_copied(tables: Tables, run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITTY_WINDOW_ID", "1")  # a terminal that takes copies
    monkeypatch.delenv("TMUX", raising=False)

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)
        await _until(pilot, lambda: table.row(0) is not None)
        names = [column.name for column in table._cells.columns]
        row = table.row(0) or ()
        # The cursor starts on the id.
        await pilot.press("y")
        await _until(pilot, lambda: app.copied == row[names.index("request_id")])
        while table.chosen_column is None or table.chosen_column.name != "status_code":
            await pilot.press("l")
        await pilot.press("y")
        await _until(pilot, lambda: app.copied == str(row[names.index("status_code")]))
        await pilot.press("Y")
        await _until(pilot, lambda: app.copied.startswith("{"))
        record = json.loads(app.copied)
        assert record["request_id"] == row[names.index("request_id")]
        assert record["request_file"].endswith("requests.log")
        await pilot.press("ctrl+y")
        await _until(pilot, lambda: app.copied.count("\n") == 1)
        for side, line in zip(("requests", "responses"), app.copied.splitlines(), strict=True):
            lines = (SAMPLE / f"{side}.log").read_text(encoding="utf8", errors="replace").splitlines()
            assert line == lines[record[f"{side[:-1]}_line"] - 1]
        status = row[names.index("status_code")]
        statuses = views.scan(run, "exchanges").select("status_code").collect().to_series().to_list()
        await pilot.press("f")
        await _until(pilot, lambda: _settled(app)() and table.total == statuses.count(status))
        assert app.table._shown.typed == (f"status={status}",)
        await pilot.press("x")
        await _until(pilot, lambda: _settled(app)() and table.total == len(statuses))
        await pilot.press("F")
        await _until(pilot, lambda: _settled(app)() and table.total == len(statuses) - statuses.count(status))
        assert app.table._shown.typed == (f"status!={status}",)

    tables.play(flow)


@pytest.mark.parametrize("column", ["request_time", "duration_us", "user_id", "request_file", "request_line"])
def test_every_kind_of_cell_filters_to_its_own_rows(tables: Tables, run: RunFolder, column: str) -> None:
    values = views.scan(run, "exchanges").select(pl.col(column)).collect().to_series()
    values = values.cast(pl.Int64) if isinstance(values.dtype, pl.Datetime) else values

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)
        await _until(pilot, lambda: table.row(3) is not None)
        names = [one.name for one in table._cells.columns]
        table.move_to(3)
        table._to_column(names.index(column))
        value = (table.row(3) or ())[names.index(column)]
        await pilot.press("f")
        await _until(pilot, lambda: bool(app.table._shown.typed) and _settled(app)())
        assert table.total == values.to_list().count(value)

    tables.play(flow)


def test_go_takes_a_time_and_an_id(tables: Tables, run: RunFolder) -> None:
    stored = views.scan(run, "exchanges").collect()

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        table = app.table.query_one(WindowTable)
        names = [column.name for column in table._cells.columns]
        identity = stored["request_id"][20]
        await pilot.press("colon", *identity, "enter")
        await _until(pilot, lambda: table.row(table.cursor) is not None and not app.table._prompt.asked)
        assert (table.row(table.cursor) or ())[names.index("request_id")] == identity
        instants = sorted(stored["request_time"].to_list())
        middle = instants[len(instants) // 2]
        await pilot.press("colon", *f"{middle:%Y-%m-%dT%H:%M:%S}", "enter")
        await _until(pilot, lambda: not app.table._prompt.asked)
        found = (table.row(table.cursor) or ())[names.index("request_time")]
        start = middle.replace(microsecond=0)
        assert found == min(int(at.timestamp() * 1e6) for at in instants if at >= start)
        await pilot.press("colon", *"no-such-id", "enter")
        await _until(pilot, lambda: "no row here has" in _shown(app))
        await pilot.press("escape")

    tables.play(flow)


def test_an_empty_table_says_so_in_its_middle_and_offers_no_keys_of_rows(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("slash", *"id=nope", "enter")
        await _until(pilot, lambda: "No rows" in _shown(app))
        lines = _shown(app).splitlines()
        at = next(number for number, line in enumerate(lines) if "No rows" in line)
        assert 36 * 0.35 < at < 36 * 0.65
        assert abs(len(lines[at]) - len(lines[at].lstrip()) - (120 - len(lines[at].rstrip()))) <= 1
        await pilot.pause()
        keys = {binding.binding.action for binding in app.screen.active_bindings.values() if binding.enabled}
        assert not keys & {"sort", "go", "export", "choose", "copy", "filter_cell(True)", "count"}
        assert {"filter", "remove_last"} <= keys
        await pilot.press("x", "slash", *"user~^carol$", "enter")
        await _until(pilot, lambda: "=~ takes a" in _shown(app))
        await pilot.resize_terminal(60, 20)
        assert "…" not in _shown(app).replace("6–9 …", "")
        await pilot.press("x", "slash", *"user=~^carol$", "enter")
        await _until(pilot, lambda: _settled(app)() and app.table.query_one(WindowTable).total > 0)

    tables.play(flow)


def test_headings_are_there_before_rows(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        def endless(_job: object, cancel: threading.Event, _first: object) -> FilteredFiles:
            assert cancel.wait(20)
            raise Cancelled("it was.")

        with monkeypatch.context() as patch:
            patch.setattr(view_pages, "filter_in_process", endless)
            app.table = TableScreen("slow")
            await app.push_screen(app.table)
            await _until(pilot, lambda: "duration ▼" in _shown(app))
            assert "sorting…" in _shown(app)
            app.pop_screen()

    tables.play(flow)


@pytest.mark.parametrize("expression", ["", "user=carol"])
def test_keys_that_are_typed_before_the_first_rows_wait_for_them(
    tables: Tables, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed, opened = threading.Event(), view_pages.ViewPages.__init__

    def late(*given: Any, **named: Any) -> None:
        assert typed.wait(20)
        opened(*given, **named)

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(view_pages.ViewPages, "__init__", late)
            app.table = TableScreen("exchanges", expression)
            await app.push_screen(app.table)
            await pilot.press("j", "j", "k", "enter")
            assert app.table._working
            typed.set()
            await _until(pilot, lambda: isinstance(app.screen, DetailScreen))
            assert isinstance(app.screen, DetailScreen)
            detail = app.screen
            await _until(pilot, lambda: detail._number == 1)

    tables.play(flow)


def test_what_goes_to_the_last_row_waits_for_all_rows() -> None:
    table = WindowTable()
    table.wait_for_rows()
    table.action_last()
    for all_of_them, waits in ((False, True), (True, False)):
        table.rows_are_there(all_of_them=all_of_them)
        assert (table._ahead is not None) == waits


def test_links_of_a_detail_open_rows(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("enter")
        await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "user" in app.screen._copied)
        first = app.screen
        assert isinstance(first, DetailScreen)
        links = first.query_one("#user", LinkList)
        links.focus()
        number = links.links[0].number
        rows = links.links[0].rows
        assert rows is not None
        await pilot.press("enter")
        await _until(pilot, lambda: app.screen is not first and "fields" in getattr(app.screen, "_copied", {}))
        other = app.screen
        assert isinstance(other, DetailScreen)
        names = [column.name for column in rows.columns]
        assert other._row == dict(zip(names, rows.rows[number], strict=True))
        await pilot.press("escape")
        await _until(pilot, lambda: app.screen is first)

    tables.play(flow, "exchanges", "user=carol", "carol")


def test_a_lost_request_says_how_much_log_comes_after_it(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("enter")
        await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "fields" in app.screen._copied)
        detail = app.screen
        assert isinstance(detail, DetailScreen)
        reason = next(line.plain for line in detail._copied["fields"][1] if line.plain.startswith("reason"))
        assert re.search(r"lost  no response in the \S+.* of log after it", reason)
        # Frames appear with what is in them.
        assert not [one for one in detail.query(".section") if one.display and not one.region.height]

    tables.play(flow, "orphans", "reason=lost side=request", "lost")


def test_a_chip_is_chosen_and_removed(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("slash", *"duration>1ms id~req", "enter")
        await _until(pilot, lambda: app.table._shown.typed == ("duration>1ms", "id~req"))
        app.table.query_one(FilterChips).focus()
        await pilot.press("right", "x")
        await _until(pilot, lambda: app.table._shown == RowQuery("status<500", "no 5xx", ("id~req",)))
        await pilot.press("left", "x")
        await _until(pilot, lambda: app.table._shown == RowQuery(typed=("id~req",)))

    tables.play(flow, "exchanges", "status<500", "no 5xx")


def test_a_click_removes_the_chip_under_it(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("slash", *"id~req status>0", "enter")
        await _until(pilot, lambda: app.table._shown.typed == ("id~req", "status>0"))
        chips = app.table.query_one(FilterChips)
        await pilot.pause()
        end = chips.styles.padding.left + len(" no 5xx ×   id~req × ")
        await pilot.click(FilterChips, offset=(end - 1, 0))
        await _until(pilot, lambda: app.table._shown == RowQuery("status<500", "no 5xx", ("status>0",)))

    tables.play(flow, "exchanges", "status<500", "no 5xx")


def test_a_run_that_is_removed_while_it_is_open_is_told(run: RunFolder, tmp_path: Path) -> None:
    copied = tmp_path / run.name
    shutil.copytree(run.path, copied)
    own = Tables(open_run(copied).run, tmp_path)

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await _until(pilot, _settled(app))
        app.session.views = ("orphans",)
        shutil.rmtree(copied)
        for key in ("enter", "o"):
            await pilot.press(key)
            await _until(pilot, lambda: any("is gone or damaged" in told.message for told in app._notifications))
            app._notifications.clear()
        await pilot.press("i")
        await _until(pilot, lambda: isinstance(app.screen, DetailScreen))
        await app.pop_screen()
        app.table = TableScreen("errors")
        await app.push_screen(app.table)
        await _until(pilot, lambda: "is gone or damaged" in app.table._table.nothing)

    try:
        own.play(flow, "users")
    finally:
        own.shared.close()


@pytest.mark.parametrize("view", ["orphans", "malformed", "duplicates", "superseded", "users", "slow", "skewed"])
def test_every_view_opens_and_shows_detail(tables: Tables, view: View) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        if app.table.query_one(WindowTable).total:
            await pilot.press("i" if view == "users" else "enter")
            await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "fields" in app.screen._copied)

    tables.play(flow, view)


@pytest.mark.parametrize("size", SIZES)
def test_detail_shows_fields_lines_entries_and_user_and_steps(tables: Tables, size: tuple[int, int]) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("enter")
        await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "user" in app.screen._copied)
        detail = app.screen
        assert isinstance(detail, DetailScreen)
        assert set(detail._copied) == {"fields", "request", "response", "same", "user"}
        first = app.screen.query_one("#id", Static).render()
        await pilot.press("y")
        await _until(pilot, lambda: app.copied != "")
        row = app.table.query_one(WindowTable).row(0) or ()
        names = [column.name for column in app.table._base.columns] if app.table._base else []
        line = (SAMPLE / "requests.log").read_bytes().split(b"\n")[int(str(row[names.index("request_line")])) - 1]
        assert f"▶ {row[names.index('request_line')]:>9} {line.decode().strip()}" in app.copied
        await pilot.press("n")
        await _until(pilot, lambda: str(app.screen.query_one("#id", Static).render()) != str(first))
        await pilot.press("p", "n", "j", "pagedown", "escape")
        await pilot.pause()
        assert app.table.query_one(WindowTable).cursor == 1

    tables.play(flow, "exchanges", "user=carol", "carol", size=size)


# Every view at both sizes, in a terminal and byte by byte: test_hostile_terminal.py.
def test_a_closed_detail_is_not_kept(tables: Tables) -> None:
    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        listening = len(app.theme_changed_signal._subscriptions)
        for _ in range(2):
            await pilot.press("enter")
            await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "user" in app.screen._copied)
            await pilot.press("escape")
            await _until(pilot, lambda: not isinstance(app.screen, DetailScreen))
        await _until(pilot, lambda: len(app.theme_changed_signal._subscriptions) == listening)

    tables.play(flow, "exchanges", "user=carol status=200", "carol")


def test_an_open_detail_takes_the_colours_of_another_theme(tables: Tables) -> None:
    def styles(app: TableApp) -> set[str]:
        lines = app.screen._copied["user"][1] if isinstance(app.screen, DetailScreen) else []
        return {str(span.style).lower() for line in lines for span in line.spans}

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        await pilot.press("enter")
        await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "user" in app.screen._copied)
        detail = app.screen
        assert isinstance(detail, DetailScreen)
        before = f"bold {app.theme_variables['success']}".lower()
        assert before in styles(app)
        app.theme = "dracula"
        await _until(pilot, lambda: before != f"bold {app.theme_variables['success']}".lower())
        after = f"bold {app.theme_variables['success']}".lower()
        await _until(pilot, lambda: after in styles(app))
        assert before not in styles(app)
        assert detail.query_one("#user").display

    tables.play(flow, "exchanges", "user=carol status=200", "carol")


@pytest.mark.parametrize(
    ("view", "size"), [("exchanges", SIZES[0]), ("orphans", SIZES[1]), ("malformed", SIZES[0]), ("users", SIZES[1])]
)
def test_hostile_text_is_shown_harmless(hostile_tables: Tables, view: View, size: tuple[int, int]) -> None:
    def harmless(app: TableApp) -> None:
        texts = [_shown(app), app.export_screenshot()]
        texts += [segment.text for strip in app.screen._compositor.render_strips() for segment in strip]
        for raw in _RAW:
            assert not any(raw in text for text in texts)
        assert {strip.cell_length for strip in app.screen._compositor.render_strips()} == {size[0]}

    async def flow(pilot: Pilot[Any], app: TableApp) -> None:
        total = app.table.query_one(WindowTable).total
        assert total
        await pilot.press("G")
        await pilot.pause(0.05)
        harmless(app)
        await pilot.press("g", "i" if view == "users" else "enter")
        for _ in range(min(total, 4)):
            await _until(pilot, lambda: isinstance(app.screen, DetailScreen) and "fields" in app.screen._copied)
            harmless(app)
            await pilot.press("n")
        await pilot.press("escape", "slash", *"text~[/oops]" if view == "malformed" else "user=[/oops]x", "enter")
        await _until(pilot, _settled(app))
        harmless(app)

    hostile_tables.play(flow, view, 'user!="\x1b[31m[/oops]"' if view != "malformed" else "", "", size=size)


def _packed(folder: Path, text: bytes) -> Iterator[Path]:
    for name, raw in (("a.log", text), ("a.log.gz", gzip.compress(text)), ("a.log.zst", zstandard(text))):
        path = folder / name
        path.write_bytes(raw)
        yield path


def test_excerpts_are_the_lines_of_the_file(tmp_path: Path) -> None:
    lines = [b"line %d %s" % (number, b"x" * (number % 97)) for number in range(1, 60_001)]
    lines[4] = b"y" * 3_000_000
    for path in _packed(tmp_path, b"\r\n".join(lines)):
        known, reader = fingerprint(resolve("request", (str(path),))[0]), RawLineReader()
        for number in (60_000, 1, 3, 5, 6, 30_000, 59_999, 8):
            excerpt = reader.read("request", known, number, threading.Event())
            first, last = max(1, number - 3), min(60_000, number + 3)
            assert excerpt.note == ""
            assert [n for n, _ in excerpt.lines] == list(range(first, last + 1))
            for n, text in excerpt.lines:
                assert text == lines[n - 1].decode()[:4096]


def test_excerpts_of_json_documents_are_objects(tmp_path: Path) -> None:
    objects = [{"number": number} for number in range(1, 50_001)]
    for path in _packed(tmp_path, json.dumps(objects, indent=2).encode()):
        known, reader = fingerprint(resolve("request", (str(path),))[0]), RawLineReader()
        for number in (50_000, 1, 30_000):
            excerpt = reader.read("request", known, number, threading.Event())
            assert (number, json.dumps(objects[number - 1])) in excerpt.lines


def test_excerpts_say_when_the_log_has_changed_or_gone(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    known, cancel = fingerprint(resolve("request", (str(path),))[0]), threading.Event()
    assert RawLineReader().read("request", known, 2, cancel).lines == [(1, "one"), (2, "two")]
    path.write_bytes(b"one\n")
    changed = RawLineReader().read("request", known, 2, cancel)
    assert changed.lines == [(1, "one")]
    assert "has changed" in changed.note
    assert "no line 2" in changed.note
    path.unlink()
    assert "cannot be read any more" in RawLineReader().read("request", known, 2, cancel).note
