"""The Open screen: paths with completion, recent runs of both kinds with their headline figures, and a demo."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar, cast

import platformdirs
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from logcorr.inputs import files
from logcorr.model.errors import LogcorrError
from logcorr.runs import list_runs
from logcorr.text.safe import safe
from logcorr_tui.look import palette
from logcorr_tui.state import messages
from logcorr_tui.state.session import Logs, WithRuns
from logcorr_tui.widgets import recent_runs
from logcorr_tui.widgets.footer import FittingFooter
from logcorr_tui.work import engine_command
from logcorr_tui.work.child_process import ChildProcess
from logcorr_tui.work.file_names import response_log_for
from logcorr_tui.work.path_completion import PathSuggester, candidates

DEMO_ROWS = 200_000
# The cells of the margins, frame, padding and scroll bar of the list.
_AROUND_LIST = 10
_DEMO = "demo"


class OpenScreen(Screen[None]):
    """Enter in the second path correlates, in the third analyses. Enter on a run opens it, on the demo makes one."""

    CSS_PATH = "open.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "paths", "Paths", id="open.paths", tooltip="Type the paths of two logs, or of an access log"),
        Binding(
            "escape", "leave_field", "Back", id="open.back", tooltip="To the list, and from there back", show=False
        ),
        Binding("d", "demo", "Demo", id="open.demo", tooltip="Make a pair of logs with an incident, and correlate it"),
        Binding("c", "compare", "Compare", id="open.compare", tooltip="Compare this run with another"),
        Binding("f5", "reload", "Reload", id="open.reload", tooltip="Look for runs again", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict[str, Any]] = []

    @property
    def _app(self) -> WithRuns:
        return cast("WithRuns", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Vertical(id="new") as new:
            new.border_title = "Correlate two logs, or analyse an access log"
            new.border_subtitle = "/ type · → complete · ⏎ next, run"
            for name, label in (("requests", "requests"), ("responses", "responses"), ("access", "access log")):
                with Horizontal(classes=name):
                    yield Static(label, classes="label")
                    yield Input(
                        placeholder="a file, a folder or a glob; plain, .gz or .zst",
                        suggester=PathSuggester(),
                        id=name,
                        compact=True,
                    )
            yield Static(id="hint")
        with Vertical(id="recent") as recent:
            recent.border_title = "Recent runs"
            recent.border_subtitle = "↑↓ select · ⏎ open"
            yield Static(id="columns")
            yield OptionList(id="runs", compact=True)
        yield FittingFooter()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._head())
        self._head()
        self._list([])

    def on_unmount(self) -> None:
        # Textual would keep this screen for good as a listener.
        self.app.theme_changed_signal.unsubscribe(self)

    def on_resize(self) -> None:
        if self._rows:
            self._list(self._rows)

    def on_screen_resume(self) -> None:
        # The run folders are read after the first paint.
        self.call_after_refresh(self.action_reload)

    def action_paths(self) -> None:
        self.query_one("#requests").focus()

    def action_leave_field(self) -> None:
        """Goes from a field to the list, and from the list back."""
        if isinstance(self.focused, Input):
            self.query_one("#runs").focus()
        else:
            self._app.action_step_back()

    def action_reload(self) -> None:
        _: Worker[None] = self.run_worker(self._reload, exclusive=True, group="reload")

    def action_demo(self) -> None:
        """Makes the logs of the demo in a child process, where they are missing, and correlates the logs."""
        _: Worker[None] = self.run_worker(self._demo, exclusive=True, group=_DEMO)

    def action_compare(self) -> None:
        """Compares the selected run with another."""
        chosen = self.query_one("#runs", OptionList).highlighted_option
        if chosen is not None and chosen.id not in (None, _DEMO):
            self._app.compare(self._app.root / str(chosen.id))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        found = candidates(event.value, 8) if event.value and event.input.has_focus else []
        names = "  ".join(safe(Path(name).name, 24) + ("/" if name.endswith("/") else "") for name in found)
        self._hint(names, "dim")

    @on(Input.Submitted, "#requests")
    async def _requests_given(self, event: Input.Submitted) -> None:
        responses, access = self.query_one("#responses", Input), self.query_one("#access", Input)
        if not self._checked("request", event.value):
            return
        if not responses.value and await asyncio.to_thread(_is_access_log, _path(event.value)):
            with self.prevent(Input.Changed):
                access.value, event.input.value = event.value, ""
            access.focus()
            self._hint("an access log, by its first lines: ⏎ analyses it", "dim")
            return
        if not responses.value:
            responses.value = response_log_for(event.value.strip()) or ""
        responses.focus()

    @on(Input.Submitted, "#access")
    def _access_given(self, event: Input.Submitted) -> None:
        if self._checked("access", event.value):
            self._start(Logs.access((_path(event.value),)))

    @on(Input.Submitted, "#responses")
    def _responses_given(self, event: Input.Submitted) -> None:
        requests = self.query_one("#requests", Input)
        if not self._checked("request", requests.value):
            requests.focus()
        elif self._checked("response", event.value):
            self._start(Logs.pair((_path(requests.value),), (_path(event.value),)))

    def _start(self, logs: Logs) -> None:
        """Starts a run of the logs, and empties the fields."""
        self.post_message(messages.StartRun(logs))
        with self.prevent(Input.Changed):
            for field in self.query(Input):
                field.value = ""
        self.query_one("#runs").focus()

    @on(OptionList.OptionSelected, "#runs")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == _DEMO:
            self.action_demo()
        elif event.option_id is not None:
            self.post_message(messages.OpenFolder(str(self._app.root / event.option_id)))

    def _checked(self, side: Any, value: str) -> bool:
        """Whether the path names logs. Shows the error where it does not."""
        try:
            files.resolve(side, (_path(value),))
        except (LogcorrError, ValueError) as error:
            self._hint(f"! {safe(str(error), 300)}", "bad")
            return False
        return True

    async def _reload(self) -> None:
        rows = await asyncio.to_thread(list_runs.rows, self._app.root)
        if self.is_running:  # the app may have ended in the meantime
            self._rows = rows
            self._list(rows)

    def _list(self, rows: list[dict[str, Any]]) -> None:
        """Lists the runs, newest first, and the demo last. The selected run stays selected."""
        found = self.query_one("#runs", OptionList)
        before = found.highlighted_option.id if found.highlighted_option else None
        head, lines = recent_runs.lines(rows, max(self.size.width - _AROUND_LIST, 40))
        options = [
            Option(line, id=str(row["run"]), disabled="error" in row) for line, row in zip(lines, rows, strict=True)
        ]
        demo = Text.assemble(("Demo", "bold"), f"  {DEMO_ROWS:,} lines a side with an incident: made, then correlated")
        options.append(Option(demo, id=_DEMO))
        found.clear_options()
        found.add_options(options)
        ids = [option.id for option in options]
        usable = next((place for place, option in enumerate(options) if not option.disabled), 0)
        kept = before if before in ids and before != _DEMO else None
        found.highlighted = ids.index(kept) if kept else usable
        head.stylize("dim")
        self.query_one("#columns", Static).update(head)

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


def _is_access_log(path: str) -> bool:
    # This imports polars, so it waits until it is needed.
    from logcorr.inputs.recognise_access_log import is_access_log

    return is_access_log(files.resolve("access", (path,)))


def _path(value: str) -> str:
    value = value.strip()
    return str(Path(value).expanduser()) if value.startswith("~") else value
