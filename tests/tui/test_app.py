"""The whole app by keyboard alone: open, run, cancel, quit, fail, export, help, settings."""

import asyncio
import gc
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import encode
from textual.pilot import Pilot
from textual.widgets import Input, Static

from logcorr.generate.pair.scenario import PairOptions
from logcorr.generate.pair.write_pair import generate_pair
from logcorr.model.errors import InputError
from logcorr.model.events import DoneEvent
from logcorr_tui.app import LogcorrApp
from logcorr_tui.main import _parser, _what, main
from logcorr_tui.screens.export import ExportScreen
from logcorr_tui.state import settings
from logcorr_tui.state.session import Logs
from logcorr_tui.work import engine_command
from logcorr_tui.work.file_names import response_log_for, unused_name
from logcorr_tui.work.path_completion import candidates
from tests.support.helpers import PATIENCE_S, SAMPLE, gone, halted, looks, start, succeed, ticking
from tests.support.html_pages import Parsed, faults
from tests.tui.headless import Shared

LOGS = (str(SAMPLE / "requests.log"), str(SAMPLE / "responses.log"))
Body = Callable[[Pilot[None], LogcorrApp], Awaitable[None]]
Drive = Callable[..., None]

pytestmark = [
    pytest.mark.usefixtures("own_settings"),
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals"),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run of the sample, made once; not to be changed."""
    folder = tmp_path_factory.mktemp("sample")
    succeed("correlate", *LOGS, "--store", folder / "runs", cwd=folder)
    (run,) = (folder / "runs").iterdir()
    return run


@pytest.fixture(scope="module")
def shared(sample_run: Path) -> Iterator[Shared[LogcorrApp]]:
    """The app on the finished run of the sample; a test takes it as the one before left it."""
    app = Shared(lambda: LogcorrApp(run=sample_run, store=str(sample_run.parent)), (120, 36))
    yield app
    app.close()


@pytest.fixture
def drive_on(shared: Shared[LogcorrApp]) -> Callable[..., None]:
    """Lets a body press keys in the app on the run of the sample, from the overview on."""

    def driven(body: Body, size: tuple[int, int] = (120, 36)) -> None:
        async def from_overview(pilot: Pilot[Any], app: LogcorrApp) -> None:
            await until(pilot, lambda: app.session.run is not None)
            app.go("overview")
            await until(pilot, lambda: app.current_mode == "overview")
            await body(pilot, app)

        shared.play(from_overview, size)

    return driven


@pytest.fixture
def finished(sample_run: Path, store: Path) -> Path:
    """A finished run of the sample that is the test's own."""
    return shutil.copytree(sample_run, store / sample_run.name)


def drive(body: Body, *, size: tuple[int, int] = (120, 36), **given: Any) -> LogcorrApp:
    """Runs the app without a terminal while `body` presses keys."""
    app = LogcorrApp(**given)

    async def whole() -> None:
        async with app.run_test(size=size) as pilot:
            await body(pilot, app)

    asyncio.run(asyncio.wait_for(whole(), 4 * PATIENCE_S))
    return app


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Waits until something holds."""
    for _ in looks(0.05):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.05)
    raise AssertionError("nothing happened")


def text(app: LogcorrApp, selector: str) -> str:
    """What a Static of the present screen shows."""
    found = app.screen.query_one(selector, Static).render()
    return str(found)


def left(store: Path) -> list[str]:
    """All that stands where runs are kept, hidden or not."""
    return sorted(path.name for path in store.iterdir())


def stuck(monkeypatch: pytest.MonkeyPatch, mark: Path, store: Path) -> None:
    """From now on, a run halts in the middle of pairing and makes the file `mark`."""
    monkeypatch.setenv("LOGCORR_BUCKETS", "4")
    words = ("correlate", *LOGS, "--store", str(store), "--progress", "json", "--end-with-stdin")
    replace_command(monkeypatch, halted("pair", mark, *words))


def waiting(monkeypatch: pytest.MonkeyPatch, mark: Path, store: Path) -> None:
    """The same with a stand-in that starts at once: it keeps a file until it is told to end."""
    code = f"""
import pathlib, time
left = pathlib.Path({str(store)!r}) / ".work-of-a-stand-in"
left.parent.mkdir(exist_ok=True)
left.touch()
pathlib.Path({str(mark)!r}).touch()
try:
    time.sleep({10 * PATIENCE_S})
finally:
    left.unlink()
"""
    replace_command(monkeypatch, [sys.executable, "-I", "-S", "-c", code])


def replace_command(monkeypatch: pytest.MonkeyPatch, words: Sequence[str]) -> None:
    monkeypatch.setattr(engine_command, "correlate_command", lambda *_args, **_more: list(words))


def test_a_finished_run_opens_and_every_view_can_be_seen(drive_on: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        assert app.session.report is not None
        assert app.session.changed_inputs == []
        for key, mode in zip("234578961", [*MODES, "users", "run", "overview"], strict=True):
            await pilot.press(key)
            await pilot.pause()
            assert app.current_mode == mode
        await pilot.press("4", "escape")
        await pilot.pause()
        assert app.current_mode == "overview"
        await pilot.press("escape")
        await pilot.pause()
        assert app.current_mode == "open"
        await pilot.press("escape")
        await pilot.pause()
        assert app.current_mode == "overview"

    drive_on(body)


MODES = ("slow", "errors", "orphans", "malformed", "duplicates", "skewed")


def test_a_damaged_run_is_told(finished: Path, store: Path) -> None:
    (finished / "report.json").write_text("{", encoding="utf8")

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: len(app._notifications) > 0)
        assert app.current_mode == "open"
        assert app.session.run is None

    drive(body, run=finished, store=str(store))


def test_changed_inputs_are_told(tmp_path: Path, store: Path) -> None:
    logs = [tmp_path / "requests.log", tmp_path / "responses.log"]
    for log in logs:
        log.write_bytes((SAMPLE / log.name).read_bytes())
    succeed("correlate", *logs, "--store", store, cwd=tmp_path)
    logs[0].write_bytes(b"other")
    logs[1].unlink()
    (run,) = store.iterdir()

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: len(app.session.changed_inputs) == 2)
        await pilot.press("6")
        await pilot.pause()
        assert app.current_mode == "run"

    drive(body, run=run, store=str(store))


def test_a_folder_opens_as_the_pair_it_holds(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pair"
    generate_pair(PairOptions(directory=str(folder), rows=400))
    assert (folder / "truth.json").is_file()
    logs, run = _what(_parser().parse_args([str(folder)]))
    assert run is None

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        assert app.session.report is not None
        assert {Path(name).name for of in app.session.report.ledgers().values() for name in of.line_counts.files} == {
            "requests.log",
            "responses.log",
        }
        assert app.session.report.warnings == []

    drive(body, logs=logs, store=str(store))


def test_swapped_logs_have_no_green_mark(store: Path, tmp_path: Path) -> None:
    generate_pair(PairOptions(directory=str(tmp_path / "pair"), rows=400))
    swapped = [str(tmp_path / "pair" / name) for name in ("responses.log", "requests.log")]

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: app.current_mode == "overview")
        await pilot.press("6")
        await pilot.pause()
        assert "! doubtful" in text(app, "#head")
        assert "complete" not in text(app, "#head")

    drive(body, logs=Logs.pair(swapped[:1], swapped[1:]), store=str(store))


def test_a_run_to_its_end(store: Path) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        assert app.current_mode == "run"
        await until(pilot, lambda: app.current_mode == "overview")
        assert app.session.run is not None
        assert app.session.run.path.parent == store
        await pilot.press("6")
        await pilot.pause()
        assert "complete" in text(app, "#head")

    drive(body, logs=Logs.pair(LOGS[:1], LOGS[1:]), store=str(store))


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (30, 8)], ids=["wide", "small", "tiny"])
def test_cancel_asks_and_leaves_nothing(
    size: tuple[int, int], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is left of a real run does not depend on the size.
    (stuck if size == (120, 36) else waiting)(monkeypatch, tmp_path / "mark", store)

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, (tmp_path / "mark").exists)
        assert left(store)
        child = app.child
        assert child is not None
        await pilot.press("c")
        await pilot.press("n")
        await pilot.pause()
        assert child.running
        with ticking() as seconds:
            await pilot.press("c")
            await pilot.press("y")
            await until(pilot, lambda: not child.running)
            assert seconds() < 5
        assert child.pid is not None
        assert gone(child.pid)
        await until(pilot, lambda: "cancelled" in text(app, "#head"))
        assert left(store) == []

    drive(body, logs=Logs.pair(LOGS[:1], LOGS[1:]), store=str(store), size=size)


def test_a_view_that_has_to_wait_says_so(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(monkeypatch, tmp_path / "mark", store)

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, (tmp_path / "mark").exists)
        for key, word in (("4", "Orphans can be seen as soon as the run is complete."), ("1", "first estimates")):
            await pilot.press(key)
            await until(pilot, lambda word=word: any(word in note.message for note in app._notifications))  # type: ignore[misc]
            assert app.current_mode == "run"
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "Run (6)" in titles
        assert "Orphans (4)" not in titles
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: not app.is_running or app._exit)

    app = drive(body, logs=Logs.pair(LOGS[:1], LOGS[1:]), store=str(store))
    assert app.child is not None
    assert app.child.pid is not None
    assert gone(app.child.pid)


@pytest.mark.parametrize("keys", [("q", "y"), ("ctrl+q",)], ids=["q", "ctrl+q"])
def test_quitting_ends_the_child(
    keys: tuple[str, ...], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stuck if "q" in keys else waiting)(monkeypatch, tmp_path / "mark", store)

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, (tmp_path / "mark").exists)
        await pilot.press(*keys)
        await until(pilot, lambda: not app.is_running or app._exit)

    app = drive(body, logs=Logs.pair(LOGS[:1], LOGS[1:]), store=str(store))
    assert app.child is not None
    assert app.child.pid is not None
    assert gone(app.child.pid)
    assert not list(store.glob("*"))


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (
            "import sys; sys.stderr.write('logcorr: error: no [room] left\\n'); sys.exit(3)",
            ("no [room] left", "--store"),
        ),
        ("import os; os.kill(os.getpid(), 9)", ("killed", "memory", "--memory")),
        ("import sys; sys.stderr.write('internal error\\n'); sys.exit(70)", ("fault of logcorr", "internal error")),
    ],
    ids=["disk", "killed", "internal"],
)
def test_a_child_that_dies_is_told(
    code: str, parts: tuple[str, ...], finished: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = f"import sys; sys.stderr.write({encode(DoneEvent(run=str(finished), reused=False, seconds=1)).decode()!r})"
    left = store / ".work-of-the-dead"
    left.mkdir()
    (left / "lock").touch()
    with monkeypatch.context() as patch:
        replace_command(patch, [sys.executable, "-c", code])

        async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
            await until(pilot, lambda: "failed" in text(app, "#head"))
            for part in parts:
                assert part in text(app, "#failure")
            await until(pilot, lambda: not left.exists())
            # Once more with the real one; which is not another one after another death.
            patch.undo()
            if "--store" not in parts:
                replace_command(patch, [sys.executable, "-I", "-S", "-c", done])
            await pilot.press("r")
            await until(pilot, lambda: app.current_mode == "overview")

        drive(body, logs=Logs.pair(LOGS[:1], LOGS[1:]), store=str(store))


def test_two_paths_typed(tmp_path: Path, store: Path) -> None:
    for name in ("requests.log", "responses.log"):
        (tmp_path / name).write_bytes((SAMPLE / name).read_bytes())

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("slash")
        await pilot.press(*"nowhere", "enter")
        await pilot.pause()
        assert "no such file" in text(app, "#hint")
        field = app.screen.query_one("#log", Input)
        field.value = str(tmp_path)
        await pilot.press("end", *"/req")
        await until(pilot, lambda: field._suggestion.endswith("requests.log"))
        await pilot.press("right", "enter")
        responses = app.screen.query_one("#responses", Input)
        await until(pilot, lambda: responses.has_focus)
        assert responses.value.endswith("responses.log")
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "overview")

    drive(body, store=str(store))


def test_a_recent_run_opens(finished: Path, store: Path) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        from textual.widgets import OptionList

        runs = app.screen.query_one("#runs", OptionList)
        await until(pilot, lambda: runs.option_count == 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "overview")
        assert app.session.run is not None
        assert app.session.run.path == finished

    drive(body, store=str(store), size=(80, 24))


def test_the_demo(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from logcorr_tui.screens import open as opening

    monkeypatch.setattr(opening, "DEMO_ROWS", 2000)

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("d")
        await until(pilot, lambda: app.current_mode == "overview")

    drive(body, store=str(store))


def test_json_of_the_orphans_is_two_keys_away(drive_on: Drive, tmp_path: Path) -> None:
    (tmp_path / "orphans.json").touch()

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("4")
        await pilot.pause()
        await pilot.press("e")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ExportScreen) and bool(app._notifications))
        assert "9 rows" in [note.message for note in app._notifications][-1]
        assert str(tmp_path / "orphans-2.json") in [note.message for note in app._notifications][-1]
        assert app.current_mode == "orphans"

    with chdir(tmp_path):
        drive_on(body)
    assert len(json.loads((tmp_path / "orphans-2.json").read_bytes())) == 9
    assert not list(tmp_path.glob(".*.part"))


def test_a_filtered_view_is_exported_and_nothing_is_replaced_unasked(
    drive_on: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    there = tmp_path / "here.csv"
    there.write_text("precious", encoding="utf8")

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        from logcorr_tui.state.messages import ExportView

        app.post_message(ExportView("orphans", "side=request"))
        await pilot.pause()
        app.screen.query_one("#path", Input).value = str(there)
        await pilot.press("enter")
        await pilot.pause()
        assert "exists" in text(app, "#told")
        assert there.read_text(encoding="utf8") == "precious"
        monkeypatch.setattr(app, "notify", lambda message, **_: notes.append(message))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ExportScreen))

    drive_on(body, (80, 24))
    assert len(there.read_text(encoding="utf8").splitlines()) == 6
    # The screen went by itself, and one note said where the file is.
    (note,) = notes
    assert note.startswith("5 rows, ")
    assert str(there) in note


def test_an_export_can_be_cancelled_and_wrong_ones_are_told(finished: Path, store: Path, tmp_path: Path) -> None:
    from logcorr.model.errors import Cancelled, OutputError, UsageError
    from logcorr.runs.run_folder import RunFolder
    from logcorr_tui.work.export_job import ExportJob

    run = RunFolder(finished)
    export = ExportJob(run, "orphans", "", str(tmp_path / "o.json"), store)
    export.cancel()
    with pytest.raises(Cancelled):
        export.write(force=False)
    with pytest.raises(UsageError):
        ExportJob(run, "orphans", "", str(tmp_path / "o.txt"), store).write(force=False)
    with pytest.raises(UsageError):
        ExportJob(run, "orphans", "nonsense>1", str(tmp_path / "o.json"), store).write(force=False)
    with pytest.raises(OutputError):
        ExportJob(run, "orphans", "", LOGS[0].replace(".log", ".json") + "/x.json", store).write(force=True)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    assert not list(store.glob(".work-*"))


def test_the_whole_report_is_exported_as_a_page(drive_on: Drive, tmp_path: Path) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        from logcorr_tui.state.messages import ExportView

        app.post_message(ExportView("orphans", "side=request"))
        await pilot.pause()
        field = app.screen.query_one("#path", Input)
        field.value = str(tmp_path / "report.parquet")
        await pilot.press("ctrl+f")
        assert field.value == str(tmp_path / "report.html")
        await pilot.pause()
        assert "the whole report as one HTML page" in text(app, "#told")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ExportScreen))

    drive_on(body, (80, 24))
    html = (tmp_path / "report.html").read_bytes()
    assert faults(html) == []
    assert "What became of every line" in Parsed(html).text


def test_a_page_is_exported_by_the_rules_of_other_forms(finished: Path, store: Path, tmp_path: Path) -> None:
    from logcorr.model.errors import Cancelled, OutputError
    from logcorr.runs.run_folder import RunFolder
    from logcorr_tui.work.export_job import ExportJob

    run, target = RunFolder(finished), tmp_path / "report.HTML"
    export = ExportJob(run, "slow", "nonsense>1", str(target), store)
    export.cancel()
    with pytest.raises(Cancelled):
        export.write(force=False)
    with pytest.raises(Cancelled):
        export.download()
    assert not target.exists()
    assert not list(store.glob(".work-*"))
    ExportJob(run, "slow", "", str(target), store).write(force=False)
    with pytest.raises(OutputError):
        ExportJob(run, "slow", "", str(target), store).write(force=False)
    with ExportJob(run, "slow", "", "report.html", store).download() as file:
        assert file.read() == target.read_bytes()


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=["80x24", "60x20"])
def test_help_names_every_key_and_the_words(size: tuple[int, int], drive_on: Drive) -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        from logcorr_tui.screens.help import HelpScreen

        screen = app.screen
        assert isinstance(screen, HelpScreen)
        tips = {tip for _, tip, _ in [*screen._here, *screen._everywhere]}
        assert {"Switch between dark and light", "Write these rows to a file", "Every command by name"} <= tips
        keys = screen.query_one("#keys", Static)
        shown = "\n".join("".join(segment.text for segment in keys.render_line(y)) for y in range(keys.size.height))
        for word in ("orphan", "lost", "in flight", "redelivered", "superseded"):
            assert f"\n{word} " in shown, word
        # No ids, no lines in Textual's words, and room for the explanations.
        assert "app." not in shown
        assert "Scroll Up" not in shown
        assert "Quit; asks while a run goes on" in shown
        await pilot.press("escape")
        await pilot.pause()
        assert app.current_mode == "overview"
        assert app.screen is not screen

    drive_on(body, size)


def test_the_theme_is_remembered() -> None:
    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        assert app.theme == "logcorr-dark"
        await pilot.press("t")
        await pilot.pause()
        assert app.theme == "logcorr-light"

    drive(body)

    async def again(_pilot: Pilot[None], app: LogcorrApp) -> None:
        assert app.theme == "logcorr-light"

    drive(again)


def test_keys_can_be_remapped_and_broken_settings_are_told() -> None:
    path = settings.settings_path()
    path.parent.mkdir(parents=True)
    path.write_text('[keys]\n"app.theme" = "f9"\n', encoding="utf8")

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        await pilot.press("t")
        assert app.theme == "logcorr-dark"
        await pilot.press("f9")
        await pilot.pause()
        assert app.theme == "logcorr-light"

    drive(body)
    path.write_text("[keys\n", encoding="utf8")

    async def broken(pilot: Pilot[None], app: LogcorrApp) -> None:
        await until(pilot, lambda: len(app._notifications) == 1)

    drive(broken)


def test_completion(tmp_path: Path) -> None:
    (tmp_path / "requests.log").touch()
    (tmp_path / "responses.log").touch()
    (tmp_path / "re").mkdir()
    (tmp_path / ".hidden").touch()
    there = str(tmp_path / "re")
    assert candidates(there) == [f"{there}/", f"{there}quests.log", f"{there}sponses.log"]
    assert candidates(str(tmp_path / "none" / "x")) == []
    assert candidates(f"{tmp_path}/.") == [f"{tmp_path}/.hidden"]
    assert response_log_for(str(tmp_path / "requests.log")) == str(tmp_path / "responses.log")
    assert unused_name(tmp_path / "requests.log") == tmp_path / "requests-2.log"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere.log", "nothing.log"], InputError.exit_code, "no such file"),
        (["nowhere"], InputError.exit_code, "no run has this name"),
        ([LOGS[0]], 2, "one log"),
        ([*LOGS, "more"], 2, "no such file"),
        (["--memory", "many"], 2, "many"),
        ([], 2, "needs a terminal"),
    ],
)
def test_the_command_tells_what_is_wrong(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_help_and_version_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("--help", "--version"):
        with pytest.raises(SystemExit) as ended:
            main([word])
        assert ended.value.code == 0
        assert "logcorr-tui" in capsys.readouterr().out


def test_polars_waits_for_the_first_paint(tmp_path: Path) -> None:
    """Whatever the app's own modules need, the engine is not among it."""
    code = (
        "import sys, logcorr_tui.app, logcorr_tui.screens.open, logcorr_tui.screens.run; print('polars' in sys.modules)"
    )
    here = Path(__file__).parents[2]
    path = os.pathsep.join([str(here / "core"), str(here / "tui")])
    with start([sys.executable, "-c", code], tmp_path, PYTHONPATH=path) as process:
        out, err = process.communicate(timeout=60)
    assert out.strip() == "False", err


def test_a_screen_that_was_dropped_is_freed(store: Path) -> None:
    """With every run there is a new screen for it: the ones before must not stay."""
    alive: list[int] = []

    async def body(pilot: Pilot[None], app: LogcorrApp) -> None:
        from logcorr_tui.screens.run import RunScreen

        for _ in range(4):
            app.go("run")
            await pilot.pause(0.1)
            app.forget(("run",), meanwhile="open")
            await pilot.pause(0.1)
        gc.collect()
        alive.append(sum(isinstance(found, RunScreen) and found.app is app for found in gc.get_objects()))

    drive(body, store=str(store))
    assert alive[0] <= 1
