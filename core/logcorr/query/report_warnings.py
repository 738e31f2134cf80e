"""Sentences on what makes the figures of a run doubtful: logs that were swapped, are no logs, or belong to nothing.

They say what was seen, with its share, and ask what it may come from. A run without them has no mark of its own.
"""

from collections.abc import Mapping, Sequence

from msgspec import UnsetType

from logcorr.formats.own_profiles import OWN
from logcorr.model.ledger import AccessLedger, Inputs, SideLedger
from logcorr.text.quantities import percent
from logcorr.text.safe import safe

# From so large a share of malformed lines on, and of so many, the format is doubtful.
_DOUBTFUL_SHARE = 0.2
_LEAST_LINES = 5
# Less than one in so many requests with a response is as good as none, among at least so many of both.
_HARDLY_ANY, _LEAST_ENTRIES = 50, 20
_LONGEST_NAME = 80
SWAPPED = "Were the request log and the response log swapped?"


def of_pair(inputs: Inputs, on_both_sides: Sequence[str]) -> list[str]:
    """The warnings of a correlation. `on_both_sides` names the files that are read as requests and as responses."""
    sides = {"request": inputs.requests, "response": inputs.responses}
    said = [on_both(name) for name in on_both_sides]
    if not isinstance(inputs.log, UnsetType):
        said += malformed("the log", inputs.log.lines - inputs.log.blank, inputs.log.malformed)
        said += _one_sided(sides)
    for name, side in sides.items():
        lines = side.line_counts
        found = malformed(f"the {name} log", lines.lines - lines.blank - lines.header, lines.malformed)
        if found and not on_both_sides and _may_be_swapped(name, side):
            found = [f"{found[0]} {SWAPPED}"]
        said += found
    return said or _unmatched(sides)


def on_both(name: str) -> str:
    """The warning of a file that was given for both sides."""
    return f"{safe(name, _LONGEST_NAME)} is read as a request log and as a response log."


def of_access(ledger: AccessLedger) -> list[str]:
    """The warnings of an access log."""
    return malformed("the log", ledger.lines - ledger.blank - ledger.header, ledger.malformed)


def malformed(log: str, lines: int, reasons: Mapping[str, int]) -> list[str]:
    """The warning of a log, by its name, with so many lines that may be entries, and malformed ones by reasons."""
    count = sum(reasons.values())
    if count < max(_LEAST_LINES, _DOUBTFUL_SHARE * lines):
        return []
    reason = max(reasons, key=lambda name: reasons[name])
    return [f"{percent(count, lines, 1)} of the lines of {log} are malformed, most for their {_in_words(reason)}."]


def _in_words(reason: str) -> str:
    return {"fields": "number of fields", "json": "JSON"}.get(reason, reason.replace("_", " "))


def _may_be_swapped(name: str, side: SideLedger) -> bool:
    """Whether the lines of a response log may be requests: users stand where statuses should."""
    own = side.format and side.format.name == OWN
    return bool(own) and name == "response" and are_users(side.line_counts.malformed)


def are_users(reasons: Mapping[str, int]) -> bool:
    """Whether most malformed lines, by reasons, are for what stands where a status should."""
    return reasons.get("status_code", 0) * 2 > sum(reasons.values())


def _one_sided(sides: Mapping[str, SideLedger]) -> list[str]:
    """What to do where the one log of a run holds many events of one side and none of the other."""
    entries = {name: side.entries or 0 for name, side in sides.items()}
    here = max(entries, key=lambda name: entries[name])
    missing = "response" if here == "request" else "request"
    if entries[here] < _LEAST_ENTRIES or entries[missing]:
        return []
    seen = f"The log has {entries[here]:,} {here}s and no {missing}."
    return [f"{seen} If {missing}s are in another log, name both: REQUESTS RESPONSES."]


def _unmatched(sides: Mapping[str, SideLedger]) -> list[str]:
    entries = [side.entries or 0 for side in sides.values()]
    return unmatched(entries[0], entries[1], sides["request"].matched)


def unmatched(requests: int, responses: int, matched: int) -> list[str]:
    """The warning of logs in which hardly any requests have responses."""
    fewest = min(requests, responses)
    if fewest < _LEAST_ENTRIES or matched * _HARDLY_ANY >= fewest:
        return []
    count = f"Only {matched:,}" if matched else "None"
    seen = f"{count} of {requests:,} requests have a response, although there are {responses:,} responses."
    return [f"{seen} Are both logs of the same service and the same time, with the same ids?"]
