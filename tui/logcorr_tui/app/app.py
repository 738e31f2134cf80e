"""The app: what its keys and commands do, and the screens that it shows when another screen asks by a message."""

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual import constants, events
from textual.actions import SkipAction
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.theme import Theme
from textual.widgets import Input

from logcorr.compute.object_path import AnyPath
from logcorr.model.options import Narrowing, View
from logcorr.text.safe import safe
from logcorr_tui.app import command_palette, text_cursor
from logcorr_tui.app.key_bindings import BINDINGS
from logcorr_tui.app.run_control import RunControlApp
from logcorr_tui.look.palette import DARK_THEME, LIGHT_THEME, Look, themes
from logcorr_tui.look.plain_text import PlainFilter
from logcorr_tui.look.safe_text import EscapeFilter
from logcorr_tui.state import messages
from logcorr_tui.state.navigation import LIVE, TABLES, VIEWS_OF_A_RUN
from logcorr_tui.state.row_query import Counting
from logcorr_tui.state.session import Logs
from logcorr_tui.work.follow_words import Follow
from logcorr_tui.work.terminal_background import QUESTION, is_asked, is_light, is_light_by_name
from logcorr_tui.work.terminal_hangup import LOOK_EVERY_S, terminal_is_gone
from logcorr_tui.work.watch_child import WatchChild, kept_text

_PALETTE_GONE_S = 0.1


class LogcorrApp(RunControlApp):
    """logcorr in a terminal. Give logs to correlate or analyse, or a finished run to open, or nothing."""

    TITLE = "logcorr"
    ENABLE_COMMAND_PALETTE = True
    CSS = """
    CommandPalette SearchIcon { display: none; }
    LogcorrApp.-plain ModalScreen { background: $background; }
    LogcorrApp.-plain CommandPalette { background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    def __init__(
        self,
        logs: Logs | None = None,
        *,
        run: AnyPath | None = None,
        store: str | None = None,
        memory: str | None = None,
        look: Look | None = None,
        follow: Follow | None = None,
        narrowing: Narrowing | None = None,
    ) -> None:
        """`narrowing` is what the finished run is narrowed to at first."""
        self.look = look or Look()
        self._own_themes: dict[str, Theme] = {}
        super().__init__(logs, store=store, memory=memory)
        self.add_mode(LIVE, self._live_screen)
        self._first_run, self._followed, self._first_narrowing = run, follow, narrowing
        self._given_store = store
        self._watching: WatchChild | None = None
        # What was kept of logs that were followed, as text; to be told when the terminal is the shell's again.
        self.kept = ""
        self._own_themes = {theme.name: theme for theme in themes(self.look)}
        # Until a theme is chosen, the terminal tells whether it is dark or light.
        self._chosen_theme = self._preferences.theme(self.available_themes)
        light = is_light_by_name(os.environ)
        self.theme = self._chosen_theme or (LIGHT_THEME if light else DARK_THEME).name
        self.set_keymap(self._preferences.keys)
        # The theme that the terminal told, which is not to be remembered.
        self._told_theme: str | None = None
        self._interrupted: Screen[Any] | None = None
        self._escape_filter = EscapeFilter()
        if self.look.plain:
            self.animation_level = "none"
            self.add_class("-plain")

    @property
    def available_themes(self) -> dict[str, Theme]:
        """The themes that all of the app follows."""
        return self._own_themes or super().available_themes

    def get_driver_class(self) -> type[Driver]:
        """On Linux and macOS, the driver that tells late replies from keys."""
        found = super().get_driver_class()
        if sys.platform == "win32" or constants.DRIVER is not None:
            return found
        from logcorr_tui.work.terminal_driver import TerminalDriver

        return TerminalDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters, the one that takes out escapes, and where all is plain text, the one for signs."""
        last = [PlainFilter()] if self.look.plain else []
        return [*super().get_line_filters(), self._escape_filter, *last]

    def get_key_display(self, binding: Binding) -> str:
        """A key as it is shown: by its sign, or as plain text by its name."""
        if not self.look.plain:
            return super().get_key_display(binding)
        return binding.key_display or binding.key.replace("question_mark", "?").replace("slash", "/")

    # Coming up and going down

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        # Textual paints nothing anew in a terminal whose size is as before (findings/textual_terminal_input.sh).
        self.app_resume_signal.subscribe(self, lambda _: self._resumed())
        logs = self.session.logs
        if not (self.is_headless or self.is_web):
            self.set_interval(LOOK_EVERY_S, self._end_with_terminal)
            self._ask_background()
            if self.look.plain:
                self._show_cursor()
                self.set_interval(text_cursor.LOOK_EVERY_S, partial(text_cursor.follow, self))
        if self._followed is not None:
            self.go(LIVE)
        elif logs is None:
            self.go("open")
        if problem := self._preferences.problem:
            self.notify(safe(problem, 400), title="Settings", severity="warning", timeout=10, markup=False)
        if logs is not None:
            self.start_run(logs)
        elif self._first_run:
            self.open_folder(self._first_run)

    def _live_screen(self) -> Screen[Any]:
        from logcorr_tui.screens.live import LiveScreen

        follow = self._followed
        assert follow is not None  # noqa: S101 - the mode is shown only where logs are followed
        live = LiveScreen(follow)
        self._watching = live.child
        return live

    def _resumed(self) -> None:
        self.refresh(layout=True)
        if self.look.plain:
            self._show_cursor()

    def _show_cursor(self) -> None:
        if self._driver is not None:
            self._driver.write(text_cursor.SHOW)
            self._driver.flush()

    def _ask_background(self) -> None:
        """Asks the terminal whether it is dark or light, unless a theme was chosen once."""
        ask = getattr(self._driver, "ask", None)
        if ask is not None and self._chosen_theme is None and is_asked(os.environ):
            ask(QUESTION)

    def on_terminal_reply(self, message: messages.TerminalReply) -> None:
        """Shows the light theme in a light terminal, unless a theme was chosen."""
        light = is_light(message.text)
        if light is not None and self._chosen_theme is None:
            self._told_theme = self.theme = (LIGHT_THEME if light else DARK_THEME).name

    def _remember_theme(self, theme: Theme) -> None:
        if theme.name != self._told_theme:
            self._chosen_theme = theme.name
            self._preferences.remember(theme=theme.name)
        self._told_theme = None

    async def _end_with_terminal(self) -> None:
        """Ends the app when its terminal is gone. Without this, the app would wait for keys for ever."""
        if terminal_is_gone():
            await self.action_quit()

    async def on_exit_app(self) -> None:
        """However the app ends, its child ends before it."""
        await self.stop_child()
        await self._end_following()

    async def _end_following(self) -> None:
        """Ends following, and says what was kept of it when the app is gone."""
        if self._watching is not None:
            self.notify("A run is made of what was followed.", timeout=30, markup=False)
            await self._watching.stop()
            self.kept = kept_text(self._watching.kept, self._given_store)

    async def action_quit(self) -> None:
        """Ends the child process first, so that no file of the child process stays."""
        await self.stop_child()
        self.exit()

    def action_leave(self) -> None:
        """Quits. While a run is in progress, the app asks first."""
        if self._run_goes_on():
            self.ask("Quit and cancel the run?", "Nothing of it is kept.", self.action_quit)
        else:
            self.exit()

    async def action_interrupt(self) -> None:
        """Asks whether to quit; the second Ctrl+C answers yes. Where text is marked, the key copies the text."""
        marked = isinstance(self.focused, Input) and self.focused.selected_text
        if marked or self.screen.get_selected_text():
            raise SkipAction
        if self._interrupted is not None and self._interrupted in self.screen_stack:
            await self.action_quit()
            return
        running = self._run_goes_on()
        lost = "The run is cancelled, and nothing of it is kept." if running else "Finished runs are kept."
        question = "Quit and cancel the run?" if running else "Quit?"
        self._interrupted = self.ask(question, f"{lost} Ctrl+C again quits.", self.action_quit)

    def action_suspend_process(self) -> None:
        """Suspends the app and its engine, as a terminal does by Ctrl+Z, and goes to the shell."""
        if sys.platform == "win32" or self._driver is None or not self._driver.can_suspend:
            self.notify("This terminal cannot suspend the app.", severity="warning", markup=False)
        elif os.getpgrp() == os.getsid(0):
            # No shell with jobs has started the app: nobody could wake it up again.
            self.notify("There is no shell to go back to.", severity="warning", markup=False)
        else:
            self.app_suspend_signal.publish(self)
            os.killpg(os.getpgrp(), signal.SIGTSTP)

    # From screen to screen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action can be done now. The views of a run are there as soon as a run is open."""
        if action == "show":
            place, *kind = map(str, parameters)
            # While a run goes on, the keys of its views tell so.
            return self._has_place(place, kind) and (self._run_goes_on() or self.can_show(place))
        if action == "find":
            return self.session.run is not None
        if action == "export":
            rows = getattr(self.screen, "has_rows", True)
            return self.session.run is not None and self.current_mode in VIEWS_OF_A_RUN and bool(rows)
        return True

    def _run_goes_on(self) -> bool:
        return self.child is not None and self.child.running

    def _has_place(self, place: str, kind: Sequence[str]) -> bool:
        """Whether the run that is shown has such a screen. `kind` names the only kind of run that has it, if any."""
        if kind and kind != [self.session.kind]:
            return False
        return place == "open" or any(place == known.mode for known in self.session.places)

    def can_show(self, place: str) -> bool:
        """Whether a screen has something to show now."""
        if place == "overview":
            return self.session.report is not None or self.session.estimate is not None
        if place == "run":
            return self.child is not None or self.session.report is not None
        if place == "open":
            return self.current_mode != "open"
        return self.session.run is not None

    def action_show(self, place: str, _kind: str = "") -> None:
        """Goes to a view, which is as it was left. `_kind` names the only kind of run that has the view."""
        if self.can_show(place):
            self.go(place)
        elif place != "open":
            name = next(known.text for known in self.session.places if known.mode == place)
            what = "first estimates are there" if place == "overview" else "run is complete"
            self.notify(f"{name} can be seen as soon as the {what}.", title="Still running", markup=False)

    def action_step_back(self) -> None:
        """One step back: from a drilled table, to the overview, to the Open screen, and from there to the run."""
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

    def save_picture(self) -> None:
        """Saves the screen as an SVG file, once the palette is gone."""
        self.set_timer(_PALETTE_GONE_S, self.deliver_screenshot)

    def action_export(self) -> None:
        """Exports the table on screen, as filtered, or what is selected in a chart. Else exports the exchanges."""
        view: View = getattr(self.screen, "view", "exchanges")
        expression = getattr(self.screen, "expression", " ".join(one.expression for one in self.session.filters))
        target = getattr(self.focused, "target", None)
        selected = target() if callable(target) else None
        if isinstance(selected, messages.Drill):
            view, expression = selected.view, selected.expression
        self._export(view, expression if isinstance(expression, str) else "")

    def action_compare(self) -> None:
        """Compares the run that is open with another."""
        if self.session.run is not None:
            self.compare(self.session.run.place)

    def compare(self, folder: AnyPath) -> None:
        """Asks with which other run to compare this one, and shows the comparison."""
        from logcorr_tui.screens.pick_run import PickRunScreen

        self.push_screen(PickRunScreen(folder, self.runs))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The commands of the palette. Each is one of ours, in our words."""
        yield from command_palette.system_commands(self, screen)

    # What screens ask for

    def on_drill(self, message: messages.Drill) -> None:
        if self.session.run is None:
            self.notify("Rows can be seen once the run is complete.")
            return
        from logcorr_tui.screens.table import TableScreen

        apart = self.session.filters if message.whole else ()
        self.push_screen(TableScreen(message.view, message.expression, message.label, apart=apart))

    def action_zone(self) -> None:
        """Asks for the zone in which times are shown."""
        from logcorr_tui.screens.pick_zone import PickZoneScreen

        def chosen(name: str | None) -> None:
            if name is not None:
                self.session.zone = name
                self.session.show_times()
                for screen in {*self.bases.values(), *self.screen_stack}:
                    for widget in (screen, *screen.query("*")):
                        show_anew = getattr(widget, "show_times_anew", widget.refresh)
                        show_anew()

        self.push_screen(PickZoneScreen(self.session.zone), chosen)

    def action_find(self, text: str = "") -> None:
        """Looks for an id or a user in all views."""
        from logcorr_tui.screens.find import FindScreen

        if self.session.run is not None and not isinstance(self.screen, FindScreen):
            self.push_screen(FindScreen(text))

    def on_paste(self, event: events.Paste) -> None:
        """A text that is pasted where nothing is typed is looked for."""
        if not isinstance(self.screen, ModalScreen) and event.text.strip():
            self.action_find(event.text)

    def on_count_rows(self, message: messages.CountRows) -> None:
        counting = Counting(message.view, message.column, message.expression, message.label)
        self.show_counted(replace(counting, collapse_ids=message.collapse_ids))

    def show_counted(self, counting: Counting) -> None:
        """Shows counted rows."""
        from logcorr_tui.screens.table import TableScreen

        self.push_screen(TableScreen(counting.view, counting=counting))

    def on_find_over_represented(self, message: messages.FindOverRepresented) -> None:
        from logcorr_tui.screens.over_represented import OverRepresentedScreen

        if self.session.run is not None:
            self.push_screen(OverRepresentedScreen(message.view, message.expression, message.label))

    def on_export_view(self, message: messages.ExportView) -> None:
        self._export(message.view, message.expression)

    # Within

    def _export(self, view: View, expression: str) -> None:
        if self.session.run is None:
            return
        from logcorr_tui.screens.export import ExportScreen

        self.push_screen(ExportScreen(self.session.run, view, expression, self.root))
