"""The app: owns the session, the child process and the way from screen to screen. Screens ask by messages."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import Worker

from logcorr.errors import LogcorrError
from logcorr.leftovers import sweep
from logcorr.model import View
from logcorr.store import default_root
from logcorr.text import safe
from logcorr_tui import commands
from logcorr_tui.keys import BINDINGS
from logcorr_tui.look.palette import DARK_THEME, LIGHT_THEME
from logcorr_tui.look.safe_text import HarmlessFilter
from logcorr_tui.state import messages
from logcorr_tui.state.navigation import OF_A_RUN, TABLES, places_of
from logcorr_tui.state.session import Logs, Session
from logcorr_tui.state.settings import Preferences
from logcorr_tui.switching import SwitchingApp
from logcorr_tui.work import engine_command, open_run
from logcorr_tui.work.child_process import ChildProcess, run_engine
from logcorr_tui.work.terminal_hangup import LOOK_EVERY_S, terminal_is_gone


class LogcorrApp(SwitchingApp):
    """logcorr in a terminal. Give logs to correlate or analyse, or a finished run to open, or nothing."""

    TITLE = "logcorr"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    def __init__(
        self,
        logs: Logs | None = None,
        *,
        run: Path | None = None,
        store: str | None = None,
        memory: str | None = None,
    ) -> None:
        super().__init__()
        self.session = Session(logs=logs)
        self.root = Path(store) if store else default_root()
        self.child: ChildProcess | None = None
        self._first_run, self._store, self._memory = run, store, memory
        self._preferences = Preferences()
        self.register_theme(DARK_THEME)
        self.register_theme(LIGHT_THEME)
        self.theme = self._preferences.theme(self.available_themes)
        self.set_keymap(self._preferences.keys)
        self._harmless = HarmlessFilter()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and after them the one that lets nothing through that a terminal would obey."""
        return [*super().get_line_filters(), self._harmless]

    # Coming up and going down

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda theme: self._preferences.remember(theme=theme.name))
        logs = self.session.logs
        if not (self.is_headless or self.is_web):
            self.set_interval(LOOK_EVERY_S, self._end_with_terminal)
        if logs is None:
            self.go("open")
        if problem := self._preferences.problem:
            self.notify(safe(problem, 400), title="Settings", severity="warning", timeout=10, markup=False)
        if logs is not None:
            self.start_run(logs)
        elif self._first_run:
            self.open_folder(self._first_run)

    async def _end_with_terminal(self) -> None:
        """Nobody is told when a terminal goes that sends no signal; the app would wait for keys for ever, busily."""
        if terminal_is_gone():
            await self.action_quit()

    async def on_exit_app(self) -> None:
        """However the app ends, its child ends before it."""
        await self.stop_child()

    async def action_quit(self) -> None:
        """Ends the child first, so that nothing of it is left."""
        await self.stop_child()
        self.exit()

    def action_leave(self) -> None:
        """Quits; a run in progress is worth a question."""
        if self.child is not None and self.child.running:
            self.ask("Quit and cancel the run?", "Nothing of it is kept.", self.action_quit)
        else:
            self.exit()

    # From screen to screen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Views of a run are there once there is one."""
        if action == "show":
            place, *kind = parameters
            if kind and kind != [self.session.kind]:
                return False
            if place != "open" and all(place != known.mode for known in places_of(self.session.kind)):
                return False
            if place == "overview":
                return self.session.report is not None or self.session.estimate is not None
            if place == "run":
                return self.child is not None or self.session.report is not None
            if place == "open":
                return self.current_mode != "open"
            return self.session.run is not None
        if action == "export":
            return self.session.run is not None and self.current_mode in OF_A_RUN
        return True

    def action_show(self, place: str, _kind: str = "") -> None:
        """Goes to a view, as it was left; a kind says of which runs alone."""
        self.go(place)
        if place in OF_A_RUN:
            self._preferences.remember(kind=self.session.kind, view=place)

    def action_step_back(self) -> None:
        """One step back: off a drill, then to the overview, then to the open screen, and from there to the run."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self.current_mode == "open":
            if self.session.run is not None:
                self.go("overview")
            elif self.child is not None:
                self.go("run")
        elif self.current_mode in TABLES or (self.current_mode == "run" and self.session.run is not None):
            self.go("overview")
        elif self.current_mode == "overview" and self.session.run is None:
            self.go("run")
        else:
            self.go("open")

    def action_help(self) -> None:
        from logcorr_tui.screens.help import HelpScreen

        self.push_screen(HelpScreen.of(self.screen))

    def action_toggle_theme(self) -> None:
        self.theme = LIGHT_THEME.name if self.theme == DARK_THEME.name else DARK_THEME.name

    def action_export(self) -> None:
        """Exports what is on screen: a table as filtered; the exchanges from elsewhere."""
        view: View = getattr(self.screen, "view", "exchanges")
        expression = getattr(self.screen, "expression", "")
        self._export(view, expression if isinstance(expression, str) else "")

    def action_compare(self) -> None:
        """Compares the run that is open with another."""
        if self.session.run is not None:
            self.compare(self.session.run.path)

    def compare(self, folder: Path) -> None:
        """Asks with which other run to compare this one, and shows the comparison."""
        from logcorr_tui.screens.pick_run import PickScreen

        self.push_screen(PickScreen(folder, self.root))

    def ask(self, question: str, detail: str, then: Callable[[], Any]) -> None:
        """Asks yes or no, and does it on yes."""
        from logcorr_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.call_later(then)

        self.push_screen(ConfirmScreen(question, detail), answered)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: what can be done here, and Textual's own but for its key panel, of which there is the help."""
        yield from commands.of(self, screen)
        yield from (found for found in super().get_system_commands(screen) if found.title != "Keys")

    # What screens ask for

    def on_drill(self, message: messages.Drill) -> None:
        if self.session.run is None:
            self.notify("Rows can be seen once the run is complete.")
            return
        from logcorr_tui.screens.table import TableScreen

        self.push_screen(TableScreen(message.view, message.expression, message.label))

    def on_compare(self, message: messages.Compare) -> None:
        from logcorr_tui.screens.over_represented import DiffersScreen

        if self.session.run is not None:
            self.push_screen(DiffersScreen(message.view, message.expression, message.label))

    def on_export_view(self, message: messages.ExportView) -> None:
        self._export(message.view, message.expression)

    def on_open_folder(self, message: messages.OpenFolder) -> None:
        self.open_folder(Path(message.folder))

    def on_start_run(self, message: messages.StartRun) -> None:
        if self.child is not None and self.child.running:
            self.notify("A run is in progress: 6 shows it, c there cancels it.", severity="warning")
            return
        self.start_run(message.logs)

    # The child and what it tells

    def start_run(self, logs: Logs) -> None:
        """Correlates or analyses these logs in a child process, and shows how it goes."""
        self.child = ChildProcess(engine_command.command_for(logs, store=self._store, memory=self._memory))
        self.session.logs = logs
        self.session.run = self.session.report = self.session.progress = self.session.estimate = None
        self.session.changed_inputs = []
        self.forget(("run", *OF_A_RUN), meanwhile="open")
        self.go("run")
        # Starting a process takes its time: first the screen is painted.
        self.call_after_refresh(self._follow, self.child)

    def _follow(self, child: ChildProcess) -> None:
        _: Worker[None] = self.run_worker(partial(run_engine, child, self.post_message), exit_on_error=False)

    async def stop_child(self) -> None:
        """Ends the child, if one runs, and removes what it left where it had to be killed."""
        if self.child is not None and self.child.running:
            await self.child.cancel()
            await self.child.wait()
            await asyncio.to_thread(sweep, self.root)

    def cancel_run(self) -> None:
        """Asks, then cancels the run."""
        if self.child is not None and self.child.running:
            self.ask("Cancel the run?", "Nothing of it is kept.", self.stop_child)

    def on_progressed(self, message: messages.Progressed) -> None:
        self.session.progress = message.event
        self.pass_on(message)

    def on_estimated(self, message: messages.Estimated) -> None:
        self.session.estimate = message.event
        self.pass_on(message)
        self.refresh_bindings()

    def on_finished(self, message: messages.Finished) -> None:
        self.pass_on(message)
        if message.event.run is not None:
            self.open_folder(Path(message.event.run), fresh=True)

    def on_failed(self, message: messages.Failed) -> None:
        self.session.estimate = None
        self.forget(OF_A_RUN, meanwhile="run")
        self.go("run")
        self.pass_on(message)
        self.refresh_bindings()
        # A child that was killed left its spill files.
        _: Worker[None] = self.run_worker(partial(sweep, self.root), thread=True, exit_on_error=False)

    # Finished runs

    def open_folder(self, folder: Path, *, fresh: bool = False) -> None:
        """Opens a finished run, and then looks whether its inputs have changed since."""
        _: Worker[None] = self.run_worker(partial(self._open, folder, fresh=fresh), group="open", exclusive=True)

    async def _open(self, folder: Path, *, fresh: bool) -> None:
        if not fresh and self.child is not None and self.child.running:
            self.notify("A run is in progress: 6 shows it, c there cancels it.", severity="warning")
            return
        try:
            opened = await asyncio.to_thread(open_run.open_run, folder)
        except LogcorrError as error:
            self.notify(safe(str(error), 400), title="Cannot open", severity="error", timeout=10, markup=False)
            return
        view = "overview" if fresh else self._preferences.view(opened.manifest.kind)
        self._show_run(opened, view, fresh=fresh)
        changed = [] if fresh else await asyncio.to_thread(open_run.changed_inputs, opened.manifest)
        if changed and self.session.run is opened.run:
            self.session.changed_inputs = changed
            names = safe(", ".join(Path(name).name for name in changed), 120)
            text = f"{names}: gone or changed since this run was made. Run them again to see the present logs."
            self.notify(text, title="Inputs have changed", severity="warning", timeout=12, markup=False)
            for screen in self.bases.values():
                screen.refresh(recompose=False)

    def _show_run(self, opened: open_run.Opened, view: str, *, fresh: bool) -> None:
        self.session.run, self.session.report = opened.run, opened.report
        self.session.logs = opened.logs
        self.session.estimate, self.session.changed_inputs = None, []
        gone: tuple[str, ...] = OF_A_RUN
        if not fresh:
            self.child, self.session.progress = None, None
            gone = ("run", *OF_A_RUN)
        with self.batch_update():
            self.forget(gone, meanwhile="run" if fresh else "open")
            self.go(view)
        self.refresh_bindings()

    # Within

    def _export(self, view: View, expression: str) -> None:
        if self.session.run is None:
            return
        from logcorr_tui.screens.export import ExportScreen

        self.push_screen(ExportScreen(self.session.run, view, expression, self.root))
