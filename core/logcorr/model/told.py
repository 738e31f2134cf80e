"""What logs are taken for before they are read: their kind, their format, other candidates, the first lines as read.

`logcorr tell` prints this as JSON for programs that ask before they start a job.
"""

from typing import Literal

import msgspec

from logcorr.model.ledger import Log

Kind = Literal["pairs", "exchanges"]


class ReadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One of the first lines as a format reads it; `number` counts from 1.

    `what` is the event of an entry, or else the class of the line: blank, header, other, "malformed: REASON". `time` is
    RFC 3339 text, or the clock alone where the line has no date. `text` is the line without its heads, cut.
    """

    number: int
    what: str
    text: str
    time: str | None = None
    id: str | None = None
    status: str | None = None
    duration_us: int | None = None
    endpoint: str | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A format that reads some of the sampled lines: how many of `lines` become entries, and how many are malformed."""

    name: str
    origin: str
    about: str
    kind: Kind
    lines: int
    read: int
    malformed: int


class ToldLog(msgspec.Struct, frozen=True, kw_only=True):
    """What one log is taken for.

    `format` is None where the log cannot be read: then `error` says why, and what to do. `told` is false where the user
    named the format. `events` are the events that its lines tell: request, response, exchange. `heads` are taken off
    each line. `choices` are the formats to choose from, the best first; `lines` are the first lines as read.
    """

    files: list[str]
    format: str | None = None
    origin: str = ""
    about: str = ""
    told: bool = True
    heads: list[str] = []
    events: list[str] = []
    choices: list[Choice] = []
    lines: list[ReadLine] = []
    error: str | None = None

    @property
    def is_one_side(self) -> bool:
        """Whether the log holds requests alone or responses alone, so that the log of the other side is needed."""
        return len(self.events) == 1 and self.events[0] in ("request", "response")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What logs are taken for, by the names that a job has for its logs. `kind` is None where one has an error.

    A folder that holds the request log and the response log of a pair is taken for both. `left_out` names the files of
    folders of which no line is an entry.
    """

    kind: Kind | None
    logs: dict[Log, ToldLog]
    left_out: list[str] = []

    @property
    def error(self) -> str | None:
        """Why a log cannot be read, and what to do."""
        return next((log.error for log in self.logs.values() if log.error is not None), None)
