"""The ledgers of a report by side, for each kind of run."""

from logcorr.model.access_report import RunReport
from logcorr.model.ledger import AccessLedger, SideLedger
from logcorr.model.report import Report


def ledgers(report: RunReport) -> dict[str, SideLedger | AccessLedger]:
    """The ledger of each side, by its name."""
    if isinstance(report, Report):
        return {"requests": report.inputs.requests, "responses": report.inputs.responses}
    return {"access": report.inputs.access}


def malformed(report: RunReport) -> int:
    """The number of malformed lines of all sides."""
    return sum(sum(side.malformed.values()) for side in ledgers(report).values())
