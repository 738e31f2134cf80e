"""The live screen: what it shows of logs that are followed, and its keys."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App

from logcorr_tui.look.palette import DARK_THEME
from logcorr_tui.screens.live import LiveDetail, LiveScreen
from logcorr_tui.widgets.live.board import LiveBoard
from logcorr_tui.widgets.live.live_table import LiveTable
from tests.tui.headless import Stage, play

TIME = "2025-01-01T00:00:{:02d}.000000Z"


def _request(number: int, *, age_ms: float, overdue: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "request_id": f"r{number}", "time": TIME.format(number), "age_ms": age_ms, "overdue": overdue,
        "user_id": f"u{number}", **more,
    }  # fmt: skip


def _exchange(number: int, *, status: int | None = 200, ms: float = 5, late: bool = False) -> dict[str, Any]:
    return {
        "request_id": f"r{number}", "time": TIME.format(number), "user_id": f"u{number}", "status_code": status,
        "duration_ms": ms, "late": late,
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
        "behind_bytes": 0, "notices": [], "quiet_s": 0, "window": window, "alerts": [],
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


class _LiveApp(App[None]):
    def __init__(self, *, bell: bool = False) -> None:
        super().__init__()
        self.child = _Child()
        self.bells = 0
        self.live = LiveScreen([], ["/logs/requests.log", "/logs/responses.log"], bell=bell)
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
        widgets = [self.live.query_one("#board", LiveBoard), self.live.query_one("#rows", LiveTable)]
        painted = [line for widget in widgets for line in widget.canvas.text()]
        plain = [str(self.live.query_one(f"#{name}").render()) for name in ("head", "alerts", "tables")]
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
            "503 10", "1 In flight 10", "2 Overdue 1", "4 Failed 29", "40 s  r1", "user_id u2", "2 of 10",
        ):  # fmt: skip
            assert text in shown

    play(app, look, (120, 36))


def test_tables_turn_and_open() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        await pilot.press("2")
        assert "r2 " not in app.text
        await pilot.press("tab")
        assert "900 ms   200  r7" in app.text
        await pilot.press("4", "down", "enter")
        assert isinstance(app.screen, LiveDetail)
        assert "none" in str(app.screen.query_one("#fields").render())
        await pilot.press("escape", "5", "enter")
        assert "was overdue" in str(app.screen.query_one("#fields").render())

    play(app, look, (120, 36))


def test_a_frozen_screen_stays_while_counting_goes_on() -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        await pilot.press("space")
        app.child.tell(_record(in_flight=[_request(5, age_ms=1)]))
        await pilot.pause()
        assert "‖ frozen" in app.text
        assert "r1" in app.text
        await pilot.press("space")
        assert "r5" in app.text

    play(app, look, (100, 30))


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
        app.child.tell(_record(quiet_s=0, alerts=["p99 is 1 s."]))
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
        assert app.live.query_one("#rows", LiveTable).cursor == 2
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

    play(app, look, (100, 30))


@pytest.mark.parametrize("bell", [True, False])
def test_an_alert_is_marked(bell: bool) -> None:
    app = _LiveApp(bell=bell)

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record())
        for _ in range(2):
            app.child.tell(_record(alerts=["p99 is 80 ms, over 5 ms."]))
        await pilot.pause()
        assert "▲ p99 is 80 ms" in app.text
        assert app.bells == bell

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

    play(app, look, (120, 30))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60), (30, 10)])
def test_it_fits(size: tuple[int, int]) -> None:
    app = _LiveApp()

    async def look(stage: Stage) -> None:
        pilot = stage.pilot
        app.child.tell(_record(in_flight=[_request(1, age_ms=5, url="/\x1b[31m" + "日本" * 80)]))
        await pilot.pause()
        assert "\x1b" not in app.text
        for widget in (app.live.query_one("#board", LiveBoard), app.live.query_one("#rows", LiveTable)):
            assert widget.size.width <= size[0]

    play(app, look, size)
