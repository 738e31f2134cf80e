"""The ledger of the Run screen: where every line of each side went, as a table."""

from collections.abc import Mapping

import msgspec
from rich.table import Table
from rich.text import Text

from logcorr.formats.malformed_reasons import ALL_REASONS
from logcorr.model.ledger import ONE_LOG, AccessLedger, Ledger, SideLedger
from logcorr_tui.look.palette import Palette
from logcorr_tui.state.session import Session

# The sides of a ledger, and its counts from top to bottom. The reasons are of malformed lines.
_SIDES = {"correlation": ("requests", "responses"), "access": ("access",)}
_LEDGERS = {
    "correlation": (
        *("lines", "blank", "header", "other", "malformed", "requests", "responses", "entries"),
        *("redelivered", "superseded", "matched", "orphans", "surplus", "repaired", "left_out"),
    ),
    "access": ("lines", "blank", "header", "other", "malformed", *ALL_REASONS, "exchanges", "repaired", "left_out"),
}
# The counts that are shown only where they are not zero.
_SOMETIMES = frozenset(("other", "surplus", "repaired", "left_out", "requests", "responses", *ALL_REASONS))


def ledger(session: Session, colours: Palette) -> Table:
    """The counts of each side so far. At the end, whether the counts add up."""
    event, report = session.progress, session.report
    counts: Mapping[str, Mapping[str, int]] = event.ledger if event else {}
    if report is not None:
        counts = {name: _counts(side) for name, side in report.ledgers().items()}
    sides = tuple(counts) if ONE_LOG in counts else _SIDES[session.kind]
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style=colours.dim, width=14)
    unknown = "-" if colours.plain else "·"
    for _ in sides:
        table.add_column(justify="right", min_width=14)
    if len(sides) > 1:
        table.add_row("", *(Text(side, style=colours.dim) for side in sides))
    for name in _LEDGERS[session.kind]:
        found = [counts.get(side, {}).get(name) for side in sides]
        style = f"bold {colours.ink}" if name == "lines" else colours.ink
        if not any(found) and (name in _SOMETIMES or name in _hidden(session.kind, sides)):
            continue
        shown = f"  {name}" if name in ALL_REASONS else name
        table.add_row(shown, *(Text(unknown if count is None else f"{count:,}", style=style) for count in found))
    if report is not None:
        closes = report.inputs.closes()
        sign = ("✓ every line is accounted for", colours.good) if closes else ("✗ does not add up", colours.bad)
        table.add_row("", Text(sign[0], style=sign[1]), *([""] if len(sides) > 1 else []))
    return table


def _hidden(kind: str, sides: tuple[str, ...]) -> tuple[str, ...]:
    """The counts that say nothing more: of an access log its header, of two logs the sum of the entries."""
    return ("header",) if kind == "access" else () if ONE_LOG in sides else ("entries",)


def _counts(side: Ledger) -> dict[str, int]:
    counts: dict[str, int] = {name: n for name, n in msgspec.structs.asdict(side).items() if isinstance(n, int)}
    malformed = side.line_counts.malformed
    if isinstance(side, AccessLedger):
        counts |= {reason: malformed.get(reason, 0) for reason in ALL_REASONS}
    if isinstance(side, SideLedger) and side.has_lines:
        del counts["entries"]
    if not isinstance(side, SideLedger) or side.has_lines:
        counts["malformed"] = sum(malformed.values())
    return counts
