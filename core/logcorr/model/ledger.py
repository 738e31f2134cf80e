"""The ledger: what became of every line of a log, by side and by reason."""

from typing import Literal

import msgspec

Side = Literal["request", "response"]
Log = Literal["request", "response", "access"]
SIDES: tuple[Side, Side] = ("request", "response")


class SideLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every line of one side. `lines` is the sum of all other counts of lines."""

    files: list[str]
    bytes: int
    lines: int
    blank: int
    header: int
    malformed: dict[str, int]
    redelivered: int
    superseded: int
    matched: int
    orphans: int

    def counts(self) -> dict[str, int]:
        """The counts that add up to the lines, by name."""
        return {
            "matched": self.matched,
            "orphans": self.orphans,
            "redelivered": self.redelivered,
            "superseded": self.superseded,
            "malformed": sum(self.malformed.values()),
            "blank": self.blank,
            "header": self.header,
        }

    def closes(self) -> bool:
        """Whether the counts add up to the lines."""
        return self.lines == sum(self.counts().values())


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    requests: SideLedger
    responses: SideLedger


class Orphans(msgspec.Struct, frozen=True, kw_only=True):
    """The orphans of each side by reason. Only reasons that occur are keys."""

    request: dict[str, int]
    response: dict[str, int]


class AccessLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every line of an access log. `lines` is the sum of blank, malformed and exchanges."""

    files: list[str]
    bytes: int
    lines: int
    blank: int
    malformed: dict[str, int]
    exchanges: int

    def counts(self) -> dict[str, int]:
        """The counts that add up to the lines, by name."""
        return {"exchanges": self.exchanges, "malformed": sum(self.malformed.values()), "blank": self.blank}

    def closes(self) -> bool:
        """Whether the counts add up to the lines."""
        return self.lines == sum(self.counts().values())


class AccessInputs(msgspec.Struct, frozen=True, kw_only=True):
    access: AccessLedger
