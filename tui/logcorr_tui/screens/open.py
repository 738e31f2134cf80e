"""The Open screen: a log and what it is taken for, recent runs with their headline figures, and a demo."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import platformdirs
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static
from textual.worker import Worker

from logcorr.inputs import files
from logcorr.model.errors import LogcorrError
from logcorr.model.told import Told, ToldLog
from logcorr.text.safe import safe
from logcorr_tui.look import palette
from logcorr_tui.look.plain_text import hint
from logcorr_tui.screens.path_input import PathInput
from logcorr_tui.state import messages
from logcorr_tui.state.session import Logs, WithRuns
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.widgets.runs_panel import DEMO, RunsPanel
from logcorr_tui.widgets.told_panel import ToldPanel
from logcorr_tui.work import engine_command, reading_words
from logcorr_tui.work.child_process import ChildProcess, Ended, ask
from logcorr_tui.work.file_names import response_log_for
from logcorr_tui.work.own_lines import are_own
from logcorr_tui.work.path_completion import candidates
from logcorr_tui.work.run_rows import run_rows

DEMO_ROWS = 200_000


# The fields: name and label, what stands in an empty field, the same where it is narrow, and whether it is a path.
_FIELDS = (
    ("log", "a file, a folder or a glob; plain, .gz or .zst", "a file, a folder or a glob", True),
    ("responses", "only if the log holds requests alone", "if the log holds requests alone", True),
    ("options", "--date 2026-11-29 --zone +02:00 --unwrap none --format NAME", "--zone +02:00 --format NAME", False),
)
# What is shown while an empty field has the focus.
_EXAMPLES = {
    "log": "a line: 2025-11-21T14:00:03.480Z,req-7f3a,bob · or of an access log, JSON, any of logcorr formats list",
    "responses": "a line: 2025-11-21T14:00:03.618Z,req-7f3a,200",
    "options": "as on the command line; an empty field reads the log as its lines tell",
}
# With fewer rows than these the fields stand close together.
_TIGHT = 32
_NARROW = 80
# So long nothing must be typed before the first lines of a log are looked at.
_PAUSE_S = 0.3


class OpenScreen(Screen[None]):
    """Shows what a log is taken for as soon as its path is typed. Enter runs it; on a run it opens it."""

    CSS_PATH = "open.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "paths", "Paths", id="open.paths", tooltip="Type the path of a log, or of two logs"),
        Binding("down", "formats", "Formats", id="open.formats", tooltip="To the formats of the log", show=False),
        Binding(
            "escape", "leave_field", "Back", id="open.back", tooltip="To the list, and from there back", show=False
        ),
        Binding("d", "demo", "Demo", id="open.demo", tooltip="Make a pair of logs with an incident, and correlate it"),
        Binding("f5", "reload", "Reload", id="open.reload", tooltip="Look for runs again", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None
        # The logs that were asked for last, the format that was chosen, and whether Enter waits for the answer.
        self._asked: Logs | None = None
        self._form: str | None = None
        self._wanted = False

    @property
    def _panel(self) -> ToldPanel:
        return self.query_one(ToldPanel)

    @property
    def _runs(self) -> RunsPanel:
        return self.query_one(RunsPanel)

    def _field(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)

    @property
    def _app(self) -> WithRuns:
        return cast("WithRuns", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Vertical(id="new") as new:
            new.border_title = "Open a log"
            new.border_subtitle = hint(self.app, "/ type · Tab complete · ⏎ next, run")
            for name, placeholder, _, is_path in _FIELDS:
                with Horizontal(classes=name):
                    yield Static(name, classes="label")
                    yield (PathInput if is_path else Input)(placeholder=placeholder, id=name, compact=True)
            yield Static(id="hint")
        yield ToldPanel(id="told")
        yield RunsPanel(demo=f"{DEMO_ROWS:,} lines a side with an incident: made, then correlated", id="recent")
        yield FittingFooter()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._paint())
        self._paint()

    def _paint(self) -> None:
        self._head()
        self._panel.draw()

    def on_unmount(self) -> None:
        # Textual would keep this screen for good as a listener.
        self.app.theme_changed_signal.unsubscribe(self)

    def on_resize(self) -> None:
        self.set_class(self.size.height < _TIGHT, "-tight")
        for name, placeholder, short, _ in _FIELDS:
            self._field(name).placeholder = short if self.size.width < _NARROW else placeholder
        self._runs.draw()
        self._panel.draw()

    def on_screen_resume(self) -> None:
        # The run folders are read after the first paint.
        self.call_after_refresh(self.action_reload)

    def action_paths(self) -> None:
        # At once, because the next key belongs to the field already.
        self.set_focus(self._field("log"))

    def action_formats(self) -> None:
        """Goes to the formats that may be chosen."""
        if self._panel.display and self._panel.choices.display:
            self._panel.choices.focus()

    def action_leave_field(self) -> None:
        """Goes from the formats to the field, from a field to the list, and from the list back."""
        if self._runs.leave():
            return
        if self.focused is self._panel.choices:
            self._field("log").focus()
        elif isinstance(self.focused, Input):
            self._close_panel()
            self.query_one("#runs").focus()
        else:
            self._app.action_step_back()

    def action_reload(self) -> None:
        _: Worker[None] = self.run_worker(self._reload, exclusive=True, group="reload")

    def action_demo(self) -> None:
        """Makes the logs of the demo in a child process, where they are missing, and correlates the logs."""
        _: Worker[None] = self.run_worker(self._demo, exclusive=True, group=DEMO)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Input) and event.widget.id in _EXAMPLES:
            self._help_typing(event.widget)

    def _help_typing(self, field: Input) -> None:
        """Shows how a typed path can go on, or what an empty field is for."""
        found = candidates(field.value, 8) if field.value and field.id != "options" else []
        names = "  ".join(safe(Path(name).name, 24) + ("/" if name.endswith("/") else "") for name in found)
        self._hint(names if field.value else _EXAMPLES[field.id or ""], "dim")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.input.has_focus:
            self._help_typing(event.input)
        self._form = None
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE_S, self._look)

    def _look(self) -> None:
        """Asks what the named logs are, as soon as they are there."""
        logs = self._logs(say=False)
        if logs is None:
            self._close_panel()
        elif logs != self._asked:
            self._ask(logs)

    def _logs(self, *, say: bool) -> Logs | None:
        """The logs as the fields name them. None where they cannot be read, which is shown if `say`."""
        log, responses = (_path(self._field(name).value) for name in ("log", "responses"))
        if not log:
            if say:
                missing = "a log" if not responses else "the log of the requests too"
                self._hint(f"! Type the path of {missing}.", "bad")
            return None
        try:
            given = reading_words.parse(self._field("options").value)
            sides: dict[Any, str] = {"request": log, "response": responses} if responses else {"log": log}
            for side, path in sides.items():
                files.resolve(side, (path,))
        except (LogcorrError, ValueError, OSError) as error:
            if say:
                self._hint(f"! {safe(str(error), 300)}", "bad")
            return None
        named: dict[str, tuple[str, ...]] = {name: (path,) for name, path in sides.items()}
        logs = Logs("correlation", named) if responses else Logs(None, named)
        form = self._form or given.format
        reading, reported = reading_words.words_of(given), reading_words.reported_of(given)
        return replace(logs, form=form, collapse_ids=given.collapse_ids, reading=reading, reported=reported)

    def _ask(self, logs: Logs) -> None:
        """Asks what logs are, in a child process."""
        self._asked = logs
        self.query_one("#recent").display = False
        self._panel.wait()
        _: Worker[None] = self.run_worker(partial(self._tell, logs), exclusive=True, group="tell")

    async def _tell(self, logs: Logs) -> None:
        answer = await ask(ChildProcess(engine_command.tell_command(logs), keep_output=True))
        if not self.is_running or logs != self._asked:
            return
        if isinstance(answer, Ended):
            names = [name for named in logs.files.values() for name in named]
            said = answer.said.removeprefix("logcorr: error: ") or "The engine ended without a word."
            answer = Told(kind=None, logs={"log": ToldLog(files=names, error=said)})
        self._panel.show(answer)
        if self._wanted:
            self._wanted = False
            self._go_on(logs, answer, run=len(logs.files) > 1 or len(answer.logs) > 1)

    def _go_on(self, logs: Logs, told: Told, *, run: bool) -> None:
        """Goes on from logs that are told: to the other side, to the formats, or to the run."""
        log = next(iter(told.logs.values()))
        if told.error is None and len(told.logs) == 1 and log.is_one_side:
            self._ask_for_other_side(log)
        elif told.error is None and run:
            self._start(logs if logs.kind is not None else logs.as_told(told), told)
        elif self._panel.choices.display:
            self._panel.choices.focus()

    def _ask_for_other_side(self, log: ToldLog) -> None:
        """Goes to the field of the log that is missing. A request log may have a response log beside it."""
        one, responses = self._field("log"), self._field("responses")
        with self.prevent(Input.Changed):
            if log.events == ["response"] and not responses.value:
                one.value, responses.value = "", one.value
            elif not responses.value:
                responses.value = response_log_for(one.value.strip()) or ""
        (responses if one.value else one).focus()

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        event.stop()
        logs = self._logs(say=True)
        if logs is None:
            return
        told = self._panel.told
        if len(logs.files) > 1 and not logs.form and not logs.reading and _are_own(logs):
            self._start(logs, None)
        elif logs == self._asked and told is not None:
            self._go_on(logs, told, run=True)
        else:
            self._wanted = True
            if logs != self._asked:
                self._ask(logs)

    def on_told_panel_chosen(self, message: ToldPanel.Chosen) -> None:
        self._form = message.form
        logs = self._logs(say=True)
        if logs is not None:
            self._ask(logs)

    def on_told_panel_accepted(self) -> None:
        logs, told = self._logs(say=True), self._panel.told
        if logs is not None and told is not None and logs == self._asked:
            self._go_on(logs, told, run=True)

    def _close_panel(self) -> None:
        """Shows the recent runs again, and forgets what logs were taken for."""
        self._asked, self._form, self._wanted = None, None, False
        self._panel.clear()
        self.query_one("#recent").display = True

    def _start(self, logs: Logs, told: Told | None) -> None:
        """Starts a run of the logs, and empties the fields."""
        self.post_message(messages.StartRun(logs, told))
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.value = ""
        self._close_panel()
        self.query_one("#runs").focus()

    def on_runs_panel_chosen(self, message: RunsPanel.Chosen) -> None:
        if message.run == DEMO:
            self.action_demo()
        else:
            self.post_message(messages.OpenFolder(str(self._app.runs / message.run)))

    def on_runs_panel_told(self, message: RunsPanel.Told) -> None:
        self._hint(f"! {safe(message.text, 300)}" if message.wrong else message.text, "bad" if message.wrong else "dim")

    async def _reload(self) -> None:
        rows = await asyncio.to_thread(run_rows, self._app.runs)
        if self.is_running:  # the app may have ended in the meantime
            self._runs.show(rows)

    async def _demo(self) -> None:
        folder = Path(platformdirs.user_cache_dir("logcorr", appauthor=False)) / f"demo-{DEMO_ROWS}"
        logs = [folder / name for name in ("requests.log", "responses.log")]
        if not all(log.is_file() for log in logs):
            self._hint(f"making {DEMO_ROWS:,} lines a side in {folder} …", "dim")
            words = ("generate", "pair", str(folder), "--rows", str(DEMO_ROWS), "--incident", "--force")
            child = ChildProcess(engine_command.logcorr_command(*words))
            ended = await child.run(lambda _event: None)
            self._hint("", "dim")
            if ended.code != 0:
                self._hint(f"! the demo could not be made: {ended.said}", "bad")
                return
        self.post_message(messages.StartRun(Logs.pair((str(logs[0]),), (str(logs[1]),))))

    def _hint(self, text: str, tone: str) -> None:
        colours = palette.of(self.app)
        style = colours.bad if tone == "bad" else colours.dim
        self.query_one("#hint", Static).update(Text(text, style=style))

    def _head(self) -> None:
        colours = palette.of(self.app)
        text = " which requests were answered, when, how, and which never were"
        self.query_one("#head", Static).update(Text.assemble(palette.badge(colours), (text, colours.dim)))


def _are_own(logs: Logs) -> bool:
    """Whether two logs are of logcorr's own two line forms."""
    sides: list[tuple[Any, tuple[str, ...]]] = list(logs.files.items())
    return are_own([files.resolve(side, names) for side, names in sides])


def _path(value: str) -> str:
    value = value.strip()
    return str(Path(value).expanduser()) if value.startswith("~") else value
