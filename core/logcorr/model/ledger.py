"""The ledger: what became of every line of a log, by side and by reason."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Side = Literal["request", "response"]
Log = Literal["request", "response", "access", "log"]
# The name of one log that holds both requests and responses.
ONE_LOG: Log = "log"
SIDES: tuple[Side, Side] = ("request", "response")


class LogFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The format that a log was read in: the name of the profile, and where the profile comes from."""

    name: str
    origin: str


class ClockCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the order of lines, or a zone, told of clocks.

    `doubled` counts times in an hour that occurs twice, which are read as the first. `rolled` counts how often a clock
    without a date fell back, which is the next day. `previous` counts entries that have the time of a line above.
    """

    doubled: int = 0
    rolled: int = 0
    previous: int = 0


class LineCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the lines of some logs. `other` counts lines that the profile does not speak of.

    `malformed` counts lines by reason. `entries` are the lines that became requests, responses or exchanges.
    """

    files: list[str]
    bytes: int
    lines: int
    blank: int
    header: int
    other: int
    malformed: dict[str, int]
    repaired: int
    entries: int

    @property
    def all_malformed(self) -> int:
        """How many lines are malformed, for any reason."""
        return sum(self.malformed.values())

    def plus(self, more: "LineCounts") -> "LineCounts":
        """The counts of both. A file that both have is named once."""
        sums = {name: getattr(self, name) + getattr(more, name) for name in _SUMMED}
        files = list(dict.fromkeys([*self.files, *more.files]))
        return LineCounts(files=files, malformed=added(self.malformed, more.malformed), **sums)


_SUMMED = ("bytes", "lines", "blank", "header", "other", "repaired", "entries")


class SideLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every entry of one side, and of every line where the side has logs of its own.

    `entries` is the sum of redelivered, superseded, matched, orphans and surplus; without a value it is that sum.
    `lines` is the sum of blank, header, other, malformed and entries. Where one log holds both sides, the counts of
    lines are in its LogLedger, and unset here. `surplus` counts weak responses that found nothing open. `repaired`
    counts lines whose bytes were no UTF-8 and that were read all the same, and `left_out` entries that a filter of the
    job left out of the figures: both are counted under another name too.

    `clock` is there where one of its counts is not 0. `heads` counts the lines that had each head, and `joined` those
    that were joined from parts; they are there where heads were taken off. `skipped` counts the lines that were not
    read, which are in no other count; it is there where some were not.
    """

    files: list[str] | UnsetType = UNSET
    bytes: int | UnsetType = UNSET
    lines: int | UnsetType = UNSET
    blank: int | UnsetType = UNSET
    header: int | UnsetType = UNSET
    other: int | UnsetType = UNSET
    malformed: dict[str, int] | UnsetType = UNSET
    repaired: int | UnsetType = UNSET
    entries: int | UnsetType = UNSET
    redelivered: int
    superseded: int
    matched: int
    orphans: int
    surplus: int = 0
    left_out: int = 0
    format: LogFormat | UnsetType | None = UNSET
    clock: ClockCounts | UnsetType = UNSET
    heads: dict[str, int] | UnsetType = UNSET
    joined: int | UnsetType = UNSET
    skipped: int | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Gives every count of lines a value where the side has lines, and `entries` its value."""
        if self.entries is UNSET:
            msgspec.structs.force_setattr(self, "entries", self._settled)
        if self.lines is not UNSET:
            for name, value in _OF_LINES.items():
                if getattr(self, name) is UNSET:
                    msgspec.structs.force_setattr(self, name, value)

    @property
    def has_lines(self) -> bool:
        """Whether the side has logs of its own."""
        return self.lines is not UNSET

    @property
    def line_counts(self) -> LineCounts:
        """The counts of lines; all are 0 where one log holds both sides."""
        return LineCounts(
            files=self.files or [],
            bytes=self.bytes or 0,
            lines=self.lines or 0,
            blank=self.blank or 0,
            header=self.header or 0,
            other=self.other or 0,
            malformed=self.malformed or {},
            repaired=self.repaired or 0,
            entries=(self.entries or 0) if self.has_lines else 0,
        )

    def counts(self) -> dict[str, int]:
        """The counts that add up to the lines, or to the entries where the side has no lines, by name."""
        lines = self.line_counts
        return {
            "matched": self.matched,
            "orphans": self.orphans,
            "redelivered": self.redelivered,
            "superseded": self.superseded,
            "surplus": self.surplus,
            "malformed": lines.all_malformed,
            "other": lines.other,
            "blank": lines.blank,
            "header": lines.header,
        }

    @property
    def total(self) -> int:
        """The number of lines, or of entries where the side has no lines."""
        return (self.lines if self.has_lines else self.entries) or 0

    def closes(self) -> bool:
        """Whether the counts add up to the lines and to the entries."""
        return self.entries == self._settled and self.total == sum(self.counts().values())

    @property
    def _settled(self) -> int:
        return self.redelivered + self.superseded + self.matched + self.orphans + self.surplus


# What a side with lines has where its maker gave no value.
_OF_LINES: dict[str, object] = {"other": 0, "repaired": 0, "format": None}


class LogLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every line of logs that hold requests and responses. `lines` is the sum of all other counts.

    `repaired` is counted under another name too. `clock`, `heads`, `joined` and `skipped` are as in SideLedger.
    """

    files: list[str]
    bytes: int
    lines: int
    blank: int
    header: int
    other: int
    malformed: dict[str, int]
    requests: int
    responses: int
    repaired: int = 0
    format: LogFormat | None = None
    clock: ClockCounts | UnsetType = UNSET
    heads: dict[str, int] | UnsetType = UNSET
    joined: int | UnsetType = UNSET
    skipped: int | UnsetType = UNSET

    @property
    def line_counts(self) -> LineCounts:
        """The counts of lines."""
        return _line_counts(self, self.requests + self.responses)

    def counts(self) -> dict[str, int]:
        """The counts that add up to the lines, by name."""
        return {
            "requests": self.requests,
            "responses": self.responses,
            "malformed": sum(self.malformed.values()),
            "other": self.other,
            "blank": self.blank,
            "header": self.header,
        }

    def closes(self) -> bool:
        """Whether the counts add up to the lines."""
        return self.lines == sum(self.counts().values())


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The ledgers of a correlation: of both sides, and of `log` where one log holds both."""

    log: LogLedger | UnsetType = UNSET
    requests: SideLedger
    responses: SideLedger

    @property
    def lines(self) -> LineCounts:
        """The counts of all lines of all logs."""
        if self.log is not UNSET:
            return self.log.line_counts
        return self.requests.line_counts.plus(self.responses.line_counts)

    def closes(self) -> bool:
        """Whether every ledger closes, and the entries of a log with both events are the entries of the sides."""
        sides = self.requests, self.responses
        if self.log is UNSET:
            return all(side.closes() for side in sides)
        entries = self.log.requests, self.log.responses
        return self.log.closes() and all(
            side.closes() and side.entries == n for side, n in zip(sides, entries, strict=True)
        )


class Orphans(msgspec.Struct, frozen=True, kw_only=True):
    """The orphans of each side by reason. Only reasons that occur are keys."""

    request: dict[str, int]
    response: dict[str, int]


class AccessLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every line of an access log. `lines` is the sum of blank, header, other, malformed and exchanges.

    `repaired` and `left_out` are counted under another name too. `clock`, `heads`, `joined` and `skipped` are as in
    SideLedger.
    """

    files: list[str]
    bytes: int
    lines: int
    blank: int
    header: int = 0
    other: int = 0
    malformed: dict[str, int]
    exchanges: int
    repaired: int = 0
    left_out: int = 0
    format: LogFormat | None = None
    clock: ClockCounts | UnsetType = UNSET
    heads: dict[str, int] | UnsetType = UNSET
    joined: int | UnsetType = UNSET
    skipped: int | UnsetType = UNSET

    @property
    def line_counts(self) -> LineCounts:
        """The counts of lines."""
        return _line_counts(self, self.exchanges)

    def counts(self) -> dict[str, int]:
        """The counts that add up to the lines, by name."""
        return {
            "exchanges": self.exchanges,
            "malformed": sum(self.malformed.values()),
            "other": self.other,
            "blank": self.blank,
            "header": self.header,
        }

    def closes(self) -> bool:
        """Whether the counts add up to the lines."""
        return self.lines == sum(self.counts().values())


class AccessInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of an access log."""

    access: AccessLedger

    @property
    def lines(self) -> LineCounts:
        """The counts of all lines."""
        return self.access.line_counts

    def closes(self) -> bool:
        """Whether the ledger closes."""
        return self.access.closes()


Ledger = SideLedger | LogLedger | AccessLedger


def _line_counts(log: LogLedger | AccessLedger, entries: int) -> LineCounts:
    return LineCounts(
        files=log.files,
        bytes=log.bytes,
        lines=log.lines,
        blank=log.blank,
        header=log.header,
        other=log.other,
        malformed=log.malformed,
        repaired=log.repaired,
        entries=entries,
    )


def how_read(clock: ClockCounts, heads: Mapping[str, int], joined: int) -> dict[str, Any]:
    """The fields `clock`, `heads` and `joined` of a ledger, as far as there is something to tell."""
    told: dict[str, Any] = {}
    if clock != ClockCounts():
        told["clock"] = clock
    if heads:
        told |= {"heads": dict(heads), "joined": joined}
    return told


def added(*counts: Mapping[str, int]) -> dict[str, int]:
    """The sums of counts by name, in the order in which the names come."""
    names = dict.fromkeys(name for count in counts for name in count)
    return {name: sum(count.get(name, 0) for count in counts) for name in names}
