"""The oracle itself against cases worked out by hand from the SPEC."""

from typing import Any

import pytest

from tests.oracle.pair_oracle import (
    Entry,
    Way,
    classify,
    correlate,
    instant,
    latency,
    lines_of,
    nearest,
    rfc3339,
    settle,
)
from tests.support.pair_strategies import (
    EDGE_TIMES,
    HEADERS,
    NO_HEADERS,
    NO_IDS,
    NO_STATUSES,
    NO_TIMES,
    NOT_BLANK,
    STATUSES,
)

BOM = b"\xef\xbb\xbf"


def run(requests: str, responses: str, **options: Any) -> dict[str, Any]:
    """Correlates short logs: times are `ss` or `ss.ffffff` after 12:00 (`m:ss` for later minutes)."""

    def full(text: str) -> bytes:
        lines = []
        for line in text.split():
            time, rest = line.split(",", 1)
            minute, _, second = time.rpartition(":")
            lines.append(f"2025-01-01T12:{minute or '0':>02}:{second},{rest}\n")
        return "".join(lines).encode()

    return correlate([("q", full(requests))], [("r", full(responses))], **options)


def pairs(result: dict[str, Any]) -> list[tuple[int, int]]:
    return sorted((record["request_line"], record["response_line"]) for record in result["exchanges"])


def reasons(records: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return sorted((record["side"], record["line"], record["reason"]) for record in records)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01 00:00:00", 0),
        ("1970-01-01t00:00:01.5z", 1_500_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1969-12-31T23:59:59.9999999Z", -1),
        ("1970-01-01T01:00:00+01", 0),
        ("1970-01-01T01:30:00+0130", 0),
        ("1969-12-31T22:30:00.000001-01:30", 1),
        ("1970-01-02T00:00:00", 86_400_000_000),
        ("2000-02-29T00:00:00-00:00", 951_782_400_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("0001-01-01T00:00:00+00:01", -62_135_596_860_000_000),
    ],
)
def test_instants(text: str, micros: int) -> None:
    assert instant(text) == micros


@pytest.mark.parametrize("text", NO_TIMES)
def test_no_instants(text: str) -> None:
    assert instant(text) is None


@pytest.mark.parametrize("text", EDGE_TIMES)
def test_edge_instants(text: str) -> None:
    assert instant(text) is not None


def test_times_as_text() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"
    assert rfc3339(-1) == "1969-12-31T23:59:59.999999Z"
    assert rfc3339(222_000) == "1970-01-01T00:00:00.222000Z"
    assert rfc3339(951_782_400_000_000) == "2000-02-29T00:00:00.000000Z"
    assert rfc3339(instant("0001-01-01T00:00:00+00:01") or 0) == "0000-12-31T23:59:00.000000Z"
    assert rfc3339(instant("9999-12-31T23:59:59.000001-00:01") or 0) == "+10000-01-01T00:00:59.000001Z"
    assert rfc3339(-63_092_476_800_000_000) == "-0030-09-06T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (BOM, []),
        (b"\n", [b""]),
        (BOM + b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\n\n", [b"a", b""]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\r\r\nb\rc\n", [b"a\r", b"b\rc"]),
        (b"a\r", [b"a"]),
        (b"a\n\r", [b"a", b""]),
        (BOM + BOM + b"a\n" + BOM + b"b", [BOM + b"a", BOM + b"b"]),
        ("a\u2028b\x85c\x0bd\n".encode(), ["a\u2028b\x85c\x0bd".encode()]),
    ],
)
def test_lines(data: bytes, lines: list[bytes]) -> None:
    assert lines_of(data) == lines


T = b"2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (b"", "blank"),
        (b" \t ", "blank"),
        (b"\xff", "encoding"),
        (b"a\xffb,,,", "encoding"),
        (T + b",a\xed\xa0\x80,200", "encoding"),
        (T + b",a\xef\xbf\xbd,200", "entry"),
        (T + b",a", "fields"),
        (T + b",a,200,", "fields"),
        (b"x,a", "fields"),
        (b"x,-,no", "timestamp"),
        (b"timestamp,id,status", "timestamp"),
        (T + b",,no", "request_id"),
        (T + b", \t,200", "request_id"),
        (T + b", nUlL ,200", "request_id"),
        (T + b",\x00,200", "entry"),
        (T + b",\xc2\xa0,200", "entry"),
        (b" \t" + T + b"\t , a , 7\t", "entry"),
        (T + b",a,200\r", "status_code"),
        (T + b",a,-2", "status_code"),
        (T + b",a,", "entry"),
        (T + b",a, - ", "entry"),
        (T + b",a,-1", "entry"),
    ],
)
def test_classes(line: bytes, verdict: str) -> None:
    assert classify("response", line, first=False) == verdict


def test_pools_are_what_they_say() -> None:
    for header in HEADERS:
        assert classify("request", header.encode(), first=True) == "header"
        assert classify("request", header.encode(), first=False) in ("fields", "timestamp", "request_id")
    assert "header" not in {classify("request", text.encode(), first=True) for text in NO_HEADERS}
    assert "blank" not in {classify("request", text.encode(), first=True) for text in NOT_BLANK}
    assert {classify("response", T + b",a," + text.encode(), first=True) for text in STATUSES} == {"entry"}
    assert {classify("request", T + b"," + text.encode() + b",u", first=True) for text in NO_IDS} == {"request_id"}
    wrong = {text: classify("response", T + b",a," + text.encode(), first=True) for text in NO_STATUSES}
    assert set(wrong.values()) == {"status_code"}, wrong
    assert classify("request", b"\xff,id,x", first=True) == "header"


def test_the_record_of_the_mission() -> None:
    requests = [("q.log", b"2025-01-01T00:00:00.001Z,req-abc,user-123\r\n")]
    responses = [("r.log", BOM + b"time,id,status\n\n2025-01-01 01:00:00.223999999+01,req-abc,200")]
    result = correlate(requests, responses)
    assert result["exchanges"] == [
        {
            "request_id": "req-abc",
            "user_id": "user-123",
            "status_code": 200,
            "duration_ms": 222,
            "duration_us": 222_999,
            "request_time": "2025-01-01T00:00:00.001000Z",
            "response_time": "2025-01-01T00:00:00.223999Z",
            "request_file": "q.log",
            "request_line": 1,
            "response_file": "r.log",
            "response_line": 3,
        }
    ]
    assert not result["orphans"] + result["malformed"] + result["duplicates"]
    ledger = result["report"]["inputs"]["responses"]
    assert (ledger["lines"], ledger["blank"], ledger["header"], ledger["matched"]) == (3, 1, 1, 1)
    assert ledger["bytes"] == len(responses[0][1])


def test_in_order() -> None:
    result = run("20,a,u 10,a,v 10,a, 10,a,u", "30,a,500 30,a,200 12,a,7", edge_us=0)
    assert pairs(result) == [(2, 1), (3, 3), (4, 2)]
    assert reasons(result["orphans"]) == [("request", 1, "repeated_id")]


@pytest.mark.parametrize(("pairing", "pair", "gone"), [("first", (2, 3), [1, 3]), ("last", (1, 1), [2, 3])])
def test_first_and_last(pairing: str, pair: tuple[int, int], gone: list[int]) -> None:
    result = run("20,a,u 10,a,u 10,a,v 05,b,u 06,b,u", "30,a,500 30,a,200 12,a,7", pairing=pairing, edge_us=0)
    assert pairs(result) == [pair]
    superseded = sorted(record["line"] for record in result["duplicates"] if record["side"] == "request")
    assert superseded == gone
    assert reasons(result["orphans"]) == [("request", 4, "lost"), ("request", 5, "lost")]


def test_nearest_takes_the_latest_open_request() -> None:
    result = run("10,a,u 20,a,u 30,a,u 40,b,u", "09,a,200 31,a,200 32,a,404 33,b,200", pairing="nearest", edge_us=0)
    assert pairs(result) == [(2, 3), (3, 2)]
    assert reasons(result["orphans"]) == [
        ("request", 1, "repeated_id"),
        ("request", 4, "in_flight"),
        ("response", 1, "repeated_id"),
        ("response", 4, "lost"),
    ]


def test_nearest_within_an_instant() -> None:
    """Of three responses with one new request, two are too many: they answer what was open before."""
    responses = "20,a,500 20,a,404 20,a,200"
    assert pairs(run("10,a,u 11,a,u 20,a,u", responses, pairing="nearest")) == [(1, 2), (2, 3), (3, 1)]
    assert pairs(run("11,a,u 20,a,u", responses, pairing="nearest")) == [(1, 3), (2, 2)]
    assert pairs(run("11,a,u 20,a,v 20,a,u", "20,a,200", pairing="nearest")) == [(2, 1)]


def entries(*texts: str) -> list[Entry]:
    """Entries of one id and one log, in the order of its lines: `side time value`; the side w is a weak response."""
    found = []
    for row, text in enumerate(texts):
        kind, at, value = text.split()
        side, said = ("request", value) if kind == "q" else ("response", int(value))
        found.append(Entry(side, int(at), "a", said, "", 0, row=row, weak=kind == "w"))
    return found


def rows(settled: tuple[Any, Any, Any]) -> tuple[list[tuple[int, int]], list[int], list[tuple[int, str]]]:
    """The rows of the pairs, of the orphans, and of the repeats with their kinds."""
    couples, orphans, repeats = settled
    pairs_ = sorted((request.row, response.row) for request, response in couples)
    return pairs_, sorted(entry.row for entry, _ in orphans), sorted((entry.row, kind) for entry, kind in repeats)


def test_weak_responses_answer_what_no_strong_one_does() -> None:
    log = entries("q 0 u", "w 1 500", "r 2 200", "w 3 503")
    surplus = [(1, "surplus"), (3, "surplus")]
    for policy in ("in-order", "first", "last"):
        assert rows(settle(log, Way(policy))) == ([(0, 2)], [], surplus)
    assert rows(settle(log, Way("nearest"))) == ([(0, 1)], [2], [(3, "surplus")])
    assert rows(settle(log[:2] + log[3:], Way("last"))) == ([(0, 3)], [], [(1, "surplus")])
    assert rows(settle(log[:2], Way(max_duration_us=0))) == ([], [0], [(1, "surplus")])


def test_lines_of_one_instant_in_their_order() -> None:
    log = entries("r 0 200", "q 0 u", "r 0 200", "q 0 u", "r 0 200")
    assert rows(settle(log, Way("nearest"))) == (
        [(1, 0)],
        [],
        [(2, "redelivered"), (3, "redelivered"), (4, "redelivered")],
    )
    assert rows(settle(log, Way("nearest", ties_by_line=True))) == ([(1, 2), (3, 0)], [4], [])
    assert rows(settle(log, Way("nearest", ties_by_line=True, one_log=True))) == ([(1, 2), (3, 4)], [0], [])
    assert rows(settle(log, Way("in-order", ties_by_line=True))) == ([(1, 0), (3, 2)], [4], [])


def test_no_status_and_no_clock() -> None:
    log = [entry._replace(clock=False) for entry in entries("r 0 200", "q 0 u", "r 0 404")]
    assert rows(settle([*log[:2], log[2]._replace(value=None)], Way())) == ([(1, 2)], [0], [])
    assert rows(settle(log, Way("nearest", max_duration_us=0))) == ([(1, 0)], [2], [])


def test_redelivered_keeps_the_first_copy() -> None:
    line, same = b"2025-01-01T12:00:00Z,a,007\n", b"2025-01-01 13:00:00.0000009+01, a ,7\n"
    result = correlate([], [("r1", b"\n" + line), ("r2", same + line)])
    assert [(record["file"], record["line"]) for record in result["duplicates"]] == [("r2", 1), ("r2", 2)]
    assert {record["kind"] for record in result["duplicates"]} == {"redelivered"}
    assert reasons(result["orphans"]) == [("response", 2, "lost")]


def test_max_duration_is_absolute_and_inclusive() -> None:
    requests, responses = "10,a,u 10,b,u 10,c,u 10,d,u", "12,a,200 12.000001,b,200 08,c,200 07.999999,d,200"
    result = run(requests, responses, max_duration_us=2_000_000)
    assert pairs(result) == [(1, 1), (3, 3)]
    assert {record["reason"] for record in result["orphans"]} == {"too_far"}
    assert result["report"]["skew"] == {"negative": 1, "share": 0.5, "min_ms": -2000.0, "applied_ms": 0.0}


def test_repeated_id_needs_a_pair_that_lasts() -> None:
    result = run("10,a,u 20,a,u", "30,a,200", max_duration_us=1, edge_us=0)
    assert reasons(result["orphans"]) == [("request", 1, "too_far"), ("request", 2, "lost"), ("response", 1, "too_far")]


def test_duration_ms_is_cut_towards_zero() -> None:
    result = run("10,a,u 10,b,u 10,c,u", "09.999001,a,200 09.998999,b,200 10.001999,c,200")
    took = {record["request_id"]: (record["duration_ms"], record["duration_us"]) for record in result["exchanges"]}
    assert took == {"a": (0, -999), "b": (-1, -1001), "c": (1, 1999)}


def test_edge_is_strict_on_both_sides() -> None:
    requests = "10,x,u 19,a,u 19.000001,b,u 30,c,u"
    responses = "20,x,200 11,d,200 10.999999,e,200 05,f,200"
    result = run(requests, responses, edge_us=1_000_000)
    assert reasons(result["orphans"]) == [
        ("request", 2, "lost"),
        ("request", 3, "in_flight"),
        ("request", 4, "in_flight"),
        ("response", 2, "lost"),
        ("response", 3, "before_start"),
        ("response", 4, "before_start"),
    ]
    assert run(requests, responses)["report"]["edge_ms"] == 10_000.0
    assert {record["reason"] for record in run("10,a,u", "")["orphans"]} == {"lost"}
    assert {record["reason"] for record in run("", "10,a,200")["orphans"]} == {"lost"}


def test_skew_moves_responses_before_pairing() -> None:
    result = run("10,a,u", "09,a,200 09,b,200", skew_us=1_500_000)
    assert result["exchanges"][0]["duration_us"] == 500_000
    assert result["exchanges"][0]["response_time"] == "2025-01-01T12:00:10.500000Z"
    assert result["orphans"][0]["time"] == "2025-01-01T12:00:10.500000Z"
    assert result["report"]["skew"]["applied_ms"] == 1500.0


def test_percentiles_are_nearest_rank() -> None:
    values = list(range(1, 1001))
    assert [nearest(values, rank) for rank in (500, 900, 950, 990, 999)] == [500, 900, 950, 990, 999]
    assert nearest([7], 999) == 7
    assert nearest([1, 2, 3], 500) == 2
    assert nearest([], 500) is None
    assert latency([])["count"] == 0
    assert latency([])["mean_ms"] is None


def test_malformed_text() -> None:
    tail = "é" * 3000
    result = correlate([("q", BOM + b"a\xffb\xe2\x98,x\r\n" + f"x{tail}\n".encode() + b"y" * 4096)], [])
    first, second, third = result["malformed"]
    assert tuple(first.values()) == ("request", "q", 1, "encoding", "a\ufffdb\ufffd,x", False)
    assert (second["text"], second["truncated"]) == ("x" + tail[:2047], True)
    assert (len(third["text"]), third["truncated"]) == (4096, False)


def test_windows_timeline_and_users() -> None:
    requests = "0:10,a,u 0:59,b,u 1:10,c, 1:20,d,v 3:00,e,u"
    responses = "0:11,a,404 1:01,b,200 1:11,c,503 2:30,x,99 2:31,y,0"
    report = run(requests, responses, edge_us=0)["report"]
    window = {"start": "2025-01-01T12:01:00.000000Z", "end": "2025-01-01T12:02:00.000000Z"}
    assert report["worst_window"] == window | {"total_requests": 2, "errors_4xx": 0, "errors_5xx": 1, "orphans": 1}
    shown = [tuple(point.values())[1:] for point in report["timeline"]]
    assert shown == [
        (2, 1, 1, 0, 0, 1000.0, 2000.0),
        (2, 2, 0, 1, 1, 1000.0, 1000.0),
        (0, 2, 0, 0, 2, None, None),
        (1, 0, 0, 0, 1, None, None),
    ]
    assert [tuple(row.values()) for row in report["users"]] == [
        ("u", 3, 1, 1, 2000.0),
        (None, 1, 1, 0, 1000.0),
        ("v", 1, 0, 1, None),
    ]
    assert report["latency_failure"]["count"] == 2
    assert report["status"] == {"404": 1, "200": 1, "503": 1}
    assert report["orphans"] == {"request": {"lost": 1, "in_flight": 1}, "response": {"lost": 2}}
    assert run("", "")["report"]["worst_window"] is None
