"""The formats that the logs of a run were read in, and which heads were taken off their lines."""

from dataclasses import dataclass

from logcorr.model.access_report import RunReport
from logcorr.model.ledger import AccessLedger, LogFormat
from logcorr.model.told import Told

OWN = "logcorr"
_LOGS = {"requests": "request", "responses": "response", "log": "log", "access": "access"}


@dataclass(frozen=True)
class FormatRead:
    """The format of a log: its name, where it comes from, and the heads of its lines.

    `told` tells whether its lines told it. None where that is not known: the report of a run does not say it.
    """

    name: str
    origin: str
    heads: tuple[str, ...] = ()
    told: bool | None = None

    @property
    def sentence(self) -> str:
        """All of it in words."""
        how = "" if self.told is None else ", told by the lines" if self.told else ", named"
        heads = f"; heads taken off: {', '.join(self.heads)}" if self.heads else ""
        return f"{self.name} ({self.origin}){how}{heads}"

    @property
    def brief(self) -> str:
        """The name, and the heads that were taken off."""
        return f"{self.name} in {', '.join(self.heads)}" if self.heads else self.name


def formats_of(report: RunReport) -> list[FormatRead]:
    """The formats of the logs of a run, each once. Empty for a run that does not tell them."""
    options = report.run.options
    found = []
    for name, ledger in report.ledgers().items():
        if isinstance(ledger.format, LogFormat):
            heads = _heads(options.get("formats"), _LOGS[name], access=isinstance(ledger, AccessLedger))
            found.append(FormatRead(ledger.format.name, ledger.format.origin, heads))
    return list(dict.fromkeys(found))


def formats_told(told: Told) -> list[FormatRead]:
    """The formats that logs were told to be of, before they are read."""
    return list(
        dict.fromkeys(
            FormatRead(log.format, log.origin, tuple(log.heads), log.told) for log in told.logs.values() if log.format
        )
    )


def _heads(formats: object, log: str, *, access: bool) -> tuple[str, ...]:
    """The heads of a log, by the options of a run: the name of a format, a hash, and heads for each log or file."""
    if access and isinstance(formats, list):
        return tuple(dict.fromkeys(str(head) for _name, _hash, *heads in formats for head in heads))
    if isinstance(formats, dict) and log in formats:
        return tuple(str(head) for head in formats[log][2:])
    return ()
