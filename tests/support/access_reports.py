"""Reports of access logs made by hand: a busy afternoon with an incident, and what a summary of one must survive."""

from typing import Any

import msgspec

from logcorr.model import access_report, group_rows, ledger
from logcorr.model.report import Heatmap, Latency, Timeline
from tests.support import pair_reports as pairs

HOSTILE = "\x1b]0;owned\x07\x1b[2J[/oops]\x9b31m\u202egnp.exe\u200b\x00\n\r\t\x7f\u2028\ud800:smile:"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
PATHS = ["/api/v1/orders", "/api/v1/search", "/health", "/static/app.4f2c.js", "/login", None]
PATHS += [f"/api/v1/reports/2025/11/{day}/of-a-shop-with-a-long-name/export" for day in range(10, 18)]


def _endpoint(rank: int, name: str | None) -> group_rows.EndpointRow:
    requests = 2_904_118 // (rank + 1)
    client, server = requests // 40, requests // (90 if rank != 2 else 7)
    return group_rows.EndpointRow(
        endpoint=name,
        requests=requests,
        errors=client + server,
        error_rate=(client + server) / requests,
        errors_4xx=client,
        errors_5xx=server,
        min_ms=0.2,
        p50_ms=14.2 * (rank + 1),
        p95_ms=341.0 + rank,
        p99_ms=812.0 + 40 * rank,
        max_ms=19_812.4,
        status={"200": requests - client - server, "404": client, "503": server},
    )


def _address(ip: str, requests: int, *, busiest: int, errors: int = 0) -> group_rows.IpRow:
    return group_rows.IpRow(
        ip=ip,
        requests=requests,
        errors=errors,
        errors_4xx=errors // 3,
        errors_5xx=errors - errors // 3,
        busiest_requests=busiest,
        busiest_start="2025-11-21T15:07:00Z",
        suspicious=busiest > 25,
    )


def _request(endpoint: str | None, ms: float, status: int) -> access_report.OneRequest:
    return access_report.OneRequest(
        endpoint=endpoint, method="GET", ms=ms, status_code=status, ip="10.0.7.246", time="2025-11-21T15:04:07.989123Z"
    )


def busy() -> access_report.AccessReport:
    """Two hours, 12.5 million requests, a crash at 15:04; twelve addresses ask too much."""
    pair = pairs.busy()
    failures = {"404": 402_377, "429": 55_410, "500": 61_204, "502": 9_004, "503": 93_896, "504": 2_431, "0": 414}
    successes = {"200": 9_912_345, "201": 1_204_552, "304": 702_118}
    total, failed = sum({**successes, **failures}.values()), sum(failures.values())
    suspects = [_address("2001:db8:85a3:8d3:1319:8a2e:370:7348", 48_210, busiest=9_104, errors=611)]
    suspects += [_address(f"203.0.113.{n}", 4_100 - n * 31, busiest=800 - n, errors=90 - n) for n in range(1, 12)]
    others = [_address(f"10.0.{n}.7", 900 - n, busiest=20) for n in range(3)]
    points = [msgspec.structs.replace(p, responses=p.requests, orphans=0) for p in pair.timeline.points]
    endpoints = [_endpoint(rank, name) for rank, name in enumerate(PATHS)]
    return access_report.AccessReport(
        schema=1,
        kind="access",
        format="ndjson",
        inputs=ledger.AccessInputs(
            access=ledger.AccessLedger(
                files=["/var/log/shop/access.ndjson.zst", "/var/log/shop/access.ndjson.1.zst"],
                bytes=2_912_345_678,
                lines=total + 31 + 402 + 260 + 12,
                blank=12,
                malformed={"encoding": 31, "json": 402, "status_code": 260},
                exchanges=total,
            )
        ),
        missing={"response_time": 1_204, "user_agent": 88_123},
        total_requests=total,
        successful_requests=total - failed,
        failed_requests=failed,
        failed_4xx=402_377 + 55_410,
        failed_5xx=61_204 + 9_004 + 93_896 + 2_431,
        fastest_request=_request("/health", 0.041, 200),
        slowest_request=_request(PATHS[-1], 19_812.4, 504),
        fastest_endpoint="/health",
        slowest_endpoint=PATHS[-1],
        busiest_endpoint="/api/v1/orders",
        worst_window=access_report.AccessWindow(
            start="2025-11-21T15:07:00Z",
            end="2025-11-21T15:08:00Z",
            total_requests=114_210,
            errors_4xx=4_225,
            errors_5xx=35_405,
            suspicious_ips=sorted(row.ip for row in suspects[:8]),
        ),
        suspicious_ips=sorted(row.ip for row in suspects),
        suspicious_ip_count=len(suspects),
        latency=msgspec.structs.replace(pair.latency, negative=1_235),
        latency_success=pair.latency_success,
        latency_failure=pair.latency_failure,
        status={**successes, **failures},
        histogram=pair.histogram,
        timeline=Timeline(bucket_s=60.0, points=points),
        heatmap=Heatmap(edges_ms=[], cells=[]),
        windows=group_rows.Windows(window_s=60.0, count=120),
        endpoints=endpoints,
        failing_endpoints=sorted(endpoints, key=lambda row: -row.errors_5xx)[:3] + endpoints[-3:],
        ips=[*suspects, *others],
        failing_ips=[*suspects, _address("198.51.100.9", 12, busiest=3, errors=12)],
        methods=[
            group_rows.MethodRow(method=name, requests=total // part, errors=failed // part)
            for name, part in (("GET", 2), ("POST", 3), ("OPTIONS", 90), (None, 4000))
        ],
        user_agents=[
            group_rows.AgentRow(user_agent=name, requests=total // part, errors=failed // part)
            for name, part in ((CHROME, 2), ("curl/8.4.0", 9), (None, 140), ("kube-probe/1.29", 900))
        ],
        run=msgspec.structs.replace(
            pair.run,
            options={"memory_bytes": 1_000_000_000, "suspicious": 25, "window_us": 60_000_000, "form": None},
            seconds={"read": 71.4, "count": 22.2, "report": 1.6},
            buckets=1,
            spilled_bytes=0,
        ),
        fastest_endpoint_ms=0.975,
        slowest_endpoint_ms=198.8,
        busiest_endpoint_requests=2_904_118,
        suspects=suspects,
    )


def empty() -> access_report.AccessReport:
    """An empty file."""
    nothing = _no_latency()
    return msgspec.structs.replace(
        busy(),
        format="ndjson",
        inputs=ledger.AccessInputs(access=_ledger("a.log")),
        missing={},
        total_requests=0,
        successful_requests=0,
        failed_requests=0,
        failed_4xx=0,
        failed_5xx=0,
        fastest_request=None,
        slowest_request=None,
        fastest_endpoint=None,
        slowest_endpoint=None,
        busiest_endpoint=None,
        fastest_endpoint_ms=None,
        slowest_endpoint_ms=None,
        busiest_endpoint_requests=None,
        worst_window=None,
        suspicious_ips=[],
        suspicious_ip_count=0,
        suspects=[],
        latency=nothing,
        latency_success=nothing,
        latency_failure=nothing,
        status={},
        histogram=[],
        timeline=Timeline(bucket_s=1.0, points=[]),
        windows=group_rows.Windows(window_s=60.0, count=0),
        endpoints=[],
        failing_endpoints=[],
        ips=[],
        failing_ips=[],
        methods=[],
        user_agents=[],
    )


def one_request() -> access_report.AccessReport:
    """One request of which little is known."""
    one = msgspec.structs.replace(_no_latency(), count=1, **dict.fromkeys(_FIGURES, 222.0))
    figures: dict[str, Any] = dict.fromkeys(("min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"), 222.0)
    point = msgspec.structs.replace(busy().timeline.points[0], requests=1, responses=1, errors_4xx=0, errors_5xx=0)
    return msgspec.structs.replace(
        empty(),
        inputs=ledger.AccessInputs(access=_ledger("a.log", bytes=50, lines=1, exchanges=1)),
        missing={"method": 1, "endpoint": 1, "ip": 1, "user_agent": 1},
        total_requests=1,
        successful_requests=1,
        fastest_request=msgspec.structs.replace(_request(None, 222.0, 200), method=None, ip=None),
        slowest_request=msgspec.structs.replace(_request(None, 222.0, 200), method=None, ip=None),
        worst_window=access_report.AccessWindow(
            start="2025-11-21T14:00:00Z",
            end="2025-11-21T14:01:00Z",
            total_requests=1,
            errors_4xx=0,
            errors_5xx=0,
            suspicious_ips=[],
        ),
        latency=one,
        latency_success=one,
        status={"200": 1},
        histogram=[pairs.one_exchange().histogram[0]],
        timeline=Timeline(bucket_s=1.0, points=[msgspec.structs.replace(point, p50_ms=222.0, p99_ms=222.0)]),
        windows=group_rows.Windows(window_s=60.0, count=1),
        endpoints=[
            group_rows.EndpointRow(
                endpoint=None, requests=1, errors=0, error_rate=0.0, errors_4xx=0, errors_5xx=0, status={}, **figures
            )
        ],
        methods=[group_rows.MethodRow(method=None, requests=1, errors=0)],
        user_agents=[group_rows.AgentRow(user_agent=None, requests=1, errors=0)],
    )


def without_times() -> access_report.AccessReport:
    """A log in common log format: no response times, and nobody asks too much."""
    report = busy()
    assert report.worst_window is not None
    untimed: dict[str, Any] = dict.fromkeys(("min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"))
    points = [msgspec.structs.replace(p, p50_ms=None, p99_ms=None) for p in report.timeline.points[:40]]
    return msgspec.structs.replace(
        report,
        format="common",
        missing={"response_time": report.total_requests, "user_agent": report.total_requests},
        fastest_request=None,
        slowest_request=None,
        fastest_endpoint=None,
        slowest_endpoint=None,
        fastest_endpoint_ms=None,
        slowest_endpoint_ms=None,
        suspicious_ips=[],
        suspicious_ip_count=0,
        suspects=[],
        worst_window=msgspec.structs.replace(report.worst_window, suspicious_ips=[]),
        ips=[msgspec.structs.replace(row, busiest_requests=9, suspicious=False) for row in report.ips],
        latency=_no_latency(),
        latency_success=_no_latency(),
        latency_failure=_no_latency(),
        histogram=[],
        timeline=Timeline(bucket_s=60.0, points=points),
        endpoints=[msgspec.structs.replace(row, **untimed) for row in report.endpoints],
        failing_endpoints=[msgspec.structs.replace(row, **untimed) for row in report.failing_endpoints],
        user_agents=[
            group_rows.AgentRow(user_agent=None, requests=report.total_requests, errors=report.failed_requests)
        ],
    )


_FIGURES = ("min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")


def _no_latency() -> Latency:
    figures: dict[str, Any] = dict.fromkeys(_FIGURES)
    return Latency(count=0, negative=0, accuracy="exact", **figures)


def _ledger(file: str, **counts: Any) -> ledger.AccessLedger:
    base: dict[str, Any] = {"files": [file], "bytes": 0, "lines": 0, "blank": 0, "malformed": {}, "exchanges": 0}
    return ledger.AccessLedger(**(base | counts))
