"""Pictures of every screen at two sizes in both themes. `make snapshots` takes them anew.

The run, the clock, the engine and all folders are fixed, so that a picture is the same on every machine.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from logcorr.model import ledger
from logcorr.model.events import DoneEvent, EstimateEvent, Event, FileProgress, ProgressEvent
from logcorr.runs.run_folder import RunFolder
from logcorr_tui.app import LogcorrApp
from logcorr_tui.state import remembered, settings
from logcorr_tui.state.session import Logs
from logcorr_tui.work import engine_command
from tests.tui import fixed_run
from tests.tui.headless import Stage, play
from tests.tui.snapshot_album import Album

LARGE, SMALL = "120x36", "80x24"
SIZES = {LARGE: (120, 36), SMALL: (80, 24)}
# Sizes move things, and themes colour them: each of them once shows what is new in it, and the rest is for the long suite.
LOOKS = {"plain": [(LARGE, "dark"), (SMALL, "light")], "crossed": [(LARGE, "light"), (SMALL, "dark")]}

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="paths are written with other slashes there"),
    pytest.mark.parametrize("looks", ["plain", pytest.param("crossed", marks=pytest.mark.long)]),
]

# Tells what it is given, and then waits until nobody listens any more or ends with a code.
_ENGINE = """
import sys
sys.stderr.write(sys.argv[1])
sys.stderr.flush()
sys.exit(int(sys.argv[2]) if sys.argv[2] else sys.stdin.read())
"""


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the fixed run."""
    folder = tmp_path_factory.mktemp("fixed")
    fixed_run.make(folder)
    return folder


@pytest.fixture(autouse=True)
def _fixed(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine is to be seen: paths are relative, settings are nowhere, sizes on disk are set."""
    monkeypatch.chdir(stored)
    monkeypatch.setattr(settings, "settings_path", lambda: Path("~/.config/logcorr/tui.toml"))
    monkeypatch.setattr(remembered, "remembered_path", lambda: tmp_path / "state.json")
    monkeypatch.setattr(RunFolder, "bytes", lambda _run: 1_830_000)


class Albums:
    """The pictures of one test: of each screen one in each look, all taken in one session where that can be done."""

    def __init__(self, topic: str, looks: str, new: Path, subtests: pytest.Subtests) -> None:
        self._looks, self._subtests = LOOKS[looks], subtests
        self._albums = {(size, theme): Album(topic, f"{size}-{theme}", new) for size, theme in self._looks}

    def play(self, make: Callable[[], LogcorrApp], act: Callable[[Stage], Awaitable[None]], *, anew: bool) -> None:
        """Takes the pictures and compares them; anew: with an app for each look, where what was pressed depends on it."""
        for looks in [[look] for look in self._looks] if anew else [self._looks]:
            self._turns = list(looks)
            size, theme = looks[0]
            remembered.save_remembered(remembered.remembered_path(), remembered.Remembered(theme=f"logcorr-{theme}"))
            play(make(), act, SIZES[size])
        for look, album in self._albums.items():
            with self._subtests.test(look="-".join(look)):
                album.check()

    async def add(self, stage: Stage, name: str) -> None:
        """Takes what is on the screen in each look; the next screen is taken in them the other way round."""
        for size, theme in self._turns:
            await stage.look(SIZES[size], f"logcorr-{theme}")
            self._albums[size, theme].add(name, await stage.picture())
        self._turns.reverse()


@pytest.fixture
def album(request: pytest.FixtureRequest, looks: str, tmp_path: Path, subtests: pytest.Subtests) -> Albums:
    return Albums(request.function.__name__.removeprefix("test_").replace("_", "-"), looks, tmp_path, subtests)


@pytest.fixture(scope="session")
def access_stored(stored: Path) -> Path:
    """The same folder with the fixed run of an access log too."""
    fixed_run.make_access(stored)
    return stored


@pytest.fixture(scope="session")
def one_log_stored(stored: Path) -> Path:
    """The same folder with the fixed run of one log with both events too."""
    fixed_run.make_one_log(stored)
    return stored


def app_on_run() -> LogcorrApp:
    return LogcorrApp(run=fixed_run.RUN, store=str(fixed_run.STORE))


def engine(monkeypatch: pytest.MonkeyPatch, *events: Event | str, code: int | None = None) -> None:
    """From now on the engine tells this, and ends with a code or not at all."""
    told = "".join(one if isinstance(one, str) else msgspec.json.encode(one).decode() + "\n" for one in events)
    words = [sys.executable, "-I", "-S", "-c", _ENGINE, told, "" if code is None else str(code)]
    monkeypatch.setattr(engine_command, "correlate_command", lambda *_args, **_more: words)


def progress(stage: str, share: float, buckets: int) -> ProgressEvent:
    """How far a run of 2 GB may be."""
    whole: dict[ledger.Side, int] = {"request": 1_204_000_000, "response": 1_102_000_000}
    counts = {"lines": 7_412_004, "blank": 12, "header": 1, "malformed": 803}
    if buckets:
        counts |= {"redelivered": 4_120, "superseded": 0, "matched": 3_690_221, "orphans": 14_873}
    return ProgressEvent(
        stage=stage,
        bytes_done=int(sum(whole.values()) * share),
        bytes_total=sum(whole.values()),
        lines=7_412_004,
        rows_per_s=1_310_000.0,
        eta_s=11.2,
        buckets_done=buckets,
        buckets_total=16,
        seconds=9.4,
        rss_bytes=412_000_000,
        memory_bytes=1_000_000_000,
        ledger={"requests": counts, "responses": counts},
        files=[
            FileProgress(
                side=side, file=f"logs/{side}s.log", bytes_done=int(whole[side] * share), bytes_total=whole[side]
            )
            for side in ledger.SIDES
        ],
    )


def estimate() -> EstimateEvent:
    """What the first quarter of the ids may tell."""
    report = RunFolder(fixed_run.RUN).report
    return EstimateEvent(
        share=0.25, matched=report.latency.count // 4, orphans=80, negative=5, p50_ms=15.1, p90_ms=80.0, p95_ms=231.0,
        p99_ms=981.0, status={code: n // 4 for code, n in report.status.items()}, histogram=report.histogram, timeline=report.timeline, heatmap=report.heatmap,
    )  # fmt: skip


def test_open(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("logs cover", "requests.log", "! run")
        await album.add(stage, "recent")
        await stage.press("slash")
        await stage.type("logs/re")
        await stage.see("requests.log  responses.log")
        await album.add(stage, "paths")
        await stage.press("s", "enter")
        await stage.see("no such file")
        await album.add(stage, "wrong")

    album.play(lambda: LogcorrApp(store=str(fixed_run.STORE)), act, anew=True)


@pytest.mark.usefixtures("one_log_stored")
def test_told(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("logs cover", "requests.log")
        await stage.press("slash")
        await stage.type("app/app.log")
        await stage.see("docker-json", "pino-http")
        await album.add(stage, "log")
        await stage.press("down", "2")
        await stage.see("pino-http (built in), named")
        await album.add(stage, "other")
        await stage.press("escape")
        stage.app.screen.query_one("#options", Input).value = "--format nothing"
        await stage.see("Cannot be read", "there is no format")
        await album.add(stage, "wrong")

    album.play(lambda: LogcorrApp(store=str(fixed_run.STORE)), act, anew=True)


def test_run(album: Albums, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, progress("pair", 1.0, 4), estimate())

    async def act(stage: Stage) -> None:
        await stage.see("4/16", "estimates from 25 %")
        await album.add(stage, "progress")
        await stage.press("1")
        await stage.see("Latency distribution")
        await album.add(stage, "estimates")
        await stage.press("6", "c")
        await stage.see("Cancel the run?")
        await album.add(stage, "confirm")
        await stage.press("y")
        await stage.see("The run was cancelled")
        await album.add(stage, "cancelled")
        engine(monkeypatch, progress("read", 0.4, 0), "logcorr: error: no space left in 'runs'.\n", code=3)
        await stage.press("r")
        await stage.see("The run failed")
        await album.add(stage, "failed")
        engine(
            monkeypatch,
            progress("export", 1.0, 16),
            DoneEvent(run=str(fixed_run.RUN), reused=False, seconds=2.24),
            code=0,
        )
        await stage.press("r")
        await stage.see("Latency distribution", "✓ complete")
        await stage.press("6")
        await stage.see("Peak memory", "20,025")
        await album.add(stage, "complete")

    logs = Logs.pair(("logs/requests.log",), ("logs/responses.log",))
    album.play(lambda: LogcorrApp(logs, store=str(fixed_run.STORE)), act, anew=False)


def test_overview(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Timeline")
        await album.add(stage, "first")
        await stage.press("right", "tab", "tab", "right", "shift+right", "shift+right", "up")
        await album.add(stage, "selection")
        await stage.press("z")
        await stage.see("zoomed, every")
        await album.add(stage, "zoomed")
        await stage.press("question_mark")
        await stage.see("Keys and words", "On this screen")
        await album.add(stage, "help")
        await stage.press("escape", "ctrl+p")
        await stage.see("Search for commands")
        await album.add(stage, "palette")

    album.play(app_on_run, act, anew=True)


def test_differs(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Timeline")
        await stage.press("w", "w")
        await stage.see("By status", "elsewhere")
        await album.add(stage, "time")
        await stage.press("escape", "m")
        await stage.see("Percentiles")
        await album.add(stage, "figures")

    album.play(app_on_run, act, anew=True)


def test_table(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Timeline")
        names = ("slow", "errors", "orphans", "malformed", "duplicates", "skewed", "users")
        for key, name in zip("2345789", names, strict=True):
            await stage.press(key)
            await stage.see(f"{name.capitalize()} ", " rows  ·  row 1")
            await album.add(stage, name)

    album.play(app_on_run, act, anew=False)


def test_rows(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Timeline")
        await stage.press("3")
        await stage.see("Errors ", "row 1")
        await stage.press("slash")
        await stage.type("status>=500 dur")
        await album.add(stage, "prompt")
        await stage.type("ation>2s")
        await stage.press("enter")
        await stage.see("duration>2s ×", " of ")
        await album.add(stage, "filtered")
        await stage.press("s")
        await stage.see("as stored")
        await album.add(stage, "sort")
        await stage.press("escape", "slash")
        await stage.type(" nonsense>1")
        await stage.press("enter")
        await stage.see("no 'nonsense' here")
        await album.add(stage, "wrong")
        await stage.press("escape", "j", "enter")
        await stage.see("row 2 of")
        await album.add(stage, "detail")
        await stage.press("escape", "e")
        await stage.see("to a file")
        await album.add(stage, "export")

    album.play(app_on_run, act, anew=False)


@pytest.mark.usefixtures("one_log_stored")
def test_app(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Timeline")
        await stage.press("b")
        await album.add(stage, "ledger")
        await stage.press("6")
        await stage.see("Peak memory", "fastify")
        await album.add(stage, "run")
        for key, name in (("5", "Malformed"), ("0", "Other"), ("E", "Endpoints")):
            await stage.press(key)
            await stage.see(f"{name} ", "row 1")
            await album.add(stage, name.lower())
        await stage.press("3")
        await stage.see("Errors ", "row 1")
        await stage.still()
        await stage.press("enter")
        await stage.see("Request ·")
        await album.add(stage, "detail")

    album.play(lambda: LogcorrApp(run=fixed_run.ONE_LOG_RUN, store=str(fixed_run.ONE_LOG_STORE)), act, anew=False)


@pytest.mark.usefixtures("access_stored")
def test_access(album: Albums) -> None:
    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Worst time")
        await album.add(stage, "overview")
        for key, name in (("4", "Endpoints"), ("7", "IPs"), ("8", "Windows")):
            await stage.press(key)
            await stage.see(f"{name} ", " rows  ·  row 1")
            await album.add(stage, name.lower())
        await stage.press("i")
        await stage.see("with the most requests")
        await album.add(stage, "window")

    album.play(lambda: LogcorrApp(run=fixed_run.ACCESS_RUN, store=str(fixed_run.ACCESS_STORE)), act, anew=False)
