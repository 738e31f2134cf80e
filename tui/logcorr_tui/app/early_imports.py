"""Imports what the first keys need before they are pressed: a screen that is imported by its key holds the key up."""

import importlib

_SCREENS = (
    *("table", "detail", "over_represented", "find", "help", "export", "run"),
    *("sort_column", "copy", "confirm", "pick_run", "compare_runs", "pick_zone", "open"),
)


def import_screens() -> None:
    """Imports the screens of a run with all that they need, in the thread that calls."""
    for name in _SCREENS:
        importlib.import_module(f"logcorr_tui.screens.{name}")
    # What a table and the zoom of the timeline import as they are first used.
    importlib.import_module("logcorr.query.finer_timeline")
    importlib.import_module("textual.command")
