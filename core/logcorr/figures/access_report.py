"""Makes the report of an access log from its sums and its finished views."""

from typing import Any

import msgspec
import polars as pl

from logcorr.figures import endpoints_and_addresses
from logcorr.figures.access_sums import AccessSums
from logcorr.figures.histogram import histogram
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.sums import TOP
from logcorr.figures.timeline import heatmap, timeline
from logcorr.figures.worst_window import worst_access_window
from logcorr.model.access_report import (
    MOST_ENDPOINTS,
    AccessReport,
    AgentRow,
    EndpointRow,
    IpRow,
    MethodRow,
    OneRequest,
    Windows,
)
from logcorr.model.ledger import AccessInputs
from logcorr.model.manifest import SCHEMA
from logcorr.model.report import RunInfo
from logcorr.model.status import is_client_error, is_failure, is_server_error
from logcorr.text import instants
from logcorr.text.quantities import ms

MOST_SUSPICIOUS = 100_000


class AccessReportData(msgspec.Struct, frozen=True, kw_only=True):
    """What the report of an access log is made of: sums, latency, the number of exchanges, tables, and scans of views.

    `windows` has the columns that `endpoints_and_addresses.windows` gives. `suspicious` has (at, ip), a row for each
    suspicious address of a window.
    """

    sums: AccessSums
    figures: LatencyFigures
    rows: int
    windows: pl.DataFrame
    suspicious: pl.DataFrame
    endpoints: pl.LazyFrame
    ips: pl.LazyFrame
    exchanges: pl.LazyFrame


def report(data: AccessReportData, inputs: AccessInputs, form: str, run: RunInfo) -> AccessReport:
    """The report of an access log in the format `form`."""
    sums, latency = data.sums, data.figures.populations
    status = sums.status()
    by_code = [(int(code), n) for code, n in status.items()]
    failed = sum(n for code, n in by_code if is_failure(code))
    points, first = timeline(sums, data.figures, None, {})
    suspicious = data.suspicious.select(pl.col("ip").unique()).sort("ip")
    top, failing = (_endpoints(data, by) for by in ("requests", "errors"))
    fastest, fastest_us = _least_endpoint(data.endpoints, pl.col("p50_us"))
    slowest, slowest_us = _least_endpoint(data.endpoints, -pl.col("p50_us"))
    busiest, busiest_requests = _least_endpoint(data.endpoints, -pl.col("requests"))
    return AccessReport(
        schema=SCHEMA,
        kind="access",
        format=form,
        inputs=inputs,
        missing=sums.missing,
        total_requests=data.rows,
        successful_requests=data.rows - failed,
        failed_requests=failed,
        failed_4xx=sum(n for code, n in by_code if is_client_error(code)),
        failed_5xx=sum(n for code, n in by_code if is_server_error(code)),
        fastest_request=_one_request(sums.extreme(slow=False)),
        slowest_request=_one_request(sums.extreme(slow=True)),
        fastest_endpoint=fastest,
        slowest_endpoint=slowest,
        busiest_endpoint=busiest,
        worst_window=worst_access_window(data.windows, data.suspicious, data.sums.grid.window_us),
        suspicious_ips=suspicious["ip"].head(MOST_SUSPICIOUS).to_list(),
        suspicious_ip_count=suspicious.height,
        latency=latency["all"],
        latency_success=latency["success"],
        latency_failure=latency["failure"],
        status=status,
        histogram=histogram(sums.bands),
        timeline=points,
        heatmap=heatmap(sums, first),
        windows=Windows(window_s=sums.grid.window_us / instants.SECOND_US, count=data.windows.height),
        endpoints=top,
        failing_endpoints=failing,
        ips=_ips(data.ips, "requests"),
        failing_ips=_ips(data.ips, "errors"),
        methods=[MethodRow(**row) for row in sums.counts_by["method"].top("requests", TOP).to_dicts()],
        user_agents=[AgentRow(**row) for row in sums.counts_by["user_agent"].top("requests", TOP).to_dicts()],
        run=run,
        fastest_endpoint_ms=ms(fastest_us),
        slowest_endpoint_ms=ms(slowest_us and -slowest_us),
        busiest_endpoint_requests=busiest_requests and -busiest_requests,
        suspects=_ips(data.ips.filter("suspicious"), "busiest_requests"),
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
        time=instants.text(row["request_time"]),
    )


def _least_endpoint(endpoints: pl.LazyFrame, by: pl.Expr) -> tuple[str | None, int | None]:
    """The name of the endpoint whose value `by` is least, the first name on a tie; and that value."""
    values = endpoints.select("endpoint", by=by).drop_nulls()
    # In two steps, as one query would hold all rows until it knows the least value.
    least: int | None = values.select(pl.col("by").min()).collect(engine="streaming").item()
    if least is None:
        return None, None
    name = values.filter(pl.col("by") == least).select(pl.col("endpoint").min())
    return name.collect(engine="streaming").item(), least


def _top(rows: pl.LazyFrame, by: str, name: str, most: int) -> pl.DataFrame:
    """The `most` rows with the highest counts, by name on a tie, null first."""
    counted = rows.filter(pl.col(by) > 0)
    least = counted.select(pl.col(by).top_k(most).min()).collect(engine="streaming").item()
    if least is None:
        return rows.head(0).collect()
    # Fewer than `most` rows have more than the least count. Any number of rows have just that: the first by name count.
    above = counted.filter(pl.col(by) > least).collect(engine="streaming")
    equal = counted.filter(pl.col(by) == least)
    unnamed = equal.filter(pl.col(name).is_null())
    named = equal.bottom_k(most, by=name)
    candidates = pl.concat([above, *pl.collect_all([unnamed, named], engine="streaming")])
    return candidates.unique(maintain_order=True).sort(by, name, descending=[True, False], nulls_last=False).head(most)


def _endpoints(data: AccessReportData, by: str) -> list[EndpointRow]:
    top = _top(data.endpoints, by, "endpoint", MOST_ENDPOINTS if by == "requests" else TOP)
    statuses: dict[str | None, dict[str, int]] = {}
    for name, code, n in endpoints_and_addresses.statuses_of(data.exchanges, top).iter_rows():
        statuses.setdefault(name, {})[str(code)] = n
    return [
        EndpointRow(
            endpoint=row["endpoint"],
            requests=row["requests"],
            errors=row["errors"],
            error_rate=row["errors"] / row["requests"],
            errors_4xx=row["errors_4xx"],
            errors_5xx=row["errors_5xx"],
            min_ms=ms(row["min_us"]),
            p50_ms=ms(row["p50_us"]),
            p95_ms=ms(row["p95_us"]),
            p99_ms=ms(row["p99_us"]),
            max_ms=ms(row["max_us"]),
            status=statuses[row["endpoint"]],
        )
        for row in top.iter_rows(named=True)
    ]


def _ips(ips: pl.LazyFrame, by: str) -> list[IpRow]:
    top = _top(ips.with_columns(pl.col("busiest_start").cast(pl.Int64)), by, "ip", TOP)
    return [IpRow(**{**row, "busiest_start": instants.text(row["busiest_start"])}) for row in top.iter_rows(named=True)]
