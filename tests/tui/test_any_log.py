"""Any log in the app: what it is taken for, its run from one argument, its views, its lines; by keyboard alone."""

import sys
from pathlib import Path

import pytest
from textual.widgets import Input

from logcorr.jobs.correlate import correlate
from logcorr.model.options import CorrelateOptions
from logcorr.runs.run_folder import RunFolder
from logcorr_tui import main as command_line
from logcorr_tui.app import LogcorrApp
from logcorr_tui.screens.table import TableScreen
from logcorr_tui.state.session import Logs
from logcorr_tui.widgets.told_panel import ToldPanel
from logcorr_tui.work.engine_command import command_for, tell_command
from tests.support import app_logs
from tests.support.hostile import MARK, PAYLOADS, faults
from tests.tui.headless import Stage, play
from tests.tui.picture import strips_of, text_of

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals"),
    pytest.mark.usefixtures("filtered_here", "own_settings"),
]

LARGE, SMALL, ODD = (120, 36), (80, 24), (103, 31)
ANSWERED = app_logs.answered()


def screen(stage: Stage) -> str:
    return "\n".join(text_of(strips_of(stage.app)))


def finished(folder: Path, lines: list[str], **options: object) -> Path:
    """A finished run of one log."""
    app_logs.write(folder / "app.log", lines)
    log = "app.log"
    settings = {"log": (log,), "memory_bytes": 1 << 30, "store": str(folder / "runs"), **options}
    found = correlate(CorrelateOptions(**settings)).folder  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of logs are short."""
    monkeypatch.chdir(tmp_path)


def asked(*words: str) -> Logs:
    logs, run = command_line._what(command_line._parser().parse_args(words))
    assert run is None
    assert logs is not None
    return logs


def test_one_argument_with_both_events_is_correlated(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "app.log", app_logs.in_docker(app_logs.fastify()))

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Latency distribution", "fastify in docker-json")
        await stage.press("b")
        await stage.see("every line accounted for", f"{ANSWERED}")
        await stage.press("6")
        await stage.see("fastify (built in), told by the lines; heads taken off: docker-json", "log", "entries")

    play(LogcorrApp(asked(log), store=str(tmp_path / "runs")), act, LARGE)


def test_one_argument_with_exchanges_is_analysed(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "access.log", app_logs.combined())

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "Suspicious", "combined")
        await stage.press("5")
        await stage.see(" Malformed ", "server stopped", "0 Other 0")

    play(LogcorrApp(asked(log), store=str(tmp_path / "runs")), act, SMALL)


def test_a_part_of_a_log(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "app.log", app_logs.fastify())

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("6")
        await stage.see("Narrowed", "where status=200", "left_out")

    play(LogcorrApp(asked("--where", "status=200", log), store=str(tmp_path / "runs")), act, LARGE)


def test_two_logs_of_a_profile(tmp_path: Path) -> None:
    names = ("requests.log", "responses.log")
    logs = [app_logs.write(tmp_path / name, lines) for name, lines in zip(names, app_logs.morgan(), strict=True)]

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "morgan-pair", "100%")

    play(LogcorrApp(asked(*logs), store=str(tmp_path / "runs")), act, LARGE)


def test_a_folder_names_what_it_leaves_out(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, lines in zip(("requests.log", "responses.log"), app_logs.morgan(), strict=True):
        app_logs.write(folder / name, lines)
    (folder / "truth.json").write_text('{"rows": 1}\n', encoding="utf8")

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "morgan-pair", "100%")
        (said,) = (note.message for note in stage.app._notifications)
        assert said == "Left out, because no line fits: truth.json"

    play(LogcorrApp(asked(str(folder)), store=str(tmp_path / "runs")), act, LARGE)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["hello"], "The first line: 'hello'"),
        (app_logs.dateless(), "--date YYYY-MM-DD"),
        (app_logs.refused(), "log_tags"),
        (app_logs.morgan()[0], "holds requests alone"),
    ],
    ids=["unknown", "dateless", "refused", "one side"],
)
def test_what_cannot_be_run_is_said_in_words(
    lines: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A short name, so that the words wrap at the same places everywhere.
    monkeypatch.chdir(tmp_path)
    log = app_logs.write(Path("some.log"), lines)

    async def act(stage: Stage) -> None:
        await stage.see("The run failed", said, "✗ Tell the format")
        await stage.press("r")
        await stage.see("The run failed", said)

    play(LogcorrApp(asked(log), store=str(tmp_path / "runs")), act, LARGE)


def test_the_words_of_the_command_are_passed_on(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "app.log", app_logs.fastify())
    words = ["--date=2026-03-04", "--zone=+01:00", "--unwrap=none"]
    logs = asked(*words, log)
    assert (logs.kind, logs.files) == (None, {"log": (log,)})
    assert [word for word in words if word in tell_command(logs)] == words
    named = asked("--format", "fastify", *words, log)
    assert (named.kind, named.files) == ("correlation", {"log": (log,)})
    assert {"--format=fastify", f"--log={log}", *words} <= set(command_for(named))
    exchanges = asked("--format", "pino-http", "--collapse-ids", log)
    assert exchanges == Logs.access((log,), "pino-http", collapse_ids=True)
    part = asked("--since", "-15m", "--until=15:10", "--where", "status>=500 user=a", "--collapse", "^/a=b", log)
    assert part.reported == ("--since=-15m", "--until=15:10", "--where=status>=500 user=a", "--collapse=^/a=b")
    assert set(part.reported) <= set(command_for(part))
    assert not set(part.reported) & set(tell_command(part))
    assert asked("--log", log).kind == "correlation"
    pair = asked("--format", "fastify", "--requests", log, "--responses", log)
    assert {f"--requests={log}", f"--responses={log}", "--format=fastify"} <= set(command_for(pair))


def test_the_open_screen_shows_what_a_log_is_before_it_runs(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "app.log", app_logs.fastify())

    async def act(stage: Stage) -> None:
        await stage.see("Recent runs")
        await stage.press("slash")
        await stage.type(log)
        await stage.see("fastify (built in), told by the lines: requests and responses in one log.", "⏎ pairs them")
        shown = screen(stage)
        assert "Recent runs" not in shown
        for text in ("pino-http", "> shop@1.0.0 start", "req-1", "09:00:00.000"):
            assert text in shown
        await stage.press("down", "2")
        await stage.see("pino-http (built in), named: exchanges. ⏎ analyses it")
        assert " request " not in screen(stage)
        await stage.press("up")
        await stage.see("fastify (built in), named: requests and responses")
        await stage.press("enter")
        await stage.see("✓ complete", "fastify")

    for size in (LARGE, SMALL, ODD):
        play(LogcorrApp(store=str(tmp_path / "runs")), act, size)


def test_the_open_screen_says_what_to_do_and_takes_options(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "worker.log", app_logs.dateless())

    async def act(stage: Stage) -> None:
        await stage.press("slash")
        await stage.type(log)
        await stage.see("Cannot be read", "--date YYYY-MM-DD")
        await stage.press("enter")
        await stage.see("Cannot be read")
        stage.app.screen.query_one("#options", Input).focus()
        await stage.pilot.pause()
        await stage.type("--dat 2026-03-04")
        await stage.press("enter")
        await stage.see("unrecognized arguments: --dat")
        stage.app.screen.query_one("#options", Input).value = "--date 2026-03-04"
        await stage.see("rq (built in), told by the lines")
        await stage.press("enter")
        await stage.see("✓ complete")

    play(LogcorrApp(store=str(tmp_path / "runs")), act, LARGE)


def test_the_open_screen_asks_for_the_other_side(tmp_path: Path) -> None:
    asks, answers = app_logs.morgan()
    requests = app_logs.write(tmp_path / "requests.log", asks)
    responses = app_logs.write(tmp_path / "responses.log", answers)

    async def act(stage: Stage) -> None:
        one, other = (stage.app.screen.query_one(f"#{name}", Input) for name in ("log", "responses"))
        await stage.press("slash")
        await stage.type(responses)
        await stage.see("responses alone")
        await stage.press("enter")
        await stage.until(lambda: other.value == responses and one.has_focus, "the request log is asked for")
        await stage.type(requests)
        await stage.see("morgan-pair (built in), told by the lines: requests and responses. ⏎ pairs them")
        await stage.press("enter")
        await stage.see("✓ complete", "morgan-pair")

    play(LogcorrApp(store=str(tmp_path / "runs")), act, LARGE)


def test_escape_leads_back_to_the_runs(tmp_path: Path) -> None:
    log = app_logs.write(tmp_path / "app.log", app_logs.fastify())

    async def act(stage: Stage) -> None:
        await stage.press("slash")
        await stage.type(log)
        await stage.see("fastify (built in)")
        await stage.press("down", "escape", "escape")
        await stage.see("Recent runs")
        assert not stage.app.screen.query_one(ToldPanel).display

    play(LogcorrApp(store=str(tmp_path / "runs")), act, SMALL)


def test_pairs_with_attributes_have_the_views_of_access_logs(tmp_path: Path) -> None:
    run = finished(tmp_path, app_logs.fastify())

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "E Endpoints", "I IPs", "W Windows", "0 Other 13")
        for key, title, text in (
            ("E", "Endpoints", "/items/2"),
            ("I", "IPs", "192.0.2.3"),
            ("W", "Windows", "orphans"),
        ):
            await stage.press(key)
            await stage.see(f" {title} ", " rows  ·  row 1" if key != "W" else "row 1", text)
            await stage.press("i")
            await stage.see(f"{title} · row 1 of")
            await stage.press("escape")
        await stage.press("E", "enter")
        await stage.see(" Exchanges ", "endpoint /items/")

    play(LogcorrApp(run=run, store=str(run.parent)), act, LARGE)


def test_the_detail_shows_both_lines_of_one_log_as_they_are(tmp_path: Path) -> None:
    lines = app_logs.in_docker(app_logs.fastify())
    run = finished(tmp_path, lines)
    asked, done = (
        next(n for n, line in enumerate(lines, 1) if 'req-3\\"' in line and text in line)
        for text in ("incoming", "comple")
    )

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("3")
        await stage.see(" Errors ", "row 1", "endpoint", "req-3")
        table = stage.app.screen
        assert isinstance(table, TableScreen)
        await stage.until(lambda: not table._working, "the rows")
        await stage.press("enter")
        await stage.see(f"Request · app.log:{asked}", f"Response · app.log:{done}", "given", "22.5ms  (22,500 µs)")
        assert f"▶ {asked:>9,} " + '{"log": "{\\"level' in screen(stage)

    play(LogcorrApp(run=run, store=str(run.parent)), act, (120, 50))


def test_other_lines_stand_beside_malformed_ones(tmp_path: Path) -> None:
    run = finished(tmp_path, [*app_logs.fastify(), '{"level":30,"time":17'])

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("5")
        await stage.see(" Malformed ", "0 Other 13", "json 1")
        await stage.pilot.click("#beside")
        await stage.see(" Other ", "5 Malformed 1", "> shop@1.0.0 start", "13 rows", "line ▲")
        await stage.press("slash")
        await stage.type("text~shop@")
        await stage.press("enter")
        await stage.see("1 of 13 rows")
        await stage.press("enter")
        await stage.see("Log · app.log:1")

    play(LogcorrApp(run=run, store=str(run.parent)), act, SMALL)


def test_a_log_without_a_clock_says_so(tmp_path: Path) -> None:
    run = finished(tmp_path, app_logs.awslambda())

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete", "there is no timeline: the log has no clock", "no clock", "p99")
        await stage.press("2")
        await stage.see(" Slow ")

    play(LogcorrApp(run=run, store=str(run.parent)), act, LARGE)


def test_names_and_lines_are_harmless(tmp_path: Path) -> None:
    payload = PAYLOADS["colour"] if "colour" in PAYLOADS else next(iter(PAYLOADS.values()))
    name = f"{MARK}{payload}[red]"
    formats = tmp_path / "mine.toml"
    quoted = "".join(f"\\u{ord(char):04x}" for char in name)
    formats.write_text(
        f'["{quoted}"]\nabout = "{quoted}"\nsyntax = "json"\ntime = {{ field = "time", form = "epoch_ms" }}\nid = "id"\n'
        f'[["{quoted}".rule]]\nevent = "request"\nwhere = {{ side = "q" }}\nendpoint = "url"\n'
        f'[["{quoted}".rule]]\nevent = "response"\nwhere = {{ side = "r" }}\nstatus = "code"\n',
        encoding="utf8",
    )
    lines = [
        line
        for number in range(20)
        for line in (
            f'{{"time":{1772611200000 + number},"side":"q","id":"{number}","url":"/{quoted}"}}',
            f'{{"time":{1772611200900 + number},"side":"r","id":"{number}","code":200}}',
            f"{name} other",
        )
    ]
    log = app_logs.write(tmp_path / "app.log", lines)

    async def act(stage: Stage) -> None:
        await stage.press("slash")
        await stage.type(log)
        stage.app.screen.query_one("#options", Input).value = f"--formats {formats}"
        await stage.see("⏎ pairs them", MARK)
        assert faults(screen(stage).encode("utf8", "surrogatepass")) == []
        await stage.press("enter")
        await stage.see("✓ complete", MARK)
        for key in ("1", "6", "0", "E"):
            await stage.press(key)
            await stage.see(MARK)
            await stage.still()
            assert faults(screen(stage).encode("utf8", "surrogatepass")) == []

    play(LogcorrApp(store=str(tmp_path / "runs")), act, LARGE)


def test_a_run_keeps_what_it_was_read_as(tmp_path: Path) -> None:
    run = RunFolder(finished(tmp_path, app_logs.fastify(), form="fastify"))

    async def act(stage: Stage) -> None:
        await stage.see("✓ complete")
        await stage.press("6")
        await stage.see("fastify (built in)")
        assert "told by" not in screen(stage)

    play(LogcorrApp(run=run.path, store=str(run.path.parent)), act, LARGE)
