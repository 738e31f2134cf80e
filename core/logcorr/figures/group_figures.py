"""What a report says of endpoints, addresses, methods, user agents and windows, from finished views and counts.

Both kinds of reports have these figures. A correlation has them for the attributes that its exchanges have.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import top
from logcorr.compute.parquet_slices import count as _count
from logcorr.figures.group_counts import GroupCounts
from logcorr.figures.sums import TOP
from logcorr.model.group_rows import MOST_ENDPOINTS, AgentRow, EndpointRow, IpRow, MethodRow, Windows
from logcorr.model.status import key_of
from logcorr.text import instants
from logcorr.text.quantities import ms

MOST_SUSPICIOUS = 100_000


class GroupData(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures of groups are made of: counts by attribute, and scans of views.

    `windows` has the columns that `endpoints_and_addresses.windows` gives. `suspicious` has (at, ip), a row for each
    suspicious address of a window. `endpoints` and `ips` are the parts of views, None where exchanges have no such
    attribute. `statuses` has (endpoint, status_code, n).
    """

    counts: GroupCounts
    windows: pl.DataFrame
    window_us: int
    suspicious: pl.DataFrame
    endpoints: list[pl.LazyFrame] | None
    ips: list[pl.LazyFrame] | None
    statuses: pl.LazyFrame


def group_figures(data: GroupData) -> dict[str, Any]:
    """The figures of groups by their names in a report. To be called once for the data."""
    suspicious = data.suspicious.select(pl.col("ip").unique()).sort("ip")
    suspicious_ips = suspicious["ip"].head(MOST_SUSPICIOUS).to_list()
    return {
        "suspicious_ips": suspicious_ips,
        "suspicious_ip_count": suspicious.height,
        "suspicious_ips_listed": len(suspicious_ips),
        "windows": Windows(window_s=data.window_us / instants.SECOND_US, count=data.windows.height),
        **_listed("methods", *_most(data.counts, "method", MethodRow)),
        **_listed("user_agents", *_most(data.counts, "user_agent", AgentRow)),
        **(_endpoint_figures(data.endpoints, data.statuses) if data.endpoints is not None else {}),
        **(_ip_figures(data.ips) if data.ips is not None else {}),
    }


def _listed(name: str, rows: list[Any], total: int) -> dict[str, Any]:
    """A list of the report, with how many rows it has, and of how many."""
    return {name: rows, f"{name}_total": total, f"{name}_listed": len(rows)}


def _most(counts: GroupCounts, name: str, row: type[Any]) -> tuple[list[Any], int]:
    """The values of an attribute with the most requests, and how many values there are."""
    most, total = counts.top(name)
    return [row(**values) for values in most.to_dicts()], total


def _endpoint_figures(endpoints: Sequence[pl.LazyFrame], statuses: pl.LazyFrame) -> dict[str, Any]:
    rows = pl.concat(endpoints)
    fastest, fastest_us = _least_endpoint(rows, pl.col("p50_us"))
    slowest, slowest_us = _least_endpoint(rows, -pl.col("p50_us"))
    busiest, busiest_requests = _least_endpoint(rows, -pl.col("requests"))
    most, failing = (_endpoints(endpoints, statuses, by) for by in ("requests", "errors"))
    return {
        **_listed("endpoints", most, _count(rows)),
        **_listed("failing_endpoints", failing, _count(rows.filter(pl.col("errors") > 0))),
        "fastest_endpoint": fastest,
        "fastest_endpoint_ms": ms(fastest_us),
        "slowest_endpoint": slowest,
        "slowest_endpoint_ms": ms(slowest_us and -slowest_us),
        "busiest_endpoint": busiest,
        "busiest_endpoint_requests": busiest_requests and -busiest_requests,
    }


def _ip_figures(ips: Sequence[pl.LazyFrame]) -> dict[str, Any]:
    rows = pl.concat(ips)
    return {
        **_listed("ips", _ips(ips, "requests"), _count(rows)),
        **_listed("failing_ips", _ips(ips, "errors"), _count(rows.filter(pl.col("errors") > 0))),
        "suspects": _ips([rows.filter("suspicious") for rows in ips], "busiest_requests"),
    }


def _least_endpoint(endpoints: pl.LazyFrame, by: pl.Expr) -> tuple[str | None, int | None]:
    """The name of the endpoint whose value `by` is least, the first name on a tie; and that value."""
    values = endpoints.select("endpoint", by=by).drop_nulls()
    # In two steps, as one query would hold all rows until it knows the least value.
    least: int | None = values.select(pl.col("by").min()).collect(engine="streaming").item()
    if least is None:
        return None, None
    name = values.filter(pl.col("by") == least).select(pl.col("endpoint").min())
    return name.collect(engine="streaming").item(), least


def _top(parts: Sequence[pl.LazyFrame], by: str, name: str, most: int) -> pl.DataFrame:
    """The `most` rows with the highest counts, by name on a tie, null first."""
    return top((rows.filter(pl.col(by) > 0) for rows in parts), by, name, most)


def _endpoints(endpoints: Sequence[pl.LazyFrame], counted: pl.LazyFrame, by: str) -> list[EndpointRow]:
    chosen = _top(endpoints, by, "endpoint", MOST_ENDPOINTS if by == "requests" else TOP)
    statuses: dict[str | None, dict[str, int]] = {}
    rows = counted.filter(pl.col("endpoint").is_in(chosen["endpoint"].unique().implode(), nulls_equal=True))
    in_order = rows.collect(engine="streaming").sort("endpoint", "status_code", nulls_last=[False, True])
    for name, code, n in in_order.select("endpoint", "status_code", "n").iter_rows():
        statuses.setdefault(name, {})[key_of(code)] = n
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
        for row in chosen.iter_rows(named=True)
    ]


def _ips(ips: Sequence[pl.LazyFrame], by: str) -> list[IpRow]:
    start = pl.col("busiest_start").cast(pl.Int64)
    chosen = _top([rows.with_columns(start) for rows in ips], by, "ip", TOP)
    return [
        IpRow(**{**row, "busiest_start": instants.text_or_none(row["busiest_start"])})
        for row in chosen.iter_rows(named=True)
    ]
