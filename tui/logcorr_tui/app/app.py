"""The app: what its keys and commands do, and the screens that it shows when another screen asks by a message."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen

from logcorr.model.options import View
from logcorr.text.safe import safe
from logcorr_tui.app import command_palette
from logcorr_tui.app.key_bindings import BINDINGS
from logcorr_tui.app.run_control import RunControlApp
from logcorr_tui.look.palette import DARK_THEME, LIGHT_THEME
from logcorr_tui.look.safe_text import EscapeFilter
from logcorr_tui.state import messages
from logcorr_tui.state.navigation import TABLES, VIEWS_OF_A_RUN
from logcorr_tui.state.row_query import Counting
from logcorr_tui.state.session import Logs
from logcorr_tui.work.terminal_hangup import LOOK_EVERY_S, terminal_is_gone


class LogcorrApp(RunControlApp):
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
        super().__init__(logs, store=store, memory=memory)
        self._first_run = run
        self.register_theme(DARK_THEME)
        self.register_theme(LIGHT_THEME)
        self.theme = self._preferences.theme(self.available_themes)
        self.set_keymap(self._preferences.keys)
        self._escape_filter = EscapeFilter()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own filters, and after them the filter that takes out escapes."""
        return [*super().get_line_filters(), self._escape_filter]

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
        """Ends the app when its terminal is gone. Without this, the app would wait for keys for ever."""
        if terminal_is_gone():
            await self.action_quit()

    async def on_exit_app(self) -> None:
        """However the app ends, its child ends before it."""
        await self.stop_child()

    async def action_quit(self) -> None:
        """Ends the child process first, so that no file of the child process stays."""
        await self.stop_child()
        self.exit()

    def action_leave(self) -> None:
        """Quits. While a run is in progress, the app asks first."""
        if self.child is not None and self.child.running:
            self.ask("Quit and cancel the run?", "Nothing of it is kept.", self.action_quit)
        else:
            self.exit()

    # From screen to screen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action can be done now. The views of a run are there as soon as a run is open."""
        if action == "show":
            place, *kind = parameters
            if kind and kind != [self.session.kind]:
                return False
            if place != "open" and all(place != known.mode for known in self.session.places):
                return False
            if place == "overview":
                return self.session.report is not None or self.session.estimate is not None
            if place == "run":
                return self.child is not None or self.session.report is not None
            if place == "open":
                return self.current_mode != "open"
            return self.session.run is not None
        if action == "find":
            return self.session.run is not None
        if action == "export":
            rows = getattr(self.screen, "has_rows", True)
            return self.session.run is not None and self.current_mode in VIEWS_OF_A_RUN and bool(rows)
        return True

    def action_show(self, place: str, _kind: str = "") -> None:
        """Goes to a view, which is as it was left. `_kind` names the only kind of run that has the view."""
        self.go(place)
        if place in VIEWS_OF_A_RUN:
            self._preferences.remember(kind=self.session.kind, view=place)

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
            self.compare(self.session.run.path)

    def compare(self, folder: Path) -> None:
        """Asks with which other run to compare this one, and shows the comparison."""
        from logcorr_tui.screens.pick_run import PickRunScreen

        self.push_screen(PickRunScreen(folder, self.root))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The commands of the palette: ours, and Textual's but for the key panel, which the help replaces."""
        yield from command_palette.system_commands(self, screen)
        yield from (found for found in super().get_system_commands(screen) if found.title != "Keys")

    # What screens ask for

    def on_drill(self, message: messages.Drill) -> None:
        if self.session.run is None:
            self.notify("Rows can be seen once the run is complete.")
            return
        from logcorr_tui.screens.table import TableScreen

        self.push_screen(TableScreen(message.view, message.expression, message.label))

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
