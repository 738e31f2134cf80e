"""The headline figures of a report: as words for `repr`, and as a small table of HTML for notebooks.

Text of logs is made safe and escaped, so that it is shown and never obeyed.
"""

from collections.abc import Mapping
from html import escape

from logcorr.model.access_report import AccessReport, RunReport
from logcorr.model.ledger import AccessLedger, LogLedger, SideLedger
from logcorr.model.report import Latency, Report
from logcorr.model.status import failures
from logcorr.text.quantities import duration, percent
from logcorr.text.safe import safe

_MOST_FILES = 4
_MOST_CHARS = 500
Ledger = SideLedger | LogLedger | AccessLedger


def headline(report: RunReport) -> list[str]:
    """A few figures as words, without any text of a log."""
    p99 = f"p99 {duration(report.latency.p99_ms)}"
    if isinstance(report, AccessReport):
        return [f"{report.total_requests:,} requests", f"{report.failed_requests:,} failed", p99]
    matched, requests, responses = _paired(report)
    return [f"{matched:,} matched", f"{requests + responses:,} orphans", p99]


def html_table(report: RunReport) -> str:
    """The figures as one HTML table, without scripts, styles or links."""
    figures = _access(report) if isinstance(report, AccessReport) else _correlation(report)
    rows = [
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(safe(value, _MOST_CHARS))}</td></tr>'
        for name, value in {**_files(report.ledgers()), **figures, **_latency(report.latency)}.items()
    ]
    caption = "logcorr: an access log" if isinstance(report, AccessReport) else "logcorr: requests and responses"
    return f"<table><caption>{caption}</caption><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _correlation(report: Report) -> dict[str, str]:
    matched, requests, responses = _paired(report)
    asked = matched + requests
    slowest = {} if report.slowest_endpoint is None else {"slowest endpoint": report.slowest_endpoint}
    return {
        "matched": f"{matched:,} of {asked:,} requests ({percent(matched, asked)})",
        "orphans": f"{requests:,} requests, {responses:,} responses",
        "failed": _failed(report.status),
        "malformed lines": _malformed(report.ledgers()),
        **slowest,
    }


def _paired(report: Report) -> tuple[int, int, int]:
    """The exchanges, requests without a response, and responses without a request that the report is of."""
    orphans = report.orphans
    return sum(report.status.values()), sum(orphans.request.values()), sum(orphans.response.values())


def _access(report: AccessReport) -> dict[str, str]:
    named = {"slowest endpoint": report.slowest_endpoint, "busiest endpoint": report.busiest_endpoint}
    return {
        "requests": f"{report.total_requests:,}",
        "failed": _failed(report.status),
        "malformed lines": _malformed(report.ledgers()),
        **{name: value for name, value in named.items() if value is not None},
        "suspicious addresses": f"{report.suspicious_ip_count:,}",
    }


def _malformed(ledgers: Mapping[str, Ledger]) -> str:
    return f"{sum(sum((ledger.malformed or {}).values()) for ledger in ledgers.values()):,}"


def _files(ledgers: Mapping[str, Ledger]) -> dict[str, str]:
    """The names of the files of each log; of many files the first, and how many there are."""
    named = {name: ledger.files for name, ledger in ledgers.items() if ledger.files}
    return {
        f"{name} log": ", ".join(safe(file, 80) for file in files[:_MOST_FILES])
        + (f" and {len(files) - _MOST_FILES:,} more" if len(files) > _MOST_FILES else "")
        for name, files in named.items()
    }


def _failed(status: dict[str, int]) -> str:
    failed, total = failures(status), sum(status.values())
    return f"{failed:,} ({percent(failed, total)})"


def _latency(latency: Latency) -> dict[str, str]:
    names = {"p50": latency.p50_ms, "p99": latency.p99_ms, "longest": latency.max_ms}
    return {name: duration(value) for name, value in names.items()}
