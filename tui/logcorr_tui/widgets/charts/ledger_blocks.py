"""The blocks of the ledger: which counts add up to the lines of each log, and which rows stand behind a count.

Two logs have a block with a line for each side. One log with both events has a block for its lines, and one for its
entries.
"""

from dataclasses import dataclass

from logcorr.formats.malformed_reasons import ALL_REASONS
from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.ledger import AccessLedger, LogLedger, SideLedger
from logcorr.model.options import View

# The name of a count, and the view of its rows.
Count = tuple[str, View | None]
_OTHER: Count = ("other", "other")
_PAIR: tuple[Count, ...] = (
    ("matched", "exchanges"),
    ("orphans", "orphans"),
    ("redelivered", "redelivered"),
    ("superseded", "superseded"),
    ("malformed", "malformed"),
    ("blank", None),
    ("header", None),
)
# The counts of a side whose log holds the other side too.
_OF_ENTRIES: tuple[Count, ...] = _PAIR[:4]
_LOG: tuple[Count, ...] = (
    ("requests", None),
    ("responses", None),
    ("malformed", "malformed"),
    _OTHER,
    ("blank", None),
)
_ACCESS: tuple[Count, ...] = (
    ("exchanges", "exchanges"),
    ("encoding", "malformed"),
    ("json", "malformed"),
    ("fields", "malformed"),
    ("timestamp", "malformed"),
    ("status_code", "malformed"),
    ("blank", None),
)
# The counts that are shown only where they are not zero.
_SOMETIMES: tuple[Count, ...] = (
    ("request_id", "malformed"),
    ("duration", "malformed"),
    ("surplus", None),
    _OTHER,
    ("header", None),
)
# From this width on, all counts of a log have room in one row. On a narrower screen each count has a row of its own.
WHOLE_NAMES = 90


@dataclass(frozen=True)
class Line:
    """A log or a side: what its counts add up to, and the counts."""

    name: str
    total: int
    counts: tuple[int, ...]
    closes: bool


@dataclass(frozen=True)
class Block:
    """Lines with the same counts. `whole` names what the counts add up to."""

    whole: str
    names: tuple[Count, ...]
    lines: tuple[Line, ...]
    of_sides: bool = False

    def count(self, column: int, row: int) -> int:
        """A count of a line; column -1 is the whole."""
        line = self.lines[row]
        return line.total if column < 0 else line.counts[column]

    def drill(self, column: int, row: int) -> tuple[View, str, str] | None:
        """The view behind a count, the filter on the view, and the text of the filter's chip. None without a view."""
        name, view = self.names[column]
        side = self.lines[row].name
        if view is None:
            return None
        if view == "exchanges":
            return view, "", "all exchanges"
        if self.of_sides:
            return view, f"side={side.removesuffix('s')}", f"{name} {side}"
        if view == name:
            return view, "", ""
        return view, f"reason={name}", f"malformed: {name.replace('_', ' ')}"


def rows_of(report: RunReport | None, width: int) -> int:
    """How many rows of a screen of a width the ledger takes, its frame included."""
    if width < WHOLE_NAMES and report is not None:
        return 2 + sum(2 + len(block.names) for block in blocks(report, report.kind))
    return 7 if report is not None and "log" in report.ledgers() else 5


def blocks(report: RunReport | None, kind: str) -> list[Block]:
    """The blocks of a report; blocks without lines for a run of this kind that has no report yet."""
    if report is None:
        return [Block("lines", _ACCESS if kind == "access" else _PAIR, ())]
    if isinstance(report, AccessReport):
        return [_of_access(report.inputs.access)]
    log = report.ledgers().get("log")
    sides = {"requests": report.inputs.requests, "responses": report.inputs.responses}
    if not isinstance(log, LogLedger):
        return [_of_sides(sides, "lines", _PAIR)]
    return [_of_log(log), _of_sides(sides, "entries", _OF_ENTRIES)]


def _of_access(access: AccessLedger) -> Block:
    # One log has room for the reasons of its malformed lines.
    counts = access.counts() | {reason: access.malformed.get(reason, 0) for reason in ALL_REASONS}
    names = _with_more(_ACCESS, [counts])
    return Block("lines", names, (_line("access", access.lines, counts, names, closes=access.closes()),))


def _of_log(log: LogLedger) -> Block:
    counts = log.counts()
    names = _with_more(_LOG, [counts])
    return Block("lines", names, (_line("log", log.lines, counts, names, closes=log.closes()),))


def _of_sides(sides: dict[str, SideLedger], whole: str, always: tuple[Count, ...]) -> Block:
    counts = {name: side.counts() for name, side in sides.items()}
    names = _with_more(always, list(counts.values()))
    lines = [_line(name, side.total, counts[name], names, closes=side.closes()) for name, side in sides.items()]
    return Block(whole, names, tuple(lines), of_sides=True)


def _with_more(always: tuple[Count, ...], counts: list[dict[str, int]]) -> tuple[Count, ...]:
    """The counts that are always shown, and others that are not zero."""
    known = {name for name, *_ in always}
    more = [one for one in _SOMETIMES if one[0] not in known and any(count.get(one[0]) for count in counts)]
    return (*always, *more)


def _line(name: str, total: int, counts: dict[str, int], names: tuple[Count, ...], *, closes: bool) -> Line:
    return Line(name, total, tuple(counts[count] for count, *_ in names), closes)
