"""Findings and warnings of a run in summaries and on pages: what chance does not explain, and what is doubtful."""

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logcorr.model.access_report import RunReport
from logcorr.model.findings import Finding
from logcorr.render import summary_blocks, summary_tables
from logcorr.render.summary_tables import AMBER, PURPLE, RED
from logcorr.text.safe import safe

# No sentence is longer.
_LONGEST = 600
_INKS = {"orphans": PURPLE, "slow": AMBER}


def panel(report: RunReport) -> Panel | None:
    """The findings of a run, a sentence each; None where there are none."""
    if not report.findings:
        return None
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    for finding in report.findings:
        table.add_row(Text("▌", _ink(finding)), Text(safe(finding.text, _LONGEST)))
    return summary_tables.panel("Findings", "more than chance makes", table)


def notices(report: RunReport) -> list[Text]:
    """The findings of a run as notices, for a page."""
    return [
        summary_blocks.notice(_ink(finding), "Finding", safe(finding.text, _LONGEST), "") for finding in report.findings
    ]


def warnings(report: RunReport) -> list[Text]:
    """What makes the figures of a run doubtful, a notice each."""
    return [summary_blocks.notice(AMBER, "Doubtful", safe(text, _LONGEST), "") for text in report.warnings]


def _ink(finding: Finding) -> str:
    return _INKS.get(finding.view, RED)
