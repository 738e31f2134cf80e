"""The commands of the command palette: what the keys of a screen do, by name."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from textual.app import SystemCommand
from textual.screen import Screen

from logcorr_tui.state.row_query import Counting
from logcorr_tui.state.session import WithSession


class AppActions(WithSession, Protocol):
    """An app as its commands need it: each command is one of its actions."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action can be done now."""

    def can_show(self, place: str) -> bool:
        """Whether a screen has something to show now."""

    def action_show(self, place: str) -> None:
        """Goes to a view."""

    def action_export(self) -> None:
        """Exports what is on screen."""

    def action_compare(self) -> None:
        """Compares the run that is open with another."""

    def action_find(self) -> None:
        """Looks for an id or a user in all views."""

    def show_counted(self, counting: Counting) -> None:
        """Shows counted rows."""

    def action_zone(self) -> None:
        """Asks for the zone in which times are shown."""

    def action_help(self) -> None:
        """Shows the keys of the screen."""

    def action_toggle_theme(self) -> None:
        """Switches between dark and light."""

    def save_picture(self) -> None:
        """Saves the screen as an SVG file, once the palette is gone."""

    def action_leave(self) -> None:
        """Quits; asks while a run goes on."""


def system_commands(app: AppActions, screen: Screen[Any]) -> Iterable[SystemCommand]:
    """The commands that can be used on this screen now."""
    for place in app.session.places:
        if app.can_show(place.mode):
            yield SystemCommand(f"{place.text} ({place.key})", place.tip, partial(app.action_show, place.mode))
    yield SystemCommand("Open (^o)", "Other logs, recent runs, the demo", partial(app.action_show, "open"))
    if app.session.run is not None:
        yield SystemCommand(
            "Find an id or a user (/ on the Overview)", "What happened to it, in all views", app.action_find
        )
    if app.check_action("export", ()):
        yield SystemCommand("Export (e)", "Write these rows to a file", app.action_export)
    compare = getattr(screen, "action_differs", None)
    if compare is not None and app.session.run is not None and screen.check_action("differs", ()):
        yield SystemCommand("What differs (w)", "Who and what is over-represented in these rows", compare)
    if app.session.run is not None:
        yield SystemCommand("Compare with another run", "What changed, what got worse first", app.action_compare)
    yield SystemCommand("Times in another zone", "Show all times in a zone of your choice", app.action_zone)
    yield SystemCommand("Help (?)", "Every key of this screen", app.action_help)
    yield SystemCommand("Theme (t)", "Switch between dark and light", app.action_toggle_theme)
    yield SystemCommand("Save a picture", "Save this screen as an SVG file", app.save_picture)
    yield SystemCommand("Quit (q)", "End logcorr-tui; asks while a run goes on", app.action_leave)
