"""Generated logs whose truth is known: a run must report every figure of truth.json, whatever the number of buckets."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.helpers import generated, succeed
from tests.support.kernels_or_numpy import some

ROWS = 30_000
CASES: dict[str, dict[str, Any]] = {
    "ordinary": {"header": True},
    "incident": {"incident": True, "seed": 2, "span_s": 1800.0},
    "high rates": {
        "seed": 3,
        "span_s": 900.0,
        "users": 300,
        "request_orphans": 0.1,
        "response_orphans": 0.1,
        "retries": 0.2,
        "skew": 0.1,
        "redelivered": 0.1,
        "malformed": 0.1,
        "blank": 0.05,
        "disorder_s": 20.0,
    },
}
# Where each figure of truth.json stands in a report; `options`, `seed`, `kind` and `schema` are no figures of a run.
COMPARED = {"inputs", "orphans", "pairs", "status", "negative", "latency", "edge_ms"}
NOT_COMPARED = {"schema", "kind", "seed", "options"}


@pytest.mark.parametrize(
    ("name", "buckets"),
    some(
        itertools.product(CASES, ("", "7")),
        ("ordinary", ""),
        ("incident", "7"),
        ("high rates", ""),
        ("high rates", "7"),
    ),
)
def test_the_report_is_the_truth(
    name: str, buckets: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs = tmp_path_factory.getbasetemp() / f"truth {name}"
    truth = generated(logs, ROWS, **CASES[name])
    pair = ("correlate", logs / "requests.log", logs / "responses.log")
    words = ("--no-store", "--report", "report.json", "-o", "out.csv")
    succeed(*pair, *words, cwd=tmp_path, LOGCORR_BUCKETS=buckets)
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert truth.keys() == COMPARED | NOT_COMPARED
    for side, ledger in truth["inputs"].items():
        assert {name: report["inputs"][side][name] for name in ledger} == ledger
        assert ledger["lines"] > ROWS * 0.8
    assert report["orphans"] == truth["orphans"]
    assert report["inputs"]["requests"]["matched"] == truth["pairs"]
    assert report["status"] == truth["status"]
    assert report["skew"]["negative"] == report["latency"]["negative"] == truth["negative"]
    assert {name: report["latency"][name] for name in truth["latency"]} == truth["latency"]
    assert report["edge_ms"] == truth["edge_ms"]
    assert report["run"]["buckets"] == int(buckets or 1)
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == truth["pairs"] + 1


def test_the_truth_is_not_trivial(tmp_path_factory: pytest.TempPathFactory) -> None:
    truths = [generated(tmp_path_factory.getbasetemp() / f"truth {name}", ROWS, **CASES[name]) for name in CASES]
    reasons = {
        side: {reason for truth in truths for reason in truth["orphans"][side]} for side in ("request", "response")
    }
    assert reasons["request"] == {"repeated_id", "in_flight", "lost"}
    assert reasons["response"] == {"repeated_id", "before_start", "lost"}
    busy = truths[-1]
    assert set(busy["inputs"]["responses"]["malformed"]) == {
        *("encoding", "fields", "timestamp", "request_id", "status_code")
    }
    assert min(busy["negative"], busy["inputs"]["requests"]["redelivered"]) > ROWS // 20
