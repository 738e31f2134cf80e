"""The end of a job: findings and warnings are added to its report, from its sums and the views that were written."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import polars as pl

from logcorr.figures.access_sums import AccessSums
from logcorr.figures.pair_sums import PairSums
from logcorr.inputs.files import InputFile
from logcorr.model.access_report import AccessReport
from logcorr.model.ledger import Log
from logcorr.model.report import Report
from logcorr.query import report_warnings
from logcorr.query.findings import FindingsData, findings
from logcorr.query.findings_by_group import Group
from logcorr.text.quantities import us


def pair_report(
    report: Report,
    sums: PairSums,
    files: Mapping[Log, Sequence[InputFile]],
    *,
    exchanges: Callable[[], pl.LazyFrame],
    orphans: pl.LazyFrame,
    users: pl.LazyFrame,
    groups: Sequence[Group],
) -> Report:
    """The report of a correlation with findings and warnings.

    `exchanges` scans those of the report; `orphans` and `users` scan their views, the orphans with instants in µs.
    """
    data = FindingsData(
        sums=sums,
        exchanges=exchanges,
        p99_us=us(report.latency.p99_ms),
        groups=[Group(column="user_id", noun="user", rows=users, has_orphans=True), *groups],
        orphans=orphans,
    )
    warnings = report_warnings.of_pair(report.inputs, _on_both_sides(files))
    return msgspec.structs.replace(report, findings=findings(data), warnings=warnings)


def access_report(
    report: AccessReport, sums: AccessSums, exchanges: Callable[[], pl.LazyFrame], groups: Sequence[Group]
) -> AccessReport:
    """The report of an access log with findings and warnings. `exchanges` scans those of the report."""
    data = FindingsData(sums=sums, exchanges=exchanges, p99_us=us(report.latency.p99_ms), groups=groups)
    warnings = report_warnings.of_access(report.inputs.access)
    return msgspec.structs.replace(report, findings=findings(data), warnings=warnings)


def _on_both_sides(files: Mapping[Log, Sequence[InputFile]]) -> list[str]:
    """The names of the files that are both request logs and response logs."""
    responses = {file.place for file in files.get("response", ())}
    return [file.name for file in files.get("request", ()) if file.place in responses]
