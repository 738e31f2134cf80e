"""The report of a correlation copes with no status, no clock, given durations and attributes: the same as plainly."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from logcorr.figures import latency_counts
from logcorr.model.report import NO_CLOCK, Given, Report, Resolution
from logcorr.model.status import is_failure
from tests.support.attribute_runs import Lost, Pair, report_of

MINUTE = 60_000_000
STATUSES = (200, 200, 201, 302, 404, 503, 999, 0, 99, None)
ENDPOINTS = ("/a", "/b", "/c", None)


def pairs(count: int, seed: int = 5, **fixed: Any) -> list[Pair]:
    """Random exchanges of an hour; some have no duration."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        took = chance.choice([None, -5, 0, *range(1, 90_000, 7)])
        one = Pair(
            at=chance.randrange(60 * MINUTE),
            took=took,
            status_code=chance.choice(STATUSES),
            given_us=chance.choice([None, (took or 0) + chance.randrange(-900, 900)]),
            endpoint=chance.choice(ENDPOINTS),
            method=chance.choice(("GET", "POST", None)),
            ip=chance.choice(("10.0.0.1", "10.0.0.2", "::1", None)),
            user_agent=chance.choice(("curl", "wget")),
            tenant=chance.choice(("blue", "green", None)),
        )
        made.append(one._replace(**fixed))
    return made


def nearest(values: list[int], share: float) -> float | None:
    """The nearest rank in ms."""
    return sorted(values)[-(-round(share * 1000) * len(values) // 1000) - 1] / 1000 if values else None


def durations(rows: list[Pair]) -> list[int]:
    return [row.took for row in rows if row.took is not None and row.took >= 0]


def test_exchanges_without_a_status_are_failures_of_their_own_class(tmp_path: Path) -> None:
    rows = pairs(700)
    report = report_of(tmp_path, rows)
    expected = Counter("none" if row.status_code is None else str(row.status_code) for row in rows)
    assert report.status == expected
    assert list(report.status)[-1] == "none"
    failed = [row for row in rows if row.status_code is None or not 100 <= row.status_code < 400]
    good = [row for row in rows if row not in failed]
    for found, own in ((report.latency, rows), (report.latency_failure, failed), (report.latency_success, good)):
        assert found.count == len(durations(own))
        assert found.negative == sum(row.took is not None and row.took < 0 for row in own)
        for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
            assert getattr(found, name) == nearest(durations(own), share)
    assert sum(point.errors_4xx for point in report.timeline.points) == expected["404"]
    assert sum(point.errors_5xx for point in report.timeline.points) == expected["503"]
    assert sum(point.requests for point in report.timeline.points) == len(rows)
    assert all(row.status_code is None or isinstance(row.status_code, int) for row in report.slowest)


def test_the_worst_window_counts_4xx_5xx_and_orphans_alone(tmp_path: Path) -> None:
    nothing = [Pair(at, 5, None, endpoint="/") for at in range(9)]
    rows = [*nothing, Pair(MINUTE, 5, 503, endpoint="/"), Pair(2 * MINUTE, 5, 999, endpoint="/")]
    worst = report_of(tmp_path, rows, [Lost("request", MINUTE + 1, endpoint="/")]).worst_window
    assert worst is not None
    assert (worst.start, worst.errors_5xx, worst.orphans) == ("2025-11-21T12:01:00.000000Z", 1, 1)
    assert worst.total_requests == 2


@pytest.mark.parametrize("most", [latency_counts.MOST_COUNTS, 50], ids=["counted", "in bins"])
def test_given_durations_are_compared_exactly(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_counts, "MOST_COUNTS", most)
    rows = pairs(900)
    differences = [abs(row.given_us - row.took) for row in rows if row.given_us is not None and row.took is not None]
    for used in ("events", "given"):
        report = report_of(tmp_path / used, rows, durations=used)
        assert report.given == Given(
            count=sum(row.given_us is not None for row in rows),
            difference_p50_ms=nearest(differences, 0.5),
            difference_p99_ms=nearest(differences, 0.99),
            used=used,
        )
        values = durations(rows if used == "events" else [row._replace(took=row.given_us) for row in rows])
        assert report.latency.p50_ms == nearest(values, 0.5)


def test_without_given_durations_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert report_of(tmp_path, pairs(20, given_us=None)).given is None


def clockless(count: int) -> list[Pair]:
    """Exchanges of a log that tells durations and no times."""
    return [row._replace(at=None, took=None) for row in pairs(count) if row.given_us is not None]


def test_a_log_without_a_clock(tmp_path: Path) -> None:
    rows = clockless(400)
    report = report_of(tmp_path, rows, [Lost("request", None, endpoint="/a")], durations="given")
    assert (report.timeline.points, report.timeline.reason) == ([], NO_CLOCK)
    assert (report.worst_window, report.resolution, report.heatmap.cells) == (None, None, [])
    given = [row.given_us for row in rows if row.given_us is not None and row.given_us >= 0]
    assert report.latency.count == len(given)
    assert report.latency.p99_ms == nearest(given, 0.99)
    assert report.given is not None
    assert (report.given.count, report.given.difference_p50_ms) == (len(rows), None)
    assert {row.request_time for row in report.slowest} == {None}
    assert sum(report.status.values()) == len(rows)
    assert report.windows is not None
    assert (report.windows.count, report.suspicious_ips) == (0, [])
    assert {(row.busiest_requests, row.busiest_start) for row in report.ips} == {(0, None)}
    assert sum(row.requests for row in report.endpoints) == len(rows)


def test_an_empty_log_has_a_clock(tmp_path: Path) -> None:
    report = report_of(tmp_path, [])
    assert (report.timeline.points, report.timeline.reason, report.resolution) == ([], None, None)


@pytest.mark.parametrize(
    ("at", "took", "expected"),
    [
        ((0, 3_000_000), (0, 1_000_000), Resolution(requests_us=1_000_000, responses_us=1_000_000)),
        ((0, 3_000_000), (0, 5_000), Resolution(requests_us=1_000_000, responses_us=1_000)),
        ((0, 3_001_000), (0, 0), Resolution(requests_us=1_000, responses_us=1_000)),
        ((0, 3_000_001), (0, -1), Resolution(requests_us=1, responses_us=1_000_000)),
        ((-1, -1_000_000), (0, 5), Resolution(requests_us=1, responses_us=1)),
        ((0, None), (0, 5), Resolution(requests_us=1_000_000, responses_us=1_000_000)),
    ],
)
def test_the_resolution_of_the_clocks(at: Any, took: Any, expected: Resolution, tmp_path: Path) -> None:
    rows = [Pair(one, far, 200, endpoint="/") for one, far in zip(at, took, strict=True)]
    assert report_of(tmp_path, rows).resolution == expected


def test_attributes_have_the_figures_of_an_access_log(tmp_path: Path) -> None:
    rows = pairs(900)
    report = report_of(tmp_path, rows, [Lost("request", 7, endpoint="/a"), Lost("response", 7)])
    assert report.attributes == ["endpoint", "method", "ip", "user_agent", "tenant"]
    _check_endpoints(report, rows)
    methods = Counter(row.method for row in rows)
    assert {row.method: row.requests for row in report.methods} == methods
    agents = {row.user_agent: (row.requests, row.errors) for row in report.user_agents}
    for agent, (requests, errors) in agents.items():
        own = [row for row in rows if row.user_agent == agent]
        assert (requests, errors) == (len(own), sum(is_failure(row.status_code) for row in own))
    without = {name: sum(getattr(row, name) is None for row in rows) for name in report.attributes}
    assert report.missing == {name: n for name, n in without.items() if n}
    minutes = {(row.at or 0) // MINUTE for row in rows}
    assert report.windows is not None
    assert report.windows.count == len(minutes | {0})


def _check_endpoints(report: Report, rows: list[Pair]) -> None:
    by_name = {name: [row for row in rows if row.endpoint == name] for name in ENDPOINTS}
    assert {row.endpoint for row in report.endpoints} == set(by_name)
    for found in report.endpoints:
        own = by_name[found.endpoint]
        errors = sum(is_failure(row.status_code) for row in own)
        assert (found.requests, found.errors, found.error_rate) == (len(own), errors, errors / len(own))
        assert found.p95_ms == nearest(durations(own), 0.95)
        assert found.status["none"] == sum(row.status_code is None for row in own)
        assert sum(found.status.values()) == len(own)
    assert report.busiest_endpoint == max(ENDPOINTS[:3], key=lambda name: len(by_name[name]))
    assert report.failing_endpoints[0].errors == max(row.errors for row in report.endpoints)


def test_suspicious_addresses(tmp_path: Path) -> None:
    rows = [Pair(at, 5, 200, ip="10.0.0.9") for at in range(4)]
    rows += [Pair(at * MINUTE, 5, 200, ip="10.0.0.8") for at in range(9)]
    report = report_of(tmp_path, rows, attributes=("ip",))
    assert (report.suspicious_ips, report.suspicious_ip_count) == (["10.0.0.9"], 1)
    assert [(row.ip, row.busiest_requests) for row in report.suspects] == [("10.0.0.9", 4)]
    assert report.suspects[0].busiest_start == "2025-11-21T12:00:00.000000Z"
    assert (report.endpoints, report.methods) == ([], [])


def test_without_attributes_there_are_no_groups(tmp_path: Path) -> None:
    report = report_of(tmp_path, pairs(30), attributes=())
    assert (report.endpoints, report.ips, report.windows, report.missing) == ([], [], None, {})


def test_figures_do_not_depend_on_the_parts(tmp_path: Path) -> None:
    rows = pairs(500)
    found = [report_of(tmp_path / str(parts), rows, parts=parts) for parts in (1, 3, 7)]
    assert found[0] == found[1] == found[2]
