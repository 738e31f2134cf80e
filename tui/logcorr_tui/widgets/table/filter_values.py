"""The values that the completion of a filter offers: those that the report of the run names."""

from collections.abc import Iterable

from logcorr.formats.malformed_reasons import ACCESS_REASONS
from logcorr.model.access_report import AccessReport, RunReport


def known_values(report: RunReport | None) -> dict[str, list[str]]:
    """Values by stored column, the most frequent value first. Empty without a report."""
    if report is None:
        return {}
    statuses = {"status_code": [code for code, _ in sorted(report.status.items(), key=lambda item: -item[1])]}
    users = {} if isinstance(report, AccessReport) else {"user_id": _texts(row.user_id for row in report.users)}
    reasons = {"reason": list(ACCESS_REASONS)} if isinstance(report, AccessReport) else {}
    groups = {
        "endpoint": _texts(row.endpoint for row in (*report.endpoints, *report.failing_endpoints)),
        "ip": _texts(row.ip for row in (*report.suspects, *report.ips, *report.failing_ips)),
        "method": _texts(row.method for row in report.methods),
        "user_agent": _texts(row.user_agent for row in report.user_agents),
    }
    attributes = {name: values for name, values in groups.items() if values or isinstance(report, AccessReport)}
    return {**statuses, **users, **attributes, **reasons}


def _texts(values: Iterable[str | None]) -> list[str]:
    """Each value once."""
    return list(dict.fromkeys(value for value in values if value is not None))
