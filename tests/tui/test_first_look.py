"""What a view shows before anything is pressed: the worst on top; and where there is nothing, why."""

from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.widgets.table.cells import cut
from logcorr_tui.widgets.table.window_table import WindowTable
from tests.tui.headless import Stage, play
from tests.tui.picture import strips_of, text_of

AT = "2025-03-01T12:00:{:02d}"


def run_of(folder: Path, requests: list[str], responses: list[str]) -> Path:
    """A finished run of these lines."""
    for side, lines in (("requests", requests), ("responses", responses)):
        (folder / f"{side}.log").write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
    logs = [(str(folder / f"{side}.log"),) for side in ("requests", "responses")]
    options = CorrelateOptions(requests=logs[0], responses=logs[1], memory_bytes=1 << 30, store=str(folder / "runs"))
    found = correlate(options).folder
    assert found is not None
    return Path(found)


pytestmark = pytest.mark.usefixtures("own_settings")


REQUESTS = [f"{AT.format(n)},r{n},u{n % 3}" for n in range(30)]
RESPONSES = [f"{AT.format(n)}.{n * 7 % 30 + 1:03d},r{n},200" for n in range(30)]


@pytest.mark.parametrize(
    ("requests", "responses", "overview", "tables"),
    [
        (REQUESTS, RESPONSES, "p50 15 ms", {
            "3": "No errors: every", "4": "No orphans: every entry", "5": "No malformed lines",
            "7": "no entry came again", "8": "no response is earlier",
        }),
        (REQUESTS[:1], RESPONSES[:1], "1 pair", {"2": "Nothing is slower", "9": "1 row "}),
        (REQUESTS, [], "no response at all · 4", {"4": "30 rows"}),
        (REQUESTS, [line.replace("r", "x") for line in RESPONSES], "no id is in both logs · 4", {"4": "lost 58 · before start 1 · in flight 1"}),
        ([], [], "both logs are empty", {"4": "No orphans"}),
    ],
)  # fmt: skip
def test_where_there_is_nothing_it_is_said_why(
    tmp_path: Path, requests: list[str], responses: list[str], overview: str, tables: dict[str, str]
) -> None:
    folder = run_of(tmp_path, requests, responses)

    async def look(stage: Stage) -> None:
        await stage.see("Latency distribution", overview)
        assert "at the end" not in "\n".join(text_of(strips_of(stage.app))), "it is at its end"
        for key, text in tables.items():
            await stage.press(key)
            await stage.see(text)

    play(LogcorrApp(run=folder, store=str(folder.parent)), look, (120, 36))


def test_the_worst_come_first(tmp_path: Path) -> None:
    requests = [f"{AT.format(n % 60)},r{n},u{int(n**0.5)}" for n in range(300)]
    responses = [f"{AT.format(n % 60)}.{n * 7 % 300:03d},r{n},200" for n in range(250)]
    folder = run_of(tmp_path, requests, responses)

    async def look(stage: Stage) -> None:
        await stage.see("Latency distribution")
        for key, title in (("2", "duration ▼"), ("9", "requests ▼")):
            await stage.press(key)
            await stage.see(title)
            await stage.still()
            screen = stage.app.screen
            assert isinstance(screen, TableScreen)
            table, name = screen.query_one(WindowTable), {"2": "duration_us", "9": "requests"}[key]
            at = [column.name for column in table._cells.columns].index(name)
            values = [(table.row(number) or ())[at] for number in range(table.total)]
            assert len(values) > 1
            assert values == sorted(values, reverse=True)

    play(LogcorrApp(run=folder, store=str(folder.parent)), look, (120, 36))


def test_a_word_that_goes_on_beyond_the_edge_has_an_ellipsis() -> None:
    line = Strip([Segment(" time  "), Segment("answered"), Segment("  req")])
    plain = Style()
    assert cut(line, 0, 30, plain).text == " time  answered  req" + " " * 10
    assert cut(line, 0, 11, plain).text == " time  ans…"
    for width in (5, 6, 15, 16):
        assert cut(line, 0, width, plain).text == line.text[:width], "cut between words"
    assert cut(line, 7, 4, plain).text == "ans…"
    wide = Strip([Segment("宽宽宽")])
    assert [cut(wide, 0, width, plain).cell_length for width in (2, 3, 4)] == [2, 3, 4]


def test_recent_runs_take_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    run_of(tmp_path / "w", REQUESTS, RESPONSES)

    async def look(stage: Stage) -> None:
        for size in ((120, 36), (80, 24), (60, 18)):
            await stage.pilot.resize_terminal(*size)
            await stage.see("requests.log", "Demo")
            lines = text_of(await stage.still())
            (row,) = [number for number, line in enumerate(lines) if "requests.log" in line]
            assert "20" in lines[row], "the logs are named beside the date"
            assert "Demo" in lines[row + 1]

    play(LogcorrApp(store=str(tmp_path / "w" / "runs")), look, (120, 36))
