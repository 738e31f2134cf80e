"""The oracle of access logs itself: its report against cases worked out by hand from the SPEC."""

from typing import Any

from tests.oracle.access_oracle import analyze
from tests.support.pair_strategies import BOM


def log(*rows: str) -> bytes:
    """Lines of `mm:ss ip endpoint status [ms]`; `-` leaves a field out."""
    lines = []
    for row in rows:
        clock, ip, endpoint, status, *took = row.split()
        took_text = f',"response_time":{took[0]}' if took else ""
        lines.append(
            f'{{"timestamp":"2025-06-02T09:{clock}Z","method":"GET","user_agent":"u","ip":"{ip}",'
            f'"endpoint":"{endpoint}","status_code":{status}{took_text}}}\n'
        )
    return "".join(lines).encode()


def report(*rows: str, **options: Any) -> dict[str, Any]:
    return analyze([("a", log(*rows))], **options)


def test_counts_and_failures() -> None:
    found = report(
        "00:00 a /x 200", "00:00 a /x 399", "00:00 b /x 400", "00:00 b /y 499", "00:00 b - 500", "00:00 c /y 600"
    )
    assert (found["total_requests"], found["successful_requests"], found["failed_requests"]) == (6, 2, 4)
    assert (found["failed_4xx"], found["failed_5xx"]) == (2, 1)
    assert (report("00:00 a /x 99")["failed_requests"], report("00:00 a /x 0")["failed_4xx"]) == (1, 0)
    assert found["missing"] == {"endpoint": 1, "response_time": 6}
    rows = [(row["endpoint"], row["requests"], row["errors"], row["error_rate"]) for row in found["endpoints"]]
    assert rows == [("/x", 3, 1, 1 / 3), ("/y", 2, 2, 1.0), (None, 1, 1, 1.0)]
    assert found["endpoints"][0]["status"] == {"200": 1, "399": 1, "400": 1}
    assert [row["endpoint"] for row in found["failing_endpoints"]] == ["/y", None, "/x"]
    assert [row["ip"] for row in found["ips"]] == ["b", "a", "c"]
    assert [(row["ip"], row["errors"]) for row in found["failing_ips"]] == [("b", 3), ("c", 1)]
    assert found["methods"] == [{"method": "GET", "requests": 6, "errors": 4}]
    assert found["user_agents"] == [{"user_agent": "u", "requests": 6, "errors": 4}]
    assert found["fastest_request"] is found["slowest_endpoint"] is None


def test_nothing_at_all() -> None:
    found = analyze([])
    assert (found["total_requests"], found["worst_window"], found["busiest_endpoint"]) == (0, None, None)
    assert (found["endpoints"], found["windows"]) == ([], {"window_s": 60.0, "count": 0})
    assert found["latency"]["count"] == 0


def test_fastest_and_slowest_request_and_their_ties() -> None:
    rows = ["00:02 a /a 200 5", "00:01 b /b 200 5", "00:01 a /b 500 5", "00:01 a /b 200 5", "00:00 a /c 200 -1"]
    found = report(*rows, "00:00 a /c 200 6", "00:00 a - 200 6")
    assert found["fastest_request"] == {
        "endpoint": "/b",
        "method": "GET",
        "ms": 5.0,
        "status_code": 200,
        "ip": "a",
        "time": "2025-06-02T09:00:01.000000Z",
    }
    assert (found["slowest_request"]["endpoint"], found["slowest_request"]["ms"]) == (None, 6.0)
    assert (found["latency"]["count"], found["latency"]["negative"]) == (6, 1)
    assert report("00:00 a /c 200 -1")["fastest_request"] is None


def test_fastest_slowest_and_busiest_endpoint_and_their_ties() -> None:
    rows = ["00:00 a /b 200 1", "00:00 a /b 200 9", "00:00 a /b 200 9", "00:00 a /a 200 9", "00:00 a /c 200 3"]
    found = report(*rows, "00:00 a /d 200 3", "00:00 a /d 200 7", "00:00 a - 200 0", "00:00 a /e 200 -5")
    assert (found["fastest_endpoint"], found["slowest_endpoint"], found["busiest_endpoint"]) == ("/c", "/a", "/b")
    assert report(*["00:00 a - 200 1"] * 3, "00:00 a /z 200", "00:00 a /y 200")["busiest_endpoint"] == "/y"
    assert report("00:00 a - 200 1")["busiest_endpoint"] is None


def test_percentiles_of_endpoints_are_nearest_rank() -> None:
    found = report(*(f"00:00 a /x 200 {took}" for took in range(1, 101)))["endpoints"][0]
    assert [found[name] for name in ("min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")] == [
        1.0,
        50.0,
        95.0,
        99.0,
        100.0,
    ]


def test_suspicious_is_more_than_the_limit_in_one_aligned_window() -> None:
    edge = ["00:59.999999 a /x 200"] * 2 + ["01:00 a /x 200"] * 2 + ["00:30 b /x 200"] * 3 + ["00:30 - /x 200"] * 9
    found = report(*edge, suspicious=2)
    assert (found["suspicious_ips"], found["suspicious_ip_count"]) == (["b"], 1)
    assert [(row["ip"], row["busiest_requests"], row["suspicious"]) for row in found["ips"]] == [
        ("a", 2, False),
        ("b", 3, True),
    ]
    assert found["ips"][0]["busiest_start"] == "2025-06-02T09:00:00.000000Z"
    assert report(*edge, suspicious=2, window_us=3_600_000_000)["suspicious_ips"] == ["a", "b"]
    assert report(*["00:00 a /x 200"] * 25)["suspicious_ips"] == []
    assert report(*["00:00 a /x 200"] * 26)["suspicious_ips"] == ["a"]


def test_the_worst_window_and_its_ties() -> None:
    found = report(
        *("00:59.999999 a /x 500", "01:00 a /x 404", "01:01 b /x 200", "01:02 c /x 600", "01:03 c /x 99"),
        *("02:00 a /x 503", "00:00 a /x 200", "00:01 a /x 200"),
        suspicious=1,
    )
    counts = {"total_requests": 3, "errors_4xx": 0, "errors_5xx": 1, "suspicious_ips": ["a"]}
    assert (
        found["worst_window"] == {"start": "2025-06-02T09:00:00.000000Z", "end": "2025-06-02T09:01:00.000000Z"} | counts
    )
    assert found["suspicious_ips"] == ["a", "c"]
    assert found["windows"]["count"] == 3
    second = report("00:00 a /x 500", "00:59 a /x 200", "01:00 a /x 404", "01:59 a /x 500")["worst_window"]
    assert (second["start"], second["errors_4xx"], second["errors_5xx"]) == ("2025-06-02T09:01:00.000000Z", 1, 1)
    assert report("05:00 a /x 200", "03:30 a /x 200")["worst_window"]["start"] == "2025-06-02T09:03:00.000000Z"


def test_windows_before_1970_are_aligned_too() -> None:
    lines = b'{"timestamp":"1969-12-31T23:59:59.5Z","status_code":500}\n{"timestamp":"1970-01-01T00:00:00Z","status_code":200}'
    worst = analyze([("a", lines)], window_us=1_000_000)["worst_window"]
    assert (worst["start"], worst["end"]) == ("1969-12-31T23:59:59.000000Z", "1970-01-01T00:00:00.000000Z")


def test_the_timeline() -> None:
    points = report("00:00 a /x 200 1", "00:59 a /x 404 3", "02:00 a /x 503", bucket_us=60_000_000)["timeline"]
    assert [tuple(point[name] for name in ("requests", "responses", "orphans")) for point in points] == [
        (2, 2, 0),
        (1, 1, 0),
    ]
    assert [(point["errors_4xx"], point["errors_5xx"], point["p50_ms"], point["p99_ms"]) for point in points] == [
        (1, 0, 1.0, 3.0),
        (0, 1, None, None),
    ]


def test_files_are_read_one_after_another() -> None:
    first, second = log("00:00 a /x 200"), BOM + log("00:01 a /y 200").rstrip() + b"\r\n\r\n"
    found = analyze([("a", first), ("b", second)])
    ledger = found["inputs"]["access"]
    assert (ledger["files"], ledger["bytes"]) == (["a", "b"], len(first) + len(second))
    assert (ledger["lines"], ledger["blank"], ledger["exchanges"]) == (3, 1, 2)
