"""The runs of the app: starts, follows and cancels the child process of a run, and opens finished runs."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from textual.worker import Worker

from logcorr.compute.object_path import AnyPath, path_of
from logcorr.model.errors import InputError, LogcorrError
from logcorr.model.options import Narrowing
from logcorr.model.told import Told
from logcorr.runs.find_runs import root_of, work_root
from logcorr.runs.leftovers import sweep
from logcorr.text.safe import safe
from logcorr_tui.app.early_imports import import_screens
from logcorr_tui.app.screen_modes import ScreenModesApp
from logcorr_tui.state import messages
from logcorr_tui.state.kept_filter import KeptFilter
from logcorr_tui.state.navigation import VIEWS_OF_A_RUN
from logcorr_tui.state.session import Logs, Session
from logcorr_tui.state.settings import Preferences
from logcorr_tui.widgets.told_texts import left_out
from logcorr_tui.work import engine_command, open_run
from logcorr_tui.work.child_process import ChildProcess, run_engine, run_tell
from logcorr_tui.work.short_collections import leave_out_present_objects

# The page of a browser takes this address for the title of its tab.
TAB_TITLE = "logcorr-title:"


def _why_not(told: Told) -> str | None:
    """Why logs cannot be run as they were told. None if they can."""
    alone = next((log for log in told.logs.values() if log.is_one_side and len(told.logs) == 1), None)
    if told.error is None and alone is not None:
        return f"{alone.files[0]!r} holds {alone.events[0]}s alone: give the log of the other side too."
    return told.error


class RunControlApp(ScreenModesApp):
    """An app that owns the session and the child process. Its handlers own the state; threads only post messages."""

    def __init__(self, logs: Logs | None = None, *, store: str | None = None, memory: str | None = None) -> None:
        super().__init__()
        self.session = Session(logs=logs)
        self.runs = root_of(store or None)
        self.root = work_root(self.runs)
        self.child: ChildProcess | None = None
        self._store, self._memory = store, memory
        # The logs of the run that this app started last, with all that was asked for.
        self._started: Logs | None = None
        # What the first run that is opened is to be narrowed to.
        self._first_narrowing: Narrowing | None = None
        self._preferences = Preferences()

    # What screens ask for

    def on_open_folder(self, message: messages.OpenFolder) -> None:
        self.open_folder(path_of(message.folder))

    def on_open_rows(self, message: messages.OpenRows) -> None:
        if self.session.run is not None and self.session.run.place == message.folder:
            self.post_message(message.rows)
        elif not self._busy():
            work = partial(self._open_rows, message)
            _: Worker[None] = self.run_worker(work, group="open", exclusive=True)

    async def _open_rows(self, message: messages.OpenRows) -> None:
        await self._open(message.folder, fresh=False, view="overview")
        if self.session.run is not None and self.session.run.place == message.folder:
            self.notify(f"Run {safe(message.folder.name, 40)} is open now.", title="Compared run", markup=False)
            self.post_message(message.rows)

    def on_start_run(self, message: messages.StartRun) -> None:
        if not self._busy():
            self.start_run(message.logs, message.told)

    def _busy(self) -> bool:
        """Whether a run is in progress. Tells the user so."""
        if self.child is None or not self.child.running:
            return False
        self.notify("A run is in progress: 6 shows it, c there cancels it.", severity="warning")
        return True

    # The child process and its messages

    def start_run(self, logs: Logs, told: Told | None = None) -> None:
        """Correlates or analyses these logs in a child process, and shows how it goes.

        Logs whose kind is not told yet are told first, in a child process too. `told` is what they are taken for.
        """
        self.session.told = told
        self.forget(("run", *VIEWS_OF_A_RUN), meanwhile="open")
        self._begin(logs)
        self.go("run")

    def on_told_logs(self, message: messages.ToldLogs) -> None:
        self.session.told = message.told
        if (said := _why_not(message.told)) is not None:
            self.post_message(messages.Failed(InputError.exit_code, said))
        elif self.session.logs is not None:
            self._begin(self.session.logs.as_told(message.told))
            self.pass_on(message)
            if said := left_out(message.told):
                self.notify(said, timeout=10, markup=False)

    def _begin(self, logs: Logs) -> None:
        """Starts the child process for these logs."""
        self._started = logs
        if logs.kind is None:
            self.child = ChildProcess(engine_command.tell_command(logs), keep_output=True)
        else:
            self.child = ChildProcess(engine_command.command_for(logs, store=self._store, memory=self._memory))
        self.session.logs, self.session.views = logs, ()
        self.session.run = self.session.report = self.session.progress = self.session.estimate = None
        self.session.changed_inputs, self.session.chosen_time = [], None
        self._name_tab()
        # Starting a process takes its time: first the screen is painted.
        self.call_after_refresh(self._follow, self.child)

    def _follow(self, child: ChildProcess) -> None:
        logs = self.session.logs
        follow = run_tell if logs is not None and logs.kind is None else run_engine
        _: Worker[None] = self.run_worker(partial(follow, child, self.post_message), exit_on_error=False)

    async def stop_child(self) -> None:
        """Ends the child process, if there is one. Where it had to be killed, removes its leftover files."""
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
            self.open_folder(path_of(message.event.run), fresh=True)

    def on_failed(self, message: messages.Failed) -> None:
        self.session.estimate = None
        self.forget(VIEWS_OF_A_RUN, meanwhile="run")
        self.go("run")
        self.pass_on(message)
        self.refresh_bindings()
        # A child that was killed left its spill files.
        _: Worker[None] = self.run_worker(partial(sweep, self.root), thread=True, exit_on_error=False)

    def on_widen_run(self, message: messages.WidenRun) -> None:
        """Asks, then runs the logs again without one of the options that the run was narrowed by."""
        logs, option = self._started, f"--{message.option}"
        if logs is None:
            text = f"The run holds only what {option} has left. Run its logs again to see the rest."
            self.notify(text, title="Not in the run", timeout=8, markup=False)
            return
        rest = tuple(word for word in logs.reported if not word.startswith(f"{option}="))
        then = partial(self.start_run, replace(logs, reported=rest), self.session.told)
        self.ask(f"Run again without {option}?", "The logs are read once more.", then)

    def _name_tab(self) -> None:
        """Names the tab of a browser by the logs."""
        if self.is_web and self.session.logs is not None:
            names = [
                Path(of[0]).name + ("" if len(of) == 1 else f" +{len(of) - 1}")
                for of in self.session.logs.files.values()
            ]
            self.open_url(TAB_TITLE + quote(safe(f"{' + '.join(names)} · logcorr", 120)), new_tab=False)

    # Finished runs

    def open_folder(self, folder: AnyPath, *, fresh: bool = False) -> None:
        """Opens a finished run, and then checks whether the input files have changed since the run."""
        _: Worker[None] = self.run_worker(partial(self._open, folder, fresh=fresh), group="open", exclusive=True)

    async def _open(self, folder: AnyPath, *, fresh: bool, view: str | None = None) -> None:
        if not fresh and self._busy():
            return
        try:
            opened = await asyncio.to_thread(open_run.open_run, folder)
        except LogcorrError as error:
            self.notify(safe(str(error), 400), title="Cannot open", severity="error", timeout=10, markup=False)
            return
        kept: tuple[KeptFilter, ...] = ()
        narrowing, self._first_narrowing = self._first_narrowing, None
        if narrowing is not None:
            from logcorr_tui.work.first_filters import first_filters

            try:
                kept = await asyncio.to_thread(first_filters, opened, narrowing)
            except LogcorrError as error:
                self.notify(safe(str(error), 400), title="Not narrowed", severity="error", timeout=10, markup=False)
        if view is None:
            view = "overview" if fresh else self._preferences.view(opened.manifest.kind, opened.views)
        self._show_run(opened, view, fresh=fresh, kept=kept)
        changed = [] if fresh else await asyncio.to_thread(open_run.changed_inputs, opened.manifest)
        if changed and self.session.run is opened.run:
            self.session.changed_inputs = changed
            names = safe(", ".join(Path(name).name for name in changed), 120)
            text = f"{names}: gone or changed since this run was made. Run them again to see the present logs."
            self.notify(text, title="Inputs have changed", severity="warning", timeout=12, markup=False)
            for screen in self.bases.values():
                screen.refresh(recompose=False)

    def _show_run(
        self, opened: open_run.OpenedRun, view: str, *, fresh: bool, kept: tuple[KeptFilter, ...] = ()
    ) -> None:
        self.session.run, self.session.report = opened.run, opened.report
        self.session.logs, self.session.views = opened.logs, opened.views
        self.session.estimate, self.session.changed_inputs = None, []
        self.session.chosen_time, self.session.kept = None, kept
        self.session.show_times()
        gone: tuple[str, ...] = VIEWS_OF_A_RUN
        if not fresh:
            self._started = None
            self.child, self.session.progress, self.session.told = None, None, None
            gone = ("run", *VIEWS_OF_A_RUN)
        self._name_tab()
        with self.batch_update():
            self.forget(gone, meanwhile="run" if fresh else "open")
            self.go(view)
        self.refresh_bindings()
        if not self.is_headless:  # tests look at what the collector finds
            self.call_after_refresh(self._get_ready)

    def _get_ready(self) -> None:
        """Imports what the next keys need, and then leaves all that is there out of later collections."""

        def ready() -> None:
            import_screens()
            self.call_from_thread(leave_out_present_objects)

        _: Worker[None] = self.run_worker(ready, thread=True, group="ready", exit_on_error=False)
