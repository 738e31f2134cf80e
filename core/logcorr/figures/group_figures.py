"""What a report says of endpoints, addresses, methods, user agents and windows, from finished views and counts.

Both kinds of reports have these figures. A correlation has them for the attributes that its exchanges have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from logcorr.compute.group_in_parts import top
from logcorr.compute.parquet_slices import count as _count
from logcorr.figures.sums import TOP
from logcorr.model.group_rows import MOST_ENDPOINTS, AgentRow, EndpointRow, IpRow, MethodRow, Windows
from logcorr.model.status import key_of
from logcorr.text import instants
from logcorr.text.quantities import ms

MOST_SUSPICIOUS = 100_000
# How many endpoints a report has, by what they have the most of.
_ENDPOINTS_BY = {"requests": MOST_ENDPOINTS, "errors": TOP}
_BUSIEST = "busiest_requests"


class GroupData(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures of groups are made of: counts by attribute, and scans of views.

    `missing` tells how many exchanges lack each attribute, and `totals` how many rows each list of the report would
    have if it named all. `methods` and `user_agents` have the rows that `GroupCounts.top` gives. `windows` has the
    columns that `endpoints_and_addresses.windows` gives. `suspicious` has (at, ip), a row for each suspicious address
    of a window. `endpoints` and `ips` are the parts of views, None where exchanges have no such attribute. `statuses`
    has (endpoint, status_code, n).
    """

    missing: Mapping[str, int]
    totals: Mapping[str, int]
    methods: pl.DataFrame
    user_agents: pl.DataFrame
    windows: pl.DataFrame
    window_us: int
    suspicious: pl.DataFrame
    endpoints: list[pl.LazyFrame] | None
    ips: list[pl.LazyFrame] | None
    statuses: pl.LazyFrame


def group_figures(data: GroupData) -> dict[str, Any]:
    """The figures of groups by their names in a report."""
    suspicious = data.suspicious.select(pl.col("ip").unique()).sort("ip")
    suspicious_ips = suspicious["ip"].head(MOST_SUSPICIOUS).to_list()
    return {
        "suspicious_ips": suspicious_ips,
        "suspicious_ip_count": suspicious.height,
        "suspicious_ips_listed": len(suspicious_ips),
        "windows": Windows(window_s=data.window_us / instants.SECOND_US, count=data.windows.height),
        **_listed("methods", [MethodRow(**row) for row in data.methods.to_dicts()], data.totals),
        **_listed("user_agents", [AgentRow(**row) for row in data.user_agents.to_dicts()], data.totals),
        **(_endpoint_figures(data.endpoints, data.statuses, data.totals) if data.endpoints is not None else {}),
        **(_ip_figures(data.ips, data.totals) if data.ips is not None else {}),
    }


class EndpointRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the view of endpoints, and their exchanges by status (endpoint, status_code, n)."""

    endpoints: pl.DataFrame
    statuses: pl.DataFrame


def endpoints_to_tell(endpoints: pl.LazyFrame, statuses: pl.LazyFrame) -> EndpointRows:
    """Of a part of the view of endpoints, the rows that any figure of a report may be about.

    A report of such rows of all parts is that of all rows. `statuses` has (endpoint, status_code, n).
    """
    tops = [_top([endpoints], by, "endpoint", most) for by, most in _ENDPOINTS_BY.items()]
    named = endpoints.drop_nulls(["endpoint", "p50_us"])
    edges = [
        named.filter(pl.col("p50_us") == edge).filter(pl.col("endpoint") == pl.col("endpoint").min())
        for edge in (pl.col("p50_us").min(), pl.col("p50_us").max())
    ]
    chosen = pl.concat([*tops, *pl.collect_all(edges, engine="streaming")]).unique()
    return EndpointRows(endpoints=chosen, statuses=_statuses(chosen, statuses).collect(engine="streaming"))


def ips_to_tell(ips: pl.LazyFrame) -> pl.DataFrame:
    """The same of a part of the view of addresses."""
    suspicious = ips.filter("suspicious")
    tops = [_top([rows], by, "ip", TOP) for rows, by in ((ips, "requests"), (ips, "errors"), (suspicious, _BUSIEST))]
    return pl.concat(tops).unique()


def totals_of(endpoints: Sequence[pl.LazyFrame] | None, ips: Sequence[pl.LazyFrame] | None) -> dict[str, int]:
    """How many rows the lists of a report would have if they named all endpoints and addresses, by their names.

    `endpoints` and `ips` are parts of views; None where exchanges have no such attribute.
    """
    totals: dict[str, int] = {}
    for name, parts in (("endpoints", endpoints), ("ips", ips)):
        if parts is not None:
            rows = pl.concat(parts)
            totals |= {name: _count(rows), f"failing_{name}": _count(rows.filter(pl.col("errors") > 0))}
    return totals


def _listed(name: str, rows: list[Any], totals: Mapping[str, int]) -> dict[str, Any]:
    """A list of the report, with how many rows it has, and of how many."""
    return {name: rows, f"{name}_total": totals.get(name, 0), f"{name}_listed": len(rows)}


def _endpoint_figures(
    endpoints: Sequence[pl.LazyFrame], statuses: pl.LazyFrame, totals: Mapping[str, int]
) -> dict[str, Any]:
    rows = pl.concat(endpoints)
    fastest, fastest_us = _least_endpoint(rows, pl.col("p50_us"))
    slowest, slowest_us = _least_endpoint(rows, -pl.col("p50_us"))
    busiest, busiest_requests = _least_endpoint(rows, -pl.col("requests"))
    most, failing = (_endpoints(endpoints, statuses, by) for by in _ENDPOINTS_BY)
    return {
        **_listed("endpoints", most, totals),
        **_listed("failing_endpoints", failing, totals),
        "fastest_endpoint": fastest,
        "fastest_endpoint_ms": ms(fastest_us),
        "slowest_endpoint": slowest,
        "slowest_endpoint_ms": ms(slowest_us and -slowest_us),
        "busiest_endpoint": busiest,
        "busiest_endpoint_requests": busiest_requests and -busiest_requests,
    }


def _ip_figures(ips: Sequence[pl.LazyFrame], totals: Mapping[str, int]) -> dict[str, Any]:
    return {
        **_listed("ips", _ips(ips, "requests"), totals),
        **_listed("failing_ips", _ips(ips, "errors"), totals),
        "suspects": _ips([rows.filter("suspicious") for rows in ips], _BUSIEST),
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
    chosen = _top(endpoints, by, "endpoint", _ENDPOINTS_BY[by])
    statuses: dict[str | None, dict[str, int]] = {}
    rows = _statuses(chosen, counted).collect(engine="streaming")
    in_order = rows.sort("endpoint", "status_code", nulls_last=[False, True])
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


def _statuses(chosen: pl.DataFrame, counted: pl.LazyFrame) -> pl.LazyFrame:
    """The counts (endpoint, status_code, n) of the chosen endpoints."""
    return counted.filter(pl.col("endpoint").is_in(chosen["endpoint"].unique().implode(), nulls_equal=True))


def _ips(ips: Sequence[pl.LazyFrame], by: str) -> list[IpRow]:
    start = pl.col("busiest_start").cast(pl.Int64)
    chosen = _top([rows.with_columns(start) for rows in ips], by, "ip", TOP)
    return [
        IpRow(**{**row, "busiest_start": instants.text_or_none(row["busiest_start"])})
        for row in chosen.iter_rows(named=True)
    ]
