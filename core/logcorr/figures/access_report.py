"""What was found in an access log → its report."""

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import KeyCounts
from logcorr.figures import endpoints_and_addresses
from logcorr.figures.histogram import histogram
from logcorr.figures.latency import LatencyFigures
from logcorr.figures.sums import TOP, Sums
from logcorr.figures.timeline import heatmap, timeline
from logcorr.model.access_report import (
    MOST_ENDPOINTS,
    AccessReport,
    AccessWindow,
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

_EXTREME = ("duration_us", "request_time", "endpoint", "method", "ip", "status_code")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was counted: sums, tables (DataFrame) and looks at the views (lazy)."""

    rows: int
    sums: Sums
    figures: LatencyFigures
    missing: dict[str, int]
    extremes: dict[str, pl.DataFrame]
    methods: KeyCounts
    agents: KeyCounts
    windows: pl.DataFrame
    suspicious: pl.DataFrame
    endpoints: Callable[[], pl.LazyFrame]
    ips: Callable[[], pl.LazyFrame]
    exchanges: Callable[[], pl.LazyFrame]


def extreme(exchanges: pl.LazyFrame, *, slow: bool) -> pl.LazyFrame:
    """The slowest or fastest exchange (a row, or none); of equal ones the earliest, then by what it is, null first."""
    duration = pl.col("duration_us")
    exchanges = exchanges.filter(duration >= 0)
    bound = duration.max() if slow else duration.min()
    return exchanges.select(_EXTREME).filter(duration == bound).sort(_EXTREME, nulls_last=False).head(1)


def report(found: Found, inputs: AccessInputs, form: str, run: RunInfo) -> AccessReport:
    """The report of an access log."""
    sums, everything = found.sums, found.figures.populations
    status = sums.status()
    by_code = [(int(code), n) for code, n in status.items()]
    failed = sum(n for code, n in by_code if is_failure(code))
    over_time, first = timeline(sums, found.figures, None, {})
    suspicious = found.suspicious.select(pl.col("ip").unique()).sort("ip")
    top, failing = (_endpoints(found, by) for by in ("requests", "errors"))
    fastest, fastest_us = _named(found.endpoints(), pl.col("p50_us"))
    slowest, slowest_us = _named(found.endpoints(), -pl.col("p50_us"))
    busiest, busiest_requests = _named(found.endpoints(), -pl.col("requests"))
    return AccessReport(
        schema=SCHEMA,
        kind="access",
        format=form,
        inputs=inputs,
        missing=found.missing,
        total_requests=found.rows,
        successful_requests=found.rows - failed,
        failed_requests=failed,
        failed_4xx=sum(n for code, n in by_code if is_client_error(code)),
        failed_5xx=sum(n for code, n in by_code if is_server_error(code)),
        fastest_request=_one(found.extremes["fastest"], slow=False),
        slowest_request=_one(found.extremes["slowest"], slow=True),
        fastest_endpoint=fastest,
        slowest_endpoint=slowest,
        busiest_endpoint=busiest,
        worst_window=_worst(found),
        suspicious_ips=suspicious["ip"].head(MOST_SUSPICIOUS).to_list(),
        suspicious_ip_count=suspicious.height,
        latency=everything["all"],
        latency_success=everything["success"],
        latency_failure=everything["failure"],
        status=status,
        histogram=histogram(sums.bands),
        timeline=over_time,
        heatmap=heatmap(sums, first),
        windows=Windows(window_s=sums.grid.window_us / instants.SECOND_US, count=found.windows.height),
        endpoints=top,
        failing_endpoints=failing,
        ips=_ips(found.ips(), "requests"),
        failing_ips=_ips(found.ips(), "errors"),
        methods=[MethodRow(**row) for row in found.methods.top("requests", TOP).to_dicts()],
        user_agents=[AgentRow(**row) for row in found.agents.top("requests", TOP).to_dicts()],
        run=run,
        fastest_endpoint_ms=ms(fastest_us),
        slowest_endpoint_ms=ms(slowest_us and -slowest_us),
        busiest_endpoint_requests=busiest_requests and -busiest_requests,
        suspects=_ips(found.ips().filter("suspicious"), "busiest_requests"),
    )


def headline(final: AccessReport) -> dict[str, Any]:
    """The figures by which a run is listed."""
    return {
        "requests": final.total_requests,
        "errors_5xx": final.failed_5xx,
        "p50_ms": final.latency.p50_ms,
        "p99_ms": final.latency.p99_ms,
        "suspicious_ips": final.suspicious_ip_count,
    }


def _one(candidates: pl.DataFrame, *, slow: bool) -> OneRequest | None:
    rows = extreme(candidates.lazy(), slow=slow).collect().to_dicts()
    if not rows:
        return None
    row = rows[0]
    return OneRequest(
        endpoint=row["endpoint"],
        method=row["method"],
        ms=row["duration_us"] / 1000,
        status_code=row["status_code"],
        ip=row["ip"],
        time=instants.text(row["request_time"]),
    )


def _named(endpoints: pl.LazyFrame, by: pl.Expr) -> tuple[str | None, int | None]:
    """The name of the endpoint for which `by` is lowest, the first by name on a tie; and how low it is."""
    known = endpoints.select("endpoint", by=by).drop_nulls()
    # In two steps: in one, all rows would be held until their minimum is known.
    least: int | None = known.select(pl.col("by").min()).collect(engine="streaming").item()
    if least is None:
        return None, None
    best = known.filter(pl.col("by") == least).select(pl.col("endpoint").min())
    return best.collect(engine="streaming").item(), least


def _top(rows: pl.LazyFrame, by: str, name: str, most: int) -> pl.DataFrame:
    """The rows with the highest counts, by name on a tie, null first."""
    counted = rows.filter(pl.col(by) > 0)
    least = counted.select(pl.col(by).top_k(most).min()).collect(engine="streaming").item()
    if least is None:
        return rows.head(0).collect()
    # Few are above the bound; of those on it, the first by name.
    above = counted.filter(pl.col(by) > least).collect(engine="streaming")
    on_it = counted.filter(pl.col(by) == least)
    unnamed = on_it.filter(pl.col(name).is_null())
    named = on_it.bottom_k(most, by=name)
    together = pl.concat([above, *pl.collect_all([unnamed, named], engine="streaming")])
    return together.unique(maintain_order=True).sort(by, name, descending=[True, False], nulls_last=False).head(most)


def _endpoints(found: Found, by: str) -> list[EndpointRow]:
    top = _top(found.endpoints(), by, "endpoint", MOST_ENDPOINTS if by == "requests" else TOP)
    statuses: dict[str | None, dict[str, int]] = {}
    for name, code, n in endpoints_and_addresses.statuses_of(found.exchanges(), top).iter_rows():
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


def _worst(found: Found) -> AccessWindow | None:
    if not found.windows.height:
        return None
    failures = pl.col("errors_4xx") + pl.col("errors_5xx")
    counts = found.windows.select("at", "requests", "errors_4xx", "errors_5xx")
    worst = counts.filter(failures == failures.max()).sort("at").row(0, named=True)
    width, at = found.sums.grid.window_us, worst["at"]
    return AccessWindow(
        start=instants.text(at * width),
        end=instants.text((at + 1) * width),
        total_requests=worst["requests"],
        errors_4xx=worst["errors_4xx"],
        errors_5xx=worst["errors_5xx"],
        suspicious_ips=found.suspicious.filter(pl.col("at") == at)["ip"].sort().to_list(),
    )
