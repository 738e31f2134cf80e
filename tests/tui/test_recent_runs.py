"""The list of recent runs: what tells two runs of the same logs apart, searching, removing, completing."""

from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.confirm import ConfirmScreen
from logcorr_tui.widgets import recent_runs
from logcorr_tui.work.run_rows import given_options, run_rows
from tests.support.helpers import REQUESTS, RESPONSES, succeed
from tests.tui.headless import Stage, play

pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two runs of the same logs, with other options."""
    (tmp_path / "requests.log").write_bytes(REQUESTS)
    (tmp_path / "responses.log").write_bytes(RESPONSES)
    for options in ((), ("--window", "5m")):
        succeed("correlate", "requests.log", "responses.log", "--store", tmp_path / "runs", *options, cwd=tmp_path)
    return tmp_path / "runs"


def test_runs_of_the_same_logs_differ_by_name_options_and_time(store: Path) -> None:
    rows = run_rows(store)
    assert sorted(row["options"] for row in rows) == ["", "window 5m"]
    head, lines = recent_runs.lines(rows, 110)
    assert [name for name in ("run", "made", "logs cover", "options", "logs") if name not in head.plain] == []
    shown = [line.plain for line in lines]
    assert len({line[:8] for line in shown}) == 2
    assert sum("window 5m" in line for line in shown) == 1
    assert all("01 Mar 12:00–12:01" in line for line in shown)
    assert all("requests.log, responses.log" in line for line in shown)
    for width in (46, 70, 110):
        assert all(len(line.plain) <= width for line in recent_runs.lines(rows, width)[1])


def test_names_are_cut_at_the_front() -> None:
    files = {"request": ["/var/log/a-very-long-folder/requests-2026-11-29.log"]}
    row = {"run": "0123456789", "kind": "correlation", "created": "2026-11-29T17:21:30Z", "files": files, "bytes": 1}
    row |= {"p50_ms": 1.0, "p99_ms": 1.0}
    _, (line,) = recent_runs.lines([row], 60)
    assert line.plain.endswith("2026-11-29.log")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"window_us": 60_000_000, "suspicious": 25, "collapse_ids": False, "pairing": "in-order"}, ""),
        ({"collapse_ids": True, "suspicious": 100}, "collapse-ids · suspicious 100"),
        ({"since": "15:00", "reading": {"zone": "+02:00", "client": "first"}}, "since 15:00 · zone +02:00"),
    ],
)
def test_only_options_that_were_given_are_told(options: dict[str, object], told: str) -> None:
    assert given_options("correlation", options) == told


@pytest.mark.parametrize("size", [(120, 36), (60, 20)], ids=["120x36", "60x20"])
def test_search_and_remove(store: Path, size: tuple[int, int]) -> None:
    async def act(stage: Stage) -> None:
        runs = stage.app.screen.query_one("#runs", OptionList)
        await stage.until(lambda: runs.option_count == 3)
        await stage.press("f", *"window")
        await stage.until(lambda: runs.option_count == 2, "one run and the demo")
        await stage.press("enter", "x")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen))
        await stage.press("n")
        assert len(run_rows(store)) == 2
        await stage.press("x")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmScreen))
        await stage.press("y")
        await stage.until(lambda: len(run_rows(store)) == 1)
        await stage.see("is removed")
        await stage.press("escape")
        await stage.until(lambda: runs.option_count == 2, "the other run and the demo")
        assert run_rows(store)[0]["options"] == ""

    play(LogcorrApp(store=str(store)), act, size)


def test_tab_completes_and_goes_on_where_nothing_is_left(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.parent)

    async def act(stage: Stage) -> None:
        await stage.press("slash", *"req", "tab")
        log = stage.app.screen.query_one("#log", Input)
        assert log.value == "requests.log"
        assert log.has_focus
        await stage.press("tab")
        responses = stage.app.screen.query_one("#responses", Input)
        assert responses.has_focus
        await stage.press(*"re", "tab", "tab", "escape")
        assert responses.value == "requests.log"

    play(LogcorrApp(store=str(store)), act, (80, 24))


def test_an_empty_field_says_what_to_type(store: Path) -> None:
    def hint(stage: Stage) -> str:
        return str(stage.app.screen.query_one("#hint", Static).render())

    async def act(stage: Stage) -> None:
        await stage.press("slash")
        await stage.until(lambda: "2025-11-21T14:00:03.480Z,req-7f3a,bob" in hint(stage))
        await stage.press("tab")
        await stage.until(lambda: "req-7f3a,200" in hint(stage))
        await stage.press("enter")
        await stage.until(lambda: hint(stage) == "! Type the path of a log.")

    play(LogcorrApp(store=str(store)), act, (80, 24))
