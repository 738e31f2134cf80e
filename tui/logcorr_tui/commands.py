"""The commands of the palette: everything that keys do on a screen, by its name."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from logcorr_tui.places import places_of

if TYPE_CHECKING:
    from logcorr_tui.app import LogcorrApp


def of(app: "LogcorrApp", screen: Screen[Any]) -> Iterable[SystemCommand]:
    """What can be done on this screen now."""
    for place in places_of(app.session.kind):
        if app.check_action("show", (place.mode,)):
            yield SystemCommand(f"{place.text} ({place.key})", place.tip, partial(app.action_show, place.mode))
    yield SystemCommand("Open (^o)", "Other logs, recent runs, the demo", partial(app.action_show, "open"))
    if app.check_action("export", ()):
        yield SystemCommand("Export (e)", "Write these rows to a file", app.action_export)
    compare = getattr(screen, "action_differs", None)
    if compare is not None and app.session.run is not None and screen.check_action("differs", ()):
        yield SystemCommand("What differs (w)", "Who and what is over-represented in these rows", compare)
    if app.session.run is not None:
        yield SystemCommand("Compare with another run", "What changed, what got worse first", app.action_compare)
    yield SystemCommand("Help (?)", "Every key of this screen", app.action_help)
