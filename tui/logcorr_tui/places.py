"""The places that number keys lead to, and the screen of each, imported when it is first seen."""

from typing import Any, cast, get_args

from textual.screen import Screen

from logcorr.model import View

# What needs a finished run, in the order of its number keys; Overview also shows estimates while one goes on.
PLACES = (
    ("1", "overview", "Overview", "Tiles, latency, status, timeline and ledger"),
    ("2", "slow", "Slow", "Exchanges slower than the p99"),
    ("3", "errors", "Errors", "Exchanges that failed: status 400 and over, or under 100"),
    ("4", "orphans", "Orphans", "Entries without a partner, by reason"),
    ("5", "malformed", "Malformed", "Lines that could not be read, by reason"),
    ("6", "run", "Run", "The run: progress, memory, where every line went"),
    ("7", "duplicates", "Duplicates", "Entries that came again"),
    ("8", "skewed", "Skewed", "Exchanges whose response is before the request"),
    ("9", "users", "Users", "Requests, errors and orphans by user"),
)
TABLES = tuple(mode for _, mode, _, _ in PLACES if mode in get_args(View))
OF_A_RUN = ("overview", *TABLES)


def make(mode: str) -> Screen[Any]:
    """The base screen of a mode."""
    if mode == "open":
        from logcorr_tui.screens.open import OpenScreen

        return OpenScreen()
    if mode == "run":
        from logcorr_tui.screens.run import RunScreen

        return RunScreen()
    if mode == "overview":
        from logcorr_tui.screens.overview import OverviewScreen

        return OverviewScreen()
    from logcorr_tui.screens.table import TableScreen

    return TableScreen(cast("View", mode))
