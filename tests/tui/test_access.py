"""Access logs in the app, by keyboard alone: run, look, drill, detail, filter, export, compare, open, remember."""

import csv
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from logcorr.compute.object_path import AnyPath
from logcorr.generate.access.options import AccessOptions
from logcorr.generate.access.write_access import generate_access
from logcorr.jobs.analyze import analyze
from logcorr.jobs.tell_first_lines import tell_logs
from logcorr.model.access_report import AccessReport
from logcorr.model.errors import LogcorrError
from logcorr.model.options import AnalyzeOptions, Reading, View
from logcorr.runs import views
from logcorr.runs.run_folder import RunFolder
from logcorr_tui import main as command_line
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.detail import DetailScreen
from logcorr_tui.screens.export import ExportScreen
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.session import Logs
from logcorr_tui.widgets.table.window_table import WindowTable
from logcorr_tui.work.engine_command import command_for
from tests.support.helpers import SAMPLE
from tests.tui.headless import Shared, Stage, play

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals"),
    pytest.mark.usefixtures("filtered_here", "own_settings"),
]

LARGE, SMALL = (120, 36), (80, 24)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an access log in which two addresses ask too much, and its finished run below `runs`."""
    folder = tmp_path_factory.mktemp("access")
    log = folder / "access.ndjson"
    generate_access(
        AccessOptions(path=str(log), rows=4000, seed=5, span_s=1200, ips=150, abusers=2, malformed=0.004, incident=True)
    )
    (folder / "truth.json").unlink()
    analyze(AnalyzeOptions(files=(str(log),), memory_bytes=1 << 30, store=str(folder / "runs")))
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> RunFolder:
    (found,) = [path for path in (folder / "runs").iterdir() if not path.name.startswith(".")]
    return RunFolder(found)


@pytest.fixture
def report(run: RunFolder) -> AccessReport:
    found = run.report
    assert isinstance(found, AccessReport)
    assert found.suspicious_ip_count >= 2
    return found


Play = Callable[..., None]


@pytest.fixture(scope="module")
def shared(run: RunFolder) -> Iterator[Shared[LogcorrApp]]:
    """The app on the run; its tables keep what was done to them from one test to the next."""
    app = Shared(lambda: LogcorrApp(run=run.path, store=str(run.path.parent)), LARGE)
    yield app
    app.close()


@pytest.fixture
def on_run(shared: Shared[LogcorrApp]) -> Play:
    """Acts in the app, from its overview on, at a size."""

    def played(act: Callable[[Stage], Awaitable[None]], size: tuple[int, int]) -> None:
        async def from_overview(pilot: Pilot[Any], app: LogcorrApp) -> None:
            if app.session.run is not None:
                app.go("overview")
            await act(Stage(app, pilot))

        shared.play(from_overview, size)

    return played


async def shown(stage: Stage, chip: str, rows: int) -> None:
    """Waits for a table that is narrowed to so many rows."""
    await stage.see(f"{chip} ×", f"{rows:,} of ")
    table = stage.app.screen.query_one(WindowTable)
    await stage.until(lambda: table.total == rows, f"{rows} rows")


def matching(run: RunFolder, view: View, wanted: pl.Expr) -> int:
    return int(views.scan(run, view).filter(wanted).select(pl.len()).collect().item())


def test_a_log_is_analysed_and_every_view_seen(folder: Path, tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Latency distribution", "access.ndjson", "Suspicious")
        for key, title in zip("23457", ("Slow", "Errors", "Endpoints", "Malformed", "IPs"), strict=True):
            await stage.press(key)
            await stage.see(f" {title} ", " rows  ·  row 1")
        await stage.press("8")
        await stage.see(" Windows ", " rows  ·  row 1")
        await stage.press("9")
        await stage.see(" Skewed ")
        await stage.press("6")
        await stage.see("✓ Count", "every line is accounted for", "exchanges")
        await stage.press("question_mark")
        await stage.see("Endpoints: Requests, errors")

    log = str(folder / "access.ndjson")
    play(LogcorrApp(Logs.access((log,)), store=str(tmp_path / "runs")), act, LARGE)


def test_enter_leads_from_a_row_to_exactly_its_exchanges(on_run: Play, report: AccessReport) -> None:
    busiest, suspect, worst = report.endpoints[0], report.suspects[0], report.worst_window
    assert worst is not None

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("4")
        await stage.see("requests ▼", " rows  ·  row 1")
        await stage.press("enter")
        await shown(stage, f"endpoint {busiest.endpoint}", busiest.requests)
        await stage.press("escape", "7")
        await stage.see(suspect.ip, "! yes", " rows  ·  row 1")
        await stage.press("enter")
        await shown(stage, f"ip {suspect.ip}", suspect.requests)
        await stage.press("escape", "8")
        await stage.see(" Windows ", " rows  ·  row 1")
        await stage.press("enter")
        await shown(stage, f"window {worst.start[11:16]} – {worst.end[11:16]}", worst.total_requests)

    on_run(act, SMALL)


def test_tiles_and_ledger_lead_to_the_rows_they_count(on_run: Play, report: AccessReport) -> None:
    reason, malformed = next(iter(report.inputs.access.malformed.items()))
    worst = report.worst_window
    assert worst is not None

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Worst time")
        stage.app.screen.query_one("#tiles").focus()
        await stage.press("right", "enter")
        await stage.see(" Errors ", f"{report.failed_requests:,} rows")
        await stage.press("escape")
        await stage.see("Worst time")
        stage.app.screen.query_one("#tiles").focus()
        await stage.press("right", "right", "right", "enter")
        await shown(stage, "suspicious", report.suspicious_ip_count)
        await stage.press("escape")
        await stage.see("Worst time")
        stage.app.screen.query_one("#tiles").focus()
        await stage.press("right", "enter")
        await shown(stage, f"window {worst.start[11:16]} – {worst.end[11:16]}", worst.total_requests)

    async def ledger(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("b", "right")
        for _ in range(("encoding", "json", "fields", "timestamp", "status_code").index(reason) + 1):
            await stage.press("right")
        await stage.press("enter")
        await shown(stage, f"malformed: {reason.replace('_', ' ')}", malformed)

    on_run(act, LARGE)
    on_run(ledger, (120, 44))


def test_details_of_an_exchange_an_address_and_a_window(on_run: Play, report: AccessReport, folder: Path) -> None:
    lines = (folder / "access.ndjson").read_bytes().split(b"\n")
    suspect, worst = report.suspects[0], report.worst_window
    assert worst is not None

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("7")
        await stage.see(suspect.ip, " rows  ·  row 1")
        await stage.press("i")
        await stage.see("IPs · row 1 of", f"Windows with requests of {suspect.ip}", "! over 25", "suspicious in")
        await stage.press("escape", "enter")
        await shown(stage, f"ip {suspect.ip}", suspect.requests)
        await stage.press("enter")
        screen = stage.app.screen
        assert isinstance(screen, DetailScreen)
        await stage.until(lambda: "user" in screen._copied, "the others")
        title, raw = screen._copied["access"]
        number = int(title.rpartition(":")[2].replace(",", ""))
        assert suspect.ip in lines[number - 1].decode()
        here = next(line.plain for line in raw if line.plain.startswith("▶"))
        assert here.removeprefix(f"▶ {number:>9,} ") == lines[number - 1].decode()[:1000] or "�" in here or "␀" in here
        assert len(raw) >= 4
        assert suspect.ip in screen._copied["user"][0]
        await stage.press("n", "y")
        await stage.until(lambda: "# Access log" in stage.app.clipboard, "the copy")
        await stage.see("row 2 of")
        await stage.press("escape", "escape", "8")
        await stage.see(" Windows ", " rows  ·  row 1")
        await stage.press("i")
        await stage.see("with the most requests", f"{worst.start[11:16]} – {worst.end[11:16]}")

    on_run(act, LARGE)


def test_values_that_occur_complete_a_filter(on_run: Play, run: RunFolder, report: AccessReport) -> None:
    busiest = report.endpoints[0].endpoint
    assert busiest is not None

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("3")
        await stage.see("Errors ", "row 1")
        await stage.press("slash")
        await stage.see("endpoint~/api")
        await stage.type(f"endpoint={busiest[:-1]}")
        await stage.press("tab")
        field = stage.app.focused
        assert isinstance(field, Input)
        assert field.value == f"endpoint={busiest}"
        await stage.type(" method=GE")
        await stage.press("tab")
        await stage.type(" agent~Mozilla status>=400 ")
        await stage.press("enter")
        wanted = (pl.col("endpoint") == busiest) & (pl.col("method") == "GET") & pl.col("status_code").ge(400)
        wanted &= pl.col("user_agent").str.contains("Mozilla", literal=True)
        await stage.see(f"{matching(run, 'errors', wanted):,} of ", "method=GET ×")
        await stage.press("x")

    async def durations(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("4", "slash")
        await stage.type("p99>500ms requests>3")
        await stage.press("enter")
        slow = pl.col("p99_us").gt(500_000) & pl.col("requests").gt(3)
        await stage.see(f"{matching(run, 'endpoints', slow):,} of ", "p99>500ms ×")
        await stage.press("x")

    on_run(act, LARGE)
    on_run(durations, SMALL)


def test_what_differs_names_the_agent_behind_the_abuse(on_run: Play, report: AccessReport) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("7")
        await stage.see(report.suspects[0].ip, " rows  ·  row 1")
        await stage.press("enter")
        await shown(stage, f"ip {report.suspects[0].ip}", report.suspects[0].requests)
        await stage.press("w")
        await stage.see("What differs", "By user agent", "By endpoint", "By status")

    on_run(act, LARGE)


def test_a_view_is_exported_as_it_is_filtered(on_run: Play, report: AccessReport, tmp_path: Path) -> None:
    target = tmp_path / "suspects.csv"

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("7", "slash")
        await stage.type("suspicious=true")
        await stage.press("enter")
        await stage.see("suspicious=true ×", f"{report.suspicious_ip_count} of ")
        await stage.press("e")
        await stage.see("Export")
        stage.app.screen.query_one("#path", Input).value = str(target)
        await stage.press("enter")
        await stage.until(lambda: target.exists() and not isinstance(stage.app.screen, ExportScreen))
        await stage.press("x")

    on_run(act, SMALL)
    with target.open(encoding="utf8", newline="") as file:
        assert sorted(row["ip"] for row in csv.DictReader(file)) == report.suspicious_ips


def test_the_open_screen_takes_an_access_log_and_lists_both_kinds(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"

    async def act(stage: Stage) -> None:
        await stage.see("Recent runs")
        await stage.press("slash")
        await stage.type(str(folder / "access.ndjson"))
        await stage.press("enter")
        await stage.see("exchanges. ⏎ analyses it", "ndjson")
        await stage.press("enter")
        await stage.see("✓ complete", "Suspicious")
        await stage.press("ctrl+o", "slash")
        await stage.type(str(SAMPLE / "requests.log"))
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen.query_one("#responses", Input).has_focus, "the partner")
        await stage.press("enter")
        await stage.see("✓ complete", "Orphans")
        await stage.press("ctrl+o")
        await stage.see("logs cover", "access.ndjson", "requests.log, responses.log")
        assert stage.app.screen.query_one("#runs", OptionList).option_count == 3

    play(LogcorrApp(store=str(store)), act, SMALL)


def test_two_runs_are_compared(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    log = str(folder / "access.ndjson")
    for suspicious in (25, 40):
        analyze(AnalyzeOptions(files=(log,), memory_bytes=1 << 30, store=str(store), suspicious=suspicious))
    found = next(path for path in store.iterdir() if not path.name.startswith("."))

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("ctrl+p")
        await stage.type("compare")
        await stage.see("Compare with another run")
        await stage.press("enter")
        await stage.see("The chosen run is A")
        await stage.press("enter")
        await stage.see("A, before", "not worse")

    play(LogcorrApp(run=found, store=str(store)), act, LARGE)


def test_a_run_opens_on_the_overview_wherever_another_was_left(run: RunFolder) -> None:
    async def leave(stage: Stage) -> None:
        await stage.see("complete")
        await stage.press("7")
        await stage.see(" IPs ", "row 1")

    async def back(stage: Stage) -> None:
        await stage.see("complete", "Status codes")
        assert not isinstance(stage.app.screen, TableScreen)

    play(LogcorrApp(run=run.path, store=str(run.path.parent)), leave, SMALL)
    play(LogcorrApp(run=run.path, store=str(run.path.parent)), back, SMALL)


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "access.ndjson.gz"
    broken.write_bytes(b"\x1f\x8b\x08\x00garbage")

    async def act(stage: Stage) -> None:
        await stage.see("The run failed", "access.ndjson.gz")
        assert "could not be read" in str(stage.app.screen.query_one("#failure", Static).render())

    play(LogcorrApp(Logs.access((str(broken),)), store=str(tmp_path / "runs")), act, SMALL)


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["{log}"], ["{log}"]),
        (["{log}", "{log}"], ["{log}", "{log}"]),
        (["{log}", "{log}", "{log}"], ["{log}", "{log}", "{log}"]),
        (["--access", "{log}", "--access={log}"], ["{log}", "{log}"]),
        (["{folder}/logs"], ["{folder}/logs"]),
        (["{folder}/*.ndjson"], ["{folder}/*.ndjson"]),
        (["--format", "combined", "{requests}"], ["{requests}"]),
        (["--format=auto", "--collapse-ids", "{log}"], ["{log}"]),
    ],
)
def test_words_that_mean_access_logs(words: list[str], files: list[str], folder: Path) -> None:
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / "a.log").write_bytes((folder / "access.ndjson").read_bytes())
    names = {"log": folder / "access.ndjson", "folder": folder, "requests": SAMPLE / "requests.log"}
    logs, run = asked([word.format(**names) for word in words])
    assert run is None
    assert logs is not None
    form = "combined" if "combined" in words else None
    if logs.kind is None:
        (untold,) = logs.files.values()
        logs = logs.as_told(tell_logs(untold, Reading()))
    wanted = Logs.access([name.format(**names) for name in files], form, collapse_ids="--collapse-ids" in words)
    assert logs == wanted
    command = command_for(logs)
    assert command[command.index("--") + 1 :] == list(logs.files["access"])
    assert (f"--format={form}" in command) == (form is not None)


def test_two_logs_of_which_one_is_no_access_log_are_a_pair(folder: Path, run: RunFolder) -> None:
    pair = [str(SAMPLE / "requests.log"), str(SAMPLE / "responses.log")]
    assert asked(pair) == (Logs.pair(pair[:1], pair[1:]), None)
    other = [pair[0], str(folder / "access.ndjson")]
    assert asked(other) == (Logs.untold(other), None)
    assert set(tell_logs(other, Reading()).logs) == {"request", "response"}
    assert asked(["--requests", pair[0], "--responses", pair[1]]) == (Logs.pair(pair[:1], pair[1:]), None)
    assert asked([]) == (None, None)
    assert asked([str(run.path)]) == (None, run.path)
    assert asked(["--store", str(run.path.parent), run.path.name[:6]]) == (None, run.path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{log}", "--access", "{log}"], "give one LOG, or REQUESTS and RESPONSES, or access logs"),
        (["--format", "nothing", "{log}"], "there is no format 'nothing'"),
        (["--formats", "nowhere.toml", "{log}"], "could not be read"),
        (["--collapse-ids"], "go with logs"),
        (["--date", "2026-03-04"], "go with logs"),
        (["{requests}", "{requests}", "{requests}"], "these are logs of pairs"),
        (["{requests}"], "is one log of a pair"),
        (["{log}", "{log}", "nowhere.log"], "no such file"),
        (["{folder}/*.nothing"], "no file matches"),
    ],
)
def test_words_that_mean_nothing(words: list[str], said: str, folder: Path) -> None:
    names = {"log": folder / "access.ndjson", "folder": folder, "requests": SAMPLE / "requests.log"}
    with pytest.raises(LogcorrError, match=said):
        asked([word.format(**names) for word in words])


def asked(words: list[str]) -> tuple[Logs | None, AnyPath | None]:
    """What the command takes these words for."""
    return command_line._what(command_line._parser().parse_args(words))
