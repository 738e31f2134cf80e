"""The ledger of the Run screen: where every line of each side went, as a table."""

from collections.abc import Mapping

import msgspec
from rich.table import Table
from rich.text import Text

from logcorr.formats.malformed_reasons import ACCESS_REASONS
from logcorr.model.ledger import AccessLedger, SideLedger
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.session import Session

# The sides of a ledger, and its counts from top to bottom. The reasons are of malformed lines.
_SIDES = {"correlation": ("requests", "responses"), "access": ("access",)}
_LEDGERS = {
    "correlation": ("lines", "blank", "header", "malformed", "redelivered", "superseded", "matched", "orphans"),
    "access": ("lines", "blank", "malformed", *ACCESS_REASONS, "exchanges"),
}


def ledger(session: Session, colours: Palette) -> Table:
    """The counts of each side so far. At the end, whether the counts add up."""
    event, report, sides = session.progress, session.report, _SIDES[session.kind]
    counts: Mapping[str, Mapping[str, int]] = event.ledger if event else {}
    if report is not None:
        counts = {name: _counts(side) for name, side in report.ledgers().items()}
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style=colours.dim, width=14)
    for _ in sides:
        table.add_column(justify="right", min_width=14)
    if len(sides) > 1:
        table.add_row("", *(Text(side, style=colours.dim) for side in sides))
    for name in _LEDGERS[session.kind]:
        found = [counts.get(side, {}).get(name) for side in sides]
        style = f"bold {colours.ink}" if name == "lines" else colours.ink
        if name in ACCESS_REASONS and not any(found):  # known at the end; only reasons that occur are shown
            continue
        shown = f"  {name}" if name in ACCESS_REASONS else name
        table.add_row(shown, *(Text("·" if count is None else f"{count:,}", style=style) for count in found))
    if report is not None:
        closes = all(side.closes() for side in report.ledgers().values())
        sign = ("√ every line is accounted for", colours.good) if closes else ("✗ does not add up", colours.bad)
        table.add_row("", Text(sign[0], style=sign[1]), *([""] if len(sides) > 1 else []))
    return table


def _counts(side: SideLedger | AccessLedger) -> dict[str, int]:
    reasons = {reason: side.malformed.get(reason, 0) for reason in ACCESS_REASONS}
    counts: dict[str, int] = {**reasons, **msgspec.structs.asdict(side), "malformed": sum(side.malformed.values())}
    return counts
