"""The engine equals the plain oracle on every small and nasty pair of logs: all records, and all figures of the report.

LOGCORR_EXAMPLES=n tries n times as many examples, fresh ones; `make fuzz` tries many thousands.
"""

import json
import math
import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import example, given, note

from logcorr.jobs.correlate import correlate
from logcorr.model.errors import InputError
from logcorr.model.options import Output
from tests.oracle.pair_oracle import Record
from tests.support.kernels_or_numpy import needs_kernels, search, without_kernels
from tests.support.pair_strategies import BOM, SECOND, Case, cases

COLUMNS = (
    "duration_us",
    "request_time",
    "response_time",
    "request_file",
    "request_line",
    "response_file",
    "response_line",
)
LATENCIES = ("latency", "latency_success", "latency_failure")
SAME = (*LATENCIES, "orphans", "status", "skew", "worst_window", "users", "edge_ms")


def run(case: Case, folder: Path) -> tuple[dict[str, list[Record]], Record]:
    """What the engine makes of a case: the records of the four views, and the report as dictionaries."""
    views = {
        "exchanges": Output(view="exchanges", path=f"{folder}/exchanges.ndjson", columns=COLUMNS),
        "orphans": Output(view="orphans", path=f"{folder}/orphans.ndjson"),
        "malformed": Output(view="malformed", path=f"{folder}/malformed.ndjson"),
        "duplicates": Output(view="duplicates", path=f"{folder}/duplicates.ndjson"),
    }
    options = case.engine_options(folder, list(views.values()))
    with patch.dict(os.environ, case.variables()):
        result = correlate(options)
    assert result.folder is None
    assert not result.reused
    records = {}
    for view, output in views.items():
        *lines, rest = Path(output.path).read_bytes().split(b"\n")
        assert rest == b"", f"{view}: the last line has no end"
        records[view] = [json.loads(line) for line in lines]
    return records, msgspec.to_builtins(result.report)


def differences(view: str, engine: list[Record], oracle: list[Record]) -> list[str]:
    """The records that only one of both has; the order of records is free, that of their keys is not."""
    ours, theirs = (Counter(json.dumps(record) for record in records) for records in (engine, oracle))
    only = [f"{view}, only the engine: {record}" for record in (ours - theirs).elements()]
    return only + [f"{view}, only the oracle: {record}" for record in (theirs - ours).elements()]


def without_mean(latency: Record) -> Record:
    return {name: value for name, value in latency.items() if name != "mean_ms"}


def report_differences(engine: Record, oracle: Record) -> list[str]:
    """The parts of the report that differ; a mean may differ in its last digits, a reason that never occurs may be 0."""
    found = []
    engine, oracle = dict(engine), dict(oracle)
    for name in LATENCIES:
        ours, theirs = engine[name]["mean_ms"], oracle[name]["mean_ms"]
        if ours != theirs and (None in (ours, theirs) or not math.isclose(ours, theirs, rel_tol=1e-9)):
            found.append(f"{name}.mean_ms: engine {ours}, oracle {theirs}")
        engine[name], oracle[name] = without_mean(engine[name]), without_mean(oracle[name])
    for side, ledger in engine["inputs"].items():
        ledger["malformed"] = {reason: count for reason, count in ledger["malformed"].items() if count}
        found += [
            f"inputs.{side}.{name}: engine {ledger[name]}, oracle {value}"
            for name, value in oracle["inputs"][side].items()
            if ledger[name] != value
        ]
    return found + [
        f"{name}: engine {engine[name]}, oracle {oracle[name]}" for name in SAME if engine[name] != oracle[name]
    ]


def timeline_differences(timeline: Record, oracle: list[Record]) -> list[str]:
    """Points in order of time; those where nothing happened are all zero, the others as the oracle has them."""
    empty = {
        **dict.fromkeys(("requests", "responses", "errors_4xx", "errors_5xx", "orphans"), 0),
        "p50_ms": None,
        "p99_ms": None,
    }
    points = [point for point in timeline["points"] if {"start": point["start"], **empty} != point]
    starts = [point["start"] for point in timeline["points"]]
    found = [] if len(set(starts)) == len(starts) else [f"timeline: a start stands twice in {starts}"]
    return found + ([] if points == oracle else [f"timeline: engine {points}, oracle {oracle}"])


def slowest_differences(slowest: list[Record], exchanges: list[Record]) -> list[str]:
    """The slowest exchanges, at most 100, slowest first; which of equally slow ones come first is free."""
    names = ("request_id", "user_id", "status_code", "duration_ms", "request_time", "response_time")
    exact = [{**record, "duration_ms": record["duration_us"] / 1000} for record in exchanges]
    known = Counter(json.dumps([record[name] for name in names]) for record in exact)
    strange = Counter(json.dumps([row[name] for name in names]) for row in slowest) - known
    found = [f"slowest: no exchange is {row}" for row in strange]
    took = [row["duration_ms"] for row in slowest if row["duration_ms"] >= 0]
    right = sorted((record["duration_ms"] for record in exact if record["duration_ms"] >= 0), reverse=True)[:100]
    return found + ([] if took == right else [f"slowest: engine {took}, oracle {right}"])


def histogram_differences(histogram: list[Record], exchanges: list[Record]) -> list[str]:
    """Every non-negative duration is in exactly one bin."""
    took = [record["duration_us"] / 1000 for record in exchanges if record["duration_us"] >= 0]
    found = [
        f"histogram: {bin_}, but there are {count}"
        for bin_ in histogram
        if (count := sum(bin_["from_ms"] <= value < bin_["to_ms"] for value in took)) != bin_["count"]
    ]
    total = sum(bin_["count"] for bin_ in histogram)
    return found + ([] if total == len(took) else [f"histogram: {total} durations of {len(took)}"])


def compare(case: Case, folder: Path) -> list[str]:
    """All differences between engine and oracle. Of garbage the engine makes no run."""
    if case.is_garbage:
        with pytest.raises(InputError, match="no line is"):
            run(case, folder)
        return []
    records, report = run(case, folder)
    expected = case.expected(round(report["timeline"]["bucket_s"] * SECOND), folder)
    wanted: dict[str, Any] = expected["report"]
    for ledger in wanted["inputs"].values():
        ledger["bytes"] = sum(Path(name).stat().st_size for name in ledger["files"])
    found = [line for view in records for line in differences(view, records[view], expected[view])]
    found += [] if (report["schema"], report["kind"]) == (1, "correlation") else ["schema or kind"]
    found += report_differences(report, wanted)
    found += timeline_differences(report["timeline"], wanted["timeline"])
    found += slowest_differences(report["slowest"], expected["exchanges"])
    return found + histogram_differences(report["histogram"], expected["exchanges"])


def case(requests: str | bytes, responses: str | bytes, **options: Any) -> Case:
    """One file a side; `@` stands for a date and hour."""
    raw = [text.encode() if isinstance(text, str) else text for text in (requests, responses)]
    files = [text.replace(b"@", b"2025-03-01T12:") for text in raw]
    return Case((("q.log", files[0]),), (("r.log", files[1]),), **options)


def crowd(count: int) -> Case:
    """More users and exchanges than any top 100 holds, many alike, each a millisecond slower than the one before."""
    times = [f"@{index // 60:02}:{index % 60:02}" for index in range(count)]
    requests = [f"{at}Z,r{index},u{index % 137}\n" for index, at in enumerate(times)]
    responses = [f"{at}.{index % 1000:03}Z,r{index},{index % 600:03}\n" for index, at in enumerate(times)]
    return case("".join(requests), "".join(reversed(responses)), buckets=5)


TIES = "@00:01Z,a,200\n@00:01Z,a,200\n@00:01+00,a,404\n@00:02Z,b,200\n"


TWO = (b"2025-03-01T12:00:00Z,a,7\n", b"2025-03-01T12:00:00Z,a,7\n2025-03-01T12:00:00Z,a,7")
EVERYWHERE = Case((("q0", TWO[0]), ("q1", TWO[1])), (("r0", TWO[0]), ("r1", TWO[1])))
AROUND_NOTHING = Case((("q0", b""), ("q1", TWO[1])), (("r0", BOM), ("r1", TWO[1]), ("r2", b""), ("r3", b"\n")))


@search(8)
@given(cases())
@example(EVERYWHERE)
@example(AROUND_NOTHING)
@example(case("", ""))
@example(case(BOM, "\n"))
@example(case("", "@00:00Z,a,200\n", edge_us=0))
@example(case("@00:00Z,a,u\n@00:00Z,a,", ""))
@example(case("@00:00.001Z,req-abc,user-123\n", "@00:00.223Z,req-abc,200\n"))
@example(case(BOM + b"time,request_id,user\r\n@00:00Z,a,u\r\n\r\n", BOM + BOM + b"@00:00Z,a,200\n@00:01Z,a,7\r"))
@example(case("@00:00Z,a,u\r\r\n@00:00Z,a,u\r\n\r", b"\xff,id,\xff\n@00:01Z,a,200\n\xff,id,x\n"))
@example(case("@00:02Z,a,\n@00:01Z,a,v\n@00:01Z,a,\n@00:01Z,a,u\n@00:01Z,a,u\n", TIES))
@example(case("@00:02Z,a,\n@00:01Z,a,v\n@00:01Z,a,\n@00:01Z,a,u\n@00:01Z,a,u\n", TIES, pairing="first", buckets=3))
@example(case("@00:02Z,a,\n@00:01Z,a,v\n@00:01Z,a,\n@00:01Z,a,u\n@00:01Z,a,u\n", TIES, pairing="last", buckets=3))
@example(case("@00:01Z,a,u\n@00:09Z,a,u\n@00:01Z,b,u\n", "@00:02.000001Z,a,200\n@00:02Z,b,9\n", max_duration_us=SECOND))
@example(case("@00:01Z,a,u\n@00:03Z,b,u\n@00:04Z,c,u\n", "@00:05Z,x,200\n@00:02Z,y,200\n", edge_us=SECOND))
@example(case("@00:02.000999Z,a,u\n@00:02Z,b,u\n", "@00:02Z,a,200\n@00:00.999999Z,b,200\n", skew_us=1000))
@example(case("0001-01-01T00:00:00+23:59,a,u\n", "9999-12-31T23:59:59.9999999-23:59,a,200\n"))
@example(case("0001-01-01T00:00:00+23:59,a,u\n9999-12-31T23:59:59Z,b,u\n", "0001-01-01T00:00:00Z,a,500\n"))
@example(case("1969-12-31T23:59:59.9999999Z,a,u\n", "1970-01-01T00:00:00Z,a,404\n", window_us=250_000))
@example(
    case(b"a\xc3\xa9\xffb" + b"x" * 5000 + b"\n" + "é".encode() * 3000, b"\xff" * 2000 + b"\n\xe2\x98\n\xed\xa0\x80")
)
@example(case('@00:01Z,"a,b",u\n@00:01Z,"a","u"\n', '@00:02Z,"a",200\n@00:02Z,"a","200"\n@00:02Z,a,200\n'))
@example(case("@00:01Z,a\x00,u\x00\n@00:01Z,a,u\n@00:01Z,\x00,u\n", "@00:02Z,a,200\n@00:02Z,\x00,200\n"))
@example(case("@00:01Z,\u00a0a,\u00a0\n@00:01Z,\u2028,\u0085\n\u00a0\n", "@00:02Z,a,200\n@00:02Z,\u2028,200\n"))
@example(crowd(1100))
def test_the_engine_equals_the_oracle(case: Case) -> None:
    note(case.readable())
    with TemporaryDirectory(prefix="logcorr-") as name:
        found = compare(case, Path(name))
    assert not found, "\n".join(found)


@needs_kernels
@search(3)
@given(cases())
def test_the_engine_without_kernels_equals_the_oracle(case: Case) -> None:
    """As all tests are where there are no kernels."""
    note(case.readable())
    with TemporaryDirectory(prefix="logcorr-") as name, pytest.MonkeyPatch.context() as patch:
        without_kernels(patch)
        found = compare(case, Path(name))
    assert not found, "\n".join(found)
