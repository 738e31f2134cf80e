"""Notices of how logs were read: which heads were taken off, and what had to be assumed of their clocks."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UnsetType
from rich.text import Text

from logcorr.model.ledger import ClockCounts, Inputs, Ledger, added
from logcorr.render import summary_blocks
from logcorr.render.summary_tables import AMBER, CYAN
from logcorr.text.safe import safe

_LONGEST = 60


def of_pair(inputs: Inputs) -> list[Text]:
    """The notices of a correlation."""
    return notices([inputs.requests, inputs.responses] if isinstance(inputs.log, UnsetType) else [inputs.log])


def narrowed(options: Mapping[str, Any], left_out: int, entries: int, *, nothing_left: bool) -> list[Text]:
    """The notice of a run that reports only a part, with how many entries of all it leaves out."""
    asked = narrowed_to(options)
    if not asked:
        return []
    what = f"{left_out:,} of {_count(entries, 'entr', 'ies', 'y')} left out; the ledger is of all of them"
    if nothing_left:
        what = f"nothing lies within it: {what}"
    return [summary_blocks.notice(AMBER, "Narrowed", asked, what)]


def narrowed_to(options: Mapping[str, Any]) -> str:
    """What the options of a run narrow it to; nothing where they leave nothing out."""
    named = (name for name in ("since", "until", "where", "tz") if name in options)
    return " · ".join(f"{name} {safe(str(options[name]), _LONGEST)}" for name in named)


def notices(ledgers: Sequence[Ledger]) -> list[Text]:
    """The notices of logs, by their ledgers."""
    clocks = [ledger.clock for ledger in ledgers if isinstance(ledger.clock, ClockCounts)]
    heads = added(*(ledger.heads for ledger in ledgers if isinstance(ledger.heads, dict)))
    parts = sum(ledger.joined for ledger in ledgers if isinstance(ledger.joined, int))
    return [*_heads(heads, parts), *_clocks(clocks)]


def _heads(heads: dict[str, int], parts: int) -> list[Text]:
    if not heads:
        return []
    what = ", ".join(f"{name} from {_count(count, 'line')}" for name, count in heads.items())
    more = f"{_count(parts, 'line')} joined from parts" if parts else ""
    return [summary_blocks.notice(CYAN, "Heads taken off", what, more)]


def _clocks(clocks: Sequence[ClockCounts]) -> list[Text]:
    previous, doubled, rolled = (
        sum(getattr(clock, name) for clock in clocks) for name in ("previous", "doubled", "rolled")
    )
    found: list[Text] = []
    if previous:
        what = f"{_count(previous, 'line')} without a clock have that of the line above"
        found.append(summary_blocks.notice(AMBER, "No clock", what, "so their times and durations are approximate"))
    if doubled:
        what = f"{_count(doubled, 'time')} in an hour that occurs twice"
        found.append(summary_blocks.notice(AMBER, "Doubled hour", what, "the first of the two hours is taken"))
    if rolled:
        what = f"the clock fell back {_count(rolled, 'time')}, each time to the next day"
        found.append(summary_blocks.notice(CYAN, "Dates", what, ""))
    return found


def _count(count: int, noun: str, many: str = "s", one: str = "") -> str:
    return f"{count:,} {noun}{one if count == 1 else many}"
