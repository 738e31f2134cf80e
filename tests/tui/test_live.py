"""The live screen: what it shows of logs that are followed, and its keys."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from textual.app import App
from textual.widgets import Static

from logcorr_tui.look.palette import DARK_THEME
from logcorr_tui.screens.live import LiveScreen
from logcorr_tui.screens.live_detail import LiveDetailScreen
from logcorr_tui.widgets.live.bar import LiveBar
from logcorr_tui.widgets.live.board import LiveBoard
from logcorr_tui.widgets.live.head import LiveHead
from logcorr_tui.widgets.live.live_table import LiveTable
from logcorr_tui.work.follow_words import Follow
from tests.tui.headless import Stage, play

TIME = "2025-01-01T00:00:{:02d}.000000Z"


def _request(number: int, *, age_ms: float, overdue: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "request_id": f"r{number}", "time": TIME.format(number), "age_ms": age_ms, "overdue": overdue,
        "user_id": f"u{number}", "places": [number], **more,
    }  # fmt: skip


def _exchange(number: int, *, status: int | None = 200, ms: float = 5, late: bool = False) -> dict[str, Any]:
    return {
        "request_id": f"r{number}", "time": TIME.format(number), "user_id": f"u{number}", "status_code": status,
        "response_time": TIME.format(number + 1), "duration_ms": ms, "late": late, "places": [number, 100 + number],
    }  # fmt: skip


def _record(**changed: Any) -> dict[str, Any]:
    window = {
        "from": TIME.format(0), "to": TIME.format(30), "requests": 300, "responses": 290, "exchanges": 290,
        "failures": 29, "overdue": 1, "error_rate": 0.1, "requests_per_s": 10, "status": {"200": 261, "503": 29},
        "p50_ms": 5, "p90_ms": 6, "p95_ms": 7, "p99_ms": 80, "p999_ms": 90,
        "rates": {"requests": [1, 2, 3], "failures": [0, 0, 1]},
    }  # fmt: skip
    counts = {"lines": 590, "malformed": 2, "matched": 290, "open": 10, "overdue": 1, "late": 1}
    return {
        "kind": "snapshot", "time": TIME.format(30), "watermark": TIME.format(0), "counts": counts,
        "behind_bytes": 0, "notices": [], "doubts": [], "quiet_s": 0, "window": window, "alerts": [],
        "in_flight": [_request(1, age_ms=40_000, overdue=True), _request(2, age_ms=500)],
        "slowest": [_exchange(7, ms=900)], "failed": [_exchange(8, status=503), _exchange(9, status=None)],
        "late": [_exchange(3, ms=35_000, late=True)], **changed,
    }  # fmt: skip


class _Child:
    """A child that tells what a test puts in."""

    def __init__(self) -> None:
        self.windows: list[int] = []
        self.stopped = asyncio.Event()
        self.tell: Callable[[dict[str, Any]], None] = lambda _: None
        self.note: Callable[[str], None] = lambda _: None
        self.code = 0

    async def run(self, tell: Callable[[dict[str, Any]], None], note: Callable[[str], None]) -> int:
        self.tell, self.note = tell, note
        await self.stopped.wait()
        return self.code

    async def ask_window(self, seconds: int) -> None:
        self.windows.append(seconds)

    async def lines(self, places: Sequence[int]) -> list[dict[str, Any]]:
        names = ("requests.log", "responses.log")
        return [
            {"file": names[place >= 100], "line": place, "lines": [[-1, "before"], [0, f"line of {place}"]], "note": ""}
            for place in places
        ]


class _LiveApp(App[None]):
    def __init__(self, *, bell: bool = False) -> None:
        super().__init__()
        self.child = _Child()
        self.bells = 0
        self.live = LiveScreen(Follow(("/logs/requests.log", "/logs/responses.log"), (), 300, bell))
        self.live.child = self.child  # type: ignore[assignment]

    def on_mount(self) -> None:
        self.register_theme(DARK_THEME)
        self.theme = "logcorr-dark"
        self.push_screen(self.live)

    def bell(self) -> None:
        self.bells += 1

    @property
    def text(self) -> str:
        """What the screen shows."""
        live = self.live
        widgets = [live.query_one(LiveHead), *live.query(LiveBar), live.query_one(LiveBoard), live.query_one(LiveTable)]
        painted = [line for widget in widgets if widget.display for line in widget.canvas.text()]
        plain = [str(live.query_one("#tables").render()).rstrip()]
        return "\n".join([*plain, *painted])


def test_a_record_is_shown() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        await pilot.pause()
        assert "◌ starting" in app.text
        app.child.tell(_record())
        await pilot.pause()
        shown = app.text
        for text in (
            "● live", "requests.log ⋈ responses.log", "2 malformed", "10/s", "10.00 %", "80 ms", "oldest 40 s",
            "503 10", "1 In flight 10", "2 Overdue 1", "4 Failed 29", "40 s  r1", " user ", "u2", "2 of 10",
            "window 5m, 30s there", "watermark 00:00:00", "00:00:30",
        ):  # fmt: skip
            assert text in shown

    play(app, look, (140, 36))


def test_tables_turn_and_open() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        await pilot.press("2")
        assert "r2 " not in app.text
        await pilot.press("tab")
        assert "900 ms     200  r7" in app.text
        for key, told in (("1", "overdue"), ("2", "40 s"), ("3", "900 ms"), ("4", "503"), ("5", "was overdue")):
            await pilot.press(key, "enter")
            assert isinstance(app.screen, LiveDetailScreen)
            assert told in _field_text(app)
            await pilot.press("escape")
            assert not isinstance(app.screen, LiveDetailScreen)

    play(app, look, (120, 36))


def test_a_frozen_screen_stays_while_counting_goes_on() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        await pilot.press("space")
        counts = _record()["counts"] | {"lines": 1000, "matched": 400}
        app.child.tell(_record(in_flight=[_request(5, age_ms=1)], counts=counts))
        await pilot.pause()
        assert "‖ frozen at 00:00:30 · 410 lines, 110 exchanges came since · Space or Esc goes on" in app.text
        assert "r1" in app.text
        assert "590 lines" in app.text
        await pilot.press("space")
        assert "r5" in app.text
        assert "1,000 lines" in app.text
        assert "frozen" not in app.text
        await pilot.press("space", "escape")
        assert "frozen" not in app.text

    play(app, look, (140, 36))


def test_of_logs_that_stand_still_only_the_head_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = _LiveApp()
    drawn: list[object] = []

    async def look(stage: Stage) -> None:
        app.child.tell(_record())
        await stage.pilot.pause()
        monkeypatch.setattr(LiveBoard, "show", lambda _board, record: drawn.append(record))
        app.child.tell(_record(quiet_s=75.2))
        await stage.pilot.pause()
        assert "nothing for 1m 15s" in app.text
        assert drawn == []
        app.child.tell(_record(quiet_s=0, alerts=[{"condition": "p99>5ms", "told": "p99 is 1 s.", "since": None}]))
        await stage.pilot.pause()
        assert len(drawn) == 1

    play(app, look, (100, 30))


def test_the_cursor_stays_on_its_request() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        await pilot.press("down")
        app.child.tell(_record(in_flight=[_request(0, age_ms=50_000), *_record()["in_flight"]]))
        await pilot.pause()
        table = app.live.query_one(LiveTable)
        assert table.cursor == 2
        # The detail goes on to other rows, and the cursor to the one that was shown last.
        await pilot.press("enter", "p", "escape")
        await pilot.pause()
        assert table.rows[table.cursor]["request_id"] == "r1"
        # On the first row it stays there, whatever comes.
        await pilot.press("home")
        app.child.tell(_record(in_flight=[_request(9, age_ms=60_000), *_record()["in_flight"]]))
        await pilot.pause()
        assert (table.cursor, table.rows[0]["request_id"]) == (0, "r9")
        app.child.tell(_record(in_flight=[]))
        await pilot.pause()
        assert "Nothing is in flight" in app.text

    play(app, look, (100, 30))


def test_the_window_is_asked_for() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        await pilot.press("plus", "plus", "minus", "minus", "minus")
        await pilot.pause()
        assert app.child.windows == [600, 900, 600, 300, 120]
        assert "window 2m" in app.text
        await pilot.press(*["minus"] * 6)
        assert app.child.windows[-1] == 10
        assert len(app.child.windows) == 8
        assert any("shortest window is 10s" in str(note.message) for note in app._notifications)

    play(app, look, (100, 30))


@pytest.mark.parametrize("bell", [True, False])
def test_an_alert_is_marked(bell: bool) -> None:
    app = _LiveApp(bell=bell)

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        alert = {"condition": "p99>5ms", "told": "p99 is 80 ms, over 5 ms.", "since": TIME.format(10)}
        for _ in range(2):
            app.child.tell(_record(alerts=[alert]))
        await pilot.pause()
        assert "▲ p99 is 80 ms, over 5 ms · for 20s" in app.text
        assert app.bells == bell
        # It is told while the screen is held still, too.
        await pilot.press("space")
        app.child.tell(_record(alerts=[alert], time=TIME.format(40)))
        await pilot.pause()
        assert "· for 30s" in app.text
        app.child.tell(_record(time=TIME.format(50)))
        await pilot.pause()
        assert "▽ p99>5ms held for 40s, until 00:00:50" in app.text

    play(app, look, (100, 30))


def test_access_logs_have_two_tables() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        counts = {"lines": 3, "malformed": 0, "matched": 3}
        row = {key: value for key, value in _exchange(1).items() if key != "request_id"} | {"request_id": ""}
        app.child.tell(_record(counts=counts, in_flight=[], late=[], slowest=[row]))
        await pilot.pause()
        assert "1 Slowest 1" in app.text
        assert "Exchanges" in app.text
        assert "flight" not in app.text

    play(app, look, (100, 30))


def test_what_is_doubtful_stays_on_the_screen() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record(doubts=["98.7 % of the lines of the response log are malformed.", "And more."]))
        await pilot.pause()
        assert "  ! 98.7 % of the lines of the response log are malformed.  ! And more." in app.text
        app.child.tell(_record())
        await pilot.pause()
        assert "malformed." not in app.text

    play(app, look, (100, 30))


def test_the_end_of_the_child_is_told() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        await pilot.pause()
        app.child.note("error: 'a.log': no line is of a known format.")
        app.child.code = 2
        app.child.stopped.set()
        await pilot.pause()
        assert "✗ 'a.log': no line is of a known format." in app.text
        assert "│  'a.log': no line is of a known format." in app.text

    play(app, look, (120, 30))


def _field_text(app: _LiveApp) -> str:
    return str(app.screen.query_one("#fields", Static).visual)


def test_a_detail_has_the_lines_of_both_logs_and_grows_older() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        await pilot.press("3", "enter")
        await stage.see("requests.log:7", "line of 7", "responses.log:107", "line of 107", "(900,000 µs)")
        await pilot.press("escape", "1", "enter")
        await stage.see("40 s  overdue", "requests.log:1")
        app.child.tell(_record(in_flight=[_request(1, age_ms=42_000, overdue=True)]))
        await stage.see("42 s")
        app.child.tell(_record(in_flight=[]))
        await stage.see("not among the rows of the table any more", "42 s")
        app.child.tell(_record())
        await stage.see("40 s", "row 1 of 2")
        await pilot.press("n")
        await stage.see("row 2 of 2", "requests.log:2")

    play(app, look, (100, 30))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60), (30, 10), (137, 23), (41, 13)])
def test_it_fits(size: tuple[int, int]) -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        alert = {"condition": "p99>5ms", "told": "p99 is 80 ms, over 5 ms.", "since": TIME.format(10)}
        row = _request(1, age_ms=90_061_000, url="/\x1b[31m" + "日本" * 80)
        app.child.tell(_record(in_flight=[row], alerts=[alert]))
        await pilot.press("space")
        await pilot.pause()
        assert "\x1b" not in app.text
        bottom = 0
        for name in ("#head", "#alerts", "#frozen", "#board", "#tables", "#rows"):
            place = app.live.query_one(name).region
            assert (place.x, place.width) == (0, size[0])
            assert place.y >= bottom
            bottom = place.bottom
        # The figures that tell most are there on the smallest screen.
        for told in ("10.00 %", "Overdue", "▲", "‖ frozen", "25h 01m", "Failed" if size[0] > 80 else "4 "):
            assert told in app.text

    play(app, look, size)
