"""--since, --until, --where and --tz: the first chips of a finished run, and chips of a run that was narrowed itself."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from logcorr.model.errors import UsageError
from logcorr.model.options import Narrowing
from logcorr.text import zones
from logcorr_tui.app.app import LogcorrApp
from logcorr_tui.main import main
from logcorr_tui.screens.confirm import ConfirmScreen
from logcorr_tui.state.session import Logs
from logcorr_tui.widgets.table.filter_chips import FilterChips
from logcorr_tui.work.first_filters import first_filters
from logcorr_tui.work.open_run import open_run
from tests.support.helpers import succeed
from tests.tui.headless import Stage, play


@pytest.fixture(autouse=True)
def _utc_again() -> Iterator[None]:
    yield
    zones.show_in(UTC)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of an hour: an exchange each minute, every tenth of them a failure."""
    folder = tmp_path_factory.mktemp("first_filters")
    stamps = [f"2025-01-01T12:{n:02d}:00Z,r{n}" for n in range(60)]
    (folder / "requests.log").write_text("".join(f"{stamp},u\n" for stamp in stamps))
    answers = (f"{stamp},{500 if n % 10 == 0 else 200}\n" for n, stamp in enumerate(stamps))
    (folder / "responses.log").write_text("".join(answers))
    succeed("correlate", "requests.log", "responses.log", "--store", "store", cwd=folder)
    (made,) = (folder / "store").iterdir()
    return made


def _chips(app: LogcorrApp) -> list[str]:
    chips = app.screen.query_one(FilterChips)
    return [*chips.fixed, *chips.labels]


@pytest.mark.parametrize(
    ("asked", "expressions", "labels"),
    [
        (Narrowing(since="-15m"), ["time>=2025-01-01T12:44:00Z time<2025-01-01T12:59:15Z"], ["12:44:00 – 12:59:15"]),
        (Narrowing(until="12:30"), ["time>=2025-01-01T12:00:00Z time<2025-01-01T12:30:00Z"], ["12:00 – 12:30"]),
        (Narrowing(since="14:00", zone="+02:00"), ["time>=2025-01-01T12:00:00Z time<2025-01-01T12:59:15Z"], None),
        (Narrowing(where="status>=500"), ["status>=500"], ["status>=500"]),
    ],
)
def test_what_is_asked_for_becomes_filters(
    run: Path, asked: Narrowing, expressions: list[str], labels: list[str] | None
) -> None:
    found = first_filters(open_run(run), asked)
    assert [one.expression for one in found] == expressions
    assert labels is None or [one.label for one in found] == labels


@pytest.mark.parametrize("asked", [Narrowing(where="nonsense>1"), Narrowing(since="13:00", until="12:00")])
def test_what_the_run_cannot_have_is_an_error(run: Path, asked: Narrowing) -> None:
    with pytest.raises(UsageError):
        first_filters(open_run(run), asked)


def test_the_first_chips_of_a_run_can_be_taken_away(run: Path, tmp_path: Path) -> None:
    narrowing = Narrowing(since="12:30", where="status>=500")
    app = LogcorrApp(run=run, store=str(tmp_path), narrowing=narrowing)

    async def look(stage: Stage) -> None:
        await stage.see("Latency distribution")
        await stage.press("3")
        await stage.see("3 of 6 rows")
        assert _chips(app) == ["12:30:00 – 12:59:15", "status>=500"]
        await stage.press("backspace")
        await stage.until(lambda: _chips(app) == ["12:30:00 – 12:59:15"])
        await stage.press("backspace")
        await stage.see("6 rows")
        assert _chips(app) == []

    play(app, look, (100, 30))


def test_a_chip_of_the_run_runs_its_logs_again(run: Path, tmp_path: Path) -> None:
    folder = run.parent.parent
    logs = Logs("correlation", {"request": (str(folder / "requests.log"),), "response": (str(folder / "responses.log"),)},
                reported=("--since=12:30", "--tz=UTC"))  # fmt: skip
    app = LogcorrApp(logs, store=str(tmp_path))

    async def look(stage: Stage) -> None:
        await stage.see("complete")
        await stage.press("3")
        await stage.see("3 rows")
        assert _chips(app) == ["run: since 12:30"]
        await stage.press("x")
        await stage.until(lambda: isinstance(app.screen, ConfirmScreen))
        await stage.press("y")
        await stage.until(lambda: app.session.report is not None and "since" not in app.session.report.run.options)
        await stage.see("complete")
        await stage.press("3")
        await stage.see("6 rows")
        assert _chips(app) == []

    play(app, look, (100, 30))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "noon"), "is no time"),
        (("--collapse-ids",), "a finished run takes --since, --until, --where and --tz"),
        (("--zone", "+01:00"), "a finished run takes"),
    ],
)
def test_options_that_a_run_does_not_take(
    run: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run), *words]) == 2
    assert told in capsys.readouterr().err
