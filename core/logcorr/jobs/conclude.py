"""The end of a job: findings and warnings are added to its report, from its sums and the views that were written."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import polars as pl

from logcorr.figures.access_sums import AccessSums
from logcorr.figures.pair_sums import PairSums
from logcorr.inputs.files import InputFile
from logcorr.jobs.write_groups import groups_of
from logcorr.jobs.write_views import PairViews, ViewWriter
from logcorr.model.access_report import AccessReport
from logcorr.model.ledger import Log
from logcorr.model.options import JobOptions
from logcorr.model.report import Report
from logcorr.query import report_warnings
from logcorr.query.findings import FindingsData, findings
from logcorr.query.findings_by_group import Group
from logcorr.text import zones
from logcorr.text.quantities import us


def pair_report(
    report: Report,
    sums: PairSums,
    views: PairViews,
    *,
    attributes: Sequence[str],
    orphans: pl.LazyFrame,
    files: Mapping[Log, Sequence[InputFile]],
    options: JobOptions,
) -> Report:
    """The report of a correlation with findings and warnings. `orphans` scans their view, with instants in µs."""
    users = Group(column="user_id", noun="user", rows=views.scan("users"), has_orphans=True)
    data = FindingsData(
        sums=sums,
        exchanges=views.exchanges,
        p99_us=us(report.latency.p99_ms),
        groups=[users, *groups_of(views, attributes)],
        orphans=orphans,
    )
    warnings = report_warnings.of_pair(report.inputs, _on_both_sides(files))
    with zones.shown_in(zones.zone_of(options.narrowing.zone or "UTC")):
        return msgspec.structs.replace(report, findings=findings(data), warnings=warnings)


def access_report(
    report: AccessReport,
    sums: AccessSums,
    views: ViewWriter,
    *,
    exchanges: Callable[[], pl.LazyFrame],
    attributes: Sequence[str],
    options: JobOptions,
) -> AccessReport:
    """The report of an access log with findings and warnings. `exchanges` scans those of the report."""
    data = FindingsData(
        sums=sums, exchanges=exchanges, p99_us=us(report.latency.p99_ms), groups=groups_of(views, attributes)
    )
    warnings = report_warnings.of_access(report.inputs.access)
    with zones.shown_in(zones.zone_of(options.narrowing.zone or "UTC")):
        return msgspec.structs.replace(report, findings=findings(data), warnings=warnings)


def _on_both_sides(files: Mapping[Log, Sequence[InputFile]]) -> list[str]:
    """The names of the files that are both request logs and response logs."""
    responses = {file.identity for file in files.get("response", ())}
    return [file.name for file in files.get("request", ()) if file.identity in responses]
