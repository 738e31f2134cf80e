"""Makes the report of an access log from its sums and its finished views."""

from typing import Any

import msgspec
import polars as pl

from logcorr.figures.access_sums import AccessSums
from logcorr.figures.group_figures import GroupData, group_figures
from logcorr.figures.histogram import histogram
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.timeline import heatmap, timeline
from logcorr.figures.worst_window import worst_access_window
from logcorr.model.access_report import AccessReport, OneRequest
from logcorr.model.ledger import AccessInputs
from logcorr.model.manifest import SCHEMA
from logcorr.model.report import RunInfo
from logcorr.model.status import client_errors, failures, server_errors
from logcorr.text import instants

_NO_ENDPOINTS = dict.fromkeys(("fastest_endpoint", "slowest_endpoint", "busiest_endpoint"))
_NO_GROUPS: dict[str, list[Any]] = {name: [] for name in ("endpoints", "failing_endpoints", "ips", "failing_ips")}


class AccessReportData(msgspec.Struct, frozen=True, kw_only=True):
    """What the report of an access log is made of: sums, latency, the number of exchanges, figures of groups."""

    sums: AccessSums
    figures: LatencyFigures
    rows: int
    groups: GroupData


def report(data: AccessReportData, inputs: AccessInputs, form: str, run: RunInfo) -> AccessReport:
    """The report of an access log in the format `form`."""
    sums, latency = data.sums, data.figures.populations
    status = sums.status()
    failed = failures(status)
    points, first = timeline(sums, data.figures, None, {})
    return AccessReport(
        schema=SCHEMA,
        kind="access",
        format=form,
        inputs=inputs,
        missing=sums.missing,
        total_requests=data.rows,
        successful_requests=data.rows - failed,
        failed_requests=failed,
        failed_4xx=client_errors(status),
        failed_5xx=server_errors(status),
        fastest_request=_one_request(sums.extreme(slow=False)),
        slowest_request=_one_request(sums.extreme(slow=True)),
        worst_window=worst_access_window(data.groups.windows, data.groups.suspicious, data.sums.grid.window_us),
        latency=latency["all"],
        latency_success=latency["success"],
        latency_failure=latency["failure"],
        status=status,
        histogram=histogram(sums.bands),
        timeline=points,
        heatmap=heatmap(sums, first),
        run=run,
        **{**_NO_ENDPOINTS, **_NO_GROUPS, **group_figures(data.groups)},
    )


def headline(final: AccessReport) -> dict[str, Any]:
    """The figures of a run in a list of runs."""
    return {
        "requests": final.total_requests,
        "errors_5xx": final.failed_5xx,
        "p50_ms": final.latency.p50_ms,
        "p99_ms": final.latency.p99_ms,
        "suspicious_ips": final.suspicious_ip_count,
    }


def _one_request(exchange: pl.DataFrame) -> OneRequest | None:
    if not exchange.height:
        return None
    row = exchange.row(0, named=True)
    return OneRequest(
        endpoint=row["endpoint"],
        method=row["method"],
        ms=row["duration_us"] / 1000,
        status_code=row["status_code"],
        ip=row["ip"],
        time=instants.text_or_none(row["request_time"]),
    )
