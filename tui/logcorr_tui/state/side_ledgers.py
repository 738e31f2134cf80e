"""The ledgers of a report by side, for each kind of run."""

from logcorr.access_model import AccessLedger, RunReport
from logcorr.model import Report, SideLedger


def ledgers(report: RunReport) -> dict[str, SideLedger | AccessLedger]:
    """The ledger of each side, by its name."""
    if isinstance(report, Report):
        return {"requests": report.inputs.requests, "responses": report.inputs.responses}
    return {"access": report.inputs.access}


def malformed(report: RunReport) -> int:
    """The number of malformed lines of all sides."""
    return sum(sum(side.malformed.values()) for side in ledgers(report).values())
