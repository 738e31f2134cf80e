"""Reports made by hand: a busy afternoon with an incident, and the corner cases that charts must survive."""

import math
from itertools import pairwise
from typing import Any

import msgspec

from logcorr.model import ledger, report

BANDS = [10 ** (k / 10) for k in range(-5, 44)]
CRASH = range(64, 73)


def _ledger(file: str, **counts: Any) -> ledger.SideLedger:
    base: dict[str, Any] = {"files": [file], "bytes": 0, "lines": 0, "blank": 0, "header": 0, "malformed": {}}
    return ledger.SideLedger(**(base | {"redelivered": 0, "superseded": 0, "matched": 0, "orphans": 0} | counts))


def _latency(*values: float | None, count: int, negative: int = 0) -> report.Latency:
    names = ("min_ms", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms")
    figures: dict[str, Any] = dict(zip(names, values or (None,) * 8, strict=True))
    return report.Latency(count=count, negative=negative, accuracy="exact", **figures)


def _points() -> list[report.TimelinePoint]:
    points = []
    for k in range(120):
        crash = k in CRASH
        requests = round(104_000 * (0.55 + 0.45 * math.sin(k / 120 * math.pi)) * (1.1 if crash else 1) + k * 997 % 2900)
        points.append(
            report.TimelinePoint(
                start=f"2025-11-21T{14 + k // 60}:{k % 60:02d}:00Z",
                requests=requests,
                responses=requests - (4_200 if crash else 12),
                errors_4xx=round(requests * 0.037),
                errors_5xx=round(requests * (0.31 if crash else 0.0006)) + (4_000 if k == 104 else 0),
                orphans=4_400 if crash else 60,
                p50_ms=38.0 if crash else 14.2 + k * 7 % 3 / 5,
                p99_ms=4_800.0 - abs(k - 68) * 400 if crash else 320.0 + k * 13 % 17 * 9,
            )
        )
    return points


def _histogram() -> list[report.HistogramBin]:
    bins = []
    for low, high in pairwise(BANDS):
        at = math.log10(low)
        share = math.exp(-((at - 1.1) ** 2) / 0.13) + 0.14 * math.exp(-((at - 2.45) ** 2) / 0.09)
        bins.append(report.HistogramBin(from_ms=round(low, 3), to_ms=round(high, 3), count=int(2_000_000 * share)))
    return bins


def busy() -> report.Report:
    """Two hours, 12.5 million requests a side, a crash at 15:04 that slows, fails and loses."""
    names = [f"user-{n:04d}" for n in (17, 512, 1024, 8, 4711, 77)]
    slow = [
        report.SlowExchange(
            request_id=f"req-{0xC0FFEE + n * 7919:012x}",
            user_id=names[n] if n != 3 else None,
            status_code=(504, 503, 200, 500, 504, 200)[n],
            duration_ms=19_812.4 - n * 731.25,
            request_time=f"2025-11-21T15:0{4 + n % 3}:{17 + n}.{204 + n}Z",
            response_time=f"2025-11-21T15:0{5 + n % 3}:{17 + n}.{16 + n:03d}Z",
        )
        for n in range(6)
    ]
    users = [
        report.UserRow(
            user_id=u, requests=48_210 - n * 3_907, errors=611 - n * 97, orphans=41 - n * 7, p99_ms=812.0 - n * 31
        )
        for n, u in enumerate(names)
    ]
    requests = _ledger(
        "/var/log/shop/requests.log.zst",
        bytes=20_912_345_678,
        lines=12_499_871,
        blank=12,
        header=1,
        malformed={"encoding": 31, "fields": 402, "timestamp": 288, "request_id": 57},
        redelivered=8_204,
        matched=12_443_751,
        orphans=47_125,
    )
    responses = _ledger(
        "/var/log/shop/responses.log.zst",
        bytes=20_887_654_321,
        lines=12_452_001,
        blank=3,
        malformed={"fields": 188, "status_code": 260},
        redelivered=1_733,
        matched=12_443_751,
        orphans=6_066,
    )
    return report.Report(
        schema=1,
        kind="correlation",
        inputs=ledger.Inputs(requests=requests, responses=responses),
        orphans=ledger.Orphans(
            request={"repeated_id": 311, "in_flight": 902, "lost": 45_912},
            response={"repeated_id": 14, "before_start": 871, "lost": 5_181},
        ),
        latency=_latency(0.341, 41.7, 14.2, 131.0, 341.0, 812.0, 4_310.0, 19_812.4, count=12_442_516, negative=1_235),
        latency_success=_latency(0.341, 33.0, 13.9, 122.0, 310.0, 640.0, 1_920.0, 18_349.9, count=11_817_842),
        latency_failure=_latency(0.9, 222.0, 24.6, 641.0, 1_240.0, 4_420.0, 9_800.0, 19_812.4, count=624_674),
        status={
            "200": 9_912_345,
            "201": 1_204_552,
            "304": 702_118,
            "404": 402_377,
            "429": 55_410,
            "500": 61_204,
            "502": 9_004,
            "503": 93_896,
            "504": 2_431,
            "0": 414,
        },
        histogram=_histogram(),
        timeline=report.Timeline(bucket_s=60.0, points=_points()),
        heatmap=report.Heatmap(edges_ms=[], cells=[]),
        worst_window=report.Window(
            start="2025-11-21T15:07:00Z",
            end="2025-11-21T15:08:00Z",
            total_requests=114_210,
            errors_4xx=4_225,
            errors_5xx=35_405,
            orphans=4_400,
        ),
        skew=report.Skew(negative=1_235, share=0.0000992, min_ms=-3.2, applied_ms=0.0),
        edge_ms=4_310.0,
        users=users,
        slowest=slow,
        run=report.RunInfo(
            version="0.1.0",
            options={"memory_bytes": 1_000_000_000, "pairing": "in-order"},
            started="2025-11-21T16:02:11Z",
            seconds={"read": 251.4, "pair": 102.2, "report": 18.6},
            buckets=64,
            spilled_bytes=2_104_000_000,
            peak_rss_bytes=412_000_000,
        ),
    )


def empty() -> report.Report:
    """Two empty files."""
    nothing = _latency(count=0)
    return msgspec.structs.replace(
        busy(),
        inputs=ledger.Inputs(requests=_ledger("a.log"), responses=_ledger("b.log")),
        orphans=ledger.Orphans(request={}, response={}),
        latency=nothing,
        latency_success=nothing,
        latency_failure=nothing,
        status={},
        histogram=[],
        timeline=report.Timeline(bucket_s=1.0, points=[]),
        worst_window=None,
        skew=report.Skew(negative=0, share=0.0, min_ms=None, applied_ms=0.0),
        edge_ms=1000.0,
        users=[],
        slowest=[],
        run=msgspec.structs.replace(busy().run, seconds={}, buckets=1, spilled_bytes=0),
    )


def only_orphans() -> report.Report:
    """Three requests that nobody answered."""
    point = report.TimelinePoint(
        start="2025-11-21T14:00:00Z",
        requests=3,
        responses=0,
        errors_4xx=0,
        errors_5xx=0,
        orphans=3,
        p50_ms=None,
        p99_ms=None,
    )
    return msgspec.structs.replace(
        empty(),
        inputs=ledger.Inputs(requests=_ledger("a.log", bytes=150, lines=3, orphans=3), responses=_ledger("b.log")),
        orphans=ledger.Orphans(request={"lost": 3}, response={}),
        timeline=report.Timeline(bucket_s=1.0, points=[point]),
        users=[report.UserRow(user_id=None, requests=3, errors=0, orphans=3, p99_ms=None)],
    )


def one_exchange() -> report.Report:
    """One request, one response."""
    one = _latency(*(222.0,) * 8, count=1)
    point = report.TimelinePoint(
        start="2025-11-21T14:00:00Z",
        requests=1,
        responses=1,
        errors_4xx=0,
        errors_5xx=0,
        orphans=0,
        p50_ms=222.0,
        p99_ms=222.0,
    )
    side = {"bytes": 50, "lines": 1, "matched": 1}
    return msgspec.structs.replace(
        empty(),
        inputs=ledger.Inputs(requests=_ledger("a.log", **side), responses=_ledger("b.log", **side)),
        latency=one,
        latency_success=one,
        status={"200": 1},
        histogram=[report.HistogramBin(from_ms=200.0, to_ms=250.0, count=1)],
        timeline=report.Timeline(bucket_s=1.0, points=[point]),
        slowest=busy().slowest[:1],
    )


def one_log() -> report.Report:
    """One log that holds requests and responses, and lines of other loggers; some responses have no status."""
    log = ledger.LogLedger(
        files=["/var/log/shop/app.log"],
        bytes=4_096,
        lines=1_066,
        blank=1,
        header=0,
        other=1_040,
        malformed={"timestamp": 3},
        requests=10,
        responses=12,
        repaired=5,
        format=ledger.LogFormat(name="fastify", origin="built in"),
    )
    counts: dict[str, Any] = {"redelivered": 0, "superseded": 0, "matched": 9, "orphans": 1}
    sides = [ledger.SideLedger(**counts, surplus=surplus) for surplus in (0, 2)]
    return msgspec.structs.replace(
        one_exchange(),
        inputs=ledger.Inputs(log=log, requests=sides[0], responses=sides[1]),
        orphans=ledger.Orphans(request={"lost": 1}, response={"lost": 1}),
        status={"200": 5, "999": 1, "none": 3},
        slowest=[msgspec.structs.replace(busy().slowest[0], status_code=None)],
    )


def without_clock() -> report.Report:
    """One exchange of a log that tells durations and no times."""
    slow = msgspec.structs.replace(busy().slowest[0], request_time=None, response_time=None)
    return msgspec.structs.replace(
        one_exchange(),
        timeline=report.Timeline(bucket_s=1.0, points=[], reason=report.NO_CLOCK),
        given=report.Given(count=1, difference_p50_ms=None, difference_p99_ms=None, used="given"),
        slowest=[slow],
    )
