"""Plain mode: all views and flows as text, in a real pseudo terminal of 60 columns; and what the overview tells."""

import os
import re
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.segment import Segment
from textual.color import Color
from textual.widgets import OptionList

from logcorr.runs.run_folder import RunFolder
from logcorr_tui.app import LogcorrApp
from logcorr_tui.look.palette import Look, palette_of
from logcorr_tui.look.plain_text import PlainFilter, hint
from logcorr_tui.main import _parser
from logcorr_tui.screens.plain_overview import PlainOverviewScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.overview_figures import figures
from logcorr_tui.state.session import Session
from logcorr_tui.widgets.overview_lines import lines
from logcorr_tui.widgets.run.ledger_table import ledger
from logcorr_tui.widgets.run.run_progress import stages
from tests.support.helpers import ROOT, SAMPLE, looks, succeed
from tests.tui.headless import Stage, play
from tests.tui.picture import strips_of, text_of
from tests.tui.terminal import Terminal

DRAWN = re.compile(r"[\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2800-\u28ff\u22c8\U0001f300-\U0001faff]")
PLAIN = Look(plain=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of the sample."""
    folder = tmp_path_factory.mktemp("sample")
    logs = (SAMPLE / "requests.log", SAMPLE / "responses.log")
    succeed("correlate", *logs, "--store", folder / "runs", cwd=folder)
    (found,) = (folder / "runs").iterdir()
    return found


@pytest.fixture
def terminal(run: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The app in plain mode, in a terminal of 60x20."""
    folders = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "STATE", "CONFIG")}
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT / "tui")])
    environment = {**os.environ, **folders, "PYTHONPATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "logcorr_tui", "--plain", str(run), "--store", str(run.parent)]
    found = Terminal(command, tmp_path, environment, 60, 20)
    yield found
    found.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
def test_all_views_and_flows_are_text(terminal: Terminal) -> None:
    def see(*words: str) -> str:
        shown = terminal.until(*words)
        assert not DRAWN.search(shown), DRAWN.findall(shown)
        return shown

    see("Findings", "Nothing in this run", "Figures", "Requests: 55", "q Quit")
    for row, key in ((2, ""), (3, "\x1b[B"), (5, "\x1b[B")):
        terminal.press(key)
        assert _cursor_comes_to(terminal, row), f"the cursor is in row {terminal._at[0]}"
    for key, words in (
        ("2", ("Slow",)),
        ("3", ("Errors", "9 rows")),
        ("4", ("Orphans", "9 rows")),
        ("5", ("Malformed",)),
        ("6", ("Peak memory", "Started")),
        ("7", ("Duplicates",)),
        ("8", ("Skewed",)),
        ("9", ("Users",)),
    ):
        terminal.keys(key)
        see(*words)
    terminal.keys("3")
    see("Errors", "9 rows")
    terminal.keys("\r")
    see("Fields", "req line")
    terminal.keys("\x1b")
    see("Errors", "9 rows")
    terminal.keys("e")
    see("Export", "Back")
    terminal.keys("\x1b")
    see("Errors", "9 rows")
    terminal.keys("?")
    see("Keys and words")
    terminal.keys("\x1b")
    see("Errors", "9 rows")
    terminal.keys("\x0f")
    see("Recent runs", "Open a log", "Demo")
    terminal.keys("\x10")
    see("Search for commands")
    terminal.keys("\x1b")
    see("Recent runs", "Open a log", "Demo")
    terminal.keys("\x03")
    see("Quit?", "No (n)")
    terminal.press("\x03")
    assert terminal.ended() == 0
    assert not terminal.faults


def _cursor_comes_to(terminal: Terminal, row: int) -> bool:
    """Whether the cursor of the terminal comes to a row, from 0."""
    for _ in looks(0.05):
        if terminal._at[0] == row:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.usefixtures("own_settings")
def test_a_line_opens_its_rows_and_headings_are_a_key_apart(run: Path) -> None:
    async def act(stage: Stage) -> None:
        await stage.until(lambda: isinstance(stage.app.screen, PlainOverviewScreen), "the overview")
        screen = stage.app.screen
        assert isinstance(screen, PlainOverviewScreen)
        found = screen.query_one("#lines", OptionList)
        titles = []
        found.highlighted = 0
        for _ in range(4):
            titles.append(str(found.get_option_at_index(found.highlighted or 0).prompt))
            await stage.press("n")
        assert titles == ["Findings", "Figures", "Status codes", "Latency"]
        found.highlighted = next(n for n, line in enumerate(screen._lines) if line.text.startswith("404 "))
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, TableScreen), "the rows")
        await stage.see("status 404")

    play(LogcorrApp(run=run, store=str(run.parent), look=PLAIN), act, (60, 20))


def test_the_lines_tell_every_figure(run: Path) -> None:
    report = RunFolder(run).report
    found = figures(Session(run=RunFolder(run), report=report))
    told = lines(found, "correlation", palette_of(PLAIN, dark=True))
    texts = [line.text for line in told]
    for code, count in report.status.items():
        assert any(text.startswith(f"{code} ") and f": {count:,}, " in text for text in texts), code
    bars = [bar for bar in report.histogram if bar.count]
    starts = [line.drill.expression for line in told if line.drill and line.drill.label.startswith("latency ")]
    assert len(starts) == len(bars)
    points = [point for point in report.timeline.points if point.requests or point.responses or point.orphans]
    assert sum(" 5xx" in text and "request" in text for text in texts) <= len(points)
    counted = sum(int(text.split(": ")[1].split(" ")[0].replace(",", "")) for text in texts if " 4xx, " in text)
    assert counted == sum(point.requests for point in report.timeline.points)
    assert any(text.startswith("requests, lines: ") and text.endswith("they add up") for text in texts)
    assert not any(DRAWN.search(text) for text in texts)


def test_the_filter_keeps_the_width_and_the_words() -> None:
    segments = [Segment("╭─ Latency ─╮│ ✓ complete · ⏎ open ▁▂▃ naïve 日本 ⠿")]
    (found,) = PlainFilter().apply(segments, Color.parse("black"))
    assert found.cell_length == segments[0].cell_length
    assert not DRAWN.search(found.text)
    for word in ("Latency", "complete,", "open", "naïve", "日本"):
        assert word in found.text


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("13,398 rows  ·  row 1", "13,398 rows,    row 1"),
        ("p50 21 ms ×1.4 · p99 3.48 s", "p50 21 ms ×1.4,  p99 3.48 s"),
        ("· alone", ", alone"),
        ("·   ", "-   "),
        ("▶ 1,234 the line", "> 1,234 the line"),
    ],
)
def test_numbers_are_as_elsewhere_and_commas_follow_what_they_end(shown: str, told: str) -> None:
    (found,) = PlainFilter().apply([Segment(shown)], Color.parse("black"))
    assert found.text == told


def test_what_is_not_known_yet_is_no_comma() -> None:
    session, plain = Session(), palette_of(PLAIN, dark=True)
    assert stages(session, "running", plain).plain.startswith("▶ Read  ─  Pair  ─  ")
    console = Console(width=60, file=StringIO())
    console.print(ledger(session, plain))
    assert isinstance(console.file, StringIO)
    assert "·" not in console.file.getvalue()


@pytest.mark.usefixtures("own_settings")
def test_the_row_under_the_cursor_has_a_sign(run: Path) -> None:
    async def act(stage: Stage) -> None:
        await stage.until(lambda: isinstance(stage.app.screen, PlainOverviewScreen), "the overview")
        await stage.press("3")
        await stage.until(lambda: isinstance(stage.app.screen, TableScreen), "the table")
        await stage.see(">14:00:08")
        await stage.press("down")
        await stage.see("row 2")
        rows = [line for line in text_of(strips_of(stage.app)) if line.startswith(">")]
        assert len(rows) == 1

    play(LogcorrApp(run=run, store=str(run.parent), look=PLAIN), act, (60, 20))


def test_keys_have_names() -> None:
    assert hint(LogcorrApp(look=PLAIN), "↑↓ select · ⏎ open · f find") == "up, down: select, Enter: open, f find"
    assert hint(LogcorrApp(), "↑↓ select") == "↑↓ select"


def test_the_option_is_known() -> None:
    assert _parser().parse_args(["--plain"]).plain
    assert not _parser().parse_args([]).plain
