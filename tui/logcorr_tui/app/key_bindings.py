"""The keys that are bound on every screen. The keys of one screen are bound in the file of the screen."""

from collections.abc import Iterator

from textual.binding import Binding, BindingType

from logcorr_tui.state.navigation import PLACES


def _binding(keys: str, action: str, name: str, text: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(keys, action, text, show=show, tooltip=tooltip, id=f"app.{name}")


def _places() -> Iterator[Binding]:
    """The number keys. A place that one kind of run has alone, or under another key, is bound for this kind only."""
    for kind, places in PLACES.items():
        for place in places:
            common = all(place in others for others in PLACES.values())
            if common and kind != next(iter(PLACES)):
                continue
            action = f"show('{place.mode}')" if common else f"show('{place.mode}', '{kind}')"
            yield _binding(place.key, action, place.mode, place.text, f"{place.text}: {place.tip}", show=False)


BINDINGS: list[BindingType] = [
    *_places(),
    _binding("e", "export", "export", "Export", "Write these rows to a file"),
    Binding(
        "slash",
        "find",
        "Find",
        key_display="/",
        id="app.find",
        tooltip="What happened to an id or a user, in all views",
    ),
    _binding("ctrl+o", "show('open')", "open", "Open", "Other logs, recent runs, the demo"),
    _binding("t", "toggle_theme", "theme", "Theme", "Switch between dark and light"),
    _binding("question_mark", "help", "help", "Help", "Every key of this screen"),
    _binding("q", "leave", "quit", "Quit", "Quit; asks while a run goes on"),
    # These two come before the keys of a dialog, which hides all others of the app.
    Binding(
        "ctrl+c",
        "interrupt",
        "Quit",
        id="app.interrupt",
        show=False,
        priority=True,
        tooltip="Copy what is marked; else quit after a question, and at once where pressed again",
    ),
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend",
        id="app.suspend",
        show=False,
        priority=True,
        tooltip="Leave the app waiting and go to the shell; fg there comes back",
    ),
    _binding("ctrl+q", "quit", "quit_now", "Quit at once", "Quit without a question", show=False),
    _binding("escape", "step_back", "back", "Back", "Back to where you came from", show=False),
]
