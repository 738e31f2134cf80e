"""The keys that the app has on every screen; those of a screen are with it."""

from textual.binding import Binding, BindingType

from logcorr_tui.places import PLACES


def _binding(keys: str, action: str, name: str, text: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(keys, action, text, show=show, tooltip=tooltip, id=f"app.{name}")


BINDINGS: list[BindingType] = [
    *(_binding(key, f"show('{mode}')", mode, text, f"{text}: {tip}", show=False) for key, mode, text, tip in PLACES),
    _binding("e", "export", "export", "Export", "Write these rows to a file"),
    _binding("ctrl+o", "show('open')", "open", "Open", "Other logs, recent runs, the demo"),
    _binding("t", "toggle_theme", "theme", "Theme", "Switch between dark and light"),
    _binding("question_mark", "help", "help", "Help", "Every key of this screen"),
    _binding("q", "leave", "quit", "Quit", "Quit; asks while a run goes on"),
    _binding("ctrl+q", "quit", "quit_now", "Quit at once", "Quit without a question", show=False),
    _binding("escape", "step_back", "back", "Back", "Back to where you came from", show=False),
]
